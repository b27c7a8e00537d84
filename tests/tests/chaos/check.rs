//! What must be so in the end: a look at a [`Snapshot`], which knows nothing of how it was taken.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

/// What was wanted of an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wish {
    /// Somebody denies it.
    Deny,
    /// Somebody approves it.
    Approve,
    /// One approves it while another one denies it.
    Contest,
    /// Nobody does anything about it.
    Leave,
    /// Whoever opened it removes it, and nobody decides.
    TakeBack,
}

/// An opening as EC2 answered it.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// EC2's request id: the key of the change.
    pub(crate) id: String,
    /// The ids of its rules.
    pub(crate) rules: Vec<String>,
    /// Its only port, which no other opening has.
    pub(crate) port: i64,
    /// What was wanted of it.
    pub(crate) wish: Wish,
}

/// A message in the channel.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// The request that it is about.
    pub(crate) request: Option<String>,
    /// Its `ts`.
    pub(crate) ts: String,
    /// Its text.
    pub(crate) text: String,
}

/// What was decided.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    /// Whether it was a Deny.
    pub(crate) deny: bool,
    /// By whom.
    pub(crate) by: String,
    /// When it was stored.
    pub(crate) at: DateTime<Utc>,
}

/// An item of the table.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The attribute `state`.
    pub(crate) state: String,
    /// The state in the request.
    pub(crate) state_within: String,
    /// The attribute `revision`.
    pub(crate) revision: u64,
    /// The revision in the request.
    pub(crate) revision_within: u64,
    /// The card's version.
    pub(crate) version: u64,
    /// The version that Slack shows.
    pub(crate) rendered_version: u64,
    /// Whether work is due.
    pub(crate) due: bool,
    /// Whether a decision may come.
    pub(crate) open: bool,
    /// The decision.
    pub(crate) decision: Option<Decided>,
    /// How many decisions its history tells.
    pub(crate) decisions_told: usize,
    /// The text of the card of this state.
    pub(crate) text: String,
}

/// A call that took rules away, made by the functions.
#[derive(Clone, Debug)]
pub(crate) struct Revoke {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// The ports that it names.
    pub(crate) ports: Vec<i64>,
}

/// An alarm in a log.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    /// Its name.
    pub(crate) name: String,
    /// Whether it came after the faults had stopped.
    pub(crate) in_the_calm: bool,
}

/// The world at one moment, when nothing goes on in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// What people opened.
    pub(crate) openings: Vec<Opening>,
    /// The ingress rules that were there before.
    pub(crate) before: BTreeSet<String>,
    /// The ingress rules that are there, by id.
    pub(crate) standing: BTreeSet<String>,
    /// The channel.
    pub(crate) channel: Vec<Shown>,
    /// The table's requests.
    pub(crate) items: BTreeMap<String, Item>,
    /// The functions' own revokes.
    pub(crate) revokes: Vec<Revoke>,
    /// Who clicked Deny (`true`) or Approve on what.
    pub(crate) clicks: BTreeSet<(String, bool, String)>,
    /// The alarms.
    pub(crate) alarms: Vec<Alarm>,
    /// How many cards of a request were taken without an answer that says so.
    pub(crate) lost_posts: BTreeMap<String, usize>,
    /// How many functions were killed at work. Each may have posted a card and stored nothing about it; which, nobody sees.
    pub(crate) kills: usize,
    /// The services that were in trouble.
    pub(crate) troubled: BTreeSet<String>,
}

/// Everything that is not as it must be, in words.
#[must_use]
pub(crate) fn broken(world: &Snapshot) -> Vec<String> {
    let mut broken = Vec::new();
    for opening in &world.openings {
        let Some(item) = world.items.get(&opening.id) else {
            broken.push(format!("no change is lost: {} is not in the table", opening.id));
            continue;
        };
        broken.extend(of_the_item(&opening.id, item));
        broken.extend(of_the_decision(world, opening, item));
        broken.extend(of_the_rules(world, opening, item));
        broken.extend(of_the_cards(world, &opening.id, item));
    }
    broken.extend(of_the_whole(world));
    broken.extend(of_the_revokes(world));
    broken.extend(of_the_alarms(world));
    broken
}

fn of_the_item(id: &str, item: &Item) -> Vec<String> {
    let mut broken = Vec::new();
    if item.state != item.state_within || item.revision != item.revision_within {
        broken.push(format!("an item agrees with its request: {id} is {item:?}"));
    }
    if item.due {
        broken.push(format!("nothing is due: {id} is, as {}", item.state));
    }
    if item.version != item.rendered_version {
        broken.push(format!("a card was brought up to date: {id} shows {} of {}", item.rendered_version, item.version));
    }
    if item.open != (item.state == "Pending") {
        broken.push(format!("what awaits a decision is found by its group, and nothing else is: {id}, {}", item.state));
    }
    broken
}

