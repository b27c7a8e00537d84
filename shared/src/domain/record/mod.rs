//! A CloudTrail record as JSON text, understood: [`read`].
//!
//! A record comes from Lake (`eventJson`) or from EventBridge (`detail`). The format is that of CloudTrail's user
//! guide, "CloudTrail record contents"; what EC2's calls look like in it was taken from real records. Reading is total:
//! a record that is cut, null or not understood is a [`Change`] that says so, never a skip.

mod answer;
mod authorize;
mod identity;
mod json;
mod modify;
mod pushed;
mod revoke;
mod sentence;
mod spelling;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use serde_json::Value;

pub use self::pushed::{is_queued, pushed, queued};
use self::{
    answer::Answer,
    json::{field, id, is_false, text},
};
use super::{
    change::{Actor, Change, Ignored, Opening, Origin, Place, Reading, RemovedRules, Revocation},
    ids::RequestId,
};

/// Reads a record. Any text, of any size and shape, gives a reading.
///
/// `now` stands in for an `eventTime` that is absent or not understood. A revoke without a time removes
/// [`RemovedRules::Unknown`], since it cannot be told what it came after.
#[must_use]
pub fn read(text: &str, now: DateTime<Utc>) -> Reading {
    let record = match serde_json::from_str(text) {
        Ok(record @ Value::Object(_)) => record,
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            return not_a_record(text, now);
        }
    };
    let call = match Call::of(&record) {
        Ok(call) => call,
        Err(ignored) => return Reading::Ignored(ignored),
    };
    let parts = Parts::of(&record, call);
    match call {
        Call::Authorize => {
            let place = parts.place();
            let opening = addressed(authorize::opening(parts.parameters, parts.answer), &place);
            Reading::Change(change(text, &record, now, place, opening))
        }
        Call::Modify => {
            let place = parts.place();
            let opening = addressed(modify::opening(parts.parameters), &place);
            Reading::Change(change(text, &record, now, place, opening))
        }
        Call::Unnamed => {
            let why =
                "CloudTrail's record does not say which call it is about; it may have opened something.".to_owned();
            Reading::Change(change(text, &record, now, parts.place(), Opening::Unreadable { why }))
        }
        Call::Revoke if parts.is_refused() => Reading::Ignored(Ignored::Failed),
        Call::Revoke => Reading::Revocation(revocation(text, &record, now, parts)),
    }
}

/// The calls of EC2 that open or close ingress, by their `eventName`: what a source has to ask for. All others are ignored.
pub const CALLS: [&str; 3] = [Call::NAMED[0].0, Call::NAMED[1].0, Call::NAMED[2].0];

/// The calls that open or close ingress.
#[derive(Clone, Copy)]
enum Call {
    Authorize,
    Modify,
    Revoke,
    /// The record does not name its call.
    Unnamed,
}

impl Call {
    /// The calls that have a name.
    const NAMED: [(&'static str, Self); 3] = [
        ("AuthorizeSecurityGroupIngress", Self::Authorize),
        ("ModifySecurityGroupRules", Self::Modify),
        ("RevokeSecurityGroupIngress", Self::Revoke),
    ];

    /// Which call a record is about, if it may have opened or closed something.
    fn of(record: &Value) -> Result<Self, Ignored> {
        if text(record, "eventSource").is_some_and(|source| source != "ec2.amazonaws.com") {
            return Err(Ignored::OtherEvent);
        }
        let call = match text(record, "eventName") {
            Some(name) => Self::NAMED.iter().find(|(named, _)| *named == name).ok_or(Ignored::OtherEvent)?.1,
            None => Self::Unnamed,
        };
        match text(record, "errorCode").map(|code| code.strip_prefix("Client.").unwrap_or(code)) {
            None => Ok(call),
            Some("DryRunOperation") => Err(Ignored::DryRun),
            Some(_) => Err(Ignored::Failed),
        }
    }

    /// The wrappers that EC2's newer calls put around request and answer, and the name of the answer's rule set.
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Authorize | Self::Unnamed => (
                "authorizeSecurityGroupIngressRequest",
                "authorizeSecurityGroupIngressResponse",
                "securityGroupRuleSet",
            ),
            Self::Modify => {
                ("modifySecurityGroupRulesRequest", "modifySecurityGroupRulesResponse", "securityGroupRuleSet")
            }
            Self::Revoke => (
                "revokeSecurityGroupIngressRequest",
                "revokeSecurityGroupIngressResponse",
                "revokedSecurityGroupRuleSet",
            ),
        }
    }
}

