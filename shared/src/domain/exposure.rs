//! How wide a rule is: CIDR and port arithmetic, never string tests.
//!
//! Widths are compared by who is let in first, and by what is let through only then: one port from anywhere is worse than
//! every port from one office.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{
    rule::{IngressRule, Source, Traffic},
    thousands::grouped,
};

/// Who is let in, narrowest first.
///
/// A **group** lets in network interfaces of this network or a peered one and nobody from outside, so it ranks below any
/// address range. A **prefix list** may hold anything, `0.0.0.0/0` too, now or later: it ranks right below the internet, so
/// that it is never hidden behind something that is known to be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// The members of a security group.
    Group,
    /// An address range.
    Addresses {
        /// How much of its family it is, in half bits of IPv4: 0 for one host to 64 for all. A /48 weighs as much as a /24:
        /// both are the smallest networks that the internet routes.
        share: u8,
        /// The number of addresses, as a power of two.
        bits: u8,
    },
    /// A prefix list: not known, and not bounded.
    PrefixList,
    /// The whole internet.
    Internet,
}

/// What is let through, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breadth {
    /// This many pairs of an ICMP type and a code.
    Icmp(u32),
    /// This many ports.
    Ports(u32),
    /// All of another protocol.
    Protocol,
    /// Everything.
    All,
}

/// How wide a rule is; the wider one is the greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Width {
    /// Who is let in.
    pub reach: Reach,
    /// What is let through.
    pub breadth: Breadth,
}

/// A rule's width by itself.
#[must_use]
pub fn width(rule: &IngressRule) -> Width {
    Width { reach: reach(&rule.source), breadth: breadth(rule.traffic) }
}

/// The width of the widest of these rules. Rules that are the whole internet only together count as the whole internet.
#[must_use]
pub fn widest(rules: &[&IngressRule]) -> Option<Width> {
    let all = internet_wide(rules);
    let of = |(rule, internet): (&&IngressRule, bool)| {
        let width = width(rule);
        if internet { Width { reach: Reach::Internet, ..width } } else { width }
    };
    rules.iter().zip(all).map(of).max()
}

/// Whether these rules let in the whole internet, one of them alone or several together.
#[must_use]
pub fn whole_internet(rules: &[&IngressRule]) -> bool {
    internet_wide(rules).contains(&true)
}

/// For each rule, whether it lets in the whole internet: alone, or as a part of rules that do so together for some traffic
/// that all of them let through. A rule that adds nothing to such a set is not part of it.
#[must_use]
pub fn internet_wide(rules: &[&IngressRule]) -> Vec<bool> {
    let mut wide = vec![false; rules.len()];
    for family in [Family::V4, Family::V6] {
        let members: Vec<Member> =
            rules.iter().enumerate().filter_map(|(at, rule)| Member::of(at, rule, family)).collect();
        for member in members.iter().filter(|member| family.covered_by(&[member.span])) {
            wide[member.at] = true;
        }
        for at in family.together(&members) {
            wide[at] = true;
        }
    }
    wide
}

/// The number of addresses of a source; `None` for prefix lists and groups.
#[must_use]
pub fn addresses(source: &Source) -> Option<Addresses> {
    match source {
        Source::Ipv4(net) => Some(Addresses { bits: net.max_prefix_len() - net.prefix_len() }),
        Source::Ipv6(net) => Some(Addresses { bits: net.max_prefix_len() - net.prefix_len() }),
        Source::PrefixList(_) | Source::Group(_) => None,
    }
}

/// A number of addresses: a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Addresses {
    bits: u8,
}

impl fmt::Display for Addresses {
    /// `1 address`, `65,536 addresses`, `2^80 addresses`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bits {
            0 => f.write_str("1 address"),
            bits @ 1..=32 => write!(f, "{} addresses", grouped(1 << bits)),
            bits @ 33.. => write!(f, "2^{bits} addresses"),
        }
    }
}

