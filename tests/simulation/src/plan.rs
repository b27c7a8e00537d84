//! What one run is like: everything that is drawn before it begins.
//!
//! Each run leaves most kinds of trouble out and has much of the others: rare meetings become common so.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use fastrand::Rng;
use local::system::{
    config::{ConfigFile, Delivery},
    seed::{Opener, USER_GROUP},
};

/// Whether a Deny removes the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All the time.
    Reverts,
    /// Never.
    Watches,
    /// It is switched off, after this long.
    TurnedOff(TimeDelta),
    /// It is switched on, after this long.
    TurnedOn(TimeDelta),
}

/// How likely a call of a port goes wrong, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Calls of the table.
    pub store: u16,
    /// Calls of Slack.
    pub chat: u16,
    /// Calls of EC2 and STS.
    pub firewall: u16,
    /// Queries.
    pub source: u16,
    /// Of the calls that go wrong, those that are not allowed.
    pub denied: u16,
    /// EC2 says that it removed a rule, and did not.
    pub lies: u16,
    /// The invocation is killed, at each of two moments of each call.
    pub kills: u16,
    /// Calls that take seconds.
    pub slow: u16,
    /// Posts and updates that land after their sender was killed or has given up.
    pub lands_late: u16,
    /// Writes to the table, and revokes, that do.
    pub writes_late: u16,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where everything is drawn from.
    pub seed: u64,
    /// By bot or by webhook.
    pub delivery: Delivery,
    /// `[mode] revert`.
    pub mode: Mode,
    /// Whether there is a Lake to query; else every record is pushed until it is taken.
    pub lake: bool,
    /// How long people, the world and the faults go on.
    pub chaos: TimeDelta,
    /// What goes wrong.
    pub rates: Rates,
    /// The usual time between two calls to EC2.
    pub gap: TimeDelta,
    /// The usual time between two clicks of one person.
    pub thinks: TimeDelta,
    /// How many groups people work on.
    pub groups: usize,
    /// How many different sources they open to: with few, the same rule comes again and again.
    pub sources: usize,
    /// How long EC2 shows what was.
    pub stale: TimeDelta,
    /// How long a record takes at most, as a rule.
    pub delay: TimeDelta,
    /// Of a thousand records, how many come much later.
    pub late: u16,
    /// How late those may come.
    pub latest: TimeDelta,
    /// Of a thousand records, how many are pushed too.
    pub pushed: u16,
    /// Messages that Slack takes at once before it holds them to one a second.
    pub burst: Option<u32>,
    /// Whether whoever opened it may approve it.
    pub requester_may_approve: bool,
    /// Whether Carol may decide as a member of a group only.
    pub by_group: bool,
    /// How often a poll is begun.
    pub poll_every: TimeDelta,
    /// Of a thousand openings, how many have more rules than a card shows.
    pub many_rules: u16,
    /// Of a thousand records, how many are cut off.
    pub cut: u16,
    /// Of a thousand records, how many tell no ids of rules, as before 2021.
    pub without_ids: u16,
    /// Whether `[people]` knows people by the ARNs of their sessions.
    pub people_by_arn: bool,
    /// How often somebody deletes a card by hand.
    pub deletes_every: Option<TimeDelta>,
    /// When nothing is read any more, and for how long.
    pub outage: Option<Outage>,
    /// Faults and kills that are left out, by their number in the run.
    pub spared: BTreeSet<u64>,
}

/// An outage of the Lake that may be longer than `catch_up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The Lake tells nothing from here on, counted from the begin; the first tick has read by then.
    pub after: TimeDelta,
    /// How long it goes on, once people have stopped.
    pub lasts: TimeDelta,
}

/// `[timing]` of every run: short, so that a run sees them all.
pub const TIMING: [(&str, &str); 6] = [
    ("poll_every", "2m"),
    ("sweep_every", "1m"),
    ("lookback", "5m"),
    ("catch_up", "2h"),
    ("reconcile_every", "20m"),
    ("reconcile_window", "60m"),
];

/// `reconcile_every` of [`TIMING`].
pub const RECONCILE_EVERY: TimeDelta = TimeDelta::minutes(20);

