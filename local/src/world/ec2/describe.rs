//! `DescribeSecurityGroupRules` and `DescribeSecurityGroups`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Ec2, Place, SecurityGroup, error::Ec2Error, place, rule::Rule};

/// What to describe, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleQuery {
    /// Filter `group-id`: any of these; empty for all. A group that does not exist has no rules, and is no error.
    pub group_ids: Vec<String>,
    /// Filter `security-group-rule-id`: any of these; empty for all.
    pub filter_rule_ids: Vec<String>,
    /// `SecurityGroupRuleIds`: each must exist.
    pub rule_ids: Vec<String>,
    /// `MaxResults`, 5..=1000; all without it.
    pub max_results: Option<i64>,
    /// `NextToken` of the page before.
    pub next_token: Option<String>,
}

/// One page of rules, both directions, by rule id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePage {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Where the next page begins; none on the last.
    pub next_token: Option<String>,
}

/// Which groups to describe, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupQuery {
    /// `GroupIds`: each must exist.
    pub ids: Vec<String>,
    /// `GroupNames`, in the default VPC: each must exist.
    pub names: Vec<String>,
    /// Filter `group-id`.
    pub filter_ids: Vec<String>,
    /// Filter `group-name`.
    pub filter_names: Vec<String>,
    /// Filter `vpc-id`.
    pub filter_vpcs: Vec<String>,
}

impl Ec2 {
    /// Rules of an account and region, as old as [`Ec2::set_staleness`] says.
    ///
    /// # Errors
    /// A rule id that does not exist, a group id that is none, a page size outside 5..=1000, a token that is not ours.
    pub fn describe_rules(
        &mut self,
        account: &str,
        region: &str,
        query: &RuleQuery,
        now: DateTime<Utc>,
    ) -> Result<RulePage, Ec2Error> {
        let size = page_size(query.max_results)?;
        if let Some(id) = query.group_ids.iter().find(|id| !id.starts_with("sg-")) {
            return Err(Ec2Error::GroupIdMalformed(id.clone()));
        }
        let rules = self.seen_rules(&place(account, region), &query.group_ids, now);
        let known: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        if let Some(id) = query.rule_ids.iter().find(|id| !known.contains(id.as_str())) {
            return Err(Ec2Error::RuleIdNotFound(id.clone()));
        }
        let asked = |ids: &[String], id: &String| ids.is_empty() || ids.contains(id);
        let after = query.next_token.as_deref().map(token).transpose()?.unwrap_or_default();
        let mut rules: Vec<Rule> = rules
            .into_iter()
            .filter(|rule| asked(&query.rule_ids, &rule.id) && asked(&query.filter_rule_ids, &rule.id))
            .filter(|rule| rule.id > after)
            .collect();
        let more = rules.len() > size;
        rules.truncate(size);
        let next_token = rules.last().filter(|_| more).map(|rule| hex::encode(&rule.id));
        Ok(RulePage { rules, next_token })
    }

    /// Groups of an account and region, with their rules as old as [`Ec2::set_staleness`] says.
    ///
    /// # Errors
    /// A group asked for by id or name does not exist.
    pub fn describe_groups(
        &mut self,
        account: &str,
        region: &str,
        query: &GroupQuery,
        now: DateTime<Utc>,
    ) -> Result<Vec<SecurityGroup>, Ec2Error> {
        let at = place(account, region);
        self.ensure_default_vpc(&at);
        let mut ids = Vec::new();
        for id in &query.ids {
            ids.push(self.existing(&at, id)?.id.clone());
        }
        for name in &query.names {
            ids.push(self.group_by_name(&at, name)?);
        }
        let asked = |asked: &[String], value: &String| asked.is_empty() || asked.contains(value);
        let mut groups: Vec<SecurityGroup> = self
            .regional(&at)
            .groups
            .values()
            .filter(|group| asked(&ids, &group.id) && asked(&query.filter_ids, &group.id))
            .filter(|group| asked(&query.filter_names, &group.name) && asked(&query.filter_vpcs, &group.vpc_id))
            .cloned()
            .collect();
        for group in &mut groups {
            if let Some(stored) = self.regional(&at).groups.get_mut(&group.id) {
                group.rules = stored.seen(now);
            }
        }
        Ok(groups)
    }

    /// The rules that are shown now, of the groups asked for, sorted by id.
    fn seen_rules(&mut self, at: &Place, group_ids: &[String], now: DateTime<Utc>) -> Vec<Rule> {
        self.ensure_default_vpc(at);
        let groups = self.regional(at).groups.values_mut();
        let asked = groups.filter(|group| group_ids.is_empty() || group_ids.contains(&group.id));
        let mut rules: Vec<Rule> = asked.flat_map(|group| group.seen(now).into_values()).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules
    }
}

fn page_size(max_results: Option<i64>) -> Result<usize, Ec2Error> {
    match max_results {
        None => Ok(usize::MAX),
        Some(size @ 5..=1000) => usize::try_from(size).map_err(|_| Ec2Error::InternalError),
        Some(size) => Err(Ec2Error::ParameterValue(format!(
            "Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."
        ))),
    }
}

fn token(text: &str) -> Result<String, Ec2Error> {
    hex::decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Ec2Error::ParameterValue("Invalid value for parameter nextToken".to_owned()))
}
