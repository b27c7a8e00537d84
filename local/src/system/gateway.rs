//! API Gateway's HTTP API in front of the responder: an HTTP request becomes an event of payload format 2.0, the
//! function's answer becomes the HTTP answer.
//!
//! Source of the format: "AWS Lambda proxy integrations for HTTP APIs" in the API Gateway Developer Guide. Every path
//! and method goes through to the function.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Utc;
use serde_json::{Value, json};

use crate::wire::lambda::Function;

/// API Gateway's limit on a request's body, in bytes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// How long API Gateway waits for the function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The HTTP API of a function.
pub fn router(function: Function) -> Router {
    Router::new().fallback(handle).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(function)
}

async fn handle(
    State(function): State<Function>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let event = event(&method, &uri, &headers, &body);
    match tokio::time::timeout(INTEGRATION_TIMEOUT, function.invoke(event)).await {
        Ok(Ok(answer)) => response(&answer).unwrap_or_else(|| message(500, "Internal Server Error")),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the function failed behind the gateway");
            message(500, "Internal Server Error")
        }
        Err(_) => message(503, "Service Unavailable"),
    }
}

/// The event of a request.
pub fn event(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Value {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let binary = !is_text(text(header::CONTENT_TYPE));
    let now = Utc::now();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": single_headers(headers),
        "requestContext": {
            "accountId": super::seed::AUTOMATION,
            "apiId": "portcullis",
            "domainName": text(header::HOST),
            "domainPrefix": "portcullis",
            "http": {
                "method": method.as_str(),
                "path": uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": text(header::USER_AGENT),
            },
            "requestId": uuid::Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.timestamp_millis(),
        },
        "isBase64Encoded": binary && !body.is_empty(),
    });
    if !body.is_empty() {
        event["body"] = match binary {
            true => json!(STANDARD.encode(body)),
            false => json!(String::from_utf8_lossy(body)),
        };
    }
    event
}

/// Only these travel as text; a form, as Slack sends it, is base64.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&kind)
        || kind.is_empty()
}

/// Names in lower case; values of one name joined by commas.
fn single_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut single: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        single
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    single
}

/// The HTTP answer of a function's answer; `None` where it can't be read. Without a `statusCode` it is 200 and JSON.
fn response(answer: &Value) -> Option<Response> {
    let Some(status) = answer.get("statusCode") else {
        return Some(axum::Json(answer.clone()).into_response());
    };
    let status = StatusCode::from_u16(u16::try_from(status.as_u64()?).ok()?).ok()?;
    let text = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = match answer.get("isBase64Encoded") {
        Some(Value::Bool(true)) => Body::from(STANDARD.decode(text).ok()?),
        Some(_) | None => Body::from(text.to_owned()),
    };
    let mut response = (status, body).into_response();
    let headers = answer.get("headers").and_then(Value::as_object).into_iter().flatten();
    for (name, value) in headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        response.headers_mut().insert(name, HeaderValue::from_str(&value).ok()?);
    }
    Some(response)
}

fn message(status: u16, text: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(json!({ "message": text }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_form_is_base64_and_json_is_text() {
        let uri: Uri = "/slack/interactions?a=b".parse().unwrap();
        let form = headers(&[("content-type", "application/x-www-form-urlencoded"), ("x-slack-signature", "v0=1")]);
        let event = super::event(&Method::POST, &uri, &form, &Bytes::from_static(b"payload=%7B%7D"));
        assert_eq!(event["body"], STANDARD.encode("payload=%7B%7D"));
        assert_eq!(event["isBase64Encoded"], true);
        assert_eq!(event["headers"]["x-slack-signature"], "v0=1");
        assert_eq!(
            (&event["rawPath"], &event["rawQueryString"], &event["requestContext"]["http"]["method"]),
            (&json!("/slack/interactions"), &json!("a=b"), &json!("POST"))
        );

        let text = headers(&[("content-type", "application/json; charset=utf-8")]);
        let event = super::event(&Method::PUT, &uri, &text, &Bytes::from_static(b"{}"));
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)));
    }

    #[test]
    fn values_of_one_header_are_joined() {
        let mut twice = headers(&[("accept", "a")]);
        twice.append("accept", "b".parse().unwrap());
        assert_eq!(single_headers(&twice)["accept"], "a,b");
    }

    #[tokio::test]
    async fn the_answer_keeps_its_status_headers_and_body() {
        let answer = json!({
            "statusCode": 401, "headers": {"content-type": "text/plain"}, "body": "bm8=", "isBase64Encoded": true,
        });
        let response = response(&answer).unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (401, &"text/plain".parse().unwrap())
        );
        assert_eq!(axum::body::to_bytes(response.into_body(), 99).await.unwrap(), "no");

        assert!(super::response(&json!({"statusCode": "odd"})).is_none());
        assert_eq!(super::response(&json!({"ok": true})).unwrap().status(), 200);
    }
}
