//! Records -> stored requests. A pushed record and a queried one take this same way.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    clock::Deadline,
    domain::{
        change::{Change, Lookup, Opening, Reading, Revocation, RuleName},
        record,
        request::Request,
        rule::IngressRule,
    },
    flows::{
        context::{Context, unless_damaged},
        reopen::{judge_again, reopen_what_came_after},
        report::Report,
        resolve::{Resolution, resolve},
        withdraw::{Withdrawal, withdraw, withdraw_if_noted},
    },
    ports::{Firewall, Inserted, KnownValue, RequestStore, StoreError},
};

/// Groups whose records are taken in side by side.
const GROUPS_AT_ONCE: usize = 8;

/// Values of rules that are noted side by side.
const NOTES_AT_ONCE: usize = 16;

/// What became of a batch of records.
#[derive(Debug, Default)]
pub struct Taken {
    /// The counts.
    pub report: Report,
    /// The records that could not be stored, by their place in the batch: they have to be read again.
    pub failed: Vec<Failed>,
}

/// A record that could not be stored.
#[derive(Debug)]
pub struct Failed {
    /// Its place in the batch.
    pub place: usize,
    /// Its event's time.
    pub at: DateTime<Utc>,
}

/// Takes in a batch of records. One bad record never stops the others; what is not begun at `until` comes back as failed.
pub async fn take<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    texts: &[String],
    until: Deadline,
) -> Taken {
    let now = context.clock.now();
    let mut readings: Vec<(usize, Reading)> =
        texts.iter().enumerate().map(|(place, text)| (place, record::read(text, now))).collect();
    // In the order of the events, so that a modification finds the value that its rule had before.
    readings.sort_by_key(|(place, reading)| (time(reading), *place));
    let mut by_group: BTreeMap<String, Vec<(usize, Reading)>> = BTreeMap::new();
    let mut taken = Taken::default();
    taken.report.records = u64::try_from(texts.len()).unwrap_or(u64::MAX);
    for (place, reading) in readings {
        match reading {
            Reading::Ignored(reason) => taken.report.ignore(reason),
            // Only records of one group have an order between them.
            Reading::Change(_) | Reading::Revocation(_) => {
                by_group.entry(group_of(&reading, place)).or_default().push((place, reading));
            }
        }
    }
    let parts: Vec<Taken> = stream::iter(by_group.into_values())
        .map(|readings| take_in_order(context, readings, texts, until))
        .buffer_unordered(GROUPS_AT_ONCE)
        .collect()
        .await;
    for part in parts {
        taken.report.add(&part.report);
        taken.failed.extend(part.failed);
    }
    taken
}

async fn take_in_order<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    readings: Vec<(usize, Reading)>,
    texts: &[String],
    until: Deadline,
) -> Taken {
    let mut taken = Taken::default();
    for (place, reading) in readings {
        let now = context.clock.now();
        let at = time(&reading).unwrap_or(now);
        if now >= until.0 {
            taken.failed.push(Failed { place, at });
            continue;
        }
        let text = texts.get(place).map_or("", String::as_str);
        match take_one(context, reading, text, &mut taken.report).await {
            Ok(()) => {}
            Err(error @ StoreError::Corrupt { .. }) => {
                // Reading it again would find the same item: a person has to look.
                tracing::error!(alarm = "damaged_item", %error, place, "a record met a bad item and was left out");
                taken.report.failed += 1;
            }
            Err(error @ (StoreError::Unavailable { .. } | StoreError::Refused { .. })) => {
                tracing::error!(%error, place, "a record was not stored; it is read again");
                taken.report.failed += 1;
                taken.failed.push(Failed { place, at });
            }
        }
    }
    taken
}

fn group_of(reading: &Reading, place: usize) -> String {
    let of = match reading {
        Reading::Change(change) => change.place.group_key(),
        Reading::Revocation(revocation) => revocation.place.group_key(),
        Reading::Ignored(_) => None,
    };
    of.map_or_else(|| format!("#{place}"), |group| group.to_string())
}

fn time(reading: &Reading) -> Option<DateTime<Utc>> {
    match reading {
        Reading::Change(change) => Some(change.at),
        Reading::Revocation(revocation) => Some(revocation.at),
        Reading::Ignored(_) => None,
    }
}

