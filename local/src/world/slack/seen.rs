//! A message as a person reads it, for the tests: one line a text, buttons in brackets.

use serde_json::Value;

use super::{Message, Whisper, mrkdwn};

impl Message {
    /// What the channel shows: the blocks, or the text where there are none.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        seen(&self.text, &self.blocks)
    }
}

impl Whisper {
    /// What its reader is shown.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        seen(&self.text, &self.blocks)
    }
}

fn seen(text: &str, blocks: &[Value]) -> Vec<String> {
    if blocks.is_empty() {
        return vec![mrkdwn::visible(text)];
    }
    let mut lines = Vec::new();
    for block in blocks {
        lines.extend(block.get("text").and_then(text_object));
        for list in ["fields", "elements"] {
            let items = block.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            lines.extend(items.iter().filter_map(element));
        }
        lines.extend(block.get("accessory").and_then(element));
    }
    lines
}

fn element(value: &Value) -> Option<String> {
    match value.get("type")?.as_str()? {
        "button" => value.get("text").and_then(text_object).map(|label| format!("[{label}]")),
        "image" => value.get("alt_text")?.as_str().map(str::to_owned),
        _ => text_object(value),
    }
}

fn text_object(value: &Value) -> Option<String> {
    let text = value.get("text")?.as_str()?;
    match value.get("type")?.as_str()? {
        "mrkdwn" => Some(mrkdwn::visible(text)),
        "plain_text" => Some(text.to_owned()),
        _ => None,
    }
}
