//! Who made a call, and from where: `userIdentity` and its neighbours.
//!
//! Format: CloudTrail's user guide, "CloudTrail userIdentity element". Every field may be missing.

use serde_json::Value;

use super::json::{field, id, is_true, text};
use crate::domain::{
    change::{Actor, Origin},
    ids::AccountId,
};

/// The path under which IAM Identity Center keeps its roles. Nobody else can make a role there.
const SSO_ROLES: &str = "role/aws-reserved/sso.amazonaws.com/";

/// Who made the call. Every shape gives an actor; what is not recognized is [`Actor::Other`].
pub(super) fn actor(record: &Value) -> Actor {
    let Some(identity) = field(record, "userIdentity") else {
        return Actor::Other { kind: "Unknown".to_owned(), name: None };
    };
    let kind = text(identity, "type").unwrap_or("Unknown");
    let known = match kind {
        "AssumedRole" => role_session(identity),
        "IAMUser" => iam_user(identity),
        "Root" => Some(Actor::Root { account: id::<AccountId>(identity, "accountId") }),
        "AWSService" => text(identity, "invokedBy").map(|name| Actor::Service { name: name.to_owned() }),
        _ => None,
    };
    known.unwrap_or_else(|| Actor::Other { kind: kind.to_owned(), name: name_of_other(identity) })
}

/// The ARN of the role that issued the caller's session (`sessionContext.sessionIssuer.arn`).
pub(super) fn issuer_arn(record: &Value) -> Option<String> {
    field(record, "userIdentity").and_then(issuer).and_then(|issuer| text(issuer, "arn")).map(str::to_owned)
}

/// From where the call came.
pub(super) fn origin(record: &Value) -> Origin {
    let source_ip = text(record, "sourceIPAddress");
    let invoked_by = field(record, "userIdentity")
        .and_then(|identity| text(identity, "invokedBy"))
        .or_else(|| source_ip.filter(|source| source.ends_with(".amazonaws.com")));
    Origin {
        source_ip: source_ip.map(str::to_owned),
        user_agent: text(record, "userAgent").map(str::to_owned),
        console: is_true(record, "sessionCredentialFromConsole"),
        invoked_by: invoked_by.map(str::to_owned),
    }
}

fn issuer(identity: &Value) -> Option<&Value> {
    field(field(identity, "sessionContext")?, "sessionIssuer")
}

/// A session of a role; a person only where Identity Center issued it.
fn role_session(identity: &Value) -> Option<Actor> {
    let arn = text(identity, "arn")?;
    let mut parts = Arn::parse(arn)?.resource.split('/');
    let (Some("assumed-role"), Some(role_in_arn)) = (parts.next(), parts.next()) else { return None };
    let session = parts.next_back().filter(|session| !session.is_empty())?.to_owned();
    let issuer = issuer(identity);
    let issuer_arn = issuer.and_then(|issuer| text(issuer, "arn"));
    let role = issuer
        .and_then(|issuer| text(issuer, "userName"))
        .or_else(|| issuer_arn.and_then(|arn| arn.rsplit('/').next()))
        .unwrap_or(role_in_arn)
        .to_owned();
    let arn = arn.to_owned();
    Some(if issuer_arn.is_some_and(is_sso_role) {
        Actor::SsoUser { user_name: session, role, arn }
    } else {
        Actor::RoleSession { role, session, arn }
    })
}

fn is_sso_role(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| {
        arn.service == "iam" && AccountId::parse(arn.account).is_ok() && arn.resource.starts_with(SSO_ROLES)
    })
}

fn iam_user(identity: &Value) -> Option<Actor> {
    let arn = text(identity, "arn");
    let in_arn = arn.and_then(Arn::parse).and_then(|arn| arn.resource.strip_prefix("user/")?.rsplit('/').next());
    let name = text(identity, "userName").or(in_arn).or_else(|| text(identity, "principalId"))?;
    Some(Actor::IamUser { name: name.to_owned(), arn: arn.map(str::to_owned) })
}

/// A name to show for the kinds that have none of their own. It proves nothing.
fn name_of_other(identity: &Value) -> Option<String> {
    text(identity, "userName")
        .or_else(|| text(identity, "arn").map(|arn| Arn::parse(arn).map_or(arn, |arn| arn.resource)))
        .or_else(|| text(identity, "principalId"))
        .or_else(|| field(identity, "onBehalfOf").and_then(|person| text(person, "userId")))
        .or_else(|| text(identity, "invokedBy"))
        .or_else(|| text(identity, "accountId"))
        .map(str::to_owned)
}

/// The parts of an ARN that matter here: `arn:partition:service:region:account:resource`.
struct Arn<'a> {
    service: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (scheme, partition) = (parts.next()?, parts.next()?);
        let (service, _region, account, resource) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        (scheme == "arn" && !partition.is_empty()).then_some(Self { service, account, resource })
    }
}
