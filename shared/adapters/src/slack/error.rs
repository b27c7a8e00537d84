//! What Slack's answers mean to a flow.
//!
//! Slack's Web API answers 200 with `ok: false` and a code for nearly every error, and 429 with `Retry-After` where one is
//! too fast. Webhooks and `response_url`s answer a word and a status. Codes: the "Errors" section of each method's page.

use std::time::Duration;

use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use shared::ports::ChatError;

use super::http::Answer;

/// Where Slack does not say how long to wait.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);
/// A longer wait is not believed: what is due is looked at again.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What a call is about: it decides what "not found" means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The configured channel, or a person in it.
    Channel,
    /// A message in the configured channel.
    Message,
    /// A message in a channel that is not the configured one any more.
    MessageElsewhere,
    /// The message that was clicked, by its `response_url`.
    ReplyUrl,
}

/// The part of a Web API answer that every method shares.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    error: Option<String>,
    needed: Option<String>,
    response_metadata: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    messages: Option<Vec<String>>,
}

/// Reads an answer of the Web API.
///
/// # Errors
/// Slack did not do it, or nobody can tell.
pub(super) fn api_answer<T: DeserializeOwned>(answer: &Answer, about: About) -> Result<T, ChatError> {
    let envelope: Option<Envelope> = serde_json::from_slice(&answer.body).ok();
    match envelope {
        Some(Envelope { ok: true, .. }) if answer.status.is_success() => {
            serde_json::from_slice(&answer.body).map_err(|_| unreadable(answer.status))
        }
        Some(Envelope { ok: false, error, needed, response_metadata }) => {
            let error = of_answer(answer, error.as_deref(), about);
            let messages = response_metadata.and_then(|details| details.messages).unwrap_or_default();
            tell_details(&error, needed.as_deref(), &messages);
            Err(error)
        }
        Some(Envelope { ok: true, .. }) | None => Err(of_answer(answer, None, about)),
    }
}

/// Reads the answer of a webhook or a `response_url`: the word `ok`, or JSON that says so.
///
/// # Errors
/// Slack did not do it, or nobody can tell.
pub(super) fn url_answer(answer: &Answer, about: About) -> Result<(), ChatError> {
    if answer.status.is_success() && answer.body.trim_ascii() == b"ok" {
        return Ok(());
    }
    match serde_json::from_slice::<Envelope>(&answer.body) {
        Ok(_) => api_answer::<serde::de::IgnoredAny>(answer, about).map(|_| ()),
        Err(_) => {
            // A bare word is an error's code only where the status says that there is one.
            let word = std::str::from_utf8(answer.body.trim_ascii()).ok().filter(|_| !answer.status.is_success());
            Err(of_answer(answer, word, about))
        }
    }
}

/// What a bad answer means, by its status and its code.
fn of_answer(answer: &Answer, code: Option<&str>, about: About) -> ChatError {
    let status = answer.status;
    if status == StatusCode::TOO_MANY_REQUESTS {
        return rate_limited(answer);
    }
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return ChatError::Ambiguous(format!("HTTP {}", status.as_u16()));
    }
    let code = code.filter(|code| is_code(code));
    if about == About::ReplyUrl && matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
        let why = code.map_or_else(|| format!("HTTP {}", status.as_u16()), str::to_owned);
        return ChatError::MessageGone(format!("its response_url answers {why}"));
    }
    match code {
        Some("ratelimited" | "rate_limited") => rate_limited(answer),
        Some(code) => of_code(code, about),
        None if status.is_success() => unreadable(status),
        None => of_status(status),
    }
}

/// Nobody at Slack says so: some other server, or a proxy.
fn of_status(status: StatusCode) -> ChatError {
    let code = format!("HTTP {}", status.as_u16());
    match status.as_u16() {
        300..=399 | 401 | 403..=405 | 410 => ChatError::Refused {
            code,
            hint: "Slack does not answer so; check slack.api_base_url, the webhook's URL, and any proxy",
        },
        _ => ChatError::Transient(code),
    }
}

fn of_code(code: &str, about: About) -> ChatError {
    if is_unclear(code) {
        return ChatError::Ambiguous(code.to_owned());
    }
    if is_gone(code, about) {
        return ChatError::MessageGone(code.to_owned());
    }
    match hint(code) {
        Some(hint) => ChatError::Refused { code: code.to_owned(), hint },
        // A code that we do not know still says that it was not done.
        None => ChatError::Transient(code.to_owned()),
    }
}

