use super::*;

fn complaints(blocks: Value) -> Vec<String> {
    blocks::check_message(blocks.as_array().unwrap())
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}})
}

fn button(action_id: &str) -> Value {
    json!({"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Deny"}})
}

fn actions(elements: Vec<Value>) -> Value {
    json!([{"type": "actions", "elements": elements}])
}

/// A card with one button, of which one field is replaced.
fn with_button(field: &str, value: Value) -> Value {
    let mut button = button("deny");
    button[field] = value;
    actions(vec![button])
}

/// Says how each length is met: at `max` it passes, one above it is refused at `path`.
fn holds_to(max: usize, path: &str, blocks: impl Fn(String) -> Value) {
    assert_eq!(complaints(blocks("ö".repeat(max))), Vec::<String>::new(), "{path} at {max}");
    let refused = format!("must be less than {} characters [json-pointer:{path}]", max + 1);
    assert_eq!(complaints(blocks("ö".repeat(max + 1))), [refused]);
}

#[test]
fn texts_are_held_to_their_lengths_in_characters() {
    let plain = |text: String| json!({"type": "plain_text", "text": text});
    let confirm = |field: &str, text: String| {
        let mut confirm = json!({"title": plain("t".into()), "text": plain("x".into()), "confirm": plain("y".into()), "deny": plain("n".into())});
        confirm[field] = plain(text);
        with_button("confirm", confirm)
    };
    holds_to(150, "/blocks/0/text/text", |text| json!([{"type": "header", "text": plain(text)}]));
    holds_to(3000, "/blocks/0/text/text", |text| json!([section(&text)]));
    holds_to(
        2000,
        "/blocks/0/fields/0/text",
        |text| json!([{"type": "section", "fields": [{"type": "mrkdwn", "text": text}]}]),
    );
    holds_to(75, "/blocks/0/elements/0/text/text", |text| with_button("text", plain(text)));
    holds_to(2000, "/blocks/0/elements/0/value", |text| with_button("value", json!(text)));
    holds_to(255, "/blocks/0/elements/0/action_id", |text| with_button("action_id", json!(text)));
    holds_to(100, "/blocks/0/elements/0/confirm/title/text", |text| confirm("title", text));
    holds_to(300, "/blocks/0/elements/0/confirm/text/text", |text| confirm("text", text));
    holds_to(30, "/blocks/0/elements/0/confirm/confirm/text", |text| confirm("confirm", text));
    holds_to(30, "/blocks/0/elements/0/confirm/deny/text", |text| confirm("deny", text));
    holds_to(255, "/blocks/0/block_id", |text| json!([{"type": "divider", "block_id": text}]));
}

#[test]
fn a_link_is_held_to_3000_characters_and_to_http() {
    let url = |length: usize| json!(format!("https://{}", "u".repeat(length - 8)));
    assert_eq!(complaints(with_button("url", url(3000))), Vec::<String>::new());
    let refused = "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]";
    assert_eq!(complaints(with_button("url", url(3001))), [refused]);
    let refused = "must be a valid URL [json-pointer:/blocks/0/elements/0/url]";
    assert_eq!(complaints(with_button("url", json!("javascript:alert(1)"))), [refused]);
}

#[test]
fn lists_are_held_to_their_counts() {
    let sections = |n: usize| Value::Array((0..n).map(|_| section("x")).collect());
    assert_eq!(complaints(sections(50)), Vec::<String>::new());
    assert_eq!(complaints(sections(51)), ["no more than 50 items allowed [json-pointer:/blocks]"]);

    let field = json!({"type": "mrkdwn", "text": "x"});
    let fields = |n: usize| json!([{"type": "section", "fields": vec![field.clone(); n]}]);
    assert_eq!(complaints(fields(10)), Vec::<String>::new());
    assert_eq!(complaints(fields(11)), ["no more than 10 items allowed [json-pointer:/blocks/0/fields]"]);

    let context = |n: usize| json!([{"type": "context", "elements": vec![field.clone(); n]}]);
    assert_eq!(complaints(context(10)), Vec::<String>::new());
    assert_eq!(complaints(context(11)), ["no more than 10 items allowed [json-pointer:/blocks/0/elements]"]);
    assert_eq!(complaints(context(0)), ["no less than 1 items allowed [json-pointer:/blocks/0/elements]"]);

    let row = |n: usize| actions((0..n).map(|n| button(&n.to_string())).collect());
    assert_eq!(complaints(row(25)), Vec::<String>::new());
    assert_eq!(complaints(row(26)), ["no more than 25 items allowed [json-pointer:/blocks/0/elements]"]);
}

