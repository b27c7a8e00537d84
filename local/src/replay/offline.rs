//! EC2 for a replay: it answers from the records, and otherwise not at all.

use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::{
    domain::{
        change::{GroupKey, Reading},
        ids::RuleId,
        rule::{DescribedRule, IcmpKind, IngressRule, PortRange, RuleText, Source, SourceText, Traffic},
    },
    ports::{Firewall, FirewallError, Which},
};

use super::history::{Aside, Content, Group, History};

/// Describes what the history makes certain. No call leaves the process.
pub(super) struct Offline(Mutex<History>);

impl Offline {
    pub(super) fn new(asides: Vec<Aside>) -> Self {
        Self(Mutex::new(History::new(asides)))
    }

    /// Takes in the next record, in the order of events: from now on that is how the world is.
    pub(super) fn learn(&self, reading: &Reading) {
        self.history().learn(reading);
    }

    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Firewall for Offline {
    async fn describe(&self, key: &GroupKey, which: &Which) -> Result<Vec<DescribedRule>, FirewallError> {
        let history = self.history();
        let certain = match which {
            // A group may hold rules that are older than the history.
            Which::All => None,
            Which::Ids(ids) => history.group(key).and_then(|group| ids.iter().map(|id| described(group, id)).collect()),
        };
        certain.ok_or_else(|| not_known("when describing a group in a replay"))
    }

    async fn revoke(&self, _: &GroupKey, _: &[DescribedRule]) -> Result<Option<String>, FirewallError> {
        Err(not_known("when revoking in a replay"))
    }
}

fn not_known(doing: &str) -> FirewallError {
    FirewallError::Unavailable { doing: doing.to_owned(), why: "the records do not tell".to_owned() }
}

fn described(group: &Group, id: &RuleId) -> Option<DescribedRule> {
    let description = None;
    if group.egress.contains(id) {
        // Nobody looks at the content of a rule that lets out.
        let source = SourceText::CidrIpv4(String::new());
        let text = RuleText { ip_protocol: "-1".to_owned(), from_port: None, to_port: None, source };
        return Some(DescribedRule { id: id.clone(), is_egress: true, text, description });
    }
    match &group.rules.get(id)?.content {
        Content::Is(rule) => Some(DescribedRule { id: id.clone(), is_egress: false, text: spelled(rule), description }),
        Content::Gone | Content::Unknown => None,
    }
}

/// A rule as EC2 spells it.
fn spelled(rule: &IngressRule) -> RuleText {
    let (from_port, to_port) = match rule.traffic {
        Traffic::All | Traffic::Number(_) => (-1, -1),
        Traffic::Tcp(PortRange { from, to }) | Traffic::Udp(PortRange { from, to }) => (from.into(), to.into()),
        Traffic::Icmp(IcmpKind { kind, code }) | Traffic::Icmpv6(IcmpKind { kind, code }) => {
            (kind.map_or(-1, i64::from), code.map_or(-1, i64::from))
        }
    };
    let source = match &rule.source {
        Source::Ipv4(net) => SourceText::CidrIpv4(net.to_string()),
        Source::Ipv6(net) => SourceText::CidrIpv6(net.to_string()),
        Source::PrefixList(id) => SourceText::PrefixListId(id.to_string()),
        Source::Group(group) => {
            SourceText::Group { group_id: group.id.to_string(), user_id: group.owner.as_ref().map(ToString::to_string) }
        }
    };
    RuleText { ip_protocol: rule.traffic.protocol(), from_port: Some(from_port), to_port: Some(to_port), source }
}
