//! The form of a call becomes a call. Names as the SDKs send them, which is not always as the reference spells them
//! (`Groups` for `UserIdGroupPairs`, `SecurityGroupRuleId.1` for `SecurityGroupRuleIds`).

use crate::{
    wire::aws::Form,
    world::ec2::{
        Call, Ec2Error, FlatPermission, GroupQuery, GroupRef, GroupSource, Operation, Permission, Permissions, Range,
        Removal, RuleChange, RuleQuery,
    },
};

/// A call that was understood.
pub(super) enum Request {
    /// A mutating call.
    Change(Call),
    /// `DescribeSecurityGroupRules`, and whether it is a dry run.
    Rules(RuleQuery, bool),
    /// `DescribeSecurityGroups`.
    Groups(GroupQuery),
    /// `CreateVpc` with this CIDR; it is not recorded.
    Vpc(String),
}

/// The action, and the call.
pub(super) fn parse(body: &[u8]) -> Result<(String, Request), Ec2Error> {
    let form = Form::parse(body).map_err(|error| Ec2Error::ParameterValue(error.to_string()))?;
    let action = form.text("Action").unwrap_or_default();
    let dry_run = flag(&form, "DryRun")?;
    let operation = match action {
        "AuthorizeSecurityGroupIngress" => {
            Operation::AuthorizeIngress { group: group(&form), permissions: permissions(&form)? }
        }
        "AuthorizeSecurityGroupEgress" => {
            Operation::AuthorizeEgress { group: group(&form), permissions: permissions(&form)? }
        }
        "RevokeSecurityGroupIngress" => Operation::RevokeIngress { group: group(&form), removal: removal(&form)? },
        "RevokeSecurityGroupEgress" => Operation::RevokeEgress { group: group(&form), removal: removal(&form)? },
        "ModifySecurityGroupRules" => Operation::ModifyRules {
            group_id: form.owned("GroupId").ok_or_else(|| missing("GroupId"))?,
            changes: changes(&form)?,
        },
        "CreateSecurityGroup" => Operation::CreateGroup {
            name: form.owned("GroupName").ok_or_else(|| missing("GroupName"))?,
            description: form.owned("GroupDescription").unwrap_or_default(),
            vpc_id: form.owned("VpcId"),
        },
        "DeleteSecurityGroup" => Operation::DeleteGroup { group: group(&form) },
        "DescribeSecurityGroupRules" => return Ok((action.to_owned(), Request::Rules(rule_query(&form)?, dry_run))),
        "DescribeSecurityGroups" => return Ok((action.to_owned(), Request::Groups(group_query(&form)?))),
        "CreateVpc" => {
            return Ok((action.to_owned(), Request::Vpc(form.owned("CidrBlock").unwrap_or_default())));
        }
        other => return Err(Ec2Error::InvalidAction(other.to_owned())),
    };
    Ok((action.to_owned(), Request::Change(Call { operation, dry_run })))
}

fn group(form: &Form) -> GroupRef {
    GroupRef { id: form.owned("GroupId"), name: form.owned("GroupName") }
}

fn permissions(form: &Form) -> Result<Permissions, Ec2Error> {
    let flat = FlatPermission {
        protocol: form.owned("IpProtocol"),
        from_port: number(form, "FromPort")?,
        to_port: number(form, "ToPort")?,
        cidr_ip: form.owned("CidrIp"),
        source_group_name: form.owned("SourceSecurityGroupName"),
        source_group_owner: form.owned("SourceSecurityGroupOwnerId"),
    };
    let members = form.members("IpPermissions");
    if !members.is_empty() && flat != FlatPermission::default() {
        let message = "The parameter ipPermissions cannot be used with the parameters of a single permission";
        return Err(Ec2Error::ParameterCombination(message.to_owned()));
    }
    if flat != FlatPermission::default() {
        return Ok(Permissions::Flat(flat));
    }
    Ok(Permissions::Array(members.iter().map(|at| permission(form, at)).collect::<Result<_, _>>()?))
}

fn permission(form: &Form, at: &str) -> Result<Permission, Ec2Error> {
    let ranges = |list: &str, field: &str| -> Vec<Range> {
        let members = form.members(&format!("{at}.{list}"));
        let range = |member: &String| Range {
            value: form.owned(&format!("{member}.{field}")).unwrap_or_default(),
            description: form.owned(&format!("{member}.Description")),
        };
        members.iter().map(range).collect()
    };
    let groups = form.members(&format!("{at}.Groups"));
    Ok(Permission {
        protocol: form.owned(&format!("{at}.IpProtocol")),
        from_port: number(form, &format!("{at}.FromPort"))?,
        to_port: number(form, &format!("{at}.ToPort"))?,
        ipv4: ranges("IpRanges", "CidrIp"),
        ipv6: ranges("Ipv6Ranges", "CidrIpv6"),
        prefix_lists: ranges("PrefixListIds", "PrefixListId"),
        groups: groups.iter().map(|member| group_source(form, member)).collect(),
    })
}

