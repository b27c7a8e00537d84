//! A rule as EC2 stores it, and how what was sent becomes one.

use std::{fmt, str::FromStr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::error::Ec2Error;

/// A stored rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `sgr-...`.
    pub id: String,
    /// The group that holds it.
    pub group_id: String,
    /// The group's account.
    pub owner: String,
    /// What it lets through.
    pub key: RuleKey,
    /// What somebody wrote about it.
    pub description: Option<String>,
}

/// What makes two rules of a group the same: direction, protocol, ports, source. The description does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleKey {
    /// The direction.
    pub egress: bool,
    /// The protocol.
    pub protocol: Protocol,
    /// First port, or ICMP type; -1 for all.
    pub from_port: i32,
    /// Last port, or ICMP code; -1 for all.
    pub to_port: i32,
    /// From (or to) where.
    pub source: Source,
}

impl fmt::Display for RuleKey {
    /// As in EC2's message about a duplicate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::All => "ALL".to_owned(),
            Protocol::Tcp | Protocol::Udp | Protocol::Icmp | Protocol::IcmpV6 | Protocol::Number(_) => {
                self.protocol.to_string().to_uppercase()
            }
        };
        write!(f, "peer: {}, {protocol}", self.source)?;
        if matches!(self.protocol, Protocol::Tcp | Protocol::Udp) {
            write!(f, ", from port: {}, to port: {}", self.from_port, self.to_port)?;
        }
        f.write_str(", ALLOW")
    }
}

/// An IP protocol. EC2 names four and keeps the others as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `-1`.
    All,
    /// `tcp`, 6.
    Tcp,
    /// `udp`, 17.
    Udp,
    /// `icmp`, 1.
    Icmp,
    /// `icmpv6`, 58.
    IcmpV6,
    /// Any other: all its ports are open.
    Number(u8),
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("-1"),
            Self::Tcp => f.write_str("tcp"),
            Self::Udp => f.write_str("udp"),
            Self::Icmp => f.write_str("icmp"),
            Self::IcmpV6 => f.write_str("icmpv6"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl FromStr for Protocol {
    type Err = Ec2Error;

    fn from_str(text: &str) -> Result<Self, Ec2Error> {
        match text.to_ascii_lowercase().as_str() {
            "-1" | "all" => Ok(Self::All),
            "tcp" | "6" => Ok(Self::Tcp),
            "udp" | "17" => Ok(Self::Udp),
            "icmp" | "1" => Ok(Self::Icmp),
            "icmpv6" | "58" => Ok(Self::IcmpV6),
            number => number.parse().map(Self::Number).map_err(|_| {
                Ec2Error::ParameterValue(format!("Invalid value '{text}' for IP protocol. Unknown protocol."))
            }),
        }
    }
}

impl Protocol {
    /// The ports as EC2 stores them: -1/-1 wherever the protocol has none.
    ///
    /// # Errors
    /// TCP and UDP need both ports, in order, in 0..=65535; ICMP needs a type and a code in -1..=255.
    pub fn ports(self, from: Option<i64>, to: Option<i64>) -> Result<(i32, i32), Ec2Error> {
        let wrong = |why: &str| Err(Ec2Error::ParameterValue(format!("Invalid value for portRange. {why}")));
        let (low, high) = match self {
            Self::All | Self::Number(_) => return Ok((-1, -1)),
            Self::IcmpV6 => (from.unwrap_or(-1), to.unwrap_or(-1)),
            Self::Tcp | Self::Udp | Self::Icmp => match (from, to) {
                (Some(from), Some(to)) => (from, to),
                (None, _) | (_, None) => return wrong("Must specify both from and to ports with TCP/UDP/ICMP."),
            },
        };
        let (allowed, ordered) = match self {
            Self::Tcp | Self::Udp => (0..=65_535, low <= high),
            Self::Icmp | Self::IcmpV6 => (-1..=255, low != -1 || high == -1),
            Self::All | Self::Number(_) => (-1..=-1, true),
        };
        match (i32::try_from(low), i32::try_from(high)) {
            (Ok(low), Ok(high)) if allowed.contains(&low) && allowed.contains(&high) && ordered => Ok((low, high)),
            (Ok(_), Ok(_)) if !ordered => wrong(&format!("Invalid range: from ({low}) > to ({high}).")),
            (Ok(_) | Err(_), Ok(_) | Err(_)) => wrong(&format!("{low} to {high} is out of range.")),
        }
    }
}

/// From where a rule lets in, or to where it lets out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A range without host bits.
    Ipv4(Ipv4Net),
    /// A range without host bits.
    Ipv6(Ipv6Net),
    /// `pl-...`.
    PrefixList(String),
    /// The members of a group.
    Group {
        /// The group.
        group_id: String,
        /// Its account.
        user_id: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(net) => write!(f, "{net}"),
            Self::Ipv6(net) => write!(f, "{net}"),
            Self::PrefixList(id) => f.write_str(id),
            Self::Group { group_id, .. } => f.write_str(group_id),
        }
    }
}

impl Source {
    /// An IPv4 range, its host bits cleared.
    ///
    /// # Errors
    /// The text is no `address/prefix`.
    pub fn ipv4(text: &str) -> Result<Self, Ec2Error> {
        text.parse::<Ipv4Net>().map(|net| Self::Ipv4(net.trunc())).map_err(|_| malformed(text))
    }

    /// An IPv6 range, its host bits cleared, in the shortest spelling.
    ///
    /// # Errors
    /// The text is no `address/prefix`.
    pub fn ipv6(text: &str) -> Result<Self, Ec2Error> {
        text.parse::<Ipv6Net>().map(|net| Self::Ipv6(net.trunc())).map_err(|_| malformed(text))
    }

    /// A prefix list by its id.
    ///
    /// # Errors
    /// The text is no `pl-...`.
    pub fn prefix_list(text: &str) -> Result<Self, Ec2Error> {
        match text.strip_prefix("pl-") {
            Some(rest) if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit()) => {
                Ok(Self::PrefixList(text.to_owned()))
            }
            Some(_) | None => Err(Ec2Error::ParameterValue(format!("The prefix list ID '{text}' is malformed"))),
        }
    }
}

fn malformed(cidr: &str) -> Ec2Error {
    Ec2Error::ParameterValue(format!("CIDR block {cidr} is malformed"))
}

/// A rule's description, if EC2 takes it: up to 255 characters of the set it documents.
///
/// # Errors
/// Longer, or another character.
pub fn description(text: Option<&str>) -> Result<Option<String>, Ec2Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if text.chars().count() <= 255 && text.chars().all(allowed) {
        return Ok(Some(text.to_owned()));
    }
    Err(Ec2Error::ParameterValue(
        "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: \
         a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
            .to_owned(),
    ))
}
