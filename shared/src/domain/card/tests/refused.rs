//! The checker can fail: it refuses cards that break what it is there for.

use std::panic::catch_unwind;

use serde_json::{Value, json};

use super::{
    checker::{check, check_bare, check_of},
    fixture::*,
};
use crate::domain::{
    card::{Message, render},
    request::{Request, State, Verdict},
};

fn pending() -> Request {
    authorized(three())
}

/// What the checker says of a card that asks, with one thing changed.
fn said(change: impl FnOnce(&mut Message)) -> String {
    let request = pending();
    let mut message = render(&request, &view());
    check_of(&request, &message);
    check_bare(&message);
    change(&mut message);
    let checked = catch_unwind(|| {
        check_of(&request, &message);
        check_bare(&message);
    });
    let said = checked.expect_err("the checker finds nothing wrong");
    said.downcast_ref::<String>().cloned().unwrap_or_else(|| said.downcast_ref::<&str>().unwrap_or(&"").to_string())
}

/// The same with this text after the region, outside code.
fn said_of(text: &str) -> String {
    said(|message| append(&mut message.blocks[2]["fields"][1], text))
}

fn append(part: &mut Value, text: &str) {
    part["text"] = json!(format!("{} {text}", part["text"].as_str().expect("a text")));
}

fn block(part: &str, kind: &str, text: &str) -> Value {
    let id = format!("{}.{}.{part}", pending().change.id, pending().version);
    json!({ "type": kind, "block_id": id, "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

#[test]
fn a_mention_of_somebody_else_is_refused() {
    for tag in ["@U00000000E71", "@U0000000B0B", "@U00000A11CE", "!channel", "!here|here", "!subteam^S0000000E71"] {
        let said = said_of(&format!("<{tag}>"));
        assert_eq!(said, format!("others chose this tag: {tag:?}"));
    }
    let decided = decided(pending(), Verdict::Approve, State::Approved, 2);
    let mut message = render(&decided, &view());
    let shown = serde_json::to_string(&message.blocks).expect("JSON");
    assert!(shown.contains("<@U0000000B0B>"), "the card names who decided: {shown}");
    check_of(&decided, &message);
    append(&mut message.blocks[1]["text"], "<@U00000A11CE>");
    assert!(catch_unwind(|| check_of(&decided, &message)).is_err(), "who opened it is not called");
}

#[test]
fn an_unescaped_mention_in_a_rules_description_is_refused() {
    let said = said(|message| {
        let at =
            message.blocks.iter().position(|block| block.to_string().contains("&lt;!here&gt;")).expect("the rules");
        let text = message.blocks[at]["text"]["text"].as_str().expect("a text").replace("&lt;!here&gt;", "<!here>");
        message.blocks[at]["text"]["text"] = json!(text);
    });
    assert_eq!(said, "others chose this tag: \"!here\"");
}

#[test]
fn a_link_is_refused() {
    for tag in ["https://evil.example|Approve", "mailto:bob@evil.example|bob", "#C00000000E71|general"] {
        assert_eq!(said_of(&format!("<{tag}>")), format!("others chose this tag: {tag:?}"));
    }
    let dates = [
        "!date^0^{date_short_pretty} {time}^https://evil.example|1970-01-01 00:00 UTC",
        "!date^0^{date_short_pretty} {time}|Approved UTC",
        "!date^0^{date_short_pretty} {time}|1970-01-01 00:01 UTC",
    ];
    for tag in dates {
        assert_eq!(said_of(&format!("<{tag}>")), format!("others chose this tag: {tag:?}"));
    }
    for bare in ["https://evil.example", "@channel", "evil.example"] {
        assert!(said_of(bare).contains("outside code"), "{bare}");
    }
    let button = said(|message| {
        let at = message.blocks.iter().position(|block| block["type"] == "actions").expect("buttons");
        let link = message.blocks[at]["elements"].as_array_mut().and_then(|all| all.last_mut()).expect("the link");
        link["url"] = json!("https://evil.example/cloudtrailv2/home?region=eu-west-1#/events?RequestId=1");
    });
    assert!(button.starts_with("no link of ours"), "{button}");
    let button = said(|message| {
        let at = message.blocks.iter().position(|block| block["type"] == "actions").expect("buttons");
        message.blocks[at]["elements"][0]["url"] = json!("https://evil.example");
    });
    assert!(button.contains("only the console's button is a link"), "{button}");
}

#[test]
fn an_extra_block_is_refused() {
    let added = |block: Value| said(|message| message.blocks.push(block));
    assert!(added(block("approved", "section", "Approved")).contains("no card has a part \"approved\""));
    assert!(added(block("rules", "section", "```x```")).contains("block_ids are unique"));
    assert!(added(block("rules.9", "header", "Approved")).contains("rules.9 is something else"));
    assert!(added(block("why", "image", "x")).contains("why is something else"));
    let of_another = json!({ "type": "section", "block_id": "another.1.why", "text": {} });
    assert!(added(of_another).contains("another.1.why is not of"));
    let with_more = said(|message| message.blocks[1]["accessory"] = json!({ "type": "image" }));
    assert!(with_more.contains("holds more"), "{with_more}");
}

#[test]
fn text_that_notifies_or_hides_is_refused() {
    assert!(said(|message| message.text.push_str(" <!here>")).contains("text may notify nobody"));
    assert!(said(|message| message.text.push_str(" &here")).contains("bare or cut entity"));
    for hidden in ['\u{202e}', '\u{200b}', '\u{ad}', '\u{e0041}'] {
        assert!(said(|message| message.text.push(hidden)).contains("nobody sees"), "{hidden:?}");
        assert!(said_of(&hidden.to_string()).contains("nobody sees"), "{hidden:?}");
    }
    assert!(said_of("`").contains("a code span is open"));
    assert!(said_of("```").contains("a code block is open"));
}

#[test]
fn what_is_longer_than_slack_takes_is_refused() {
    assert!(said_of(&"x".repeat(2_000)).contains("mrkdwn has"));
    assert!(said(|message| message.text.push_str(&"x".repeat(4_000))).contains("text has"));
    let blocks = said(|message| {
        message.blocks.extend((2..60).map(|at| block(&format!("rules.{at}"), "section", "x")));
    });
    assert!(blocks.contains("blocks"), "{blocks}");
}

/// The list of a request without a decision may call nobody either.
#[test]
fn nobody_may_be_called_where_nobody_is_named() {
    let request = decided(pending(), Verdict::Approve, State::Approved, 2);
    let message = render(&request, &view());
    check(&message, &["U0000000B0B"]);
    assert!(catch_unwind(|| check(&message, &[])).is_err());
}