/// The well-known services that the traffic reaches, those first whose exposure hurts most. Empty for all traffic and for
/// protocols without ports: nothing needs to be named there.
#[must_use]
pub fn services(traffic: Traffic) -> Vec<&'static str> {
    let (ports, tcp) = match traffic {
        Traffic::Tcp(ports) => (ports, true),
        Traffic::Udp(ports) => (ports, false),
        Traffic::All | Traffic::Icmp(_) | Traffic::Icmpv6(_) | Traffic::Number(_) => return Vec::new(),
    };
    let mut found = Vec::new();
    for (port, over, name) in SERVICES {
        let spoken = match over {
            Over::Tcp => tcp,
            Over::Udp => !tcp,
            Over::Both => true,
        };
        if spoken && ports.contains(*port) && !found.contains(name) {
            found.push(*name);
        }
    }
    found
}

/// Which of the two a service speaks.
#[derive(Clone, Copy)]
enum Over {
    Tcp,
    Udp,
    Both,
}

/// Ports of IANA's registry, or the services' own defaults; remote control first, then data, then the rest.
const SERVICES: &[(u16, Over, &str)] = &[
    (22, Over::Tcp, "SSH"),
    (3389, Over::Both, "RDP"),
    (23, Over::Tcp, "Telnet"),
    (5985, Over::Tcp, "WinRM"),
    (5986, Over::Tcp, "WinRM"),
    (5900, Over::Tcp, "VNC"),
    (2375, Over::Tcp, "Docker"),
    (2376, Over::Tcp, "Docker"),
    (6443, Over::Tcp, "Kubernetes API"),
    (10250, Over::Tcp, "kubelet"),
    (2379, Over::Tcp, "etcd"),
    (445, Over::Tcp, "SMB"),
    (135, Over::Tcp, "Windows RPC"),
    (3306, Over::Tcp, "MySQL"),
    (5432, Over::Tcp, "PostgreSQL"),
    (1433, Over::Tcp, "SQL Server"),
    (1521, Over::Tcp, "Oracle"),
    (5439, Over::Tcp, "Redshift"),
    (6379, Over::Tcp, "Redis"),
    (11211, Over::Both, "Memcached"),
    (27017, Over::Tcp, "MongoDB"),
    (9200, Over::Tcp, "Elasticsearch"),
    (9042, Over::Tcp, "Cassandra"),
    (9092, Over::Tcp, "Kafka"),
    (5672, Over::Tcp, "RabbitMQ"),
    (2049, Over::Both, "NFS"),
    (389, Over::Both, "LDAP"),
    (636, Over::Tcp, "LDAPS"),
    (161, Over::Udp, "SNMP"),
    (21, Over::Tcp, "FTP"),
    (25, Over::Tcp, "SMTP"),
    (53, Over::Both, "DNS"),
    (80, Over::Tcp, "HTTP"),
    (443, Over::Both, "HTTPS"),
];

fn reach(source: &Source) -> Reach {
    let (span, family, share, bits) = match source {
        Source::Ipv4(net) => {
            (Span::v4(net.network(), net.broadcast()), Family::V4, 64 - 2 * net.prefix_len(), 32 - net.prefix_len())
        }
        Source::Ipv6(net) => (
            Span::v6(net.network(), net.broadcast()),
            Family::V6,
            64_u8.saturating_sub(net.prefix_len()),
            128 - net.prefix_len(),
        ),
        Source::PrefixList(_) => return Reach::PrefixList,
        Source::Group(_) => return Reach::Group,
    };
    if family.covered_by(&[span]) { Reach::Internet } else { Reach::Addresses { share, bits } }
}

fn breadth(traffic: Traffic) -> Breadth {
    match traffic {
        Traffic::All => Breadth::All,
        Traffic::Tcp(ports) | Traffic::Udp(ports) => Breadth::Ports(ports.count()),
        Traffic::Icmp(kind) | Traffic::Icmpv6(kind) => {
            let count = |one: Option<u8>| if one.is_some() { 1 } else { 256 };
            Breadth::Icmp(count(kind.kind) * count(kind.code))
        }
        Traffic::Number(_) => Breadth::Protocol,
    }
}

/// An inclusive range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: u128,
    to: u128,
}

impl Span {
    const fn v4(from: Ipv4Addr, to: Ipv4Addr) -> Self {
        Self { from: from.to_bits() as u128, to: to.to_bits() as u128 }
    }

    const fn v6(from: Ipv6Addr, to: Ipv6Addr) -> Self {
        Self { from: from.to_bits(), to: to.to_bits() }
    }

    fn meets(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }

    fn strictly_within(self, other: Self) -> bool {
        self != other && other.from <= self.from && self.to <= other.to
    }
}