fn group_source(form: &Form, at: &str) -> GroupSource {
    let field = |name: &str| form.owned(&format!("{at}.{name}"));
    GroupSource {
        group: GroupRef { id: field("GroupId"), name: field("GroupName") },
        user_id: field("UserId"),
        vpc_peering_connection_id: field("VpcPeeringConnectionId"),
        description: field("Description"),
    }
}

fn removal(form: &Form) -> Result<Removal, Ec2Error> {
    let ids = form.texts("SecurityGroupRuleId");
    let permissions = permissions(form)?;
    match (ids.is_empty(), permissions == Permissions::Array(Vec::new())) {
        (true, _) => Ok(Removal::Permissions(permissions)),
        (false, true) => Ok(Removal::RuleIds(ids)),
        (false, false) => Err(Ec2Error::ParameterCombination(
            "The parameter securityGroupRuleIds cannot be used with permissions".to_owned(),
        )),
    }
}

fn changes(form: &Form) -> Result<Vec<RuleChange>, Ec2Error> {
    let change = |at: &String| -> Result<RuleChange, Ec2Error> {
        let name = |field: &str| format!("{at}.SecurityGroupRule.{field}");
        let field = |field: &str| form.owned(&name(field));
        Ok(RuleChange {
            rule_id: form.owned(&format!("{at}.SecurityGroupRuleId")).ok_or_else(|| missing("SecurityGroupRuleId"))?,
            protocol: field("IpProtocol"),
            from_port: number(form, &name("FromPort"))?,
            to_port: number(form, &name("ToPort"))?,
            cidr_ipv4: field("CidrIpv4"),
            cidr_ipv6: field("CidrIpv6"),
            prefix_list_id: field("PrefixListId"),
            referenced_group_id: field("ReferencedGroupId"),
            description: field("Description"),
        })
    };
    form.members("SecurityGroupRule").iter().map(change).collect()
}

fn rule_query(form: &Form) -> Result<RuleQuery, Ec2Error> {
    let mut query = RuleQuery {
        rule_ids: form.texts("SecurityGroupRuleId"),
        max_results: number(form, "MaxResults")?,
        next_token: form.owned("NextToken"),
        ..RuleQuery::default()
    };
    for (name, values) in filters(form) {
        match name.as_str() {
            "group-id" => query.group_ids = values,
            "security-group-rule-id" => query.filter_rule_ids = values,
            other => return Err(Ec2Error::ParameterValue(format!("The filter '{other}' is invalid"))),
        }
    }
    Ok(query)
}

fn group_query(form: &Form) -> Result<GroupQuery, Ec2Error> {
    let mut query = GroupQuery { ids: form.texts("GroupId"), names: form.texts("GroupName"), ..GroupQuery::default() };
    for (name, values) in filters(form) {
        match name.as_str() {
            "group-id" => query.filter_ids = values,
            "group-name" => query.filter_names = values,
            "vpc-id" => query.filter_vpcs = values,
            other => return Err(Ec2Error::ParameterValue(format!("The filter '{other}' is invalid"))),
        }
    }
    Ok(query)
}

fn filters(form: &Form) -> Vec<(String, Vec<String>)> {
    let filter = |at: &String| {
        let name = form.owned(&format!("{at}.Name")).unwrap_or_default();
        (name, form.texts(&format!("{at}.Value")))
    };
    form.members("Filter").iter().map(filter).collect()
}

fn number(form: &Form, name: &str) -> Result<Option<i64>, Ec2Error> {
    let parse = |text: &str| {
        text.parse().map_err(|_| Ec2Error::ParameterValue(format!("Invalid integer value '{text}' for {name}")))
    };
    form.text(name).map(parse).transpose()
}

fn flag(form: &Form, name: &str) -> Result<bool, Ec2Error> {
    match form.text(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(Ec2Error::ParameterValue(format!("Invalid boolean value '{other}' for {name}"))),
    }
}

fn missing(name: &str) -> Ec2Error {
    Ec2Error::MissingParameter(format!("The request must contain the parameter {name}"))
}
