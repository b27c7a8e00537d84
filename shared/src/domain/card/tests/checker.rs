//! Slack's limits and the rules of escaping, written down a second time, apart from the code that keeps them.

use chrono::DateTime;
use serde_json::Value;

use crate::domain::{
    card::Message,
    change::{Fate, OpenedRule},
    request::Request,
};

/// Panics with what is wrong and where. `people` are those whom the card may mention: nobody else is called by it.
pub(super) fn check(message: &Message, people: &[&str]) {
    within("text", &message.text, 1, 3_999);
    assert!(!message.text.contains(['<', '>', '\n']), "text may notify nobody: {:?}", message.text);
    visible(&message.text);
    entities("text", &message.text);
    assert!((1..=50).contains(&message.blocks.len()), "{} blocks", message.blocks.len());
    let mut ids: Vec<&str> = message.blocks.iter().map(|block| string(block, "block_id")).collect();
    ids.iter().for_each(|id| within("block_id", id, 1, 255));
    let owner = owner(ids[0]);
    message.blocks.iter().for_each(|block| self::block(block, owner, people));
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "block_ids are unique: {ids:?}");
    let size = serde_json::to_string(&message.blocks).expect("JSON").chars().count();
    assert!(size <= 12_000, "all blocks together are too long: {size}");
}

/// The same for a card or list of this request, which may mention who decided it and who approved a rule of it elsewhere.
pub(super) fn check_of(request: &Request, message: &Message) {
    let approver = |opened: &'_ OpenedRule| match &opened.fate {
        Fate::Approved { by, .. } => Some(by.to_string()),
        Fate::Standing
        | Fate::RemovedByHand { .. }
        | Fate::Removed
        | Fate::NotThere
        | Fate::Changed { .. }
        | Fate::Failed { .. } => None,
    };
    let approvers = request.change.opening.rules().iter().filter_map(approver);
    let people: Vec<String> =
        request.decision.iter().map(|decision| decision.by.to_string()).chain(approvers).collect();
    check(message, &people.iter().map(String::as_str).collect::<Vec<_>>());
    let owner = owner(string(&message.blocks[0], "block_id"));
    assert_eq!(owner.to_string(), format!("{}.{}.", request.change.id, request.version), "another request's blocks");
}

/// For cards whose foreign text all comes from a record: what stands outside code looks like no link and no mention, not even
/// to a client that makes links of bare text.
pub(super) fn check_bare(message: &Message) {
    let texts = message.blocks.iter().flat_map(|block| {
        let parts = [&block["fields"], &block["elements"]].into_iter().filter_map(Value::as_array).flatten();
        let one = block["text"]["text"].as_str();
        one.into_iter().chain(parts.filter_map(|part| part["text"].as_str())).collect::<Vec<_>>()
    });
    for text in texts {
        // `<` only begins a tag, and the tags were looked at.
        let outside: String =
            outside_code(text).split('<').map(|part| part.split_once('>').map_or(part, |(_, after)| after)).collect();
        assert!(!outside.contains("://") && !outside.contains('@'), "outside code: {outside:?}");
        let chars: Vec<char> = outside.chars().collect();
        let domain =
            chars.windows(3).find(|near| near[0].is_alphanumeric() && near[1] == '.' && near[2].is_alphabetic());
        assert_eq!(domain, None, "a name that a client may link is outside code: {outside:?}");
    }
}

/// What is not in code blocks and spans.
fn outside_code(text: &str) -> String {
    text.split("```").step_by(2).flat_map(|part| part.split('`').step_by(2)).collect::<Vec<_>>().join(" ")
}

/// Whose blocks these are, `{request}.{version}.`, by the first one: a header, or a page of the list.
fn owner(first: &str) -> &str {
    let header = first.strip_suffix("header");
    let page = || first.trim_end_matches(|char: char| char.is_ascii_digit()).strip_suffix("list.");
    header.or_else(page).unwrap_or_else(|| panic!("no card begins with {first:?}"))
}

/// The parts that cards have, and what each is. Text of others can be in them and can add none.
fn expected(part: &str) -> &'static str {
    match part {
        "header" => "header",
        "actions" | "watching" => "actions",
        "context" => "context",
        "facts" => "fields",
        "risk" | "who" | "why" | "open" | "reason" | "tries" => "section",
        other => {
            let numbered = other.split('.').all(|word| {
                ["rules", "list"].contains(&word)
                    || (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
            });
            let begins = other.starts_with("rules") || other.starts_with("list.");
            assert!(numbered && begins, "no card has a part {other:?}");
            "section"
        }
    }
}

