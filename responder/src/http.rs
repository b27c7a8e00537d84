//! What API Gateway sends, and what it is answered: routes, statuses, and nothing else.
//!
//! Formats: HTTP API payload 2.0 and REST API payload 1.0, read by `lambda_http`. The order of the checks is the point:
//! route, size, signature, and only then what the body says.

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::{RequestExt, request::LambdaRequest};
use serde_json::{Value, json};

/// The only route.
const PATH: &str = "/slack/interactions";

/// The largest body that is looked at, in bytes: Slack's are a tenth of it.
const LARGEST_BODY: usize = 1024 * 1024;

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

/// An answer without anything being done.
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

    /// The answer as both kinds of API take it. It has no body: Slack would show one.
    #[must_use]
    pub(crate) fn answer(self) -> Value {
        let mut headers = json!({ "content-type": "text/plain; charset=utf-8" });
        if self == Self::MethodNotAllowed {
            headers["allow"] = json!("POST");
        }
        json!({ "statusCode": self.code(), "headers": headers, "body": "", "isBase64Encoded": false })
    }
}

/// Reads an event of either kind of API.
///
/// # Errors
/// The status to answer with.
pub(crate) fn read(event: Value) -> Result<Incoming, Status> {
    let body = body(&event)?;
    let stage = stage(&event);
    let request: LambdaRequest = serde_json::from_value(without_body(event)).map_err(|_| Status::BadRequest)?;
    let request = lambda_http::Request::from(request);
    let path = request.raw_http_path();
    if without_stage(path, stage.as_deref()) != PATH {
        return Err(Status::NotFound);
    }
    if request.method() != http::Method::POST {
        return Err(Status::MethodNotAllowed);
    }
    let body = decode(body)?;
    if body.len() > LARGEST_BODY {
        return Err(Status::TooLarge);
    }
    let header = |name: &str| request.headers().get(name).map(|value| value.as_bytes().to_vec());
    Ok(Incoming { timestamp: header("x-slack-request-timestamp"), signature: header("x-slack-signature"), body })
}

/// The stage of an HTTP API, whose path begins with it unless it is the default one. A REST API's path never does.
fn stage(event: &Value) -> Option<String> {
    let context = event.get("requestContext")?;
    context.get("http")?;
    context.get("stage")?.as_str().filter(|stage| !stage.is_empty() && *stage != "$default").map(str::to_owned)
}

fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// The body as it came: text, or base64 of bytes.
enum Raw {
    Text(String),
    Base64(String),
}

/// Takes the body out of the event before `lambda_http` reads it, because that panics on base64 which is none.
fn body(event: &Value) -> Result<Raw, Status> {
    let text = match event.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(Status::BadRequest),
    };
    let is_base64 = event.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default();
    Ok(if is_base64 { Raw::Base64(text) } else { Raw::Text(text) })
}

fn without_body(mut event: Value) -> Value {
    if let Some(event) = event.as_object_mut() {
        event.insert("body".to_owned(), Value::Null);
        event.insert("isBase64Encoded".to_owned(), Value::Bool(false));
    }
    event
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
