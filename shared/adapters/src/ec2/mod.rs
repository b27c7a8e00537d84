//! EC2's security groups, through the spoke role of the account that owns the group.
//!
//! Each group is worked on with a session of its own, which may describe rules and revoke those of that one group.

mod failure;
mod rules;

use aws_config::SdkConfig;
use aws_sdk_ec2::{
    Client,
    config::{Builder, Region as SdkRegion},
    operation::RequestId as _,
    types::Filter,
};
use serde_json::json;
use shared::{
    config::Roles,
    domain::{change::GroupKey, rule::DescribedRule},
    ports::{Firewall, FirewallError, Which},
};

use self::failure::{Call, assume_failed};
use crate::aws::{Role, Sessions};

/// The largest page that EC2 gives.
const PAGE: i32 = 1_000;

/// EC2 takes 200 values a filter.
const FILTER_VALUES: usize = 200;

/// The security groups of every account that has the spoke role.
#[derive(Debug)]
pub struct SpokeFirewall {
    sessions: Sessions,
    /// Region and credentials are replaced at each call; connections are shared by all of them.
    client: Client,
    roles: Roles,
}

impl SpokeFirewall {
    /// `sdk` decides on endpoints, time-outs, and where STS is asked; its credentials are those that assume the role.
    #[must_use]
    pub fn new(sdk: &SdkConfig, roles: Roles) -> Self {
        Self { sessions: Sessions::new(sdk, roles.external_id.clone()), client: Client::new(sdk), roles }
    }

    fn role(&self, group: &GroupKey) -> Role {
        Role::of(&self.roles, group.region.partition(), &group.account, &self.roles.spoke).scoped_down(policy(group))
    }

    /// What makes a call one in the group's account and region.
    async fn there(&self, group: &GroupKey, role: &Role) -> Result<Builder, FirewallError> {
        let credentials = self.sessions.assume(role).await.map_err(assume_failed)?;
        let region = SdkRegion::new(group.region.as_str().to_owned());
        Ok(aws_sdk_ec2::config::Config::builder().region(region).credentials_provider(credentials))
    }

    async fn pages(&self, group: &GroupKey, filters: Vec<Filter>) -> Result<Vec<DescribedRule>, FirewallError> {
        let role = self.role(group);
        let call = Call { action: "DescribeSecurityGroupRules", role: &role };
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .client
                .describe_security_group_rules()
                .set_filters(Some(filters.clone()))
                .max_results(PAGE)
                .set_next_token(token)
                .customize()
                .config_override(self.there(group, &role).await?)
                .send()
                .await
                .map_err(|error| call.failed(&self.sessions, &error))?;
            for rule in page.security_group_rules.unwrap_or_default() {
                found.push(rules::described(rule).map_err(|why| call.unreadable(why))?);
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(found);
            }
        }
    }
}

impl Firewall for SpokeFirewall {
    /// A group that is gone has no rules: that is an empty list, not [`FirewallError::GroupGone`]. A rule from a source of
    /// a kind that is not known here has an empty text as its source.
    async fn describe(&self, group: &GroupKey, which: &Which) -> Result<Vec<DescribedRule>, FirewallError> {
        let of_group = filter("group-id", [group.group.to_string()]);
        match which {
            Which::All => self.pages(group, vec![of_group]).await,
            // By filter: an id that is not there is left out, where `SecurityGroupRuleIds` would make it an error.
            Which::Ids(ids) => {
                let mut found = Vec::new();
                for ids in ids.chunks(FILTER_VALUES) {
                    let of_ids = filter("security-group-rule-id", ids.iter().map(ToString::to_string));
                    found.extend(self.pages(group, vec![of_group.clone(), of_ids]).await?);
                }
                Ok(found)
            }
        }
    }

    /// One call, however many rules (a group has 1,000 at most): so "nothing was revoked" holds for all of them. An egress
    /// rule, or one whose source is not known, is refused, and nothing is sent then.
    async fn revoke(&self, group: &GroupKey, rules: &[DescribedRule]) -> Result<Option<String>, FirewallError> {
        if rules.is_empty() {
            return Ok(None);
        }
        let role = self.role(group);
        let call = Call { action: "RevokeSecurityGroupIngress", role: &role };
        let permissions =
            rules.iter().map(rules::permission).collect::<Result<Vec<_>, _>>().map_err(|why| call.not_sent(why))?;
        let answer = self
            .client
            .revoke_security_group_ingress()
            .group_id(group.group.as_str())
            .set_ip_permissions(Some(permissions))
            .customize()
            .config_override(self.there(group, &role).await?)
            .send()
            .await
            .map_err(|error| call.failed(&self.sessions, &error))?;
        Ok(answer.request_id().map(str::to_owned))
    }
}

fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}

/// What a session for one group may do. Describing has no resource to scope it to. Far below STS's 2,048 characters.
fn policy(group: &GroupKey) -> String {
    let GroupKey { account, region, group } = group;
    let arn = format!("arn:{}:ec2:{region}:{account}:security-group/{group}", region.partition());
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ec2:RevokeSecurityGroupIngress", "Resource": arn},
            {"Effect": "Allow", "Action": "ec2:DescribeSecurityGroupRules", "Resource": "*"},
        ],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_may_revoke_in_its_one_group_and_nowhere_else() {
        let group = GroupKey {
            account: "111122223333".parse().expect("an account"),
            region: "us-gov-west-1".parse().expect("a region"),
            group: "sg-0123456789abcdef0".parse().expect("a group"),
        };
        let policy: serde_json::Value = serde_json::from_str(&policy(&group)).expect("JSON");
        assert_eq!(
            policy["Statement"],
            json!([
                {
                    "Effect": "Allow",
                    "Action": "ec2:RevokeSecurityGroupIngress",
                    "Resource": "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:security-group/sg-0123456789abcdef0",
                },
                {"Effect": "Allow", "Action": "ec2:DescribeSecurityGroupRules", "Resource": "*"},
            ])
        );
    }
}
