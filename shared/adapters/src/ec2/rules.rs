//! A rule between EC2's types and ours. Every text is kept as it came.

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRule, UserIdGroupPair};
use shared::domain::{
    ids::RuleId,
    rule::{DescribedRule, RuleText, SourceText},
};

/// Takes over a rule from `DescribeSecurityGroupRules`.
///
/// # Errors
/// In words: it has no id. Leaving it out would make an open rule look gone.
pub(super) fn described(rule: SecurityGroupRule) -> Result<DescribedRule, String> {
    let id = rule.security_group_rule_id.unwrap_or_default();
    let id = RuleId::parse(&id).map_err(|error| error.to_string())?;
    let group = rule.referenced_group_info;
    let source = match (rule.cidr_ipv4, rule.cidr_ipv6, rule.prefix_list_id, group) {
        (Some(cidr), _, _, _) => SourceText::CidrIpv4(cidr),
        (None, Some(cidr), _, _) => SourceText::CidrIpv6(cidr),
        (None, None, Some(list), _) => SourceText::PrefixListId(list),
        (None, None, None, Some(group)) => {
            SourceText::Group { group_id: group.group_id.unwrap_or_default(), user_id: group.user_id }
        }
        (None, None, None, None) => SourceText::default(),
    };
    let text = RuleText {
        ip_protocol: rule.ip_protocol.unwrap_or_default(),
        from_port: rule.from_port.map(i64::from),
        to_port: rule.to_port.map(i64::from),
        source,
    };
    Ok(DescribedRule {
        id,
        // A direction that is not told could be egress, which is not ours to touch.
        is_egress: rule.is_egress.unwrap_or(true),
        text,
        description: rule.description.filter(|text| !text.is_empty()),
    })
}

/// The permission that names exactly this rule to `RevokeSecurityGroupIngress`.
///
/// # Errors
/// In words: an egress rule, or a rule that EC2 could take for another.
pub(super) fn permission(rule: &DescribedRule) -> Result<IpPermission, String> {
    if rule.is_egress {
        return Err(format!("{} is an egress rule", rule.id));
    }
    let text = &rule.text;
    if text.ip_protocol.is_empty() {
        return Err(format!("the protocol of {} is not known", rule.id));
    }
    let permission = IpPermission::builder()
        .ip_protocol(&text.ip_protocol)
        .set_from_port(port(rule, text.from_port)?)
        .set_to_port(port(rule, text.to_port)?);
    let permission = match &text.source {
        SourceText::CidrIpv4(id) | SourceText::CidrIpv6(id) | SourceText::PrefixListId(id) if id.is_empty() => {
            return Err(format!("the source of {} is not known", rule.id));
        }
        SourceText::Group { group_id, .. } if group_id.is_empty() => {
            return Err(format!("the source of {} is not known", rule.id));
        }
        SourceText::CidrIpv4(cidr) => permission.ip_ranges(IpRange::builder().cidr_ip(cidr).build()),
        SourceText::CidrIpv6(cidr) => permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).build()),
        SourceText::PrefixListId(id) => permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).build()),
        SourceText::Group { group_id, user_id } => permission
            .user_id_group_pairs(UserIdGroupPair::builder().group_id(group_id).set_user_id(user_id.clone()).build()),
    };
    Ok(permission.build())
}

fn port(rule: &DescribedRule, port: Option<i64>) -> Result<Option<i32>, String> {
    port.map(|port| i32::try_from(port).map_err(|_| format!("the ports of {} are not known", rule.id))).transpose()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::ReferencedSecurityGroup;

    use super::*;

    fn rule() -> aws_sdk_ec2::types::builders::SecurityGroupRuleBuilder {
        SecurityGroupRule::builder()
            .security_group_rule_id("sgr-0abc")
            .is_egress(false)
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
    }

    #[test]
    fn a_revoke_repeats_what_describe_gave_to_the_letter() {
        let all = rule().ip_protocol("-1").from_port(-1).to_port(-1).cidr_ipv6("2001:db8::/32").build();
        let permission = permission(&described(all).expect("a rule")).expect("a permission");
        assert_eq!(
            permission,
            IpPermission::builder()
                .ip_protocol("-1")
                .from_port(-1)
                .to_port(-1)
                .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("2001:db8::/32").build())
                .build()
        );
    }

    #[test]
    fn the_owner_of_a_group_goes_along() {
        let group = ReferencedSecurityGroup::builder().group_id("sg-0feed").user_id("222222222222").build();
        let permission = permission(&described(rule().referenced_group_info(group).build()).expect("a rule"));
        let pairs = permission.expect("a permission").user_id_group_pairs.expect("a pair");
        assert_eq!(pairs[0].group_id(), Some("sg-0feed"));
        assert_eq!(pairs[0].user_id(), Some("222222222222"));
    }

    #[test]
    fn what_is_not_certainly_the_rule_is_never_sent() {
        let egress = described(rule().is_egress(true).cidr_ipv4("0.0.0.0/0").build()).expect("a rule");
        assert_eq!(permission(&egress), Err("sgr-0abc is an egress rule".to_owned()));
        let untold = described(SecurityGroupRule::builder().security_group_rule_id("sgr-1").build()).expect("a rule");
        assert_eq!(permission(&untold), Err("sgr-1 is an egress rule".to_owned()));
        let no_source = described(rule().build()).expect("a rule");
        assert_eq!(permission(&no_source), Err("the source of sgr-0abc is not known".to_owned()));
        assert!(described(SecurityGroupRule::builder().build()).is_err());
    }
}