async fn take_one<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    reading: Reading,
    text: &str,
    report: &mut Report,
) -> Result<(), StoreError> {
    match reading {
        Reading::Change(change) => announce(context, change, text, report).await,
        Reading::Revocation(revocation) => revoked(context, &revocation, report).await,
        Reading::Ignored(reason) => {
            report.ignore(reason);
            Ok(())
        }
    }
}

async fn revoked<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    revocation: &Revocation,
    report: &mut Report,
) -> Result<(), StoreError> {
    match withdraw(context, revocation).await? {
        Withdrawal::Noted(count) => report.withdrawn += count,
        Withdrawal::Ignored(reason) => report.ignore(reason),
    }
    Ok(())
}

/// Stores a change once. A modification is described first; what EC2 does not tell now is asked again before the post.
async fn announce<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    mut change: Change,
    text: &str,
    report: &mut Report,
) -> Result<(), StoreError> {
    // Overlapping windows read everything several times: a look is cheaper than a write that fails.
    if let Some(known) = context.store.load(&change.id).await? {
        // A crash between the insert and the look at the group's notes is mended here.
        if known.state.awaits_decision() {
            report.withdrawn += u64::from(withdraw_if_noted(context, &known).await?);
        }
        judge_again(context, &known).await?;
        return Ok(());
    }
    let mut dismissed = None;
    if let Opening::Unresolved(lookup) = change.opening.clone() {
        note_modified(context, &change, &lookup).await?;
        match resolve(context, &change, &lookup).await? {
            Resolution::Opening(opening) => change.opening = opening,
            Resolution::Ignored { reason, rules } => {
                change.opening = Opening::Unresolved(Lookup::Modified { rules });
                dismissed = Some(reason);
            }
            Resolution::Later(error) => tracing::warn!(%error, id = %change.id, "not described yet; asked again later"),
        }
    }
    // Before the insert: a crash in between leaves a value too many, never one too few.
    note_values(context, &change).await?;
    let nonce = context.entropy.nonce();
    let now = context.clock.now();
    let request = match dismissed {
        Some(reason) => Request::ignored(change, reason, now, nonce),
        None => Request::new(change, now, nonce),
    };
    match (context.store.insert(&request, text).await?, dismissed) {
        (Inserted::New, Some(reason)) => {
            report.ignore(reason);
            // Only after the insert: whoever denies the value that it was judged by then finds it, or is found.
            judge_again(context, &request).await?;
        }
        (Inserted::New, None) => {
            report.new += 1;
            judge_again(context, &request).await?;
            report.withdrawn += u64::from(withdraw_if_noted(context, &request).await?);
        }
        // Another poller was faster.
        (Inserted::Known, _) => {}
    }
    Ok(())
}

/// Notes the values that a change gave its rules, under their ids or, without, under their properties.
pub(super) async fn note_values<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    change: &Change,
) -> Result<(), StoreError> {
    let rules = change.opening.rules().iter();
    note_all(context, change, rules.map(|rule| (rule.name(), rule.rule.clone())).collect()).await
}

/// Some at a time: a call may open a thousand rules.
async fn note_all<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    change: &Change,
    values: Vec<(RuleName, IngressRule)>,
) -> Result<(), StoreError> {
    let Some(group) = change.place.group_key() else { return Ok(()) };
    let group = &group;
    stream::iter(values)
        .map(|(name, rule)| async move {
            let value = KnownValue { at: change.at, by: change.id.clone(), rule };
            unless_damaged(context.store.note_value(group, &name, &value).await)
        })
        .buffer_unordered(NOTES_AT_ONCE)
        .try_collect()
        .await
}

/// A modification that is ignored changed its rule all the same: the next one is judged by the value it left.
async fn note_modified<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    change: &Change,
    lookup: &Lookup,
) -> Result<(), StoreError> {
    let Lookup::Modified { rules } = lookup else { return Ok(()) };
    let values = rules.iter().filter_map(|rule| Some((RuleName::Id(rule.id.clone()), rule.to.clone()?))).collect();
    note_all(context, change, values).await?;
    reopen_what_came_after(context, change, rules).await
}