#[test]
fn names_are_unique_where_slack_wants_them_so() {
    let divider = json!({"type": "divider", "block_id": "same"});
    assert_eq!(complaints(json!([divider, divider])), ["block_id already exists [json-pointer:/blocks/1/block_id]"]);
    let refused = "action_id already exists [json-pointer:/blocks/0/elements/1/action_id]";
    assert_eq!(complaints(actions(vec![button("deny"), button("deny")])), [refused]);
    let mut two = actions(vec![button("deny")]);
    two.as_array_mut().unwrap().extend(actions(vec![button("deny")]).as_array().unwrap().clone());
    assert_eq!(complaints(two), Vec::<String>::new(), "one name in two blocks is fine");
}

#[test]
fn what_slack_would_not_know_or_would_miss_is_named_with_its_path() {
    let cases = [
        (json!([{"type": "poll"}]), "unsupported type: poll [json-pointer:/blocks/0/type]"),
        (json!([{"text": "x"}]), "missing required field: type [json-pointer:/blocks/0]"),
        (json!([{"type": "section"}]), "missing required field: text [json-pointer:/blocks/0]"),
        (json!([{"type": "header"}]), "missing required field: text [json-pointer:/blocks/0]"),
        (json!([section("")]), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (
            json!([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]),
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        (
            json!([{"type": "section", "text": {"type": "plain_text", "text": "x", "verbatim": true}}]),
            "invalid additional property: verbatim [json-pointer:/blocks/0/text]",
        ),
        (
            with_button("disabled", json!(true)),
            "invalid additional property: disabled [json-pointer:/blocks/0/elements/0]",
        ),
        (
            with_button("style", json!("warning")),
            "must be a valid enum value: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (with_button("value", json!(7)), "must be a string [json-pointer:/blocks/0/elements/0/value]"),
        (actions(vec![section("x")]), "unsupported type: section [json-pointer:/blocks/0/elements/0/type]"),
        (json!([{"type": "input"}]), "unsupported type: input [json-pointer:/blocks/0/type]"),
        (json!(["text"]), "missing required field: type [json-pointer:/blocks/0]"),
    ];
    for (blocks, expected) in cases {
        assert_eq!(complaints(blocks), [expected]);
    }
}

#[test]
fn a_refused_card_is_not_posted_and_the_answer_says_why_as_slack_does() {
    let mut slack = workspace();
    let args = json!({"channel": CHANNEL, "blocks": [section(&"x".repeat(3001))]});
    let body = call(&mut slack, "chat.postMessage", args).unwrap_err().body();
    let why = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]";
    let expected = json!({
        "ok": false,
        "error": "invalid_blocks",
        "errors": [why],
        "response_metadata": {"messages": [format!("[ERROR] {why}")]},
    });
    assert_eq!(body, expected);
    assert!(slack.messages(CHANNEL).is_empty());
}

#[test]
fn a_message_says_something_and_not_too_much() {
    let mut slack = workspace();
    let mut post = |args: Value| error(call(&mut slack, "chat.postMessage", args));
    assert_eq!(post(json!({"channel": CHANNEL})), "no_text");
    assert_eq!(post(json!({"channel": CHANNEL, "text": "", "blocks": []})), "no_text");
    assert_eq!(post(json!({"channel": CHANNEL, "text": "x".repeat(40_001)})), "msg_too_long");
    assert_eq!(post(json!({"channel": CHANNEL, "blocks": {"type": "divider"}})), "invalid_blocks_format");
    assert_eq!(post(json!({"channel": CHANNEL, "blocks": "[{"})), "invalid_blocks_format");
    call(&mut slack, "chat.postMessage", json!({"channel": CHANNEL, "text": "x".repeat(40_000)})).unwrap();
}
