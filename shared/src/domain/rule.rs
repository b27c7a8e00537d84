//! A security group's ingress rule, as EC2 tells one from another.
//!
//! EC2's identity of a rule is protocol, ports and source; the description is not part of it, and neither is the account
//! of a referenced group. [`RuleText`] is a rule as AWS spells it (CloudTrail, `DescribeSecurityGroupRules`);
//! [`IngressRule`] is the same thing understood.

use std::{cmp::Ordering, fmt, net::Ipv4Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, PrefixListId, RuleId, SecurityGroupId};

/// An inclusive range of TCP or UDP ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRange {
    /// The lowest port.
    pub from: u16,
    /// The highest port; not below `from`.
    pub to: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self { from: 0, to: u16::MAX };

    /// How many ports the range holds.
    #[must_use]
    pub fn count(self) -> u32 {
        u32::from(self.to) - u32::from(self.from) + 1
    }

    /// Whether the port lies in the range.
    #[must_use]
    pub fn contains(self, port: u16) -> bool {
        (self.from..=self.to).contains(&port)
    }
}

/// ICMP's type and code; `None` is all of them (`-1` on the wire).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IcmpKind {
    /// The type.
    pub kind: Option<u8>,
    /// The code.
    pub code: Option<u8>,
}

/// What a rule lets through: protocol and ports in one, since only tcp and udp have ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// Every protocol (`-1`).
    All,
    /// TCP, on these ports.
    Tcp(PortRange),
    /// UDP, on these ports.
    Udp(PortRange),
    /// ICMP for IPv4.
    Icmp(IcmpKind),
    /// ICMP for IPv6.
    Icmpv6(IcmpKind),
    /// Another IP protocol by its number; EC2 opens all of it, whatever ports were sent.
    Number(u8),
}

/// A security group that is let in. EC2 tells groups apart by id alone; the owner is for the reader.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReferencedGroup {
    /// The group.
    pub id: SecurityGroupId,
    /// The account that owns it, where the record says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AccountId>,
}

impl PartialEq for ReferencedGroup {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for ReferencedGroup {}

impl PartialOrd for ReferencedGroup {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ReferencedGroup {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

/// Who a rule lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// IPv4 addresses; host bits are zero, as EC2 stores them.
    Ipv4(Ipv4Net),
    /// IPv6 addresses; host bits are zero, as EC2 stores them.
    Ipv6(Ipv6Net),
    /// A managed prefix list: whatever it holds, now and later.
    PrefixList(PrefixListId),
    /// The members of another security group.
    Group(ReferencedGroup),
}

/// One ingress rule. Equality is EC2's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IngressRule {
    /// What is let through.
    pub traffic: Traffic,
    /// Who is let in.
    pub source: Source,
}

/// A rule as AWS spells it. Every text is kept as it came, so that a revoke can repeat it to the letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleText {
    /// `tcp`, `-1`, `50`, ...
    pub ip_protocol: String,
    /// First port, or ICMP type; `-1` and absent both mean "all" where that is possible.
    pub from_port: Option<i64>,
    /// Last port, or ICMP code.
    pub to_port: Option<i64>,
    /// The source; exactly one of the four kinds.
    pub source: SourceText,
}

/// A rule's source as AWS spells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceText {
    /// `CidrIpv4`.
    CidrIpv4(String),
    /// `CidrIpv6`.
    CidrIpv6(String),
    /// `PrefixListId`.
    PrefixListId(String),
    /// `ReferencedGroupInfo`: group id and, if given, the owner's account.
    Group {
        /// `GroupId`.
        group_id: String,
        /// `UserId`.
        user_id: Option<String>,
    },
}

impl Default for SourceText {
    fn default() -> Self {
        Self::CidrIpv4(String::new())
    }
}

/// A rule that is there now, as `DescribeSecurityGroupRules` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedRule {
    /// Its id.
    pub id: RuleId,
    /// Whether it is an egress rule; those are none of our business.
    pub is_egress: bool,
    /// As EC2 spells it.
    pub text: RuleText,
    /// Its description, if it has one.
    pub description: Option<String>,
}

