//! What people and services did that nothing else remembers: for the time line of a request.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::lock;

/// The oldest entries are dropped beyond this many of a kind.
const KEPT: usize = 2_000;

/// What a person did in Slack, and how Slack's call of the responder went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interacted {
    /// Who: a Slack user id.
    pub user: String,
    /// What.
    pub deed: Deed,
    /// How the call went.
    pub delivery: Delivery,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Clicked a button of a message.
    Clicked {
        /// The message.
        ts: String,
        /// The button's `action_id`.
        action: String,
    },
    /// Submitted a modal.
    Submitted {
        /// What the app had written into it.
        private_metadata: String,
    },
}

/// How Slack's call of the responder went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When.
    pub at: DateTime<Utc>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// How long the answer took.
    pub took: Duration,
    /// Whether the responder was killed right after it.
    pub killed: bool,
}

/// A record that EventBridge pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// When.
    pub at: DateTime<Utc>,
    /// The record's `eventID`.
    pub event_id: String,
}

/// The interactions and pushes of this run.
#[derive(Debug, Default)]
pub struct Journal {
    interactions: Mutex<VecDeque<Interacted>>,
    pushes: Mutex<VecDeque<Push>>,
}

impl Journal {
    /// The interactions so far, oldest first.
    pub fn interactions(&self) -> Vec<Interacted> {
        lock(&self.interactions).iter().cloned().collect()
    }

    /// When a record was pushed first.
    pub fn pushed_at(&self, event_id: &str) -> Option<DateTime<Utc>> {
        lock(&self.pushes).iter().find(|push| push.event_id == event_id).map(|push| push.at)
    }

    /// Notes an interaction by its payload.
    pub(super) fn delivered(&self, payload: &Value, delivery: Delivery) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let deed = match payload["type"].as_str() {
            Some("view_submission") => Deed::Submitted { private_metadata: text(&payload["view"]["private_metadata"]) },
            Some(_) | None => Deed::Clicked {
                ts: text(&payload["container"]["message_ts"]),
                action: text(&payload["actions"][0]["action_id"]),
            },
        };
        keep(&self.interactions, Interacted { user: text(&payload["user"]["id"]), deed, delivery });
    }

    pub(super) fn pushed(&self, record: &Value, at: DateTime<Utc>) {
        let event_id = record["eventID"].as_str().unwrap_or_default().to_owned();
        keep(&self.pushes, Push { at, event_id });
    }
}

fn keep<T>(entries: &Mutex<VecDeque<T>>, entry: T) {
    let mut entries = lock(entries);
    if entries.len() >= KEPT {
        entries.pop_front();
    }
    entries.push_back(entry);
}
