//! `responseElements`: what EC2 answered, in CloudTrail's spelling.

use serde_json::{Map, Value, json};

use super::{Style, parameters::list};
use crate::world::ec2::{Outcome, Rule, RuleKey, Source};

pub(super) fn ec2(request_id: &str, outcome: &Outcome, style: Style) -> Value {
    let mut elements = json!({ "requestId": request_id, "_return": true });
    match outcome {
        Outcome::Opened(_) if style.without_rule_set => {}
        Outcome::Opened(rules) => elements["securityGroupRuleSet"] = list(rules.iter().map(stored).collect()),
        Outcome::Revoked { .. } if style.without_revoked_set => {}
        Outcome::Revoked { removed, unknown } => {
            elements["unknownIpPermissionSet"] = list(unknown.iter().map(permission).collect());
            elements["revokedSecurityGroupRuleSet"] = list(removed.iter().map(revoked).collect());
        }
        Outcome::Modified => {
            elements = json!({
                "ModifySecurityGroupRulesResponse": {
                    "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", "return": true, "requestId": request_id,
                }
            });
        }
        Outcome::Created(group_id) => elements["groupId"] = group_id.as_str().into(),
        Outcome::Deleted(group_id) => elements["groupId"] = group_id.as_str().into(),
    }
    elements
}

fn stored(rule: &Rule) -> Value {
    let mut item = Map::new();
    item.insert("groupOwnerId".to_owned(), rule.owner.as_str().into());
    item.insert("groupId".to_owned(), rule.group_id.as_str().into());
    item.insert("securityGroupRuleId".to_owned(), rule.id.as_str().into());
    content(&mut item, rule);
    if let Source::Group { group_id, user_id } = &rule.key.source {
        item.insert("referencedGroupInfo".to_owned(), json!({ "groupId": group_id, "userId": user_id }));
    }
    item.into()
}

fn revoked(rule: &Rule) -> Value {
    let mut item = Map::new();
    item.insert("groupId".to_owned(), rule.group_id.as_str().into());
    item.insert("securityGroupRuleId".to_owned(), rule.id.as_str().into());
    content(&mut item, rule);
    if let Source::Group { group_id, .. } = &rule.key.source {
        item.insert("referencedGroupId".to_owned(), group_id.as_str().into());
    }
    item.into()
}

fn content(item: &mut Map<String, Value>, rule: &Rule) {
    let key = &rule.key;
    item.insert("isEgress".to_owned(), key.egress.into());
    item.insert("ipProtocol".to_owned(), key.protocol.to_string().into());
    item.insert("fromPort".to_owned(), key.from_port.into());
    item.insert("toPort".to_owned(), key.to_port.into());
    match &key.source {
        Source::Ipv4(net) => item.insert("cidrIpv4".to_owned(), net.to_string().into()),
        Source::Ipv6(net) => item.insert("cidrIpv6".to_owned(), net.to_string().into()),
        Source::PrefixList(id) => item.insert("prefixListId".to_owned(), id.as_str().into()),
        Source::Group { .. } => None,
    };
    if let Some(description) = &rule.description {
        item.insert("description".to_owned(), description.as_str().into());
    }
}

fn permission(key: &RuleKey) -> Value {
    let (mut groups, mut ipv4, mut ipv6, mut lists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    match &key.source {
        Source::Ipv4(net) => ipv4.push(json!({ "cidrIp": net.to_string() })),
        Source::Ipv6(net) => ipv6.push(json!({ "cidrIpv6": net.to_string() })),
        Source::PrefixList(id) => lists.push(json!({ "prefixListId": id })),
        Source::Group { group_id, user_id } => groups.push(json!({ "groupId": group_id, "userId": user_id })),
    }
    json!({
        "ipProtocol": key.protocol.to_string(), "fromPort": key.from_port, "toPort": key.to_port,
        "groups": list(groups), "ipRanges": list(ipv4), "ipv6Ranges": list(ipv6), "prefixListIds": list(lists),
    })
}
