//! One HTTP exchange with Slack: what was sent, and what came back or did not.

use std::{error::Error, io, time::Duration};

use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::Value;
use shared::ports::ChatError;

use super::Pace;

/// A page of 200 cards, each as long as Slack allows, stays below it.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// Puts a JSON body on a request. Slack warns of JSON without a character set.
pub(super) fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header(header::CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_string())
}

/// Sends a request and reads its answer.
///
/// # Errors
/// `Transient`: nothing was sent. `Ambiguous`: it was, or may have been.
pub(super) async fn send(request: RequestBuilder, pace: Pace) -> Result<Answer, ChatError> {
    let mut response =
        request.timeout(pace.limit()).send().await.map_err(|error| unanswered(&error.without_url(), pace))?;
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unanswered(&error.without_url(), pace))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(ChatError::Ambiguous(format!("its answer is longer than {MAX_ANSWER} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, retry_after, body })
}

/// Seconds, as Slack sends them.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// What a failure of the HTTP client means. Its own words are not used: what they hold is not ours to promise.
fn unanswered(error: &reqwest::Error, pace: Pace) -> ChatError {
    if error.is_builder() {
        return ChatError::Transient("the request could not be built".to_owned());
    }
    if error.is_connect() {
        let why = io_kind(error).map_or_else(|| "name, network or TLS".to_owned(), |kind| kind.to_string());
        return ChatError::Transient(format!("no connection ({why})"));
    }
    if error.is_timeout() {
        return ChatError::Ambiguous(format!("no answer within {:?}", pace.limit()));
    }
    let why = io_kind(error).map(|kind| format!(" ({kind})")).unwrap_or_default();
    ChatError::Ambiguous(format!("the connection was closed before the answer{why}"))
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        source = cause.source();
    }
    None
}
