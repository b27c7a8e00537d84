//! Request -> Slack message: pure, escaped, within Slack's limits.

use serde_json::Value;

/// A message as `chat.postMessage`, `chat.update`, a webhook and a `response_url` take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What notifications and screen readers get: the whole decision.
    pub text: String,
    /// Block Kit blocks, at most 50.
    pub blocks: Vec<Value>,
}