/// Why a rule could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum RuleError {
    /// The protocol is neither a name that EC2 knows nor a number from -1 to 255.
    #[error("protocol {0:?} is not one that EC2 knows")]
    Protocol(String),
    /// Ports are missing, out of range, or the wrong way round.
    #[error("ports {from:?} to {to:?} do not go with protocol {protocol}")]
    Ports {
        /// The protocol.
        protocol: String,
        /// The first port as it came.
        from: Option<i64>,
        /// The last port as it came.
        to: Option<i64>,
    },
    /// The source is not an address range, prefix list or group.
    #[error("source {0:?} is not an address range, a prefix list or a security group")]
    Source(String),
}

impl IngressRule {
    /// Understands a rule as AWS spells it.
    ///
    /// # Errors
    /// A protocol, port or source that no EC2 rule can have.
    pub fn parse(text: &RuleText) -> Result<Self, RuleError> {
        Ok(Self { traffic: Traffic::parse(text)?, source: Source::parse(&text.source)? })
    }
}

impl Traffic {
    fn parse(text: &RuleText) -> Result<Self, RuleError> {
        let protocol = text.ip_protocol.trim().to_ascii_lowercase();
        match protocol.as_str() {
            "-1" | "all" => return Ok(Self::All),
            "tcp" => return ports(text).map(Self::Tcp),
            "udp" => return ports(text).map(Self::Udp),
            "icmp" => return icmp(text).map(Self::Icmp),
            "icmpv6" => return icmp(text).map(Self::Icmpv6),
            _ => {}
        }
        // `06` is tcp too; a sign is no digit.
        let digits = protocol.bytes().all(|byte| byte.is_ascii_digit()).then_some(protocol);
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(1) => icmp(text).map(Self::Icmp),
            Some(6) => ports(text).map(Self::Tcp),
            Some(17) => ports(text).map(Self::Udp),
            Some(58) => icmp(text).map(Self::Icmpv6),
            Some(number) => Ok(Self::Number(number)),
            None => Err(RuleError::Protocol(text.ip_protocol.chars().take(40).collect())),
        }
    }

    /// The protocol as EC2 names it: `tcp`, `icmpv6`, `-1`, `50`.
    #[must_use]
    pub fn protocol(self) -> String {
        match self {
            Self::All => "-1".to_owned(),
            Self::Tcp(_) => "tcp".to_owned(),
            Self::Udp(_) => "udp".to_owned(),
            Self::Icmp(_) => "icmp".to_owned(),
            Self::Icmpv6(_) => "icmpv6".to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }

    /// Whether everything that `other` lets through is let through by `self` too.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Tcp(wide), Self::Tcp(narrow)) | (Self::Udp(wide), Self::Udp(narrow)) => {
                wide.from <= narrow.from && narrow.to <= wide.to
            }
            (Self::Icmp(wide), Self::Icmp(narrow)) | (Self::Icmpv6(wide), Self::Icmpv6(narrow)) => {
                (wide.kind.is_none() || wide.kind == narrow.kind) && (wide.code.is_none() || wide.code == narrow.code)
            }
            (Self::Number(wide), Self::Number(narrow)) => wide == narrow,
            (
                Self::Tcp(_) | Self::Udp(_) | Self::Icmp(_) | Self::Icmpv6(_) | Self::Number(_),
                Self::All | Self::Tcp(_) | Self::Udp(_) | Self::Icmp(_) | Self::Icmpv6(_) | Self::Number(_),
            ) => false,
        }
    }
}

fn ports(text: &RuleText) -> Result<PortRange, RuleError> {
    let refused = || RuleError::Ports { protocol: text.ip_protocol.clone(), from: text.from_port, to: text.to_port };
    match (text.from_port, text.to_port) {
        (None | Some(-1), None | Some(-1)) => Ok(PortRange::ALL),
        (Some(from), Some(to)) if from <= to => Ok(PortRange {
            from: u16::try_from(from).map_err(|_| refused())?,
            to: u16::try_from(to).map_err(|_| refused())?,
        }),
        (Some(_) | None, Some(_) | None) => Err(refused()),
    }
}

