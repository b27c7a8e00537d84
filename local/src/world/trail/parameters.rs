//! `requestParameters`: the call as it was sent, in CloudTrail's spelling.

use serde_json::{Map, Value, json};

use super::Style;
use crate::world::ec2::{
    Call, FlatPermission, GroupRef, GroupSource, Operation, Permission, Permissions, Range, Removal, RuleChange,
};

pub(super) fn ec2(call: &Call, style: Style) -> Value {
    let mut fields = Fields::default();
    match &call.operation {
        Operation::AuthorizeIngress { group, permissions } | Operation::AuthorizeEgress { group, permissions } => {
            fields.group(group).permissions(permissions, style);
        }
        Operation::RevokeIngress { group, removal } | Operation::RevokeEgress { group, removal } => {
            fields.group(group);
            match removal {
                Removal::Permissions(permissions) => fields.permissions(permissions, style),
                Removal::RuleIds(ids) => {
                    let ids: Vec<Value> = ids.iter().map(|id| json!({ "securityGroupRuleId": id })).collect();
                    fields.put("ipPermissions", json!({})).put("securityGroupRuleIds", json!({ "items": ids }))
                }
            };
        }
        Operation::ModifyRules { group_id, changes } => return modify(group_id, changes, call.dry_run),
        Operation::CreateGroup { name, description, vpc_id } => {
            fields.put("groupName", name.as_str().into()).put("groupDescription", description.as_str().into());
            fields.text("vpcId", vpc_id.as_deref());
        }
        Operation::DeleteGroup { group } => {
            fields.group(group);
        }
    }
    if call.dry_run {
        fields.put("dryRun", true.into());
    }
    fields.0.into()
}

/// The one call whose parameters CloudTrail writes in PascalCase: one rule as an object, several as an array.
fn modify(group_id: &str, changes: &[RuleChange], dry_run: bool) -> Value {
    let mut rules: Vec<Value> = changes
        .iter()
        .enumerate()
        .map(|(index, change)| {
            let mut fields = Fields::default();
            fields.text("IpProtocol", change.protocol.as_deref());
            fields.port("FromPort", change.from_port, Style::default());
            fields.port("ToPort", change.to_port, Style::default());
            fields.text("CidrIpv4", change.cidr_ipv4.as_deref());
            fields.text("CidrIpv6", change.cidr_ipv6.as_deref());
            fields.text("PrefixListId", change.prefix_list_id.as_deref());
            fields.text("ReferencedGroupId", change.referenced_group_id.as_deref());
            fields.text("Description", change.description.as_deref());
            json!({ "SecurityGroupRuleId": change.rule_id, "SecurityGroupRule": fields.0, "tag": index + 1 })
        })
        .collect();
    let mut request = json!({ "GroupId": group_id });
    request["SecurityGroupRule"] = if rules.len() == 1 { rules.remove(0) } else { rules.into() };
    if dry_run {
        request["DryRun"] = true.into();
    }
    json!({ "ModifySecurityGroupRulesRequest": request })
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, key: &str, value: Value) -> &mut Self {
        self.0.insert(key.to_owned(), value);
        self
    }

    fn text(&mut self, key: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.put(key, value.into());
        }
        self
    }

    fn port(&mut self, key: &str, value: Option<i64>, style: Style) -> &mut Self {
        if let Some(value) = value {
            self.put(key, if style.ports_as_strings { value.to_string().into() } else { value.into() });
        }
        self
    }

    fn group(&mut self, group: &GroupRef) -> &mut Self {
        self.text("groupId", group.id.as_deref()).text("groupName", group.name.as_deref())
    }

    fn permissions(&mut self, permissions: &Permissions, style: Style) -> &mut Self {
        match permissions {
            Permissions::Array(permissions) => {
                let items: Vec<Value> = permissions.iter().map(|sent| permission(sent, style)).collect();
                self.put("ipPermissions", list(items))
            }
            Permissions::Flat(flat) => self.flat(flat, style),
        }
    }

    fn flat(&mut self, flat: &FlatPermission, style: Style) -> &mut Self {
        self.put("ipPermissions", json!({}));
        self.text("ipProtocol", flat.protocol.as_deref());
        self.port("fromPort", flat.from_port, style).port("toPort", flat.to_port, style);
        self.text("cidrIp", flat.cidr_ip.as_deref());
        self.text("sourceSecurityGroupName", flat.source_group_name.as_deref());
        self.text("sourceSecurityGroupOwnerId", flat.source_group_owner.as_deref())
    }
}

fn permission(sent: &Permission, style: Style) -> Value {
    let mut fields = Fields::default();
    fields.text("ipProtocol", sent.protocol.as_deref());
    fields.port("fromPort", sent.from_port, style).port("toPort", sent.to_port, style);
    fields.put("groups", list(sent.groups.iter().map(source_group).collect()));
    fields.put("ipRanges", ranges(&sent.ipv4, "cidrIp"));
    fields.put("ipv6Ranges", ranges(&sent.ipv6, "cidrIpv6"));
    fields.put("prefixListIds", ranges(&sent.prefix_lists, "prefixListId"));
    fields.0.into()
}

fn ranges(ranges: &[Range], key: &str) -> Value {
    let item = |range: &Range| {
        let mut fields = Fields::default();
        fields.text(key, Some(&range.value)).text("description", range.description.as_deref());
        Value::from(fields.0)
    };
    list(ranges.iter().map(item).collect())
}

fn source_group(source: &GroupSource) -> Value {
    let mut fields = Fields::default();
    fields.text("userId", source.user_id.as_deref()).group(&source.group);
    fields.text("vpcPeeringConnectionId", source.vpc_peering_connection_id.as_deref());
    fields.text("description", source.description.as_deref());
    fields.0.into()
}

/// A list of nothing is `{}`.
pub(super) fn list(items: Vec<Value>) -> Value {
    if items.is_empty() { json!({}) } else { json!({ "items": items }) }
}
