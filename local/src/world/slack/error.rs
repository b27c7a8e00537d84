//! What the Web API refuses, and how it says so.

use serde_json::{Value, json};

/// An error of the Web API. All but [`ApiError::RateLimited`] are answered with HTTP 200 and `ok: false`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// An error that is only a name, such as `channel_not_found`.
    #[error("{0}")]
    Refused(&'static str),
    /// Blocks that Slack would not show; each message ends in the path of what is wrong.
    #[error("invalid_blocks: {}", .0.join("; "))]
    InvalidBlocks(Vec<String>),
    /// Arguments that are missing or of the wrong form.
    #[error("invalid_arguments: {}", .0.join("; "))]
    InvalidArguments(Vec<String>),
    /// The token lacks a scope.
    #[error("missing_scope: needed {needed}, provided {provided}")]
    MissingScope {
        /// The scope that the method needs.
        needed: String,
        /// What the token has, separated by commas.
        provided: String,
    },
    /// Too many messages in a channel: HTTP 429 with `Retry-After`.
    #[error("ratelimited: retry after {retry_after} s")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
}

impl ApiError {
    /// Slack's name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(code) => code,
            Self::InvalidBlocks(_) => "invalid_blocks",
            Self::InvalidArguments(_) => "invalid_arguments",
            Self::MissingScope { .. } => "missing_scope",
            Self::RateLimited { .. } => "ratelimited",
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        match self {
            Self::Refused(_) | Self::RateLimited { .. } => json!({"ok": false, "error": self.code()}),
            Self::InvalidBlocks(errors) | Self::InvalidArguments(errors) => {
                let messages: Vec<String> = errors.iter().map(|error| format!("[ERROR] {error}")).collect();
                json!({
                    "ok": false,
                    "error": self.code(),
                    "errors": errors,
                    "response_metadata": {"messages": messages},
                })
            }
            Self::MissingScope { needed, provided } => {
                json!({"ok": false, "error": self.code(), "needed": needed, "provided": provided})
            }
        }
    }

    pub(super) fn missing(field: &str) -> Self {
        Self::InvalidArguments(vec![format!("missing required field: {field}")])
    }
}
