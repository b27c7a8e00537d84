//! What Portcullis asked EC2 and STS for, in the group's account.

use chrono::{DateTime, TimeDelta, Utc};
use shared::domain::{
    change::Opening,
    request::{Request, Verdict, Work},
};

use super::{Moment, Step, Where};
use crate::{
    system::{System, seed, stored::Stored},
    world::calls::{Answered, ServiceCall},
};

/// What is still asked after the last entry of the history belongs to it.
const AFTERWARDS: TimeDelta = TimeDelta::seconds(2);

/// The calls of Portcullis's role in this group while the request was worked on. Where two requests of one group are worked
/// on at once, both show the looks of either; revokes are told apart by their request ids.
pub(super) fn moments(system: &System, stored: &Stored, request: &Request) -> Vec<Moment> {
    let place = &request.change.place;
    let (Some(account), Some(from)) = (&place.account, begun(request)) else { return Vec::new() };
    let account = account.to_string();
    let group = place.group.as_ref().map(ToString::to_string);
    let until = over(request);
    let spoke = format!("arn:aws:iam::{account}:role{}{}", seed::ROLE_PATH, seed::SPOKE);
    let calls = system.world.calls.list(|call| {
        let in_group =
            call.operation == "AssumeRole" || group.as_ref().is_some_and(|group| call.groups.contains(group));
        call.role.as_ref() == Some(&spoke)
            && in_group
            && from <= call.at
            && until.is_none_or(|until| call.at <= until)
            && !is_of_another(stored, request, call)
    });
    told(calls)
}

/// From when on EC2 may have been asked: a modification is described first, an opening when it is taken back.
fn begun(request: &Request) -> Option<DateTime<Utc>> {
    match &request.change.opening {
        Opening::Modified { .. } | Opening::Unresolved(_) => Some(request.stored_at),
        Opening::Authorized { .. } | Opening::Unreadable { .. } | Opening::Gap { .. } => {
            let decision = request.decision.as_ref().filter(|decision| decision.verdict == Verdict::Deny);
            decision.map(|decision| decision.at)
        }
    }
}

/// Until when; `None` while there is something to be asked.
fn over(request: &Request) -> Option<DateTime<Utc>> {
    if request.due_for(Work::Revert).is_some() || matches!(request.change.opening, Opening::Unresolved(_)) {
        return None;
    }
    request.history.last().map(|last| last.at + AFTERWARDS)
}

/// Whether it is a revoke that another request holds as its own.
fn is_of_another(stored: &Stored, request: &Request, call: &ServiceCall) -> bool {
    let Some(answer) = &call.answer else { return false };
    let holds = |request: &Request| request.revoke_request_ids.contains(&answer.request_id);
    !holds(request) && stored.requests.iter().any(holds)
}

/// Calls of one kind with one answer, one after the other, are told together.
fn told(mut calls: Vec<ServiceCall>) -> Vec<Moment> {
    calls.sort_by_key(|call| call.at);
    let alike = |a: &ServiceCall, b: &ServiceCall| a.operation == b.operation && outcome(a) == outcome(b);
    calls.chunk_by(alike).filter_map(moment).collect()
}

fn moment(calls: &[ServiceCall]) -> Option<Moment> {
    let first = calls.first()?;
    let title = title(first);
    let title = match calls.len() {
        1 => format!("{title}."),
        count => format!("{title}, {count} times."),
    };
    let ids: Vec<&str> = calls.iter().filter_map(|call| Some(call.answer.as_ref()?.request_id.as_str())).collect();
    let detail = match ids.as_slice() {
        [] => first.operation.clone(),
        ids => format!("{}, request {}", first.operation, ids.join(", ")),
    };
    Some(Moment::new(first.at, Step::AtEc2, Where::Ec2, title).with(detail))
}

fn title(call: &ServiceCall) -> String {
    let refused = match outcome(call) {
        Outcome::Done => None,
        Outcome::Refused(code) => Some(format!("with {code}")),
        Outcome::Unanswered => Some("without an answer".to_owned()),
    };
    match (call.operation.as_str(), refused) {
        ("AssumeRole", None) => "STS gave a session of the spoke role".to_owned(),
        ("AssumeRole", Some(how)) => format!("STS was asked for a session of the spoke role, and ended the call {how}"),
        ("DescribeSecurityGroupRules", None) => "EC2 showed the group's rules".to_owned(),
        ("RevokeSecurityGroupIngress", None) => "EC2 took the revoke".to_owned(),
        (operation, None) => format!("EC2 took {operation}"),
        (operation, Some(how)) => format!("EC2 was asked to {}, and ended the call {how}", wish(operation)),
    }
}

fn wish(operation: &str) -> &str {
    match operation {
        "DescribeSecurityGroupRules" => "show the group's rules",
        "RevokeSecurityGroupIngress" => "revoke",
        other => other,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Refused(&'static str),
    Unanswered,
}

fn outcome(call: &ServiceCall) -> Outcome {
    match &call.answer {
        Some(Answered { error: None, .. }) => Outcome::Done,
        Some(Answered { error: Some(code), .. }) => Outcome::Refused(code),
        None => Outcome::Unanswered,
    }
}