impl Plan {
    /// The run of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let chaos = TimeDelta::seconds(rng.i64(120..1_200));
        let delivery = if rng.u8(..) < 38 { Delivery::Webhook } else { Delivery::Bot };
        let mut plan = Self {
            seed,
            delivery,
            mode: mode(rng, chaos),
            lake: rng.u8(..) < 210,
            chaos,
            rates: rates(rng),
            gap: TimeDelta::milliseconds(rng.i64(8_000..90_000)),
            thinks: TimeDelta::milliseconds(rng.i64(10_000..120_000)),
            groups: rng.usize(1..=3),
            sources: rng.usize(1..=5),
            stale: TimeDelta::milliseconds(if rng.bool() { 0 } else { rng.i64(0..8_000) }),
            delay: TimeDelta::seconds(if rng.bool() { 0 } else { rng.i64(1..300) }),
            late: if rng.bool() { 0 } else { rng.u16(0..300) },
            pushed: if rng.bool() { 0 } else { rng.u16(0..1_000) },
            burst: rng.bool().then(|| rng.u32(1..4)),
            requester_may_approve: rng.u8(..) < 40,
            by_group: delivery == Delivery::Bot && rng.bool(),
            poll_every: TimeDelta::seconds(rng.i64(60..180)),
            many_rules: if rng.u8(..) < 60 { 200 } else { 0 },
            cut: if rng.u8(..) < 80 { rng.u16(0..200) } else { 0 },
            without_ids: if rng.u8(..) < 40 { rng.u16(0..1_000) } else { 0 },
            people_by_arn: rng.u8(..) < 60,
            deletes_every: (rng.u8(..) < 60).then(|| TimeDelta::seconds(rng.i64(20..200))),
            outage: (rng.u8(..) < 20).then(|| Outage {
                after: TimeDelta::seconds(rng.i64(60..chaos.num_seconds())),
                lasts: TimeDelta::minutes(rng.i64(60..200)),
            }),
            latest: TimeDelta::minutes(if rng.u8(..) < 40 { 59 } else { 18 }),
            spared: BTreeSet::new(),
        };
        // Drawn last: all else is drawn as it was before there was this.
        plan.rates.writes_late = if rng.u8(..) < 60 { rng.u16(0..40) } else { 0 };
        plan
    }

    /// A run in which nothing is drawn: what happens is a script's.
    #[must_use]
    pub fn quiet(delivery: Delivery) -> Self {
        Self {
            delivery,
            mode: Mode::Reverts,
            lake: true,
            rates: Rates::default(),
            stale: TimeDelta::zero(),
            requester_may_approve: false,
            by_group: false,
            ..Self::of(0)
        }
    }

    /// The configuration that the functions read; `reverts` is `[mode] revert`.
    #[must_use]
    pub fn config(&self, reverts: bool) -> ConfigFile {
        let usual = ConfigFile::default();
        let (approvers, approver_groups) = if self.by_group {
            (vec!["U0BOB000001".to_owned()], vec![USER_GROUP.to_owned()])
        } else {
            (usual.approvers.clone(), Vec::new())
        };
        ConfigFile {
            delivery: self.delivery,
            lake: self.lake,
            approvers,
            approver_groups,
            requester_may_approve: self.requester_may_approve,
            // A webhook can't ask Slack who somebody is.
            people: match self.delivery {
                Delivery::Bot | Delivery::Webhook if self.people_by_arn => by_arn(),
                Delivery::Bot => usual.people.clone(),
                Delivery::Webhook => [("alice@example.com", "U0ALICE0001"), ("bob@example.com", "U0BOB000001")]
                    .map(|(name, id)| (name.to_owned(), id.to_owned()))
                    .into(),
            },
            revert: reverts,
            timing: TIMING.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            ..usual
        }
    }

    /// `[mode] revert`, this long after the begin.
    #[must_use]
    pub fn reverts(&self, since: TimeDelta) -> bool {
        match self.mode {
            Mode::Reverts => true,
            Mode::Watches => false,
            Mode::TurnedOff(after) => since < after,
            Mode::TurnedOn(after) => since >= after,
        }
    }
}

/// Alice and Bob by the ARNs of their sessions.
fn by_arn() -> BTreeMap<String, String> {
    let people = [(Opener::Alice, "U0ALICE0001"), (Opener::Bob, "U0BOB000001")];
    let arn = |opener: Opener| opener.caller("111122223333", "eu-central-1").identity.arn();
    people.into_iter().filter_map(|(opener, id)| Some((arn(opener)?, id.to_owned()))).collect()
}

fn mode(rng: &mut Rng, chaos: TimeDelta) -> Mode {
    let some_time = TimeDelta::seconds(rng.i64(0..chaos.num_seconds()));
    match rng.u8(0..20) {
        0 => Mode::Watches,
        1 => Mode::TurnedOff(some_time),
        2 | 3 => Mode::TurnedOn(some_time),
        4.. => Mode::Reverts,
    }
}

fn rates(rng: &mut Rng) -> Rates {
    let mut some = |most: u16| if rng.u8(..) < 120 { rng.u16(0..most) } else { 0 };
    Rates {
        store: some(120),
        chat: some(250),
        firewall: some(300),
        source: some(300),
        denied: some(200),
        lies: some(300),
        kills: some(25),
        slow: some(30),
        lands_late: some(80),
        writes_late: 0,
    }
}
