//! Slack's answers.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use crate::world::slack::{ApiError, UrlError, UrlReply};

/// A good answer of the Web API.
pub(super) fn api_ok(mut body: Value, scopes: Option<String>, warning: Option<&str>) -> Response {
    if let Some(warning) = warning {
        body["warning"] = json!(warning);
        body["response_metadata"]["warnings"] = json!([warning]);
    }
    let mut response = json_response(200, &body);
    if let Some(scopes) = scopes.and_then(|scopes| HeaderValue::from_str(&scopes).ok()) {
        response.headers_mut().insert("X-OAuth-Scopes", scopes);
    }
    response
}

/// A bad one: HTTP 200 all the same, but for the rate limit.
pub(super) fn api_error(error: &ApiError) -> Response {
    match error {
        ApiError::RateLimited { retry_after } => retry_later(json_response(429, &error.body()), *retry_after),
        ApiError::Refused(_)
        | ApiError::InvalidBlocks(_)
        | ApiError::InvalidArguments(_)
        | ApiError::MissingScope { .. } => json_response(200, &error.body()),
    }
}

/// 429 as JSON.
pub(super) fn throttled(code: &str) -> Response {
    retry_later(json_response(429, &json!({"ok": false, "error": code})), 1)
}

/// 429 as text.
pub(super) fn throttled_text(code: &'static str) -> Response {
    retry_later(text(429, code), 1)
}

/// The answer of an incoming webhook: a word.
pub(super) fn url_text(posted: Result<UrlReply, UrlError>) -> Response {
    match posted {
        Ok(UrlReply) => text(200, "ok"),
        Err(error) => with_retry(text(status(&error), error.code()), &error),
    }
}

/// The answer of a `response_url`: a word, or an error as JSON.
pub(super) fn url_json(posted: Result<UrlReply, UrlError>) -> Response {
    match posted {
        Ok(UrlReply) => text(200, "ok"),
        Err(error) => with_retry(json_response(status(&error), &json!({"ok": false, "error": error.code()})), &error),
    }
}

/// A word and its status.
pub(super) fn text(status: u16, word: &'static str) -> Response {
    response(status, "text/html", Body::from(word))
}

fn status(error: &UrlError) -> u16 {
    match error {
        UrlError::NotFound(_) => 404,
        UrlError::Archived => 410,
        UrlError::BadRequest(_) => 400,
        UrlError::RateLimited { .. } => 429,
    }
}

fn with_retry(response: Response, error: &UrlError) -> Response {
    match error {
        UrlError::RateLimited { retry_after } => retry_later(response, *retry_after),
        UrlError::NotFound(_) | UrlError::Archived | UrlError::BadRequest(_) => response,
    }
}

fn retry_later(mut response: Response, seconds: u64) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn json_response(status: u16, body: &Value) -> Response {
    response(status, "application/json; charset=utf-8", Body::from(body.to_string()))
}

pub(super) fn response(status: u16, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