/// "It's possible some aspect of the operation succeeded before the error was raised."
fn is_unclear(code: &str) -> bool {
    matches!(code, "fatal_error" | "internal_error" | "request_timeout")
}

fn is_gone(code: &str, about: About) -> bool {
    let message_is = matches!(
        code,
        "message_not_found"
            | "cant_update_message"
            | "edit_window_closed"
            | "thread_not_found"
            | "cannot_reply_to_message"
            | "restricted_action_thread_locked"
    );
    let channel_is = matches!(code, "channel_not_found" | "not_in_channel" | "is_archived" | "channel_is_archived");
    match about {
        About::Channel => false,
        About::Message => message_is,
        About::MessageElsewhere => message_is || channel_is,
        About::ReplyUrl => {
            message_is || channel_is || matches!(code, "used_url" | "expired_url" | "invalid_url" | "no_such_url")
        }
    }
}

/// What to do about a code that stays until somebody mends something; `None` for every other.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "channel_not_found" => {
            "Check slack.channel: it takes the channel's id; into a private channel the app must be invited"
        }
        "not_in_channel" => "Invite the app into the channel: /invite @portcullis",
        "is_archived" | "channel_is_archived" => "The channel is archived: unarchive it, or set another slack.channel",
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "The token is not valid: install the app again and store its bot token where slack.bot_token points"
        }
        "not_allowed_token_type" => "Store a bot token (xoxb-...) where slack.bot_token points",
        "missing_scope" | "no_permission" => {
            "Give the app the bot scopes chat:write, channels:history (groups:history for a private channel), \
             users:read, users:read.email and usergroups:read, and install it again"
        }
        "access_denied"
        | "accesslimited"
        | "action_prohibited"
        | "ekm_access_denied"
        | "enterprise_is_restricted"
        | "org_login_required"
        | "posting_to_general_channel_denied"
        | "restricted_action"
        | "restricted_action_non_threadable_channel"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "team_access_not_granted"
        | "team_disabled"
        | "two_factor_setup_required" => "The workspace does not let the app do it: ask its administrator",
        "no_active_hooks" | "no_service" | "no_service_id" | "no_team" | "invalid_token" => {
            "The webhook is gone: make a new one and store its URL where slack.webhook_url points"
        }
        "user_not_in_channel" => "The person is not in the channel and sees nothing there",
        "no_such_subteam" | "subteam_not_found" => "Check approvers.user_groups: the user group is not there",
        "paid_teams_only" | "plan_upgrade_required" => {
            "This workspace's plan has no user groups: list people in approvers.users"
        }
        "invalid_arguments"
        | "invalid_array_arg"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_charset"
        | "invalid_form_data"
        | "invalid_json"
        | "invalid_metadata_format"
        | "invalid_metadata_schema"
        | "invalid_payload"
        | "invalid_post_type"
        | "json_not_object"
        | "metadata_too_large"
        | "msg_too_long"
        | "msg_blocks_too_long"
        | "no_text"
        | "too_many_attachments" => "Slack does not take this message: report it, with the log line, as a bug",
        "deprecated_endpoint" | "method_deprecated" | "unknown_method" | "method_not_supported_for_channel_type" => {
            "Slack does not know this method, or not for this channel: check slack.api_base_url and slack.channel"
        }
        _ => return None,
    })
}

fn rate_limited(answer: &Answer) -> ChatError {
    ChatError::RateLimited(answer.retry_after.unwrap_or(DEFAULT_WAIT).clamp(DEFAULT_WAIT, LONGEST_WAIT))
}

/// It was done, perhaps: the answer can't be read.
pub(super) fn unreadable(status: StatusCode) -> ChatError {
    ChatError::Ambiguous(format!("an answer that can't be read (HTTP {})", status.as_u16()))
}

/// Slack's codes are such words. Anything else may be anything, a secret too, and is not repeated.
fn is_code(word: &str) -> bool {
    (1..=60).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Which scope is missing, which block is wrong: for whoever reads the log.
fn tell_details(error: &ChatError, needed: Option<&str>, messages: &[String]) {
    let cut = |text: &str| text.chars().filter(|char| !char.is_control()).take(200).collect::<String>();
    if let Some(scope) = needed {
        tracing::warn!(%error, needed_scope = cut(scope), "Slack refused");
    }
    if !messages.is_empty() {
        let messages: Vec<String> = messages.iter().take(5).map(|message| cut(message)).collect();
        tracing::warn!(%error, ?messages, "Slack refused");
    }
}

#[cfg(test)]
mod tests;
