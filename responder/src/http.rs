//! What API Gateway sends, and what it is answered: routes, statuses, and nothing else.
//!
//! Formats: HTTP API payload 2.0 and REST API payload 1.0, read by `lambda_http`'s types, and by nothing else of it: what
//! makes an `http::Request` of them panics on hosts, queries and bodies that anybody can send. They get only the parts of
//! the event that are used here. The order of the checks is the point: route, size, signature, and only then what the body
//! says.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method};
use lambda_http::request::LambdaRequest;
use serde_json::{Map, Value, json};

/// The only route.
const PATH: &str = "/slack/interactions";

/// The largest body that is looked at, in bytes: Slack's are a tenth of it.
const LARGEST_BODY: usize = 1024 * 1024;

/// The only headers that are read.
const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

/// What came, as far as it is known before the signature is checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    /// `X-Slack-Request-Timestamp`, as bytes: it may be anything.
    pub(crate) timestamp: Option<Vec<u8>>,
    /// `X-Slack-Signature`.
    pub(crate) signature: Option<Vec<u8>>,
    /// The raw body.
    pub(crate) body: Vec<u8>,
}

/// The status of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done, or nothing to do.
    Ok,
    /// It can't be read.
    BadRequest,
    /// The signature is not Slack's.
    Unauthorized,
    /// There is no such path.
    NotFound,
    /// The path takes only POST.
    MethodNotAllowed,
    /// The body is over 1 MiB.
    TooLarge,
    /// The table did not answer: nothing is known to be stored, click again.
    Unavailable,
}

impl Status {
    /// The status code.
    #[must_use]
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::Unavailable => 503,
        }
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A status without a body: Slack would show one, and an empty 200 closes a modal.
    Status(Status),
    /// 200 with this JSON.
    Json(Value),
}

impl Answer {
    /// The answer as both kinds of API take it.
    #[must_use]
    pub(crate) fn event(self) -> Value {
        let (status, kind, body) = match self {
            Self::Status(status) => (status, "text/plain; charset=utf-8", String::new()),
            Self::Json(body) => (Status::Ok, "application/json; charset=utf-8", body.to_string()),
        };
        let mut headers = json!({ "content-type": kind });
        if status == Status::MethodNotAllowed {
            headers["allow"] = json!("POST");
        }
        json!({ "statusCode": status.code(), "headers": headers, "body": body, "isBase64Encoded": false })
    }
}

/// Reads an event of either kind of API.
///
/// # Errors
/// The status to answer with.
pub(crate) fn read(event: Value) -> Result<Incoming, Status> {
    let body = body(&event)?;
    let request: LambdaRequest = serde_json::from_value(needed(&event)).map_err(|_| Status::BadRequest)?;
    let Asked { path, method, headers } = Asked::of(request)?;
    if path != PATH {
        return Err(Status::NotFound);
    }
    if method != Method::POST {
        return Err(Status::MethodNotAllowed);
    }
    let body = decode(body)?;
    if body.len() > LARGEST_BODY {
        return Err(Status::TooLarge);
    }
    let header = |name: &str| headers.get(name).map(|value| value.as_bytes().to_vec());
    Ok(Incoming { timestamp: header(TIMESTAMP), signature: header(SIGNATURE), body })
}

/// What is asked for, whichever kind of API it came by.
struct Asked {
    path: String,
    method: Method,
    headers: HeaderMap,
}

impl Asked {
    fn of(request: LambdaRequest) -> Result<Self, Status> {
        match request {
            // The path begins with the stage, unless that is the default one.
            LambdaRequest::ApiGatewayV2(event) => {
                let path = event.raw_path.unwrap_or_default();
                let path = without_stage(&path, event.request_context.stage.as_deref()).to_owned();
                Ok(Self { path, method: event.request_context.http.method, headers: event.headers })
            }
            // The path is without the stage. Both tables hold all headers.
            LambdaRequest::ApiGatewayV1(event) => {
                let mut headers = event.multi_value_headers;
                headers.extend(event.headers);
                Ok(Self { path: event.path.unwrap_or_default(), method: event.http_method, headers })
            }
            // Kinds of events that a later version may know.
            _ => Err(Status::BadRequest),
        }
    }
}

fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let named = stage.filter(|stage| !stage.is_empty() && *stage != "$default");
    let rest = named.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// The parts of an event that are read here, and no other: what is odd elsewhere must not keep route, size and signature
/// from being judged.
fn needed(event: &Value) -> Value {
    let copy = |event: &Value, keys: &[&str]| -> Map<String, Value> {
        keys.iter().filter_map(|key| Some(((*key).to_owned(), event.get(key)?.clone()))).collect()
    };
    let mut parts = copy(event, &["path", "rawPath", "httpMethod"]);
    for key in ["headers", "multiValueHeaders"] {
        if let Some(headers) = event.get(key).and_then(Value::as_object) {
            parts.insert(key.to_owned(), Value::Object(needed_headers(headers)));
        }
    }
    if let Some(context) = event.get("requestContext") {
        let mut needed = copy(context, &["httpMethod", "stage"]);
        if let Some(http) = context.get("http") {
            needed.insert("http".to_owned(), Value::Object(copy(http, &["method"])));
        }
        parts.insert("requestContext".to_owned(), Value::Object(needed));
    }
    Value::Object(parts)
}

/// One that is no header's value counts as absent, and so the signature as wrong.
fn needed_headers(headers: &Map<String, Value>) -> Map<String, Value> {
    let is_text = |value: &Value| value.as_str().is_some_and(|text| HeaderValue::from_str(text).is_ok());
    let is_needed = |name: &str| name.eq_ignore_ascii_case(TIMESTAMP) || name.eq_ignore_ascii_case(SIGNATURE);
    headers
        .iter()
        .filter(|(name, _)| is_needed(name))
        .filter(|(_, value)| is_text(value) || value.as_array().is_some_and(|values| values.iter().all(is_text)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The body as it came: text, or base64 of bytes.
enum Raw {
    Text(String),
    Base64(String),
}

fn body(event: &Value) -> Result<Raw, Status> {
    let text = match event.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(Status::BadRequest),
    };
    let is_base64 = event.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default();
    Ok(if is_base64 { Raw::Base64(text) } else { Raw::Text(text) })
}

fn decode(body: Raw) -> Result<Vec<u8>, Status> {
    match body {
        Raw::Text(text) => Ok(text.into_bytes()),
        Raw::Base64(text) => STANDARD.decode(text).map_err(|_| Status::BadRequest),
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
