//! The call, its record, and how the record came to the poller.

use serde_json::Value;
use shared::domain::{change::Opening, request::Request};

use super::{Moment, Step, Where, recorded};
use crate::{
    page::{requests::group_name, state::lock},
    system::System,
};

pub(super) fn moments(system: &System, request: &Request, record: Option<&Value>) -> Vec<Moment> {
    let at = recorded(system, request.change.id.as_str()).map_or(request.change.at, |entry| entry.at);
    if let Opening::Gap { from, until } = &request.change.opening {
        let title = format!("Nobody read CloudTrail from {from} until {until}.");
        return vec![Moment::new(at, Step::Called, Where::CloudTrail, title)];
    }
    let called = Moment::new(at, Step::Called, Where::Aws, what_was_done(system, request));
    let Some(record) = record else { return vec![called] };
    let text = |key: &str| record[key].as_str().unwrap_or_default();
    let (name, event_id) = (text("eventName"), text("eventID"));
    let called = called.with(format!("{name} in {}, from {}", text("awsRegion"), text("sourceIPAddress")));
    let cut = ["requestParameters", "responseElements"].iter().any(|part| record[*part].get("omitted").is_some());
    let title = match cut {
        true => "CloudTrail recorded the call, and cut the record off: it does not say what was opened.",
        false => "CloudTrail recorded the call.",
    };
    let recorded = Moment::new(at, Step::Recorded, Where::CloudTrail, title).with(format!("eventID {event_id}"));
    let mut moments = vec![called, recorded];
    moments.extend(deliveries(system, event_id));
    moments
}

fn deliveries(system: &System, event_id: &str) -> Vec<Moment> {
    let pushed = system.journal.pushed_at(event_id);
    let found = lock(&system.world.lake).found_at(event_id);
    let first = pushed.into_iter().chain(found).min();
    let delivered = |at, place, how: &str| {
        let title = match Some(at) == first {
            true => format!("{how}."),
            false => format!("{how}; it was known by then."),
        };
        Moment::new(at, Step::Delivered, place, title)
    };
    let pushed = pushed.map(|at| delivered(at, Where::EventBridge, "EventBridge pushed the record to the poller"));
    let found = found.map(|at| delivered(at, Where::Lake, "A query of CloudTrail Lake found the record"));
    pushed.into_iter().chain(found).collect()
}

/// A sentence: who did what, in which group.
fn what_was_done(system: &System, request: &Request) -> String {
    let change = &request.change;
    let who = change.actor.name();
    let id = change.place.group.as_ref().map(ToString::to_string);
    let group =
        group_name(&system.world, request).or(id).unwrap_or_else(|| "a group that the record does not name".to_owned());
    let rules = change.opening.rules();
    let widest = rules.first().map(|rule| rule.rule.to_string()).unwrap_or_default();
    let more = match rules.len() {
        0 | 1 => String::new(),
        2 => " and 1 more rule".to_owned(),
        count => format!(" and {} more rules", count - 1),
    };
    match &change.opening {
        Opening::Authorized { .. } => format!("{who} opened {widest}{more} in {group}."),
        Opening::Modified { .. } => format!("{who} changed a rule of {group} to {widest}{more}."),
        Opening::Unresolved(_) => format!("{who} changed rules of {group}."),
        Opening::Unreadable { .. } | Opening::Gap { .. } => format!("{who} opened something in {group}."),
    }
}
