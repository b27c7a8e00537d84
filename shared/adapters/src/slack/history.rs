//! `conversations.history`: which of its messages are cards of a request.

use serde::Deserialize;
use serde_json::Value;
use shared::domain::ids::RequestId;

use super::bot::EVENT_TYPE;

/// At 200 messages a page. A card is looked for since its first post: minutes or hours of one channel.
pub(super) const MAX_PAGES: usize = 100;

/// Who we are, by `auth.test`; empty where Slack does not say.
#[derive(Default, Deserialize)]
pub(super) struct Own {
    user_id: Option<String>,
    bot_id: Option<String>,
}

/// One page, newest message first.
#[derive(Deserialize)]
pub(super) struct Page {
    messages: Vec<Message>,
    response_metadata: Option<Next>,
}

#[derive(Deserialize)]
struct Next {
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    ts: String,
    thread_ts: Option<String>,
    user: Option<String>,
    bot_id: Option<String>,
    /// Other apps' may have any form.
    #[serde(default)]
    metadata: Value,
}

impl Page {
    /// The `ts` of our messages that show the request; replies in threads are no cards.
    pub(super) fn cards<'a>(&'a self, own: &'a Own, id: &'a RequestId) -> impl Iterator<Item = &'a str> {
        self.messages
            .iter()
            .filter(|message| message.thread_ts.as_ref().is_none_or(|thread| *thread == message.ts))
            .filter(|message| message.is_by(own) && message.shows(id))
            .map(|message| message.ts.as_str())
    }

    /// Where the next page begins; an empty cursor is none.
    pub(super) fn next_cursor(self) -> Option<String> {
        self.response_metadata?.next_cursor.filter(|cursor| !cursor.is_empty())
    }
}

impl Message {
    /// Any app can mark a message as ours, so the author counts, where Slack tells both the author's name and our own.
    fn is_by(&self, own: &Own) -> bool {
        let differs = |theirs: &Option<String>, ours: &Option<String>| match (theirs, ours) {
            (Some(theirs), Some(ours)) => Some(theirs != ours),
            (Some(_) | None, Some(_) | None) => None,
        };
        let names = [differs(&self.user, &own.user_id), differs(&self.bot_id, &own.bot_id)];
        names.contains(&Some(false)) || !names.contains(&Some(true))
    }

    fn shows(&self, id: &RequestId) -> bool {
        self.metadata["event_type"].as_str() == Some(EVENT_TYPE)
            && self.metadata["event_payload"]["requestid"].as_str() == Some(id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "59dbff89-35bd-4eac-99ed-be587EXAMPLE";

    fn found(message: &Value) -> Vec<String> {
        let own = serde_json::from_value(json!({"ok": true, "user_id": "U0PORTCULLIS", "bot_id": "B0PORTCULLIS"}));
        let page: Page = serde_json::from_value(json!({"ok": true, "messages": [message]})).expect("a page");
        let id = RequestId::parse(ID).expect("an id");
        page.cards(&own.expect("auth.test"), &id).map(str::to_owned).collect()
    }

    fn card() -> Value {
        json!({
            "type": "message",
            "user": "U0PORTCULLIS",
            "bot_id": "B0PORTCULLIS",
            "ts": "1531420618.000200",
            "blocks": [{"type": "divider"}],
            "metadata": {"event_type": "portcullis_request", "event_payload": {"requestid": ID}},
        })
    }

    fn with(path: &str, value: Value) -> Value {
        let mut message = card();
        if let Some(place) = message.pointer_mut(path) {
            *place = value;
        } else {
            message[path.trim_start_matches('/')] = value;
        }
        message
    }

    #[test]
    fn a_card_is_ours_and_marked_with_the_request() {
        assert_eq!(found(&card()), ["1531420618.000200"]);
        // The parent of a thread names itself.
        assert_eq!(found(&with("/thread_ts", json!("1531420618.000200"))), ["1531420618.000200"]);
        // Either name of ours is enough.
        assert_eq!(found(&with("/user", Value::Null)), ["1531420618.000200"]);
    }

    #[test]
    fn what_another_app_marks_as_ours_is_no_card() {
        let mut forged = with("/user", json!("U0EVIL"));
        forged["bot_id"] = json!("B0EVIL");
        assert!(found(&forged).is_empty());
        forged["user"] = Value::Null;
        assert!(found(&forged).is_empty());
    }

    #[test]
    fn a_message_without_any_author_is_judged_by_its_mark() {
        let mut nameless = with("/user", Value::Null);
        nameless["bot_id"] = Value::Null;
        assert_eq!(found(&nameless), ["1531420618.000200"]);
    }

    #[test]
    fn other_messages_of_ours_are_no_cards() {
        for message in [
            with("/thread_ts", json!("1531420617.000100")),
            with("/metadata/event_type", json!("other")),
            with("/metadata/event_payload/requestid", json!("another")),
            with("/metadata/event_payload", json!("text")),
            with("/metadata", json!([1])),
            with("/metadata", Value::Null),
        ] {
            assert!(found(&message).is_empty(), "{message}");
        }
    }

    #[test]
    fn an_empty_cursor_ends_the_history() {
        for (page, next) in [
            (json!({"messages": []}), None),
            (json!({"messages": [], "response_metadata": null}), None),
            (json!({"messages": [], "response_metadata": {"next_cursor": ""}}), None),
            (json!({"messages": [], "response_metadata": {"next_cursor": "bmV4dA=="}}), Some("bmV4dA==".to_owned())),
        ] {
            let read: Page = serde_json::from_value(page).expect("a page");
            assert_eq!(read.next_cursor(), next);
        }
    }
}
