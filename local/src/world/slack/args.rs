//! The arguments of a Web API call, from a form or from JSON.

use serde_json::{Map, Value};

use super::ApiError;

/// Named arguments. A form has texts only, and structures in them as JSON; JSON has both as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args(Map<String, Value>);

impl Args {
    /// From a form or a query string; of a name that comes twice, the last counts.
    #[must_use]
    pub fn from_form(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
    }

    /// From a JSON object; anything else has no arguments.
    #[must_use]
    pub fn from_json(value: Value) -> Self {
        match value {
            Value::Object(map) => Self(map),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Self::default(),
        }
    }

    /// A text, or a number written as one; empty is absent, as in Slack.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A text that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<String, ApiError> {
        self.text(name).ok_or_else(|| ApiError::missing(name))
    }

    /// `true`, `"true"`, `1` and `"1"` are true.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => Some(matches!(text.as_str(), "true" | "True" | "1")),
            Value::Number(number) => Some(number.as_u64() == Some(1)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The request that a new card is about, as its metadata says; `None` for all else, a reply in a card's thread too.
    #[must_use]
    pub fn card_of(&self) -> Option<String> {
        let metadata = self.structure("metadata").ok()??;
        let id = metadata["event_payload"]["requestid"].as_str()?;
        (self.text("thread_ts").is_none() && self.text("ts").is_none()).then(|| id.to_owned())
    }

    /// A structure, as it is or as JSON in a text. `Err` where the text is not JSON.
    pub(super) fn structure(&self, name: &str) -> Result<Option<Value>, serde_json::Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}
