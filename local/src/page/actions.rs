//! What people do on the page: click a card, open a group, change or remove a rule, break a service.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    openings::{Means, Opening},
    state::lock,
    switches::Switch,
    widen,
};
use crate::{
    system::{
        ClickFailed, System,
        seed::{self, Opener},
    },
    world::{
        World,
        ec2::{Answer, Call, Ec2Error, GroupRef, Operation, Permissions, Removal, Rule, RuleChange, Source},
        identity::Caller,
        trail::Cut,
    },
};

/// Why something on the page was not done. The text is shown to the person.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0} is no {1} of this page: reload it")]
    Unknown(String, &'static str),
    #[error("{code}: {error}", code = .0.code(), error = .0)]
    Ec2(#[from] Ec2Error),
    #[error(transparent)]
    Click(#[from] ClickFailed),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Unknown(..) => StatusCode::BAD_REQUEST,
            Self::Ec2(_) => StatusCode::CONFLICT,
            Self::Click(ClickFailed::Impossible(_) | ClickFailed::NotSubmitted(_)) => StatusCode::CONFLICT,
            Self::Click(ClickFailed::NoAnswer(_)) => StatusCode::BAD_GATEWAY,
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}

/// A click on a card.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Click {
    user: String,
    ts: String,
    action: String,
}

/// `POST /api/click`: what Slack got for an answer. Not `accepted`: the person sees Slack's error.
pub(super) async fn click(State(system): State<Arc<System>>, Json(click): Json<Click>) -> Result<Json<Value>, Refused> {
    let clicked = system.click(&click.user, &click.ts, &click.action).await?;
    let took = u64::try_from(clicked.took.as_millis()).unwrap_or(u64::MAX);
    Ok(Json(json!({ "accepted": clicked.accepted(), "status": clicked.status, "took_ms": took })))
}

/// Who acts on which group.
#[derive(Debug, Deserialize)]
struct Target {
    who: String,
    account: String,
    region: String,
    group: String,
}

impl Target {
    /// Carries the operation out and records it, as AWS does.
    fn call(&self, world: &World, operation: Operation) -> Result<Json<Value>, Refused> {
        answered(world.ec2_call(&self.caller()?, &Call::from(operation), Utc::now()))
    }

    /// Who acts, in an account and region of the page.
    fn caller(&self) -> Result<Caller, Refused> {
        let unknown = |name: &str, kind| Refused::Unknown(name.to_owned(), kind);
        let opener = Opener::from_key(&self.who).ok_or_else(|| unknown(&self.who, "person"))?;
        let known = seed::ACCOUNTS.iter().any(|(account, _)| *account == self.account);
        let account = known.then_some(&self.account).ok_or_else(|| unknown(&self.account, "account"))?;
        let known = seed::REGIONS.contains(&self.region.as_str());
        let region = known.then_some(&self.region).ok_or_else(|| unknown(&self.region, "region"))?;
        Ok(opener.caller(account, region))
    }

    fn rule(&self, world: &World, id: &str) -> Result<Rule, Ec2Error> {
        let ec2 = lock(&world.ec2);
        let group = ec2
            .group(&self.account, &self.region, &self.group)
            .ok_or_else(|| Ec2Error::GroupNotFound(self.group.clone()))?;
        let rule = group.rules().find(|rule| rule.id == id).cloned();
        rule.ok_or_else(|| Ec2Error::RuleIdNotFound(id.to_owned()))
    }
}

/// The call's id, which its request has too; or why EC2 refused it.
fn answered(answer: Answer) -> Result<Json<Value>, Refused> {
    answer.result?;
    Ok(Json(json!({ "request_id": answer.request_id })))
}

/// An opening.
#[derive(Debug, Deserialize)]
pub(super) struct Open {
    #[serde(flatten)]
    target: Target,
    what: Opening,
    #[serde(default)]
    description: String,
}

/// `POST /api/open`.
pub(super) async fn open(State(system): State<Arc<System>>, Json(open): Json<Open>) -> Result<Json<Value>, Refused> {
    let Open { target, what, description } = open;
    let another = |name: &str| {
        seed::group_id(&system.world, &target.account, &target.region, name).filter(|id| *id != target.group)
    };
    let other = another("bastion").or_else(|| another("web")).unwrap_or_default();
    let description = Some(description.as_str()).filter(|text| !text.is_empty());
    let (world, caller, now) = (&system.world, target.caller()?, Utc::now());
    let authorize = |permissions| {
        let permissions = Permissions::Array(permissions);
        Call::from(Operation::AuthorizeIngress { group: GroupRef::id(&target.group), permissions })
    };
    match what.means(&other, description) {
        Means::Authorize(permissions) => answered(world.ec2_call(&caller, &authorize(permissions), now)),
        Means::AuthorizeCutOff(permissions) => {
            answered(world.ec2_call_cut(&caller, &authorize(permissions), Cut::RequestAndResponse, now))
        }
        Means::WidenByModify => {
            let widened = widen::a_narrow_rule(world, &caller, &target.group, now)?;
            answered(world.ec2_call(&caller, &Call::from(widened), now))
        }
        Means::Pipeline => {
            let Target { account, region, group, .. } = &target;
            let request_id = system.pipelines.begin(world, account, region, group, now)?;
            Ok(Json(json!({ "request_id": request_id })))
        }
    }
}

/// New ports and a new source for a rule.
#[derive(Debug, Deserialize)]
pub(super) struct Modify {
    #[serde(flatten)]
    target: Target,
    rule: String,
    from_port: i64,
    to_port: i64,
    source: String,
}

/// `POST /api/modify`: `ModifySecurityGroupRules`. The protocol and the kind of source stay.
pub(super) async fn modify(
    State(system): State<Arc<System>>,
    Json(modify): Json<Modify>,
) -> Result<Json<Value>, Refused> {
    let Modify { target, rule, from_port, to_port, source } = modify;
    let old = target.rule(&system.world, &rule)?;
    let mut change = RuleChange {
        rule_id: rule,
        protocol: Some(old.key.protocol.to_string()),
        from_port: Some(from_port),
        to_port: Some(to_port),
        ..RuleChange::default()
    };
    let new_source = Some(source);
    match old.key.source {
        Source::Ipv4(_) => change.cidr_ipv4 = new_source,
        Source::Ipv6(_) => change.cidr_ipv6 = new_source,
        Source::PrefixList(_) => change.prefix_list_id = new_source,
        Source::Group { .. } => change.referenced_group_id = new_source,
    }
    target.call(&system.world, Operation::ModifyRules { group_id: target.group.clone(), changes: vec![change] })
}

/// A rule to remove by hand.
#[derive(Debug, Deserialize)]
pub(super) struct Revoke {
    #[serde(flatten)]
    target: Target,
    rule: String,
}

/// `POST /api/revoke`: `RevokeSecurityGroupIngress` by the rule's id.
pub(super) async fn revoke(
    State(system): State<Arc<System>>,
    Json(revoke): Json<Revoke>,
) -> Result<Json<Value>, Refused> {
    let Revoke { target, rule } = revoke;
    let removal = Removal::RuleIds(vec![target.rule(&system.world, &rule)?.id]);
    target.call(&system.world, Operation::RevokeIngress { group: GroupRef::id(&target.group), removal })
}

/// A switch and its new position.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turn {
    key: String,
    on: bool,
}

/// `POST /api/fault`.
pub(super) async fn fault(State(system): State<Arc<System>>, Json(turn): Json<Turn>) -> Result<Json<Value>, Refused> {
    let switch = Switch::from_key(&turn.key).ok_or_else(|| Refused::Unknown(turn.key.clone(), "switch"))?;
    switch.turn(&system, turn.on);
    Ok(Json(json!({ "on": turn.on })))
}

/// `POST /api/stop-pipeline`: no pipeline opens anything again; what is open stays.
pub(super) async fn stop_pipeline(State(system): State<Arc<System>>) -> Json<Value> {
    system.pipelines.stop();
    Json(json!({}))
}