fn icmp(text: &RuleText) -> Result<IcmpKind, RuleError> {
    let number = |value: Option<i64>| match value {
        None | Some(-1) => Ok(None),
        Some(value) => u8::try_from(value).map(Some).map_err(|_| RuleError::Ports {
            protocol: text.ip_protocol.clone(),
            from: text.from_port,
            to: text.to_port,
        }),
    };
    Ok(IcmpKind { kind: number(text.from_port)?, code: number(text.to_port)? })
}

impl Source {
    fn parse(text: &SourceText) -> Result<Self, RuleError> {
        let refused = |text: &str| RuleError::Source(text.chars().take(80).collect());
        match text {
            SourceText::CidrIpv4(cidr) => {
                // `010` is 8 to some and 10 to others: a describe tells, not we.
                let address = cidr.split('/').next().unwrap_or_default();
                let net = address.parse::<Ipv4Addr>().ok().and_then(|_| cidr.parse::<Ipv4Net>().ok());
                net.map(|net| Self::Ipv4(net.trunc())).ok_or_else(|| refused(cidr))
            }
            SourceText::CidrIpv6(cidr) => {
                cidr.parse::<Ipv6Net>().map(|net| Self::Ipv6(net.trunc())).map_err(|_| refused(cidr))
            }
            SourceText::PrefixListId(id) => PrefixListId::parse(id).map(Self::PrefixList).map_err(|_| refused(id)),
            SourceText::Group { group_id, user_id } => Ok(Self::Group(ReferencedGroup {
                id: SecurityGroupId::parse(group_id).map_err(|_| refused(group_id))?,
                owner: user_id.as_deref().and_then(|account| AccountId::parse(account).ok()),
            })),
        }
    }

    /// Whether everybody whom `other` lets in is certainly let in by `self` too. Prefix lists and groups cover only
    /// themselves: what they hold is not known here.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ipv4(wide), Self::Ipv4(narrow)) => wide.contains(narrow),
            (Self::Ipv6(wide), Self::Ipv6(narrow)) => wide.contains(narrow),
            (Self::PrefixList(wide), Self::PrefixList(narrow)) => wide == narrow,
            (Self::Group(wide), Self::Group(narrow)) => wide == narrow,
            (
                Self::Ipv4(_) | Self::Ipv6(_) | Self::PrefixList(_) | Self::Group(_),
                Self::Ipv4(_) | Self::Ipv6(_) | Self::PrefixList(_) | Self::Group(_),
            ) => false,
        }
    }
}

impl IngressRule {
    /// Whether this rule certainly lets in everything that `other` lets in.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.traffic.covers(other.traffic) && self.source.covers(&other.source)
    }
}

impl fmt::Display for Traffic {
    /// `tcp 443`, `udp 500-4500`, `all traffic`, `icmp type 8 code 0`, `protocol 50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all traffic"),
            Self::Tcp(ports) => write!(f, "tcp {ports}"),
            Self::Udp(ports) => write!(f, "udp {ports}"),
            Self::Icmp(kind) => write!(f, "icmp {kind}"),
            Self::Icmpv6(kind) => write!(f, "icmpv6 {kind}"),
            Self::Number(number) => write!(f, "protocol {number}"),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{}-{}", self.from, self.to) }
    }
}

impl fmt::Display for IcmpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.code) {
            (None, None) => f.write_str("all"),
            (Some(kind), None) => write!(f, "type {kind}"),
            (Some(kind), Some(code)) => write!(f, "type {kind} code {code}"),
            (None, Some(code)) => write!(f, "code {code}"),
        }
    }
}

impl fmt::Display for Source {
    /// `203.0.113.0/24`, `::/0`, `pl-6da54004`, `sg-0feedface`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(net) => write!(f, "{net}"),
            Self::Ipv6(net) => write!(f, "{net}"),
            Self::PrefixList(id) => write!(f, "{id}"),
            Self::Group(group) => write!(f, "{}", group.id),
        }
    }
}

impl fmt::Display for IngressRule {
    /// `tcp 443 from 203.0.113.0/24`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.traffic, self.source)
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