/// The parts of a record that say what was done, and where.
struct Parts<'a> {
    record: &'a Value,
    parameters: Option<&'a Value>,
    response: Option<&'a Value>,
    answer: Answer,
}

impl<'a> Parts<'a> {
    fn of(record: &'a Value, call: Call) -> Self {
        let (request, response, set) = call.names();
        let unwrapped = |name, wrapper| field(record, name).map(|whole| field(whole, wrapper).unwrap_or(whole));
        let parameters = unwrapped("requestParameters", request);
        let response = unwrapped("responseElements", response);
        Self { record, parameters, response, answer: Answer::read(response, set) }
    }

    /// Whether EC2 says that it did not do it. It says so of revokes only; `true` proves nothing.
    fn is_refused(&self) -> bool {
        self.response.is_some_and(|response| is_false(response, "_return") || is_false(response, "return"))
    }

    /// The account is the one that owns the group: EC2's answer says so; where it does not, the one that the record was
    /// delivered to. Copies of one call may be delivered to other accounts too, and the caller's may be another still.
    fn place(&self) -> Place {
        let parameter = |name| self.parameters.and_then(|parameters| text(parameters, name));
        Place {
            account: self.answer.owner.clone().or_else(|| id(self.record, "recipientAccountId")),
            region: id(self.record, "awsRegion"),
            group: parameter("groupId").and_then(|id| id.parse().ok()).or_else(|| self.answer.group.clone()),
            group_name: parameter("groupName").map(str::to_owned),
        }
    }
}

/// An opening that can be looked up and denied only if the group's whole address is known.
fn addressed(opening: Opening, place: &Place) -> Opening {
    match (sentence::unknown_place(place), &opening) {
        (Some(why), Opening::Authorized { .. } | Opening::Modified { .. } | Opening::Unresolved(_)) => {
            let known = opening.rules().iter().map(|opened| &opened.rule);
            Opening::Unreadable { why: sentence::with_known(&why, known) }
        }
        (Some(_), Opening::Unreadable { .. } | Opening::Gap { .. }) | (None, _) => opening,
    }
}

fn change(text: &str, record: &Value, now: DateTime<Utc>, place: Place, opening: Opening) -> Change {
    Change {
        id: key(text, record),
        place,
        at: event_time(record).unwrap_or_else(|| now.trunc_subsecs(0)),
        actor: identity::actor(record),
        origin: identity::origin(record),
        opening,
    }
}

fn revocation(text: &str, record: &Value, now: DateTime<Utc>, parts: Parts<'_>) -> Revocation {
    let at = event_time(record);
    let place = parts.place();
    let removed = match at {
        Some(_) => revoke::removed(parts.parameters, parts.response, parts.answer),
        None => RemovedRules::Unknown,
    };
    Revocation {
        id: key(text, record),
        place,
        at: at.unwrap_or_else(|| now.trunc_subsecs(0)),
        actor: identity::actor(record),
        issuer_arn: identity::issuer_arn(record),
        removed,
    }
}

/// A text that is no JSON object: it may have been an opening, so it gets a card.
fn not_a_record(text: &str, now: DateTime<Utc>) -> Reading {
    let why = match text.trim().is_empty() {
        true => "CloudTrail's record is empty.".to_owned(),
        false => format!("CloudTrail's record is not JSON that is understood. It begins: {}.", sentence::excerpt(text)),
    };
    Reading::Change(Change {
        id: RequestId::of_text(text),
        place: Place::default(),
        at: now.trunc_subsecs(0),
        actor: Actor::Other { kind: "Unknown".to_owned(), name: None },
        origin: Origin::default(),
        opening: Opening::Unreadable { why },
    })
}

/// The key of a call: copies of one record share `requestID`; where it is absent `eventID`, else the text's own hash.
fn key(text: &str, record: &Value) -> RequestId {
    id(record, "requestID").or_else(|| id(record, "eventID")).unwrap_or_else(|| RequestId::of_text(text))
}

/// `eventTime` to the second: RFC 3339, or as Lake's columns spell it (`2026-11-20 10:00:00.000`, UTC).
fn event_time(record: &Value) -> Option<DateTime<Utc>> {
    let time = text(record, "eventTime")?.trim();
    let rfc3339 = DateTime::parse_from_rfc3339(time).ok().map(|time| time.to_utc());
    let column = || NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S%.f").ok().map(|time| time.and_utc());
    rfc3339.or_else(column).map(|time| time.trunc_subsecs(0))
}

#[cfg(test)]
pub(super) mod tests;
