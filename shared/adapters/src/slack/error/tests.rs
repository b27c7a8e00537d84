//! Every kind of answer, and what it means.

use super::*;

fn answer(status: u16, body: &str) -> Answer {
    let status = StatusCode::from_u16(status).expect("a status");
    Answer { status, retry_after: None, body: body.as_bytes().to_vec() }
}

fn api(status: u16, body: &str, about: About) -> ChatError {
    api_answer::<serde_json::Value>(&answer(status, body), about).expect_err("an error")
}

fn code(code: &str, about: About) -> ChatError {
    api(200, &format!(r#"{{"ok":false,"error":"{code}"}}"#), about)
}

fn url(status: u16, body: &str, about: About) -> Result<(), ChatError> {
    url_answer(&answer(status, body), about)
}

fn is_refused(error: &ChatError) -> bool {
    matches!(error, ChatError::Refused { .. })
}

#[test]
fn what_stays_until_somebody_mends_it_is_refused_with_a_hint() {
    for name in [
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "account_inactive",
        "missing_scope",
        "invalid_blocks",
        "msg_too_long",
    ] {
        let ChatError::Refused { code, hint } = code(name, About::Channel) else { panic!("{name}") };
        assert_eq!(code, name);
        assert!(hint.len() > 20, "{name}: {hint}");
    }
}

#[test]
fn a_message_that_is_gone_is_told_from_a_channel_that_is_not_there() {
    for name in ["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"] {
        assert_eq!(code(name, About::Message), ChatError::MessageGone(name.to_owned()));
    }
    for name in ["channel_not_found", "not_in_channel", "is_archived"] {
        assert!(is_refused(&code(name, About::Message)), "{name}");
        assert_eq!(code(name, About::MessageElsewhere), ChatError::MessageGone(name.to_owned()));
    }
}

#[test]
fn what_may_have_been_done_is_ambiguous() {
    for name in ["fatal_error", "internal_error", "request_timeout"] {
        assert_eq!(code(name, About::Channel), ChatError::Ambiguous(name.to_owned()));
    }
    let coded = r#"{"ok":false,"error":"service_unavailable"}"#;
    for (status, body) in [
        (500, ""),
        (502, "<html>"),
        (503, coded),
        (504, ""),
        (408, ""),
        (200, ""),
        (200, "<html>"),
        (200, "[]"),
        (200, r#"{"ok":"yes"}"#),
        (200, r#"{"ok":false}"#),
    ] {
        assert!(matches!(api(status, body, About::Channel), ChatError::Ambiguous(_)), "{status} {body}");
    }
}

#[test]
fn what_was_certainly_not_done_may_be_done_later() {
    for name in ["service_unavailable", "a_code_of_next_year"] {
        assert_eq!(code(name, About::Channel), ChatError::Transient(name.to_owned()));
    }
    assert_eq!(api(418, "", About::Channel), ChatError::Transient("HTTP 418".to_owned()));
}

#[test]
fn an_answer_that_is_not_slacks_points_to_the_configuration() {
    for status in [301, 302, 307, 401, 403, 404, 405] {
        assert!(is_refused(&api(status, "<html>", About::Channel)), "{status}");
    }
}

#[test]
fn too_fast_means_to_wait_as_long_as_slack_says_within_reason() {
    for (seconds, waited) in [(None, 1), (Some(0), 1), (Some(30), 30), (Some(86_400), 300)] {
        let mut too_fast = answer(429, r#"{"ok":false,"error":"ratelimited"}"#);
        too_fast.retry_after = seconds.map(Duration::from_secs);
        let waits = ChatError::RateLimited(Duration::from_secs(waited));
        assert_eq!(url_answer(&too_fast, About::ReplyUrl), Err(waits.clone()));
        too_fast.status = StatusCode::OK;
        assert_eq!(url_answer(&too_fast, About::Channel), Err(waits));
    }
    assert_eq!(code("rate_limited", About::Channel), ChatError::RateLimited(Duration::from_secs(1)));
    assert_eq!(api(429, "", About::Channel), ChatError::RateLimited(Duration::from_secs(1)));
}

#[test]
fn a_url_says_ok_in_a_word_or_in_json() {
    for body in ["ok", "ok\n", r#"{"ok":true}"#, r#"{"ok":true,"response_metadata":null}"#] {
        assert_eq!(url(200, body, About::Channel), Ok(()), "{body}");
    }
    for body in ["", "OK?", "null", "<html>ok</html>"] {
        assert!(matches!(url(200, body, About::Channel), Err(ChatError::Ambiguous(_))), "{body}");
    }
}

#[test]
fn a_webhook_that_is_gone_is_refused_and_a_spent_response_url_means_the_message_is_gone() {
    for (status, body) in [(404, "no_service"), (403, "invalid_token"), (410, "channel_is_archived")] {
        assert!(url(status, body, About::Channel).is_err_and(|error| is_refused(&error)), "{body}");
    }
    for (status, body) in [
        (404, r#"{"ok":false,"error":"used_url"}"#),
        (404, r#"{"ok":false,"error":"expired_url"}"#),
        (200, r#"{"ok":false,"error":"expired_url"}"#),
        (404, "expired_url"),
        (404, ""),
        (410, "<html>"),
    ] {
        let gone = url(status, body, About::ReplyUrl);
        assert!(matches!(gone, Err(ChatError::MessageGone(_))), "{status} {body}: {gone:?}");
    }
    assert!(url(400, r#"{"ok":false,"error":"invalid_blocks"}"#, About::ReplyUrl).is_err_and(|it| is_refused(&it)));
}

#[test]
fn only_words_of_slacks_are_repeated() {
    for body in [r#"{"ok":false,"error":"xoxb-SECRET token"}"#, "https://hooks.slack.com/SECRET"] {
        for status in [200, 400, 404, 500] {
            let shown = format!("{:?}", url(status, body, About::ReplyUrl));
            assert!(!shown.contains("SECRET"), "{shown}");
        }
    }
}
