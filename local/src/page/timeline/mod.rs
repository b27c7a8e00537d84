//! What happened to a request, from the call in AWS to its outcome, as several witnesses tell it: the trail, the
//! deliveries, the item's history, Slack, and EC2.

mod calls;
mod history;
mod origin;
mod slack;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::domain::request::Request;

use super::state::lock;
use crate::{
    system::{System, stored::Stored},
    world::trail::Entry,
};

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Aws,
    CloudTrail,
    EventBridge,
    Lake,
    Poller,
    Table,
    Slack,
    Person,
    Ec2,
}

impl Where {
    fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::CloudTrail => "cloudtrail",
            Self::EventBridge => "eventbridge",
            Self::Lake => "lake",
            Self::Poller => "poller",
            Self::Table => "table",
            Self::Slack => "slack",
            Self::Person => "person",
            Self::Ec2 => "ec2",
        }
    }
}

/// What leads to what: the order of moments of the same millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Called,
    Recorded,
    Delivered,
    Stored,
    Posted,
    PostStored,
    Clicked,
    Decided,
    Answered,
    Asked,
    AtEc2,
    Taken,
    Outcome,
    Updated,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Moment {
    at: DateTime<Utc>,
    step: Step,
    place: Where,
    title: String,
    detail: String,
}

impl Moment {
    fn new(at: DateTime<Utc>, step: Step, place: Where, title: impl Into<String>) -> Self {
        Self { at, step, place, title: title.into(), detail: String::new() }
    }

    fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    fn json(self) -> Value {
        json!({
            "at": self.at.timestamp_millis(),
            "where": self.place.name(),
            "title": self.title,
            "detail": self.detail,
        })
    }
}

/// The trail's record of this call, where it was made in this run.
pub(super) fn recorded(system: &System, id: &str) -> Option<Entry> {
    lock(&system.world.trail).entries().iter().find(|entry| entry.record["requestID"] == id).cloned()
}

/// Everything that is known of a request, in the order of time.
pub(super) fn of(system: &System, stored: &Stored, request: &Request, record: Option<&Value>) -> Vec<Value> {
    let mut moments = origin::moments(system, request, record);
    moments.extend(history::moments(&lock(&system.world.slack), request));
    moments.extend(slack::moments(system, request));
    moments.extend(calls::moments(system, stored, request));
    moments.sort_by_key(|moment| (moment.at.timestamp_millis(), moment.step));
    moments.into_iter().map(Moment::json).collect()
}

/// An entry of a history, as it is told.
#[cfg(test)]
pub(super) fn sentence(slack: &crate::world::slack::Slack, at: DateTime<Utc>, what: &str) -> String {
    history::moment(slack, at, what).title
}
