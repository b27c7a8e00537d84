use super::mrkdwn::{Token, mentions_and_links, tokens, visible};
use super::*;

fn link(url: &str) -> Token {
    Token::Link { url: url.to_owned(), label: None }
}

#[test]
fn written_tokens_count_with_and_without_verbatim() {
    let text = "<@U0ALICE> <!here> <!subteam^S0SEC|@security> <#C0GATES|gates> <https://evil.example|the console> \
                <!date^1795190000^{date}^https://evil.example|2026-11-20> <what>";
    let expected = [
        Token::User("U0ALICE".to_owned()),
        Token::Broadcast("here".to_owned()),
        Token::UserGroup("S0SEC".to_owned()),
        Token::Channel("C0GATES".to_owned()),
        Token::Link { url: "https://evil.example".to_owned(), label: Some("the console".to_owned()) },
        Token::Date {
            at: "1795190000".to_owned(),
            fallback: Some("2026-11-20".to_owned()),
            link: Some("https://evil.example".to_owned()),
        },
        Token::Unknown("what".to_owned()),
    ];
    assert_eq!(tokens(text, true), expected);
    assert_eq!(tokens(text, false), expected);
}

#[test]
fn plain_words_become_links_and_mentions_only_without_verbatim() {
    let text = "see https://evil.example/x, or evil.example; mail eve@evil.example, tell @everyone in #general";
    let expected = [
        link("https://evil.example/x"),
        link("http://evil.example"),
        link("mailto:eve@evil.example"),
        Token::Broadcast("everyone".to_owned()),
        Token::Channel("general".to_owned()),
    ];
    assert_eq!(tokens(text, false), expected);
    assert_eq!(tokens(text, true), []);
}

#[test]
fn numbers_and_addresses_are_no_links() {
    assert_eq!(tokens("tcp 22 from 203.0.113.0/24 or ::/0, v1.2, sg-0123456789abcdef0, 10.0.0.1.", false), []);
}

#[test]
fn escaped_text_makes_no_token() {
    assert_eq!(tokens("&lt;!here&gt; &lt;@U0ALICE&gt; &amp;lt;!here&amp;gt;", true), []);
    assert_eq!(visible("&lt;!here&gt; &amp;lt;"), "<!here> &lt;");
}

#[test]
fn a_bracket_without_its_pair_is_text_and_the_inner_of_two_is_the_token() {
    assert_eq!(tokens("a < b, b > a < c", true), [Token::Unknown(" b, b ".to_owned())]);
    assert_eq!(tokens("5 > 4 < 6", true), []);
    assert_eq!(tokens("<a <!here> b>", true), [Token::Broadcast("here".to_owned())]);
}

#[test]
fn a_code_span_does_not_hide_a_token() {
    assert_eq!(tokens("```<!channel>```", true), [Token::Broadcast("channel".to_owned())]);
}

#[test]
fn blocks_are_searched_through_and_plain_text_has_no_tokens() {
    let blocks = json!([
        {"type": "header", "text": {"type": "plain_text", "text": "<!here> https://evil.example"}},
        {"type": "section", "fields": [
            {"type": "mrkdwn", "text": "<@U0ALICE>", "verbatim": true},
            {"type": "mrkdwn", "text": "https://evil.example", "verbatim": true},
            {"type": "mrkdwn", "text": "https://evil.example"},
        ]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "@here", "verbatim": false}]},
    ]);
    let expected =
        [Token::User("U0ALICE".to_owned()), link("https://evil.example"), Token::Broadcast("here".to_owned())];
    assert_eq!(mentions_and_links(blocks.as_array().unwrap()), expected);
}

#[test]
fn a_person_reads_labels_and_fallbacks() {
    let text = "*When* <!date^1795190000^{time}|2026-11-20 15:53:20 UTC>, <https://aws.example|console> &amp; <https://a.example>";
    assert_eq!(visible(text), "*When* 2026-11-20 15:53:20 UTC, console & https://a.example");
}

#[test]
fn a_message_reads_as_its_blocks_or_as_its_text_where_it_has_none() {
    let mut slack = workspace();
    let ts = posted(&mut slack);
    let card = ["Approval needed: tcp 22 opened", "*1 rule*", "[Approve]", "[Deny]"];
    assert_eq!(slack.message(CHANNEL, &ts).unwrap().seen(), card);
    let whisper = json!({"channel": CHANNEL, "user": ALICE, "text": "<@U0BOB> &amp; you"});
    call(&mut slack, "chat.postEphemeral", whisper).unwrap();
    assert_eq!(slack.whispers(ALICE)[0].seen(), ["@U0BOB & you"]);
}
