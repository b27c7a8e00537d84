//! What can be opened on the page.

use serde::Deserialize;

use crate::world::ec2::Permission;

/// An opening to choose from a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Opening {
    SshToTheWorld,
    HttpsFromOneRange,
    AllTraffic,
    PortRange,
    DatabaseToIpv6,
    PrefixList,
    OtherGroup,
    ThreeAtOnce,
    FiveHundred,
}

impl Opening {
    /// All of them, in the order of the list.
    pub(super) const ALL: [Self; 9] = [
        Self::SshToTheWorld,
        Self::HttpsFromOneRange,
        Self::AllTraffic,
        Self::PortRange,
        Self::DatabaseToIpv6,
        Self::PrefixList,
        Self::OtherGroup,
        Self::ThreeAtOnce,
        Self::FiveHundred,
    ];

    /// As it is sent.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::SshToTheWorld => "ssh-to-the-world",
            Self::HttpsFromOneRange => "https-from-one-range",
            Self::AllTraffic => "all-traffic",
            Self::PortRange => "port-range",
            Self::DatabaseToIpv6 => "database-to-ipv6",
            Self::PrefixList => "prefix-list",
            Self::OtherGroup => "other-group",
            Self::ThreeAtOnce => "three-at-once",
            Self::FiveHundred => "five-hundred",
        }
    }

    /// For people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SshToTheWorld => "SSH from the whole internet",
            Self::HttpsFromOneRange => "tcp 443 from 203.0.113.0/24",
            Self::AllTraffic => "All traffic from the whole internet",
            Self::PortRange => "tcp 3000-9000 from 198.51.100.0/24",
            Self::DatabaseToIpv6 => "tcp 5432 from every IPv6 address",
            Self::PrefixList => "tcp 443 from a prefix list",
            Self::OtherGroup => "tcp 8080 from another group",
            Self::ThreeAtOnce => "SSH, tcp 443 and udp 500-4500 at once",
            Self::FiveHundred => "500 rules at once",
        }
    }

    /// The permissions to authorize; `other` is a group of the same account and region.
    pub(super) fn permissions(self, other: &str, description: Option<&str>) -> Vec<Permission> {
        let ssh = || Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", description);
        let https = || Permission::new("tcp", 443, 443);
        match self {
            Self::SshToTheWorld => vec![ssh()],
            Self::HttpsFromOneRange => vec![https().from_ipv4("203.0.113.0/24", description)],
            Self::AllTraffic => {
                vec![Permission::all_ports("-1").from_ipv4("0.0.0.0/0", description).from_ipv6("::/0", description)]
            }
            Self::PortRange => vec![Permission::new("tcp", 3000, 9000).from_ipv4("198.51.100.0/24", description)],
            Self::DatabaseToIpv6 => vec![Permission::new("tcp", 5432, 5432).from_ipv6("::/0", description)],
            Self::PrefixList => vec![https().from_prefix_list("pl-0a1b2c3d4e5f60718", description)],
            Self::OtherGroup => vec![Permission::new("tcp", 8080, 8080).from_group(other, description)],
            Self::ThreeAtOnce => vec![
                ssh(),
                https().from_ipv4("203.0.113.0/24", description),
                Permission::new("udp", 500, 4500).from_group(other, description),
            ],
            Self::FiveHundred => vec![five_hundred(description)],
        }
    }
}

/// 500 single addresses of a range for benchmarks (RFC 2544).
fn five_hundred(description: Option<&str>) -> Permission {
    (0..500).fold(Permission::new("tcp", 8443, 8443), |permission, host| {
        permission.from_ipv4(&format!("198.18.{}.{}/32", host / 250, host % 250 + 1), description)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_its_opening() {
        for opening in Opening::ALL {
            let read: Opening = serde_json::from_value(opening.key().into()).unwrap();
            assert_eq!(read, opening);
        }
    }

    #[test]
    fn five_hundred_are_five_hundred_different_ones() {
        let mut ranges: Vec<String> = five_hundred(None).ipv4.into_iter().map(|range| range.value).collect();
        ranges.sort();
        ranges.dedup();
        assert_eq!(ranges.len(), 500);
    }
}
