//! What happened to a request, from the call in AWS to its outcome, as several witnesses tell it.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::domain::request::Request;

use super::state::lock;
use crate::{system::System, world::trail::Entry};

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Aws,
    CloudTrail,
    EventBridge,
    Table,
}

impl Where {
    fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::CloudTrail => "cloudtrail",
            Self::EventBridge => "eventbridge",
            Self::Table => "table",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Moment {
    at: DateTime<Utc>,
    place: Where,
    title: String,
    detail: String,
}

/// The trail's record of this call, where it was made in this run.
pub(super) fn recorded(system: &System, id: &str) -> Option<Entry> {
    lock(&system.world.trail).entries().iter().find(|entry| entry.record["requestID"] == id).cloned()
}

/// Everything that is known of a request, in the order of time.
pub(super) fn of(system: &System, request: &Request, record: Option<&Value>) -> Vec<Value> {
    let at = recorded(system, request.change.id.as_str()).map_or(request.change.at, |entry| entry.at);
    let who = request.change.actor.name();
    let mut moments =
        vec![Moment { at, place: Where::Aws, title: format!("{who} opened the group."), detail: String::new() }];
    if let Some(record) = record {
        let event_id = record["eventID"].as_str().unwrap_or_default();
        moments.push(Moment {
            at,
            place: Where::CloudTrail,
            title: "CloudTrail recorded the call.".to_owned(),
            detail: event_id.to_owned(),
        });
        if let Some(at) = system.journal.pushed_at(event_id) {
            let title = "EventBridge pushed the record to the poller.".to_owned();
            moments.push(Moment { at, place: Where::EventBridge, title, detail: String::new() });
        }
    }
    moments.extend(request.history.iter().map(|entry| Moment {
        at: entry.at,
        place: Where::Table,
        title: entry.what.clone(),
        detail: String::new(),
    }));
    moments.sort_by_key(|moment| moment.at.timestamp_millis());
    moments
        .into_iter()
        .map(|Moment { at, place, title, detail }| {
            json!({ "at": at.timestamp_millis(), "where": place.name(), "title": title, "detail": detail })
        })
        .collect()
}
