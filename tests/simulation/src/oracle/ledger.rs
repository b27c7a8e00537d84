//! What really happened in EC2, by the calls that were made: known without reading one record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use local::{
    system::seed::Opener,
    world::ec2::{Rule, RuleKey, Source},
};

/// A rule as a call left it.
#[derive(Clone, Debug)]
pub struct Left {
    /// Its id.
    pub rule: String,
    /// What it lets in.
    pub key: RuleKey,
    /// What it let in before, where it was modified.
    pub before: Option<RuleKey>,
}

impl Left {
    /// Whether it lets in something that it did not let in before.
    #[must_use]
    pub(super) fn is_wider(&self) -> bool {
        self.before.as_ref().is_none_or(|before| !covers(before, &self.key))
    }
}

/// A call that opened or modified rules.
#[derive(Clone, Debug)]
pub struct Opened {
    /// `account/region/group`.
    pub group: String,
    /// Who made it.
    pub by: Opener,
    /// When.
    pub at: DateTime<Utc>,
    /// When its record can be read.
    pub readable_at: DateTime<Utc>,
    /// Whether it modified rules that were there.
    pub modified: bool,
    /// Whether its record is cut off.
    pub cut: bool,
    /// The rules.
    pub rules: Vec<Left>,
}

/// Who gave a rule the value that it has now.
#[derive(Clone, Debug)]
pub(super) struct Maker {
    /// When.
    pub at: DateTime<Utc>,
    /// Its place among all that happened.
    pub order: u64,
}

/// How a rule went.
#[derive(Clone, Debug)]
pub struct Gone {
    /// When.
    pub at: DateTime<Utc>,
    /// A person revoked it, as its record says; else a revert did, or its group was deleted.
    pub by_hand: bool,
    /// When the record of that can be read.
    pub readable_at: DateTime<Utc>,
}

/// What a rule let in from when on; `None` where it was gone.
type Values = Vec<(DateTime<Utc>, Option<RuleKey>)>;

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By request id.
    pub opened: BTreeMap<String, Opened>,
    /// By rule id: every rule that stands and was opened since the run began.
    pub makers: BTreeMap<String, Maker>,
    /// By rule id.
    pub gone: BTreeMap<String, Gone>,
    /// By rule id, the calls that made it what it was, oldest first.
    pub past: BTreeMap<String, Vec<String>>,
    /// By rule id: what it let in from when on, oldest first; `None` where it was gone.
    values: BTreeMap<String, Values>,
    order: u64,
}

impl Ledger {
    /// The next place among all that happens.
    pub(super) fn next_order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    /// Somebody opened or modified something.
    pub(super) fn open(&mut self, id: &str, opened: Opened) {
        let order = self.next_order();
        for left in opened.rules.iter().filter(|left| !left.key.egress) {
            let maker = Maker { at: opened.at, order };
            self.makers.insert(left.rule.clone(), maker);
            self.past.entry(left.rule.clone()).or_default().push(id.to_owned());
            let values = self.values.entry(left.rule.clone()).or_default();
            if let (Some(before), true) = (&left.before, values.is_empty()) {
                values.push((DateTime::<Utc>::MIN_UTC, Some(before.clone())));
            }
            values.push((opened.at, Some(left.key.clone())));
        }
        self.opened.insert(id.to_owned(), opened);
    }

    /// A rule went.
    pub(super) fn close(&mut self, rule: &str, gone: Gone) {
        self.next_order();
        self.makers.remove(rule);
        self.values.entry(rule.to_owned()).or_default().push((gone.at, None));
        self.gone.insert(rule.to_owned(), gone);
    }
}

impl Ledger {
    /// All that a rule let in at some time of an interval; `None` where it was gone. Nothing is said of a rule that no call
    /// opened, modified or removed.
    pub(super) fn values(&self, rule: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Option<&RuleKey>> {
        let values = self.values.get(rule).map(Vec::as_slice).unwrap_or_default();
        let first = values.partition_point(|(at, _)| *at < from).saturating_sub(1);
        let within = values.get(first..).unwrap_or_default().iter().take_while(|(at, _)| *at <= until);
        within.map(|(_, key)| key.as_ref()).collect()
    }
}

/// A rule as a card shows it: protocol, ports, source.
#[must_use]
pub(super) fn as_shown(key: &RuleKey) -> String {
    let ports = if key.from_port == key.to_port {
        key.from_port.to_string()
    } else {
        format!("{}-{}", key.from_port, key.to_port)
    };
    format!("{} {ports} {}", key.protocol, key.source)
}

/// `rule tcp 22 10.0.0.0/8`.
#[must_use]
pub(super) fn in_words(rule: &Rule) -> String {
    format!("{} {}", rule.id, as_shown(&rule.key))
}

/// Whether everything that the other one lets in is let in by this one too.
#[must_use]
pub(super) fn covers(wide: &RuleKey, narrow: &RuleKey) -> bool {
    let source = match (&wide.source, &narrow.source) {
        (Source::Ipv4(wide), Source::Ipv4(narrow)) => wide.contains(narrow),
        (Source::Ipv6(wide), Source::Ipv6(narrow)) => wide.contains(narrow),
        (wide, narrow) => wide == narrow,
    };
    wide.protocol == narrow.protocol && wide.from_port <= narrow.from_port && narrow.to_port <= wide.to_port && source
}
