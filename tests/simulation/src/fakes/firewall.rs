//! EC2 as the spoke role sees it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use local::{
    system::seed,
    world::{
        ec2::{
            Call, Ec2Error, GroupRef, GroupSource, Operation, Permission, Permissions, Range, Removal, Rule, RuleQuery,
            Source,
        },
        identity::{Caller, Identity},
    },
};
use shared::{
    domain::{
        change::GroupKey,
        ids::RuleId,
        rule::{DescribedRule, RuleText, SourceText},
    },
    ports::{Firewall, FirewallError, Which},
};

use super::outside::{Lost, Outside, lock};

/// The world's security groups.
#[derive(Clone)]
pub struct WorldFirewall {
    outside: Arc<Outside>,
}

impl WorldFirewall {
    /// Those of this world.
    #[must_use]
    pub fn new(outside: Arc<Outside>) -> Self {
        Self { outside }
    }

    async fn call<T>(
        &self,
        method: &'static str,
        group: &GroupKey,
        act: impl FnOnce(DateTime<Utc>) -> Result<T, Ec2Error>,
    ) -> Result<T, FirewallError> {
        answer(self.outside.call("firewall", method, group, act).await, method, group)
    }
}

fn answer<T>(answer: Result<Result<T, Ec2Error>, Lost>, method: &str, group: &GroupKey) -> Result<T, FirewallError> {
    let action = if method == "revoke" { "RevokeSecurityGroupIngress" } else { "DescribeSecurityGroupRules" };
    let doing = format!("when calling `{action}` in `{}`", group.account);
    let unavailable = |why: &str| FirewallError::Unavailable { doing: doing.clone(), why: why.to_owned() };
    match answer {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(match error.code() {
            "InvalidGroup.NotFound" => FirewallError::GroupGone,
            "InvalidPermission.NotFound" => FirewallError::RuleNotThere,
            code => refused(code, &error.to_string(), doing),
        }),
        Err(Lost::Throttled) => Err(unavailable("RequestLimitExceeded")),
        Err(Lost::ServerError) => Err(unavailable("InternalError")),
        Err(Lost::NoAnswer) => Err(unavailable("no answer in time")),
        Err(Lost::Denied) => Err(refused("UnauthorizedOperation", "You are not authorized.", doing)),
    }
}

fn refused(code: &str, message: &str, doing: String) -> FirewallError {
    FirewallError::Refused {
        code: code.to_owned(),
        message: message.to_owned(),
        doing,
        hint: "look at the policy".to_owned(),
    }
}

impl Firewall for WorldFirewall {
    async fn describe(&self, group: &GroupKey, which: &Which) -> Result<Vec<DescribedRule>, FirewallError> {
        let filter_rule_ids = match which {
            Which::All => Vec::new(),
            Which::Ids(ids) => ids.iter().map(ToString::to_string).collect(),
        };
        if matches!(which, Which::Ids(ids) if ids.is_empty()) {
            return Ok(Vec::new());
        }
        let query = RuleQuery { group_ids: vec![group.group.to_string()], filter_rule_ids, ..RuleQuery::default() };
        self.call("describe", group, |now| {
            let mut ec2 = lock(&self.outside.world.ec2);
            let page = ec2.describe_rules(group.account.as_str(), group.region.as_str(), &query, now)?;
            Ok(page.rules.into_iter().map(described).collect())
        })
        .await
    }

    async fn revoke(&self, group: &GroupKey, rules: &[DescribedRule]) -> Result<Option<String>, FirewallError> {
        let permissions = rules.iter().map(permission).collect();
        self.remove(group, Removal::Permissions(Permissions::Array(permissions))).await
    }
}

impl WorldFirewall {
    /// As `revoke`, by ids alone: what Portcullis never does.
    ///
    /// # Errors
    /// As `revoke`.
    pub async fn revoke_by_ids(
        &self,
        group: &GroupKey,
        rules: &[DescribedRule],
    ) -> Result<Option<String>, FirewallError> {
        self.remove(group, Removal::RuleIds(rules.iter().map(|rule| rule.id.to_string()).collect())).await
    }

    async fn remove(&self, group: &GroupKey, removal: Removal) -> Result<Option<String>, FirewallError> {
        let call = Call::from(Operation::RevokeIngress { group: GroupRef::id(group.group.as_str()), removal });
        let (world, caller) = (Arc::clone(&self.outside.world), spoke(group));
        let act = move |now| {
            let answer = world.ec2_call(&caller, &call, now);
            answer.result.map(|_| Some(answer.request_id))
        };
        answer(self.outside.send("firewall", "revoke", group, act).await, "revoke", group)
    }
}

/// A session of the spoke role in the group's account.
fn spoke(group: &GroupKey) -> Caller {
    let role = Identity::role(group.account.as_str(), seed::ROLE_PATH, seed::SPOKE, "portcullis");
    Caller::program(role, group.account.as_str(), group.region.as_str())
}

fn described(rule: Rule) -> DescribedRule {
    DescribedRule {
        id: RuleId::parse(&rule.id).expect("a rule id"),
        is_egress: rule.key.egress,
        text: RuleText {
            ip_protocol: rule.key.protocol.to_string(),
            from_port: Some(rule.key.from_port.into()),
            to_port: Some(rule.key.to_port.into()),
            source: match rule.key.source {
                Source::Ipv4(net) => SourceText::CidrIpv4(net.to_string()),
                Source::Ipv6(net) => SourceText::CidrIpv6(net.to_string()),
                Source::PrefixList(id) => SourceText::PrefixListId(id),
                Source::Group { group_id, user_id } => SourceText::Group { group_id, user_id: Some(user_id) },
            },
        },
        description: rule.description,
    }
}

fn permission(rule: &DescribedRule) -> Permission {
    let text = &rule.text;
    let mut permission = Permission::all_ports(&text.ip_protocol);
    (permission.from_port, permission.to_port) = (text.from_port, text.to_port);
    match &text.source {
        SourceText::CidrIpv4(cidr) => permission.ipv4.push(Range::new(cidr, None)),
        SourceText::CidrIpv6(cidr) => permission.ipv6.push(Range::new(cidr, None)),
        SourceText::PrefixListId(id) => permission.prefix_lists.push(Range::new(id, None)),
        SourceText::Group { group_id, user_id } => permission.groups.push(GroupSource {
            group: GroupRef::id(group_id),
            user_id: user_id.clone(),
            ..GroupSource::default()
        }),
    }
    permission
}
