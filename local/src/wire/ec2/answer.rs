//! Answers in EC2's XML (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html>, each operation's page).

use axum::{body::Body, http::StatusCode, response::Response};

use crate::{
    wire::xml::Xml,
    world::{
        calls::Answered,
        ec2::{Ec2Error, Outcome, Protocol, Rule, RuleKey, RulePage, SecurityGroup, Source},
    },
};

const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// An error; its request id comes last and is spelled unlike all others.
pub(super) fn error(request_id: &str, error: &Ec2Error) -> Response {
    let mut xml = Xml::new();
    xml.element("Response", |xml| {
        xml.element("Errors", |xml| {
            xml.element("Error", |xml| {
                xml.text("Code", error.code()).text("Message", error);
            });
        });
        xml.text("RequestID", request_id);
    });
    response(error.status(), request_id, Some(error.code()), xml)
}

/// What a change did.
pub(super) fn changed(action: &str, request_id: &str, outcome: &Outcome) -> Response {
    success(action, request_id, |xml| match outcome {
        Outcome::Opened(rules) => {
            xml.text("return", true).items("securityGroupRuleSet", rules, stored);
        }
        Outcome::Revoked { removed, unknown } => {
            xml.text("return", true);
            if !unknown.is_empty() {
                xml.items("unknownIpPermissionSet", unknown, |xml, key| permission(xml, key, None));
            }
            xml.items("revokedSecurityGroupRuleSet", removed, revoked);
        }
        Outcome::Modified => {
            xml.text("return", true);
        }
        Outcome::Created(group_id) | Outcome::Deleted(group_id) => {
            xml.text("return", true).text("groupId", group_id);
        }
    })
}

/// A page of `DescribeSecurityGroupRules`.
pub(super) fn rules(request_id: &str, region: &str, page: &RulePage) -> Response {
    success("DescribeSecurityGroupRules", request_id, |xml| {
        xml.items("securityGroupRuleSet", &page.rules, |xml, rule| {
            stored(xml, rule);
            let arn = format!("arn:aws:ec2:{region}:{}:security-group-rule/{}", rule.owner, rule.id);
            xml.text("securityGroupRuleArn", arn);
        });
        xml.maybe("nextToken", page.next_token.as_ref());
    })
}

/// `DescribeSecurityGroups`: one permission a rule, where EC2 would put those of the same ports together.
pub(super) fn groups(request_id: &str, groups: &[SecurityGroup]) -> Response {
    success("DescribeSecurityGroups", request_id, |xml| {
        xml.items("securityGroupInfo", groups, |xml, group| {
            xml.text("ownerId", &group.owner).text("groupId", &group.id).text("groupName", &group.name);
            xml.text("groupDescription", &group.description).text("vpcId", &group.vpc_id);
            for (name, egress) in [("ipPermissions", false), ("ipPermissionsEgress", true)] {
                let rules = group.rules().filter(|rule| rule.key.egress == egress);
                xml.items(name, rules, |xml, rule| permission(xml, &rule.key, rule.description.as_deref()));
            }
        });
    })
}

/// `CreateVpc`.
pub(super) fn vpc(request_id: &str, vpc_id: &str, cidr: &str) -> Response {
    success("CreateVpc", request_id, |xml| {
        xml.element("vpc", |xml| {
            xml.text("vpcId", vpc_id).text("state", "available").text("cidrBlock", cidr).text("isDefault", false);
        });
    })
}

fn success(action: &str, request_id: &str, fill: impl FnOnce(&mut Xml)) -> Response {
    let mut xml = Xml::new();
    xml.element(&format!("{action}Response xmlns=\"{NAMESPACE}\""), |xml| {
        xml.text("requestId", request_id);
        fill(xml);
    });
    response(200, request_id, None, xml)
}

/// The request id stands in a header too: that is where the SDKs read it.
fn response(status: u16, request_id: &str, error: Option<&'static str>, xml: Xml) -> Response {
    let mut response = Response::new(Body::from(xml.into_document()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = axum::http::HeaderValue::from_static("text/xml;charset=UTF-8");
    response.headers_mut().insert("content-type", content_type);
    if let Ok(request_id) = axum::http::HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-requestid", request_id);
    }
    response.extensions_mut().insert(Answered { request_id: request_id.to_owned(), error });
    response
}

fn stored(xml: &mut Xml, rule: &Rule) {
    xml.text("securityGroupRuleId", &rule.id).text("groupId", &rule.group_id).text("groupOwnerId", &rule.owner);
    content(xml, rule);
    if let Source::Group { group_id, user_id } = &rule.key.source {
        xml.element("referencedGroupInfo", |xml| {
            xml.text("groupId", group_id).text("userId", user_id);
        });
    }
}

fn revoked(xml: &mut Xml, rule: &Rule) {
    xml.text("securityGroupRuleId", &rule.id).text("groupId", &rule.group_id);
    content(xml, rule);
    if let Source::Group { group_id, .. } = &rule.key.source {
        xml.text("referencedGroupId", group_id);
    }
}

fn content(xml: &mut Xml, rule: &Rule) {
    let key = &rule.key;
    xml.text("isEgress", key.egress).text("ipProtocol", key.protocol);
    xml.text("fromPort", key.from_port).text("toPort", key.to_port);
    match &key.source {
        Source::Ipv4(net) => xml.text("cidrIpv4", net),
        Source::Ipv6(net) => xml.text("cidrIpv6", net),
        Source::PrefixList(id) => xml.text("prefixListId", id),
        Source::Group { .. } => xml,
    };
    xml.maybe("description", rule.description.as_ref());
}

/// A rule as a permission; protocols without ports come without them.
fn permission(xml: &mut Xml, key: &RuleKey, description: Option<&str>) {
    xml.text("ipProtocol", key.protocol);
    match key.protocol {
        Protocol::All | Protocol::Number(_) => {}
        Protocol::Tcp | Protocol::Udp | Protocol::Icmp | Protocol::IcmpV6 => {
            xml.text("fromPort", key.from_port).text("toPort", key.to_port);
        }
    }
    let lists = [("groups", 0), ("ipRanges", 1), ("ipv6Ranges", 2), ("prefixListIds", 3)];
    let own = match &key.source {
        Source::Group { .. } => 0,
        Source::Ipv4(_) => 1,
        Source::Ipv6(_) => 2,
        Source::PrefixList(_) => 3,
    };
    for (name, list) in lists {
        xml.items(name, (list == own).then_some(&key.source), |xml, source| {
            match source {
                Source::Group { group_id, user_id } => xml.text("userId", user_id).text("groupId", group_id),
                Source::Ipv4(net) => xml.text("cidrIp", net),
                Source::Ipv6(net) => xml.text("cidrIpv6", net),
                Source::PrefixList(id) => xml.text("prefixListId", id),
            };
            xml.maybe("description", description);
        });
    }
}
