//! Block Kit's limits (docs.slack.dev, reference/block-kit), for the blocks and elements that this stand-in knows.
//!
//! Stricter than Slack in one way: blocks and elements that exist in Slack but that nothing here shows are refused as
//! unsupported. Lengths are in characters as sent, that is, after escaping.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

const MAX_MESSAGE_BLOCKS: usize = 50;
const MAX_VIEW_BLOCKS: usize = 100;
const MAX_ID: usize = 255;
const MAX_INPUT: usize = 3000;

/// What is wrong with a message's blocks, each with its path; nothing if Slack would show them.
#[must_use]
pub fn check_message(blocks: &[Value]) -> Vec<String> {
    let mut check = Check::default();
    check.blocks("/blocks", blocks, MAX_MESSAGE_BLOCKS, Surface::Message);
    check.errors
}

/// What is wrong with a modal.
#[must_use]
pub fn check_view(view: &Value) -> Vec<String> {
    const KNOWN: [&str; 8] =
        ["type", "title", "blocks", "close", "submit", "private_metadata", "callback_id", "clear_on_close"];
    let mut check = Check::default();
    if let Some(map) = check.object("/view", view, &KNOWN) {
        if map.get("type").and_then(Value::as_str) != Some("modal") {
            check.fail("/view/type", "unsupported type");
        }
        check.text("/view", map, "title", Text::plain(24).required());
        check.text("/view", map, "submit", Text::plain(24));
        check.text("/view", map, "close", Text::plain(24));
        check.string("/view", map, "callback_id", MAX_ID, Need::Optional);
        check.string("/view", map, "private_metadata", 3000, Need::MayBeEmpty);
        match map.get("blocks").and_then(Value::as_array) {
            Some(blocks) => check.blocks("/view/blocks", blocks, MAX_VIEW_BLOCKS, Surface::Modal),
            None => check.fail("/view", "missing required field: blocks"),
        }
        let asks = |block: &Value| block.get("type").and_then(Value::as_str) == Some("input");
        let has_input = map.get("blocks").and_then(Value::as_array).is_some_and(|blocks| blocks.iter().any(asks));
        if has_input && !map.contains_key("submit") {
            check.fail("/view", "missing required field: submit");
        }
    }
    check.errors
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Surface {
    Message,
    Modal,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
    MayBeEmpty,
}

/// What a text object may be.
#[derive(Clone, Copy)]
struct Text {
    max: usize,
    mrkdwn: bool,
    required: bool,
}

impl Text {
    const fn plain(max: usize) -> Self {
        Self { max, mrkdwn: false, required: false }
    }

    const fn any(max: usize) -> Self {
        Self { max, mrkdwn: true, required: false }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

#[derive(Default)]
struct Check {
    errors: Vec<String>,
}

impl Check {
    fn fail(&mut self, path: &str, what: &str) {
        self.errors.push(format!("{what} [json-pointer:{path}]"));
    }

    fn blocks(&mut self, path: &str, blocks: &[Value], max: usize, surface: Surface) {
        if blocks.len() > max {
            self.fail(path, &format!("no more than {max} items allowed"));
        }
        let mut seen = BTreeSet::new();
        for (index, block) in blocks.iter().enumerate() {
            let path = format!("{path}/{index}");
            self.block(&path, block, surface);
            if let Some(id) = block.get("block_id").and_then(Value::as_str)
                && !seen.insert(id)
            {
                self.fail(&format!("{path}/block_id"), "block_id already exists");
            }
        }
    }

    fn block(&mut self, path: &str, block: &Value, surface: Surface) {
        match block.get("type").and_then(Value::as_str) {
            Some("header") => {
                if let Some(map) = self.object(path, block, &["type", "block_id", "text"]) {
                    self.text(path, map, "text", Text::plain(150).required());
                }
            }
            Some("section") => self.section(path, block),
            Some("context") => self.context(path, block),
            Some("actions") => self.actions(path, block),
            Some("divider") => {
                self.object(path, block, &["type", "block_id"]);
            }
            Some("image") => {
                let known = ["type", "block_id", "image_url", "alt_text", "title", "slack_file"];
                if let Some(map) = self.object(path, block, &known) {
                    self.image(path, map);
                    self.text(path, map, "title", Text::plain(2000));
                }
            }
            Some("input") if surface == Surface::Modal => self.input(path, block),
            Some(other) => self.fail(&format!("{path}/type"), &format!("unsupported type: {other}")),
            None => self.fail(path, "missing required field: type"),
        }
        if let Some(map) = block.as_object() {
            self.string(path, map, "block_id", MAX_ID, Need::Optional);
        }
    }

    fn section(&mut self, path: &str, block: &Value) {
        let known = ["type", "block_id", "text", "fields", "accessory", "expand"];
        let Some(map) = self.object(path, block, &known) else { return };
        self.text(path, map, "text", Text::any(3000));
        match map.get("fields") {
            None => {
                if !map.contains_key("text") {
                    self.fail(path, "missing required field: text");
                }
            }
            Some(fields) => {
                for (path, field) in self.items(&format!("{path}/fields"), fields, 10) {
                    self.text_object(&path, field, Text::any(2000));
                }
            }
        }
        if let Some(accessory) = map.get("accessory") {
            self.element(&format!("{path}/accessory"), accessory, &["button", "image"]);
        }
    }

    fn context(&mut self, path: &str, block: &Value) {
        let Some(map) = self.object(path, block, &["type", "block_id", "elements"]) else { return };
        let Some(elements) = map.get("elements") else {
            return self.fail(path, "missing required field: elements");
        };
        for (path, element) in self.items(&format!("{path}/elements"), elements, 10) {
            if element.get("type").and_then(Value::as_str) == Some("image") {
                self.element(&path, element, &["image"]);
            } else {
                self.text_object(&path, element, Text::any(3000));
            }
        }
    }

    fn actions(&mut self, path: &str, block: &Value) {
        let Some(map) = self.object(path, block, &["type", "block_id", "elements"]) else { return };
        let Some(elements) = map.get("elements") else {
            return self.fail(path, "missing required field: elements");
        };
        let mut seen = BTreeSet::new();
        for (path, element) in self.items(&format!("{path}/elements"), elements, 25) {
            self.element(&path, element, &["button"]);
            if let Some(id) = element.get("action_id").and_then(Value::as_str)
                && !seen.insert(id)
            {
                self.fail(&format!("{path}/action_id"), "action_id already exists");
            }
        }
    }

    fn input(&mut self, path: &str, block: &Value) {
        let known = ["type", "block_id", "label", "element", "hint", "optional", "dispatch_action"];
        let Some(map) = self.object(path, block, &known) else { return };
        self.text(path, map, "label", Text::plain(2000).required());
        self.text(path, map, "hint", Text::plain(2000));
        match map.get("element") {
            Some(element) => self.element(&format!("{path}/element"), element, &["plain_text_input"]),
            None => self.fail(path, "missing required field: element"),
        }
    }

    fn element(&mut self, path: &str, element: &Value, allowed: &[&str]) {
        match element.get("type").and_then(Value::as_str) {
            Some(kind) if !allowed.contains(&kind) => {
                self.fail(&format!("{path}/type"), &format!("unsupported type: {kind}"));
            }
            Some("button") => self.button(path, element),
            Some("image") => {
                if let Some(map) = self.object(path, element, &["type", "image_url", "alt_text", "slack_file"]) {
                    self.image(path, map);
                }
            }
            Some("plain_text_input") => {
                let known = [
                    "type",
                    "action_id",
                    "initial_value",
                    "multiline",
                    "min_length",
                    "max_length",
                    "placeholder",
                    "focus_on_load",
                ];
                if let Some(map) = self.object(path, element, &known) {
                    self.string(path, map, "action_id", MAX_ID, Need::Optional);
                    self.text(path, map, "placeholder", Text::plain(150));
                    self.length(path, map, "min_length", 0);
                    self.length(path, map, "max_length", 1);
                    self.string(path, map, "initial_value", MAX_INPUT, Need::MayBeEmpty);
                }
            }
            Some(kind) => self.fail(&format!("{path}/type"), &format!("unsupported type: {kind}")),
            None => self.fail(path, "missing required field: type"),
        }
    }

    fn button(&mut self, path: &str, button: &Value) {
        let known = ["type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"];
        let Some(map) = self.object(path, button, &known) else { return };
        self.text(path, map, "text", Text::plain(75).required());
        self.string(path, map, "action_id", MAX_ID, Need::Optional);
        self.string(path, map, "url", 3000, Need::Optional);
        self.string(path, map, "value", 2000, Need::Optional);
        self.string(path, map, "accessibility_label", 75, Need::Optional);
        self.style(path, map);
        if let Some(url) = map.get("url").and_then(Value::as_str)
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            self.fail(&format!("{path}/url"), "must be a valid URL");
        }
        if let Some(confirm) = map.get("confirm") {
            self.confirm(&format!("{path}/confirm"), confirm);
        }
    }

    fn confirm(&mut self, path: &str, confirm: &Value) {
        let Some(map) = self.object(path, confirm, &["title", "text", "confirm", "deny", "style"]) else { return };
        self.text(path, map, "title", Text::plain(100).required());
        self.text(path, map, "text", Text::plain(300).required());
        self.text(path, map, "confirm", Text::plain(30).required());
        self.text(path, map, "deny", Text::plain(30).required());
        self.style(path, map);
    }

    fn style(&mut self, path: &str, map: &Map<String, Value>) {
        let known = map.get("style").is_none_or(|style| matches!(style.as_str(), Some("primary" | "danger")));
        if !known {
            self.fail(&format!("{path}/style"), "must be a valid enum value: primary, danger");
        }
    }

    /// `min_length` and `max_length` of an input.
    fn length(&mut self, path: &str, map: &Map<String, Value>, field: &str, least: u64) {
        let most = MAX_INPUT as u64;
        if map.get(field).is_some_and(|value| !value.as_u64().is_some_and(|length| (least..=most).contains(&length))) {
            self.fail(&format!("{path}/{field}"), &format!("must be {least} to {most}"));
        }
    }

    fn image(&mut self, path: &str, map: &Map<String, Value>) {
        self.string(path, map, "alt_text", 2000, Need::Required);
        self.string(path, map, "image_url", 3000, Need::Required);
    }

    /// The items of a list of one to `max`, with their paths.
    fn items<'a>(&mut self, path: &str, list: &'a Value, max: usize) -> Vec<(String, &'a Value)> {
        let Some(items) = list.as_array() else {
            self.fail(path, "must be an array");
            return Vec::new();
        };
        if items.is_empty() {
            self.fail(path, "no less than 1 items allowed");
        }
        if items.len() > max {
            self.fail(path, &format!("no more than {max} items allowed"));
        }
        items.iter().enumerate().map(|(index, item)| (format!("{path}/{index}"), item)).collect()
    }

    fn object<'a>(&mut self, path: &str, value: &'a Value, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let Some(map) = value.as_object() else {
            self.fail(path, "must be an object");
            return None;
        };
        for field in map.keys().filter(|field| !known.contains(&field.as_str())) {
            self.fail(path, &format!("invalid additional property: {field}"));
        }
        Some(map)
    }

    fn text(&mut self, path: &str, map: &Map<String, Value>, field: &str, rule: Text) {
        match map.get(field) {
            Some(text) => self.text_object(&format!("{path}/{field}"), text, rule),
            None if rule.required => self.fail(path, &format!("missing required field: {field}")),
            None => {}
        }
    }

    fn text_object(&mut self, path: &str, text: &Value, rule: Text) {
        let known: &[&str] = match text.get("type").and_then(Value::as_str) {
            Some("plain_text") => &["type", "text", "emoji"],
            Some("mrkdwn") if rule.mrkdwn => &["type", "text", "verbatim"],
            Some(other) => return self.fail(&format!("{path}/type"), &format!("unsupported type: {other}")),
            None => return self.fail(path, "missing required field: type"),
        };
        let Some(map) = self.object(path, text, known) else { return };
        self.string(path, map, "text", rule.max, Need::Required);
        for flag in ["emoji", "verbatim"] {
            if map.get(flag).is_some_and(|value| !value.is_boolean()) {
                self.fail(&format!("{path}/{flag}"), "must be a boolean");
            }
        }
    }

    fn string(&mut self, path: &str, map: &Map<String, Value>, field: &str, max: usize, need: Need) {
        let at = format!("{path}/{field}");
        match map.get(field) {
            None if need == Need::Required => self.fail(path, &format!("missing required field: {field}")),
            None => {}
            Some(Value::String(text)) => {
                if text.is_empty() && need != Need::MayBeEmpty {
                    self.fail(&at, "must be more than 0 characters");
                }
                if text.chars().count() > max {
                    self.fail(&at, &format!("must be less than {} characters", max + 1));
                }
            }
            Some(_) => self.fail(&at, "must be a string"),
        }
    }
}
