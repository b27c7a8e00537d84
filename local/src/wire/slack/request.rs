//! A Web API request: where the token is, and what the body may be.

use axum::http::{HeaderMap, Method, header};
use serde_json::Value;

use crate::world::slack::{ApiError, Args};

/// A call, before its token is checked.
pub(super) struct Call {
    pub(super) token: Option<String>,
    pub(super) args: Args,
    pub(super) warning: Option<&'static str>,
}

/// Whether the body says that it is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers).0 == "application/x-www-form-urlencoded"
}

/// Reads a call. The token is in the header, or in a form; never in JSON. Methods that take forms only see no arguments
/// in a JSON body.
pub(super) fn read(
    name: &str,
    method: &Method,
    headers: &HeaderMap,
    query: Vec<(String, String)>,
    body: &[u8],
) -> Result<Call, ApiError> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let from_pairs = |pairs: Vec<(String, String)>| {
        let args = Args::from_form(pairs);
        Call { token: bearer.clone().or_else(|| args.text("token")), args, warning: None }
    };
    if method == Method::GET || body.is_empty() {
        return Ok(from_pairs(query));
    }
    let (kind, charset) = content_type(headers);
    match kind.as_str() {
        "application/x-www-form-urlencoded" => {
            let mut pairs = query;
            let form = serde_urlencoded::from_bytes::<Vec<(String, String)>>(body);
            pairs.extend(form.map_err(|_| ApiError::Refused("invalid_form_data"))?);
            Ok(from_pairs(pairs))
        }
        "application/json" => {
            let args = if takes_json(name) { json_args(body)? } else { Args::default() };
            Ok(Call { token: bearer, args, warning: (!charset).then_some("missing_charset") })
        }
        _ => Err(ApiError::Refused("invalid_post_type")),
    }
}

fn json_args(body: &[u8]) -> Result<Args, ApiError> {
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(Args::from_json(value)),
        Ok(_) => Err(ApiError::Refused("json_not_object")),
        Err(_) => Err(ApiError::Refused("invalid_json")),
    }
}

/// Methods that write take JSON; those that read take forms only.
fn takes_json(name: &str) -> bool {
    name.starts_with("chat.") || name.starts_with("views.") || name == "auth.test"
}

/// The media type in lower case, and whether a character set is named.
fn content_type(headers: &HeaderMap) -> (String, bool) {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameters) = value.split_once(';').unwrap_or((value, ""));
    (kind.trim().to_ascii_lowercase(), parameters.to_ascii_lowercase().contains("charset"))
}