fn block(block: &Value, owner: &str, people: &[&str]) {
    let id = string(block, "block_id");
    let part = id.strip_prefix(owner).unwrap_or_else(|| panic!("{id} is not of {owner}"));
    let kind = match string(block, "type") {
        "section" if block.get("fields").is_some() => "fields",
        other => other,
    };
    assert_eq!(kind, expected(part), "{part} is something else: {block}");
    let known = ["type", "block_id", "text", "fields", "elements"];
    let keys: Vec<&String> = block.as_object().expect("a block").keys().collect();
    assert!(keys.iter().all(|key| known.contains(&key.as_str())) && keys.len() == 3, "{part} holds more: {keys:?}");
    match kind {
        "header" => plain(&block["text"], 150),
        "fields" => list(block, "fields", 10).iter().for_each(|field| mrkdwn(field, 2_000, people)),
        "section" => mrkdwn(&block["text"], 3_000, people),
        "actions" => list(block, "elements", 25).iter().for_each(|element| button(element, owner)),
        "context" => list(block, "elements", 10).iter().for_each(|element| mrkdwn(element, 2_000, people)),
        other => panic!("no card has a block of type {other}"),
    }
}

fn button(button: &Value, owner: &str) {
    assert_eq!(string(button, "type"), "button");
    plain(&button["text"], 30);
    let id = string(button, "value");
    within("value", id, 1, 2_000);
    assert!(owner.strip_prefix(id).is_some_and(|rest| rest.starts_with('.')), "a button of another request: {button}");
    assert!(["approve", "deny", "deny_reason", "retry", "console"].contains(&string(button, "action_id")));
    if string(button, "action_id") == "console" {
        let url = string(button, "url");
        within("url", url, 1, 3_000);
        assert!(leads_to_console(url, id), "no link of ours: {url}");
    } else {
        assert_eq!(button.get("url"), None, "only the console's button is a link: {button}");
    }
    if let Some(confirm) = button.get("confirm") {
        plain(&confirm["title"], 100);
        plain(&confirm["text"], 300);
        plain(&confirm["confirm"], 30);
        plain(&confirm["deny"], 30);
    }
}

/// Whether a link is the one to this call's event in CloudTrail's console, in whatever partition.
fn leads_to_console(url: &str, id: &str) -> bool {
    let hosts = ["us-east-1.console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"];
    let of_host = |host: &&str| {
        let region = url.strip_prefix(&format!("https://{host}/cloudtrailv2/home?region="));
        region.and_then(|rest| rest.strip_suffix(&format!("#/events?RequestId={id}")))
    };
    let region = hosts.iter().find_map(of_host);
    region.is_some_and(|region| {
        region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    })
}

fn plain(text: &Value, most: usize) {
    assert_eq!(string(text, "type"), "plain_text");
    let text = string(text, "text");
    within("plain text", text, 1, most);
    visible(text);
    assert!(!text.contains(['\n', '<', '>', '&', '@', '`']), "nothing of others is in plain text: {text:?}");
}

fn mrkdwn(text: &Value, most: usize, people: &[&str]) {
    assert_eq!(string(text, "type"), "mrkdwn");
    assert_eq!(text["verbatim"], Value::Bool(true), "{text}");
    let text = string(text, "text");
    within("mrkdwn", text, 1, most);
    visible(text);
    entities("mrkdwn", text);
    for tag in tags(text) {
        let person = tag.strip_prefix('@').is_some_and(|id| people.contains(&id));
        assert!(person || is_date(tag), "others chose this tag: {tag:?}");
    }
    code(text);
}

/// Whether a tag is a date as the cards write it: its fallback is that very time, and it leads nowhere.
fn is_date(tag: &str) -> bool {
    let at = |seconds: &str| seconds.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let Some((seconds, rest)) = tag.strip_prefix("!date^").and_then(|rest| rest.split_once('^')) else { return false };
    let Some(at) = at(seconds) else { return false };
    [("{time}", "%Y-%m-%d %H:%M UTC"), ("{time_secs}", "%Y-%m-%d %H:%M:%S UTC")]
        .iter()
        .any(|(time, fallback)| rest == format!("{{date_short_pretty}} {time}|{}", at.format(fallback)))
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
            || ('\u{e0000}'..='\u{e0fff}').contains(&char)
            || ['\u{ad}', '\u{61c}', '\u{2028}', '\u{2029}', '\u{feff}'].contains(&char)
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
            mrkdwn(&what["text"], 3_000, &[]);
            plain(&input["label"], 2_000);
            assert_eq!((string(input, "block_id"), string(&input["element"], "action_id")), ("reason", "text"));
        }
        other => panic!("{} blocks", other.len()),
    }
}
