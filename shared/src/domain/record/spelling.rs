//! Rules as CloudTrail spells them: in the permissions of a request, and one by one in answers and modifications.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    json::{field, is_true, items, number, text},
    sentence,
};
use crate::domain::rule::{IngressRule, RuleText, SourceText};

/// Why a request does not tell all that it asked for. Each is a whole sentence, for the card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misread {
    /// `requestParameters` is null or absent.
    #[error("CloudTrail's record holds no request.")]
    Absent,
    /// CloudTrail replaced `requestParameters` by `{"omitted": true, "originalSize": ...}`.
    #[error("CloudTrail left the request out of its record{}.", size.map(sentence::bytes).unwrap_or_default())]
    Omitted {
        /// The request's size in bytes, where the record gives it.
        size: Option<u64>,
    },
    /// The request holds no permission at all.
    #[error("The request in CloudTrail's record names no rule.")]
    NoRule,
    /// A source group by its name; its id would be in the answer only.
    #[error("CloudTrail's record names the source group only by its name ({name}); its id is nowhere in it.")]
    SourceByName {
        /// The name.
        name: String,
    },
    /// A part of the request has a shape or a value that no rule has.
    #[error("A part of the request in CloudTrail's record is not understood: {part}.")]
    Part {
        /// The part as JSON, cut.
        part: String,
    },
}

impl Misread {
    /// A part that is not understood.
    pub(super) fn part(value: &Value) -> Self {
        Self::Part { part: sentence::excerpt(&value.to_string()) }
    }
}

/// A rule that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The rule.
    pub(super) rule: IngressRule,
    /// Its description.
    pub(super) description: Option<String>,
}

/// What a request asks for, as far as it is understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// Every rule that is understood, once.
    pub(super) rules: Vec<Asked>,
    /// Why that is not all of it.
    pub(super) misread: Option<Misread>,
}

impl Request {
    /// Reads `requestParameters` of a call that authorizes or revokes by permissions: the array form, the flat form, or
    /// both.
    pub(super) fn read(parameters: Option<&Value>) -> Self {
        let Some(parameters) = parameters.filter(|parameters| !parameters.is_null()) else {
            return Self { misread: Some(Misread::Absent), ..Self::default() };
        };
        if let Some(omitted) = omitted(parameters) {
            return Self { misread: Some(omitted), ..Self::default() };
        }
        let mut reader = Reader::default();
        if parameters.is_object() {
            reader.permissions(field(parameters, "ipPermissions"));
            reader.flat(parameters);
        } else {
            reader.misread(Misread::part(parameters));
        }
        reader.finish()
    }

    /// Reads a list of permissions, as `unknownIpPermissionSet` of a revoke's answer. An empty one is understood.
    pub(super) fn read_permissions(list: Option<&Value>) -> Self {
        let mut reader = Reader::default();
        reader.permissions(list);
        reader.request
    }
}

/// Whether CloudTrail left the parameters out of the record because of their size.
pub(super) fn omitted(parameters: &Value) -> Option<Misread> {
    is_true(parameters, "omitted").then(|| Misread::Omitted {
        size: field(parameters, "originalSize").and_then(number).and_then(|size| u64::try_from(size).ok()),
    })
}

/// Reads a rule with exactly one source in it: an item of an answer's rule set, or the new value of a modified rule.
pub(super) fn single(item: &Value) -> Option<IngressRule> {
    let referenced = field(item, "referencedGroupInfo");
    let mut sources = [
        text(item, "cidrIpv4").map(|cidr| SourceText::CidrIpv4(cidr.to_owned())),
        text(item, "cidrIpv6").map(|cidr| SourceText::CidrIpv6(cidr.to_owned())),
        text(item, "prefixListId").map(|list| SourceText::PrefixListId(list.to_owned())),
        referenced.and_then(|group| text(group, "groupId").map(|id| group_text(id, text(group, "userId")))),
        text(item, "referencedGroupId").map(|id| group_text(id, None)),
    ]
    .into_iter()
    .flatten();
    let (source, None) = (sources.next()?, sources.next()) else { return None };
    IngressRule::parse(&traffic_of(item)?.with(source)).ok()
}

fn group_text(group_id: &str, user_id: Option<&str>) -> SourceText {
    SourceText::Group { group_id: group_id.to_owned(), user_id: user_id.map(str::to_owned) }
}

/// Protocol and ports, not yet joined to a source.
struct TrafficText {
    ip_protocol: String,
    from_port: Option<i64>,
    to_port: Option<i64>,
}

impl TrafficText {
    fn with(&self, source: SourceText) -> RuleText {
        RuleText { ip_protocol: self.ip_protocol.clone(), from_port: self.from_port, to_port: self.to_port, source }
    }
}

