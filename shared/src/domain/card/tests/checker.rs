//! Slack's limits and the rules of escaping, written down a second time, apart from the code that keeps them.

use serde_json::Value;

use crate::domain::card::Message;

/// Panics with what is wrong and where.
pub(super) fn check(message: &Message) {
    within("text", &message.text, 1, 3_999);
    assert!(!message.text.contains(['<', '>', '\n']), "text may notify nobody: {:?}", message.text);
    entities("text", &message.text);
    assert!((1..=50).contains(&message.blocks.len()), "{} blocks", message.blocks.len());
    let mut ids: Vec<&str> = message.blocks.iter().map(|block| string(block, "block_id")).collect();
    ids.iter().for_each(|id| within("block_id", id, 1, 255));
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "block_ids are unique: {ids:?}");
    message.blocks.iter().for_each(block);
    let size = serde_json::to_string(&message.blocks).expect("JSON").chars().count();
    assert!(size <= 12_000, "all blocks together are too long: {size}");
}

fn block(block: &Value) {
    match string(block, "type") {
        "header" => plain(&block["text"], 150),
        "section" if block.get("fields").is_some() => {
            let fields = list(block, "fields", 10);
            fields.iter().for_each(|field| mrkdwn(field, 2_000));
        }
        "section" => mrkdwn(&block["text"], 3_000),
        "actions" => list(block, "elements", 25).iter().for_each(button),
        "context" => list(block, "elements", 10).iter().for_each(|element| mrkdwn(element, 2_000)),
        other => panic!("no card has a block of type {other}"),
    }
}

fn button(button: &Value) {
    assert_eq!(string(button, "type"), "button");
    plain(&button["text"], 30);
    within("value", string(button, "value"), 1, 2_000);
    assert!(["approve", "deny", "deny_reason", "retry", "console"].contains(&string(button, "action_id")));
    if string(button, "action_id") == "console" {
        let url = string(button, "url");
        within("url", url, 1, 3_000);
        assert!(url.starts_with("https://") && !url.contains([' ', '<', '>', '|', '"']), "{url}");
    }
    if let Some(confirm) = button.get("confirm") {
        plain(&confirm["title"], 100);
        plain(&confirm["text"], 300);
        plain(&confirm["confirm"], 30);
        plain(&confirm["deny"], 30);
    }
}

fn plain(text: &Value, most: usize) {
    assert_eq!(string(text, "type"), "plain_text");
    let text = string(text, "text");
    within("plain text", text, 1, most);
    visible(text);
    assert!(!text.contains(['\n', '<', '>', '&', '@', '`']), "nothing of others is in plain text: {text:?}");
}

fn mrkdwn(text: &Value, most: usize) {
    assert_eq!(string(text, "type"), "mrkdwn");
    assert_eq!(text["verbatim"], Value::Bool(true), "{text}");
    let text = string(text, "text");
    within("mrkdwn", text, 1, most);
    visible(text);
    entities("mrkdwn", text);
    let tags = tags(text);
    for tag in &tags {
        assert!(is_person(tag) || is_date(tag), "nobody chose this tag: {tag:?}");
    }
    code(text);
}

fn is_person(tag: &str) -> bool {
    tag.strip_prefix('@').is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
}

fn is_date(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix("!date^") else { return false };
    let parts: Vec<&str> = rest.split(['^', '|']).collect();
    matches!(parts.as_slice(), [seconds, format, fallback]
        if seconds.parse::<i64>().is_ok() && format.starts_with("{date_short_pretty} {time") && fallback.ends_with(" UTC"))
}

/// What stands between `<` and `>`.
fn tags(text: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        assert!(!rest[..open].contains('>'), "a `>` without its `<`: {text:?}");
        let close = open + rest[open..].find('>').unwrap_or_else(|| panic!("a `<` without its `>`: {text:?}"));
        tags.push(&rest[open + 1..close]);
        rest = &rest[close + 1..];
    }
    assert!(!rest.contains('>'), "a `>` without its `<`: {text:?}");
    tags
}

/// Code blocks and spans are closed, and no line break is in a span.
fn code(text: &str) {
    let outside: Vec<&str> = text.split("```").step_by(2).collect();
    assert_eq!(text.matches("```").count() % 2, 0, "a code block is open: {text:?}");
    for inside in text.split("```").skip(1).step_by(2) {
        assert!(!inside.contains('`') && !inside.is_empty(), "a code block ends early: {text:?}");
    }
    for part in outside {
        assert_eq!(part.matches('`').count() % 2, 0, "a code span is open: {text:?}");
        assert!(part.split('`').skip(1).step_by(2).all(|span| !span.contains('\n')), "a span is broken: {text:?}");
    }
}

fn entities(what: &str, text: &str) {
    for (at, _) in text.match_indices('&') {
        let entity = ["&amp;", "&lt;", "&gt;"].iter().any(|entity| text[at..].starts_with(entity));
        assert!(entity, "{what} has a bare or cut entity: {:?}", &text[at..]);
    }
}

fn visible(text: &str) {
    let hidden = |char: char| {
        (char.is_control() && char != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&char)
            || ('\u{2060}'..='\u{206f}').contains(&char)
            || ('\u{200b}'..='\u{200f}').contains(&char)
            || ['\u{2028}', '\u{2029}', '\u{feff}'].contains(&char)
    };
    assert!(!text.contains(hidden), "a character that nobody sees: {text:?}");
}

fn within(what: &str, text: &str, least: usize, most: usize) {
    let length = text.chars().count();
    assert!((least..=most).contains(&length), "{what} has {length} characters: {text:?}");
}

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn list<'a>(value: &'a Value, key: &str, most: usize) -> &'a Vec<Value> {
    let list = value[key].as_array().unwrap_or_else(|| panic!("no {key} in {value}"));
    assert!((1..=most).contains(&list.len()), "{} {key}", list.len());
    list
}

/// The rule lines of a message.
pub(super) fn rule_lines(message: &Message) -> Vec<String> {
    let texts = message.blocks.iter().filter_map(|block| block["text"]["text"].as_str());
    texts.flat_map(|text| text.split("```").skip(1).step_by(2)).flat_map(str::lines).map(str::to_owned).collect()
}

/// Panics with what is wrong with a modal, by the limits of Slack's page on views.
pub(super) fn check_modal(view: &Value) {
    assert_eq!((string(view, "type"), string(view, "callback_id")), ("modal", "deny_reason"));
    within("private_metadata", string(view, "private_metadata"), 1, 3_000);
    for part in ["title", "submit", "close"] {
        plain(&view[part], 24);
    }
    match list(view, "blocks", 100).as_slice() {
        [what, input] => {
            assert_eq!((string(what, "type"), string(input, "type")), ("section", "input"));
            mrkdwn(&what["text"], 3_000);
            plain(&input["label"], 2_000);
            assert_eq!((string(input, "block_id"), string(&input["element"], "action_id")), ("reason", "text"));
        }
        other => panic!("{} blocks", other.len()),
    }
}
