//! What can be opened on the page by one click.

use serde::Deserialize;

use crate::world::ec2::Permission;

/// An opening to choose from a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Opening {
    SshToTheWorld,
    HttpsFromOneRange,
    PortRange,
    AllTraffic,
    DatabaseToIpv6,
    PrefixList,
    OtherGroup,
    ThreeAtOnce,
    FiveHundred,
    WidenedByModify,
    CutOff,
    ReopenedByPipeline,
}

impl Opening {
    /// All of them, in the order of the list.
    pub(super) const ALL: [Self; 12] = [
        Self::SshToTheWorld,
        Self::HttpsFromOneRange,
        Self::PortRange,
        Self::AllTraffic,
        Self::DatabaseToIpv6,
        Self::PrefixList,
        Self::OtherGroup,
        Self::ThreeAtOnce,
        Self::FiveHundred,
        Self::WidenedByModify,
        Self::CutOff,
        Self::ReopenedByPipeline,
    ];

    /// As it is sent.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::SshToTheWorld => "ssh-to-the-world",
            Self::HttpsFromOneRange => "https-from-one-range",
            Self::PortRange => "port-range",
            Self::AllTraffic => "all-traffic",
            Self::DatabaseToIpv6 => "database-to-ipv6",
            Self::PrefixList => "prefix-list",
            Self::OtherGroup => "other-group",
            Self::ThreeAtOnce => "three-at-once",
            Self::FiveHundred => "five-hundred",
            Self::WidenedByModify => "widened-by-modify",
            Self::CutOff => "cut-off",
            Self::ReopenedByPipeline => "reopened-by-pipeline",
        }
    }

    /// For people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SshToTheWorld => "SSH from the whole internet",
            Self::HttpsFromOneRange => "tcp 443 from a range (203.0.113.0/24)",
            Self::PortRange => "tcp 3000-9000 from 198.51.100.0/24",
            Self::AllTraffic => "All traffic from the whole internet",
            Self::DatabaseToIpv6 => "tcp 5432 from every IPv6 address",
            Self::PrefixList => "tcp 443 from a prefix list",
            Self::OtherGroup => "tcp 8080 from another group",
            Self::ThreeAtOnce => "SSH, tcp 443 and udp 500-4500 at once",
            Self::FiveHundred => "500 rules at once",
            Self::WidenedByModify => "A narrow rule, widened to the whole internet",
            Self::CutOff => "tcp 3389, with a record that CloudTrail cut off",
            Self::ReopenedByPipeline => "SSH by a pipeline that opens it again",
        }
    }

    /// What one will see, in a sentence.
    pub(super) fn explains(self) -> &'static str {
        match self {
            Self::SshToTheWorld => "One card that says in its header that the whole internet may come in.",
            Self::HttpsFromOneRange => "A card that tells how many addresses the range has.",
            Self::PortRange => "A card that tells how many ports are open, and to how many addresses.",
            Self::AllTraffic => "One call opens everything to IPv4 and to IPv6; a Deny removes both rules.",
            Self::DatabaseToIpv6 => "The whole internet is also ::/0, and the card says so.",
            Self::PrefixList => {
                "What a prefix list holds may change later, so the card ranks it right below the internet."
            }
            Self::OtherGroup => "Nobody from outside gets in; the card names the group whose members do.",
            Self::ThreeAtOnce => "One call is one card: the widest rule comes first, and a Deny removes all three.",
            Self::FiveHundred => {
                "The card shows the 20 widest rules, the full list goes into its thread, and a Deny waits until it is \
                 there."
            }
            Self::WidenedByModify => {
                "ModifySecurityGroupRules opens a group without an authorize call; a Deny removes the whole rule, also \
                 what it gave before."
            }
            Self::CutOff => {
                "Something was opened that the record does not show, so the card says so and nothing can be denied: a \
                 person has to look at the group."
            }
            Self::ReopenedByPipeline => {
                "When its rule is gone, the pipeline opens it again after 4 seconds, 3 times at most or until it is \
                 stopped: each time is a new call, so a new card."
            }
        }
    }

    /// How it is done; `other` is a group of the same account and region.
    pub(super) fn means(self, other: &str, description: Option<&str>) -> Means {
        let ssh = || Permission::new("tcp", 22, 22).from_ipv4("0.0.0.0/0", description);
        let https = || Permission::new("tcp", 443, 443);
        let from_other = |permission: Permission| permission.from_group(other, description);
        Means::Authorize(match self {
            Self::SshToTheWorld => vec![ssh()],
            Self::HttpsFromOneRange => vec![https().from_ipv4("203.0.113.0/24", description)],
            Self::PortRange => vec![Permission::new("tcp", 3000, 9000).from_ipv4("198.51.100.0/24", description)],
            Self::AllTraffic => {
                vec![Permission::all_ports("-1").from_ipv4("0.0.0.0/0", description).from_ipv6("::/0", description)]
            }
            Self::DatabaseToIpv6 => vec![Permission::new("tcp", 5432, 5432).from_ipv6("::/0", description)],
            Self::PrefixList => vec![https().from_prefix_list("pl-0a1b2c3d4e5f60718", description)],
            Self::OtherGroup => vec![from_other(Permission::new("tcp", 8080, 8080))],
            Self::ThreeAtOnce => vec![
                ssh(),
                https().from_ipv4("203.0.113.0/24", description),
                from_other(Permission::new("udp", 500, 4500)),
            ],
            Self::FiveHundred => vec![five_hundred(description)],
            Self::WidenedByModify => return Means::WidenByModify,
            Self::CutOff => {
                let remote_desktop = Permission::new("tcp", 3389, 3389).from_ipv4("0.0.0.0/0", description);
                return Means::AuthorizeCutOff(vec![remote_desktop]);
            }
            Self::ReopenedByPipeline => return Means::Pipeline,
        })
    }
}

/// How an opening is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// One call of `AuthorizeSecurityGroupIngress`.
    Authorize(Vec<Permission>),
    /// The same, and CloudTrail cuts its record off.
    AuthorizeCutOff(Vec<Permission>),
    /// `ModifySecurityGroupRules` on a narrow rule.
    WidenByModify,
    /// A pipeline begins to see to it that its rule is there.
    Pipeline,
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