fn traffic_of(value: &Value) -> Option<TrafficText> {
    let port = |name| match field(value, name) {
        None => Some(None),
        Some(port) => number(port).map(Some),
    };
    let protocol = field(value, "ipProtocol")?;
    let ip_protocol = match protocol.as_str() {
        Some(name) => name.to_owned(),
        None => number(protocol)?.to_string(),
    };
    Some(TrafficText { ip_protocol, from_port: port("fromPort")?, to_port: port("toPort")? })
}

/// Gathers rules, each once, and the first thing that was not understood.
#[derive(Default)]
struct Reader {
    request: Request,
    seen: BTreeSet<IngressRule>,
}

impl Reader {
    fn misread(&mut self, misread: Misread) {
        self.request.misread.get_or_insert(misread);
    }

    fn finish(mut self) -> Request {
        if self.request.rules.is_empty() {
            self.misread(Misread::NoRule);
        }
        self.request
    }

    fn permissions(&mut self, list: Option<&Value>) {
        match items(list) {
            Some(permissions) => permissions.into_iter().for_each(|permission| self.permission(permission)),
            None => self.misread(Misread::part(list.unwrap_or(&Value::Null))),
        }
    }

    /// One permission: a protocol with ports, and any number of sources of all four kinds.
    fn permission(&mut self, permission: &Value) {
        let Some(traffic) = traffic_of(permission) else { return self.misread(Misread::part(permission)) };
        let mut sources = 0;
        for kind in SourceKind::ALL {
            let list = kind.list(permission);
            let Some(entries) = items(list) else {
                self.misread(Misread::part(permission));
                continue;
            };
            sources += entries.len();
            for entry in entries {
                match kind.source(entry) {
                    Ok(source) => self.rule(&traffic.with(source), text(entry, "description"), permission),
                    Err(misread) => self.misread(misread),
                }
            }
        }
        if sources == 0 {
            self.misread(Misread::part(permission));
        }
    }

    /// The flat form: one rule's fields at the top of the request.
    fn flat(&mut self, parameters: &Value) {
        match field(parameters, "sourceSecurityGroupName").map(Value::as_str) {
            None => {}
            Some(Some(name)) => self.misread(Misread::SourceByName { name: sentence::excerpt(name) }),
            Some(None) => self.misread(Misread::part(parameters)),
        }
        let Some(cidr) = field(parameters, "cidrIp") else { return };
        match (traffic_of(parameters), cidr.as_str()) {
            (Some(traffic), Some(cidr)) => {
                self.rule(&traffic.with(SourceText::CidrIpv4(cidr.to_owned())), None, parameters);
            }
            (Some(_) | None, Some(_) | None) => self.misread(Misread::part(parameters)),
        }
    }

    fn rule(&mut self, spelled: &RuleText, description: Option<&str>, from: &Value) {
        match IngressRule::parse(spelled) {
            Ok(rule) => {
                if self.seen.insert(rule.clone()) {
                    self.request.rules.push(Asked { rule, description: description.map(str::to_owned) });
                }
            }
            Err(_) => self.misread(Misread::part(from)),
        }
    }
}

/// The four kinds of source that a permission lists.
#[derive(Clone, Copy)]
enum SourceKind {
    Ipv4,
    Ipv6,
    PrefixList,
    Group,
}

impl SourceKind {
    const ALL: [Self; 4] = [Self::Ipv4, Self::Ipv6, Self::PrefixList, Self::Group];

    fn list(self, permission: &Value) -> Option<&Value> {
        match self {
            Self::Ipv4 => field(permission, "ipRanges"),
            Self::Ipv6 => field(permission, "ipv6Ranges"),
            Self::PrefixList => field(permission, "prefixListIds"),
            Self::Group => field(permission, "groups").or_else(|| field(permission, "userIdGroupPairs")),
        }
    }

    fn source(self, entry: &Value) -> Result<SourceText, Misread> {
        let named = |name| text(entry, name).map(str::to_owned).ok_or_else(|| Misread::part(entry));
        match self {
            Self::Ipv4 => named("cidrIp").map(SourceText::CidrIpv4),
            Self::Ipv6 => named("cidrIpv6").map(SourceText::CidrIpv6),
            Self::PrefixList => named("prefixListId").map(SourceText::PrefixListId),
            Self::Group => match (text(entry, "groupId"), text(entry, "groupName")) {
                (Some(id), _) => Ok(group_text(id, text(entry, "userId"))),
                (None, Some(name)) => Err(Misread::SourceByName { name: sentence::excerpt(name) }),
                (None, None) => Err(Misread::part(entry)),
            },
        }
    }
}
