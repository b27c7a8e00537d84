//! Alice's opening on the group `web-alb`, and what may become of it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    card::View,
    change::{Actor, Change, Fate, OpenedRule, Opening, Origin, Place},
    ids::{AccountId, Region, RequestId, RuleId, SecurityGroupId, SlackUserId},
    request::{Decision, Failure, Lease, Request, Requester, State, Verdict},
    rule::{IngressRule, RuleText, SourceText},
};

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a time")
}

pub(super) fn opened_at() -> DateTime<Utc> {
    at(1_795_190_000)
}

pub(super) fn view() -> View {
    let account = AccountId::parse("111122223333").expect("an account");
    View {
        account_names: [(account, "prod-payments".to_owned())].into(),
        spoke_role: "spoke-001".to_owned(),
        ..View::default()
    }
}

pub(super) fn rule(protocol: &str, from: i64, to: i64, source: &str) -> IngressRule {
    let source = source.to_owned();
    let source = match source.as_str() {
        text if text.starts_with("pl-") => SourceText::PrefixListId(source),
        text if text.starts_with("sg-") => SourceText::Group { group_id: source, user_id: None },
        text if text.contains(':') => SourceText::CidrIpv6(source),
        _ => SourceText::CidrIpv4(source),
    };
    let text = RuleText { ip_protocol: protocol.to_owned(), from_port: Some(from), to_port: Some(to), source };
    IngressRule::parse(&text).expect("a rule")
}

pub(super) fn opened(rule: IngressRule, id: &str, description: &str) -> OpenedRule {
    let id = (!id.is_empty()).then(|| RuleId::parse(id).expect("a rule id"));
    OpenedRule::new(rule, id, (!description.is_empty()).then(|| description.to_owned()))
}

/// HTTPS for a partner.
pub(super) fn https() -> OpenedRule {
    opened(rule("tcp", 443, 443, "203.0.113.0/24"), "sgr-0abc", "partner api")
}

/// SSH for the world, HTTPS for a partner, UDP for another group; in no order.
pub(super) fn three() -> Vec<OpenedRule> {
    vec![
        opened(rule("udp", 500, 4500, "sg-0feedface"), "sgr-0def", ""),
        https(),
        opened(rule("tcp", 22, 22, "0.0.0.0/0"), "sgr-0123", "tmp <!here> debug"),
    ]
}

pub(super) fn request(opening: Opening) -> Request {
    let change = Change {
        id: RequestId::parse("59dbff89-35bd-4eac-99ed-be587EXAMPLE").expect("a request id"),
        place: Place {
            account: AccountId::parse("111122223333").ok(),
            region: Region::parse("eu-west-1").ok(),
            group: SecurityGroupId::parse("sg-0123456789abcdef0").ok(),
            group_name: Some("web-alb".to_owned()),
        },
        at: opened_at(),
        actor: Actor::SsoUser {
            user_name: "alice@example.com".to_owned(),
            role: "AWSReservedSSO_NetAdmin".to_owned(),
            arn: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_NetAdmin/alice@example.com".to_owned(),
        },
        origin: Origin { source_ip: Some("198.51.100.7".to_owned()), console: true, ..Origin::default() },
        opening,
    };
    let mut request = Request::new(change, opened_at(), "nonce".to_owned());
    request.state = State::Pending;
    request
}

pub(super) fn authorized(rules: Vec<OpenedRule>) -> Request {
    request(Opening::Authorized { rules })
}

/// A minute later somebody looks at it again.
pub(super) fn lease() -> Lease {
    Lease { holder: "holder".to_owned(), until: opened_at() + TimeDelta::minutes(1) }
}

pub(super) fn decided(mut request: Request, verdict: Verdict, state: State, version: u32) -> Request {
    request.decision = Some(Decision {
        verdict,
        by: SlackUserId::parse("U0000000B0B").expect("a user"),
        by_name: "bob".to_owned(),
        at: at(1_795_190_600),
        reason: None,
        requester: Requester::Known(SlackUserId::parse("U00000A11CE").expect("a user")),
    });
    request.state = state;
    request.version = version;
    request
}

/// Bob denied it, and this is how it ended.
pub(super) fn ended(rules: Vec<OpenedRule>, fates: Vec<Fate>, state: State) -> Request {
    let rules = rules.into_iter().zip(fates).map(|(rule, fate)| OpenedRule { fate, ..rule }).collect();
    decided(authorized(rules), Verdict::Deny, state, 3)
}

pub(super) fn by_alice() -> Fate {
    Fate::RemovedByHand { by: "alice@example.com".to_owned(), at: at(1_795_190_060) }
}

pub(super) fn failed(why: &str) -> Fate {
    Fate::Failed { why: why.to_owned() }
}

pub(super) fn role_refused() -> Failure {
    Failure {
        code: "AccessDenied".to_owned(),
        doing: "when assuming `role/security/spoke-001` in `111122223333`".to_owned(),
        hint: "does the role exist there, and does it trust this account?".to_owned(),
    }
}
