//! What the whole internet can reach through rules that stand, in words.

use super::{limits, lines::Ranked, text};
use crate::domain::{
    exposure,
    rule::{IngressRule, Source, Traffic},
};

/// Traffic that the whole internet can send.
pub(super) struct Exposed<'a> {
    pub(super) traffic: Traffic,
    sources: Vec<&'a Source>,
    pub(super) whole: Whole,
}

/// How sources make up the whole internet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    /// Each by itself.
    Each,
    /// Only these together.
    Together,
    /// Only with rules for other traffic that overlaps.
    WithOthers,
}

/// The traffic of the rules that let in the whole internet, each with its sources.
pub(super) fn exposed<'a>(ranked: &[Ranked<'a>]) -> Vec<Exposed<'a>> {
    let mut groups: Vec<(Traffic, Vec<&'a IngressRule>)> = Vec::new();
    for one in ranked.iter().filter(|one| one.internet) {
        let rule = &one.opened.rule;
        match groups.iter_mut().find(|(traffic, _)| *traffic == rule.traffic) {
            Some((_, rules)) => rules.push(rule),
            None => groups.push((rule.traffic, vec![rule])),
        }
    }
    groups
        .into_iter()
        .map(|(traffic, rules)| {
            let whole = if rules.iter().all(|rule| exposure::whole_internet(&[rule])) {
                Whole::Each
            } else if exposure::whole_internet(&rules) {
                Whole::Together
            } else {
                Whole::WithOthers
            };
            Exposed { traffic, sources: rules.into_iter().map(|rule| &rule.source).collect(), whole }
        })
        .collect()
}

impl Exposed<'_> {
    pub(super) fn risk(&self) -> String {
        let sources = self.sources.iter().map(|source| format!("`{source}`")).collect();
        let what = match self.whole {
            Whole::Each => reach(self.traffic),
            Whole::Together => format!("together the whole internet; {}", reach(self.traffic)),
            Whole::WithOthers => "the whole internet, together with other rules here for the same ports".to_owned(),
        };
        format!(":rotating_light: *{} from {}*: {what}.", self.traffic, text::first(limits::FEW, sources, ", ", "more"))
    }

    pub(super) fn stays(&self) -> String {
        let sources = self.sources.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let more = self.sources.len().saturating_sub(3);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let together = match self.whole {
            Whole::Each => "",
            Whole::Together => ": together the whole internet",
            Whole::WithOthers => ": with other rules the whole internet",
        };
        format!("{} stays open to {sources}{more}{together}", self.traffic)
    }
}

/// The service's name where the traffic is one well-known port, else the traffic.
pub(super) fn service(traffic: Traffic) -> String {
    let one_port = match traffic {
        Traffic::Tcp(ports) | Traffic::Udp(ports) => ports.count() == 1,
        Traffic::All | Traffic::Icmp(_) | Traffic::Icmpv6(_) | Traffic::Number(_) => false,
    };
    match exposure::services(traffic).first() {
        Some(name) if one_port => (*name).to_owned(),
        Some(_) | None => traffic.to_string(),
    }
}

/// What any host can do.
fn reach(traffic: Traffic) -> String {
    const NAMED_SERVICES: usize = 3;
    match traffic {
        Traffic::All => "any host can reach everything".to_owned(),
        Traffic::Icmp(_) | Traffic::Icmpv6(_) | Traffic::Number(_) => "any host can send it".to_owned(),
        Traffic::Tcp(ports) | Traffic::Udp(ports) if ports.count() == 1 => {
            format!("any host can reach {}", service(traffic))
        }
        Traffic::Tcp(_) | Traffic::Udp(_) => {
            let services = exposure::services(traffic);
            let named: Vec<String> = services.iter().take(NAMED_SERVICES).map(|name| (*name).to_owned()).collect();
            if named.is_empty() {
                "any host can reach these ports".to_owned()
            } else {
                format!("any host can reach these ports, {} among them", text::and(&named))
            }
        }
    }
}
