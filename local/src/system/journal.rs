//! What people and services did that nothing else remembers: for the time line of a request.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::lock;

/// The oldest entries are dropped beyond this many of a kind.
const KEPT: usize = 2_000;

/// A click, and how Slack's call of the responder went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a Slack user id.
    pub user: String,
    /// The message.
    pub ts: String,
    /// The button's `action_id`.
    pub action: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// How long the answer took.
    pub took: Duration,
}

/// A record that EventBridge pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// When.
    pub at: DateTime<Utc>,
    /// The record's `eventID`.
    pub event_id: String,
}

/// The clicks and pushes of this run.
#[derive(Debug, Default)]
pub struct Journal {
    clicks: Mutex<VecDeque<Click>>,
    pushes: Mutex<VecDeque<Push>>,
}

impl Journal {
    /// The clicks so far, oldest first.
    pub fn clicks(&self) -> Vec<Click> {
        lock(&self.clicks).iter().cloned().collect()
    }

    /// When a record was pushed first.
    pub fn pushed_at(&self, event_id: &str) -> Option<DateTime<Utc>> {
        lock(&self.pushes).iter().find(|push| push.event_id == event_id).map(|push| push.at)
    }

    pub(super) fn clicked(&self, click: Click) {
        keep(&self.clicks, click);
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