/// The addresses that hosts on the internet can have. Leaving out a private range does not make a rule less than the whole
/// internet.
const INTERNET_V4: &[Span] = &[
    Span::v4(Ipv4Addr::new(1, 0, 0, 0), Ipv4Addr::new(9, 255, 255, 255)),
    Span::v4(Ipv4Addr::new(11, 0, 0, 0), Ipv4Addr::new(126, 255, 255, 255)),
    Span::v4(Ipv4Addr::new(128, 0, 0, 0), Ipv4Addr::new(172, 15, 255, 255)),
    Span::v4(Ipv4Addr::new(172, 32, 0, 0), Ipv4Addr::new(192, 167, 255, 255)),
    Span::v4(Ipv4Addr::new(192, 169, 0, 0), Ipv4Addr::new(223, 255, 255, 255)),
];

/// `2000::/3`: all that IANA gives out.
const INTERNET_V6: &[Span] = &[Span::v6(
    Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0),
    Ipv6Addr::new(0x3fff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff),
)];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

/// A rule of one address family.
struct Member {
    at: usize,
    traffic: Traffic,
    span: Span,
}

impl Member {
    fn of(at: usize, rule: &IngressRule, family: Family) -> Option<Self> {
        let span = match (&rule.source, family) {
            (Source::Ipv4(net), Family::V4) => Span::v4(net.network(), net.broadcast()),
            (Source::Ipv6(net), Family::V6) => Span::v6(net.network(), net.broadcast()),
            (Source::Ipv4(_) | Source::Ipv6(_) | Source::PrefixList(_) | Source::Group(_), Family::V4 | Family::V6) => {
                return None;
            }
        };
        Some(Self { at, traffic: rule.traffic, span })
    }
}

impl Family {
    fn internet(self) -> &'static [Span] {
        match self {
            Self::V4 => INTERNET_V4,
            Self::V6 => INTERNET_V6,
        }
    }

    /// Whether the spans together hold all of the family's internet.
    fn covered_by(self, spans: &[Span]) -> bool {
        let mut sorted = spans.to_vec();
        sorted.sort_by_key(|span| span.from);
        self.internet().iter().all(|needed| {
            let mut next = needed.from;
            for span in &sorted {
                if span.from <= next && next <= span.to {
                    match span.to.checked_add(1) {
                        Some(after) => next = after,
                        None => return true,
                    }
                }
            }
            next > needed.to
        })
    }

    /// The members that are the whole internet only with others.
    ///
    /// Traffic that several rules let through in common begins where the traffic of one of them begins. So it is enough to
    /// look at those beginnings.
    fn together(self, members: &[Member]) -> Vec<usize> {
        let spans: Vec<Span> = members.iter().map(|member| member.span).collect();
        if !self.covered_by(&spans) {
            return Vec::new();
        }
        let mut beginnings: Vec<Traffic> = members.iter().map(|member| beginning(member.traffic)).collect();
        beginnings.sort_unstable();
        beginnings.dedup();
        beginnings.into_iter().flat_map(|traffic| self.set_for(members, traffic)).collect()
    }

    fn set_for(self, members: &[Member], traffic: Traffic) -> Vec<usize> {
        let open: Vec<&Member> = members.iter().filter(|member| member.traffic.covers(traffic)).collect();
        let spans: Vec<Span> = open.iter().map(|member| member.span).collect();
        if spans.iter().any(|span| self.covered_by(&[*span])) || !self.covered_by(&spans) {
            return Vec::new();
        }
        open.iter()
            .filter(|member| self.internet().iter().any(|needed| needed.meets(member.span)))
            .filter(|member| !spans.iter().any(|span| member.span.strictly_within(*span)))
            .map(|member| member.at)
            .collect()
    }
}

/// The first port of a range; other traffic as it is.
fn beginning(traffic: Traffic) -> Traffic {
    use super::rule::PortRange;
    let first = |ports: PortRange| PortRange { from: ports.from, to: ports.from };
    match traffic {
        Traffic::Tcp(ports) => Traffic::Tcp(first(ports)),
        Traffic::Udp(ports) => Traffic::Udp(first(ports)),
        Traffic::All | Traffic::Icmp(_) | Traffic::Icmpv6(_) | Traffic::Number(_) => traffic,
    }
}

#[cfg(test)]
#[path = "exposure_tests.rs"]
mod tests;