fn of_the_decision(world: &Snapshot, opening: &Opening, item: &Item) -> Vec<String> {
    let id = &opening.id;
    let mut broken = Vec::new();
    let state = item.state.as_str();
    let fits = match (opening.wish, item.decision.as_ref().map(|decided| decided.deny)) {
        (Wish::Deny | Wish::Contest, Some(true)) => state == "Reverted",
        (Wish::Approve | Wish::Contest, Some(false)) => state == "Approved",
        (Wish::Leave, None) => state == "Pending",
        (Wish::TakeBack, None) => state == "Withdrawn",
        (Wish::Deny | Wish::Contest | Wish::Approve, None)
        | (Wish::Deny, Some(false))
        | (Wish::Approve, Some(true))
        | (Wish::Leave | Wish::TakeBack, Some(_)) => false,
    };
    if !fits {
        let (wish, decision) = (opening.wish, &item.decision);
        broken.push(format!("it ends as it was decided: {id} ({wish:?}) is {state}, by {decision:?}"));
    }
    if item.decisions_told != usize::from(item.decision.is_some()) {
        broken.push(format!("a decision exactly once: the history of {id} tells {}", item.decisions_told));
    }
    if let Some(decided) = &item.decision
        && !world.clicks.contains(&(decided.by.clone(), decided.deny, id.clone()))
    {
        broken.push(format!("a decision is somebody's click: {id} has {decided:?}"));
    }
    broken
}

fn of_the_rules(world: &Snapshot, opening: &Opening, item: &Item) -> Vec<String> {
    let (id, state) = (&opening.id, &item.state);
    let denied = item.decision.as_ref().is_some_and(|decided| decided.deny);
    let must_stand = !denied && opening.wish != Wish::TakeBack;
    let wrong = opening.rules.iter().filter(|rule| world.standing.contains(*rule) != must_stand);
    wrong
        .map(|rule| match must_stand {
            true => format!("what nobody denied stands: {rule} of {id} ({state}) is gone"),
            false => format!("what was denied is gone: {rule} of {id} ({state}) stands"),
        })
        .collect()
}

fn of_the_cards(world: &Snapshot, id: &str, item: &Item) -> Vec<String> {
    let cards: Vec<&Shown> = world.channel.iter().filter(|shown| shown.request.as_deref() == Some(id)).collect();
    let mut broken = Vec::new();
    if cards.is_empty() {
        broken.push(format!("a card at least once: {id} has none"));
    }
    for card in cards.iter().filter(|card| card.text != item.text) {
        let says: String = card.text.chars().take(90).collect();
        broken
            .push(format!("every card shows the last state: {} of {id} says {says:?}, it is {}", card.ts, item.state));
    }
    broken
}

fn of_the_whole(world: &Snapshot) -> Vec<String> {
    let mut broken = Vec::new();
    let opened: BTreeSet<&str> = world.openings.iter().map(|opening| opening.id.as_str()).collect();
    for id in world.items.keys().filter(|id| !opened.contains(id.as_str())) {
        broken.push(format!("nothing is made up: nobody opened {id}"));
    }
    for shown in &world.channel {
        if !shown.request.as_deref().is_some_and(|id| opened.contains(id)) {
            broken.push(format!("nothing is made up: message {} is about {:?}", shown.ts, shown.request));
        }
    }
    let doubled = doubled(world);
    let surplus: usize = doubled.values().sum();
    if surplus > world.kills {
        let kills = world.kills;
        broken.push(format!("a card once but for posts that were lost: beyond those {doubled:?}, and {kills} kills"));
    }
    for rule in world.before.difference(&world.standing) {
        broken.push(format!("what was there before stands: {rule} is gone"));
    }
    let known: BTreeSet<&String> =
        world.openings.iter().flat_map(|opening| &opening.rules).chain(&world.before).collect();
    for rule in world.standing.iter().filter(|rule| !known.contains(rule)) {
        broken.push(format!("Portcullis opens nothing: {rule} is nobody's"));
    }
    broken
}

/// The cards of each request beyond the first and those whose posts were lost: only kills account for them.
fn doubled(world: &Snapshot) -> BTreeMap<&str, usize> {
    let mut cards: BTreeMap<&str, usize> = BTreeMap::new();
    for id in world.channel.iter().filter_map(|shown| shown.request.as_deref()) {
        *cards.entry(id).or_default() += 1;
    }
    let accounted = |id: &str| 1 + world.lost_posts.get(id).copied().unwrap_or_default();
    cards
        .into_iter()
        .map(|(id, cards)| (id, cards.saturating_sub(accounted(id))))
        .filter(|(_, surplus)| *surplus > 0)
        .collect()
}

fn of_the_revokes(world: &Snapshot) -> Vec<String> {
    let mut broken = Vec::new();
    for revoke in &world.revokes {
        if revoke.ports.is_empty() {
            broken.push(format!("a revoke names rules: one at {} does not", revoke.at));
        }
        for port in &revoke.ports {
            let of = world.openings.iter().find(|opening| opening.port == *port);
            let decision = of.and_then(|opening| world.items.get(&opening.id)?.decision.as_ref());
            if !decision.is_some_and(|decided| decided.deny && decided.at <= revoke.at) {
                broken.push(format!("no revoke without a stored Deny: port {port} at {}, {decision:?}", revoke.at));
            }
        }
    }
    broken
}

fn of_the_alarms(world: &Snapshot) -> Vec<String> {
    let reasons: &[(&str, &[&str])] =
        &[("not_read", &["lake", "sts", "dynamodb"]), ("revert_failed", &["ec2", "sts", "dynamodb"])];
    let accounted = |alarm: &Alarm| {
        let services = reasons.iter().find(|(name, _)| *name == alarm.name).map(|(_, services)| *services);
        let in_trouble = services.unwrap_or_default().iter().any(|service| world.troubled.contains(*service));
        in_trouble && !alarm.in_the_calm
    };
    let unaccounted = world.alarms.iter().filter(|alarm| !accounted(alarm));
    unaccounted.map(|alarm| format!("no alarm that faults do not account for: {alarm:?}")).collect()
}

#[cfg(test)]
mod tests;
