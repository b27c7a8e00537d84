//! `ModifySecurityGroupRules`: a rule keeps its id and its kind of source, all else can change.

use chrono::{DateTime, Utc};

use super::{
    Ec2, Outcome, Place,
    call::{GroupRef, GroupSource, RuleChange},
    error::Ec2Error,
    rule::{self, Protocol, RuleKey, Source},
};

impl Ec2 {
    /// Gives rules their new content: all of them, or none.
    pub(super) fn modify(
        &mut self,
        at: &Place,
        group_id: &str,
        changes: &[RuleChange],
        now: DateTime<Utc>,
    ) -> Result<Outcome, Ec2Error> {
        if changes.is_empty() {
            let message = "The request must contain the parameter SecurityGroupRules";
            return Err(Ec2Error::MissingParameter(message.to_owned()));
        }
        let mut rules = self.existing(at, group_id)?.rules.clone();
        for change in changes {
            let source = self.new_source(at, change)?;
            let (protocol, from_port, to_port) = new_ports(change)?;
            let description = rule::description(change.description.as_deref())?;
            let rule =
                rules.get_mut(&change.rule_id).ok_or_else(|| Ec2Error::RuleIdNotFound(change.rule_id.clone()))?;
            same_kind(rule, &source)?;
            rule.key = RuleKey { egress: rule.key.egress, protocol, from_port, to_port, source };
            if change.description.is_some() {
                rule.description = description;
            }
            let (id, key) = (rule.id.clone(), rule.key.clone());
            if rules.values().any(|other| other.id != id && other.key == key) {
                return Err(Ec2Error::PermissionDuplicate(key.to_string()));
            }
        }
        let staleness = self.staleness;
        let group = self.existing(at, group_id)?;
        group.remember(staleness, now);
        group.rules = rules;
        Ok(Outcome::Modified)
    }

    fn new_source(&mut self, at: &Place, change: &RuleChange) -> Result<Source, Ec2Error> {
        match (&change.cidr_ipv4, &change.cidr_ipv6, &change.prefix_list_id, &change.referenced_group_id) {
            (Some(cidr), None, None, None) => Source::ipv4(cidr),
            (None, Some(cidr), None, None) => Source::ipv6(cidr),
            (None, None, Some(list), None) => Source::prefix_list(list),
            (None, None, None, Some(id)) => {
                self.source_group(at, &GroupSource { group: GroupRef::id(id), ..GroupSource::default() })
            }
            (None, None, None, None) => Err(Ec2Error::MissingParameter(
                "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId"
                    .to_owned(),
            )),
            (Some(_) | None, Some(_) | None, Some(_) | None, Some(_) | None) => Err(Ec2Error::ParameterCombination(
                "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified".to_owned(),
            )),
        }
    }
}

fn new_ports(change: &RuleChange) -> Result<(Protocol, i32, i32), Ec2Error> {
    let protocol: Protocol = change.protocol.as_deref().map(str::parse).transpose()?.ok_or_else(|| {
        let message = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.";
        Ec2Error::ParameterValue(message.to_owned())
    })?;
    let (from_port, to_port) = protocol.ports(change.from_port, change.to_port)?;
    Ok((protocol, from_port, to_port))
}

fn same_kind(rule: &rule::Rule, source: &Source) -> Result<(), Ec2Error> {
    if std::mem::discriminant(&rule.key.source) == std::mem::discriminant(source) {
        return Ok(());
    }
    let message = format!("Invalid rule type for security group rule '{}'. The kind of source cannot change.", rule.id);
    Err(Ec2Error::ParameterValue(message))
}
