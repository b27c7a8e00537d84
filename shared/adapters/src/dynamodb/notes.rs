//! The items that are no requests: watermarks, what is known of a group, and the values that a rule had.
//!
//! Each is read, amended and written back under the condition that nobody wrote it in between. Every amendment can be
//! repeated, so a write whose answer was lost needs no nonce: the next reading finds it done.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{operation::put_item::PutItemError, types::AttributeValue};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{
    clock::{Entropy, delta},
    domain::{
        change::{GroupKey, Revocation, RuleName},
        ids::RequestId,
        request::SCHEMA,
        rule::IngressRule,
    },
    ports::{GroupNotes, KnownValue, RevertNote, StoreError, Watermark, keep_last},
};

use super::{
    Table, blob,
    failure::Call,
    item::{self, Item, KEY, number, read_number, text},
};

/// How often an amendment is tried anew when others write the same item.
const ATTEMPTS: u32 = 20;

/// Each further try waits longer by so much, jittered: many reverts of one group may begin in the same moment.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);

/// How far ahead moments for new messages are given out.
const LONGEST_QUEUE: TimeDelta = TimeDelta::minutes(10);

const MOST_REVOCATIONS: usize = 100;
const MOST_OF_REVERTS: usize = 100;
const MOST_VALUES: usize = 20;

/// DynamoDB's limit is 400 KB; the rest of the item is small.
const LARGEST_NOTE: usize = 350 * 1024;

/// How far a source was read.
pub(super) async fn watermark(table: &Table, source: &str) -> Result<Option<Watermark>, StoreError> {
    let key = watermark_key(source);
    let item = table.get(Call { doing: "load", what: &key }, &key).await?;
    item.as_ref().map(|item| read_watermark(&key, item)).transpose()
}

/// Moves a watermark forward, never back.
pub(super) async fn set_watermark(table: &Table, source: &str, to: Watermark) -> Result<(), StoreError> {
    let key = watermark_key(source);
    amend(table, &key, |item| {
        let stored = item.map(|item| read_watermark(&key, item)).transpose()?;
        let next = stored.map_or(to, |stored| Watermark {
            until: stored.until.max(to.until),
            first_from: stored.first_from.min(to.first_from),
            reconciled_at: stored.reconciled_at.max(to.reconciled_at),
        });
        Ok((stored.map(in_millis) != Some(in_millis(next))).then(|| {
            let [until, first_from, reconciled_at] = in_millis(next);
            vec![("until", number(until)), ("first_from", number(first_from)), ("reconciled_at", number(reconciled_at))]
        }))
    })
    .await
}

fn watermark_key(source: &str) -> String {
    format!("#watermark/{source}")
}

fn in_millis(mark: Watermark) -> [i64; 3] {
    [mark.until, mark.first_from, mark.reconciled_at].map(|at| at.timestamp_millis())
}

/// Only `until` has to be there: an operator who moves it by hand need not know the others. Without a first window nothing
/// counts as older than it; the re-scan counts from `until`.
fn read_watermark(key: &str, item: &Item) -> Result<Watermark, StoreError> {
    let corrupt = |name: &str| StoreError::Corrupt {
        what: key.to_owned(),
        why: format!("its attribute `{name}` is no time; it takes epoch milliseconds"),
    };
    let time = |name: &str, default: DateTime<Utc>| match item.get(name) {
        None => Ok(default),
        Some(value) => read_number(value).and_then(DateTime::from_timestamp_millis).ok_or_else(|| corrupt(name)),
    };
    let until = item
        .get("until")
        .and_then(read_number)
        .and_then(DateTime::from_timestamp_millis)
        .ok_or_else(|| corrupt("until"))?;
    Ok(Watermark {
        until,
        first_from: time("first_from", DateTime::UNIX_EPOCH)?,
        reconciled_at: time("reconciled_at", until)?,
    })
}

/// The item that paces new messages, whichever invocation posts them.
const PACE: &str = "#pace/slack";

/// Takes the next free moment for a new message. Where the answer to the write is lost, a moment goes unused.
pub(super) async fn next_post_slot(
    table: &Table,
    now: DateTime<Utc>,
    pace: Duration,
) -> Result<DateTime<Utc>, StoreError> {
    let mine = Mutex::new(now);
    amend(table, PACE, |item| {
        let free = item
            .and_then(|item| item.get("free_from"))
            .and_then(read_number)
            .and_then(DateTime::from_timestamp_millis)
            .unwrap_or(now);
        // A moment far ahead is no queue but a clock that was wrong.
        let slot = if free - now > LONGEST_QUEUE { now } else { free.max(now) };
        *mine.lock().unwrap_or_else(PoisonError::into_inner) = slot;
        Ok(Some(vec![("free_from", number((slot + delta(pace)).timestamp_millis()))]))
    })
    .await?;
    Ok(mine.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// [`GroupNotes`] as stored.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct StoredNotes {
    revocations: Vec<Revocation>,
    attempted_at: Option<DateTime<Utc>>,
    own_revokes: Vec<String>,
    #[serde(default)]
    reverting: Vec<RequestId>,
}

/// What is noted of a group.
pub(super) async fn group(table: &Table, group: &GroupKey) -> Result<GroupNotes, StoreError> {
    let StoredNotes { revocations, attempted_at, own_revokes, reverting } = note(table, &group_key(group)).await?;
    Ok(GroupNotes { revocations, attempted_at, own_revokes, reverting })
}

/// Notes a revoke by somebody else.
pub(super) async fn note_revocation(
    table: &Table,
    group: &GroupKey,
    revocation: &Revocation,
) -> Result<(), StoreError> {
    amend_note(table, &group_key(group), revocation.at, |notes: &mut StoredNotes| {
        if notes.revocations.iter().all(|known| known.id != revocation.id) {
            notes.revocations.push(revocation.clone());
        }
        notes.revocations.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
        keep_last(&mut notes.revocations, MOST_REVOCATIONS);
    })
    .await
}

/// Notes a step of a revert of ours.
pub(super) async fn note_revert(
    table: &Table,
    group: &GroupKey,
    at: DateTime<Utc>,
    step: &RevertNote,
) -> Result<(), StoreError> {
    amend_note(table, &group_key(group), at, |stored: &mut StoredNotes| {
        let StoredNotes { revocations, attempted_at, own_revokes, reverting } = std::mem::take(stored);
        let mut notes = GroupNotes { revocations, attempted_at, own_revokes, reverting };
        notes.note_revert(at, step, MOST_OF_REVERTS);
        let GroupNotes { revocations, attempted_at, own_revokes, reverting } = notes;
        *stored = StoredNotes { revocations, attempted_at, own_revokes, reverting };
    })
    .await
}

fn group_key(group: &GroupKey) -> String {
    format!("#group/{group}")
}

/// [`KnownValue`] as stored.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct StoredValue {
    at: DateTime<Utc>,
    by: RequestId,
    rule: IngressRule,
}

/// The values that a rule is known to have had, in the order of their events.
pub(super) async fn known_values(
    table: &Table,
    group: &GroupKey,
    rule: &RuleName,
) -> Result<Vec<KnownValue>, StoreError> {
    let values: Vec<StoredValue> = note(table, &rule_key(group, rule)).await?;
    Ok(values.into_iter().map(|StoredValue { at, by, rule }| KnownValue { at, by, rule }).collect())
}

/// Notes the value that a rule has since an event.
pub(super) async fn note_value(
    table: &Table,
    group: &GroupKey,
    rule: &RuleName,
    value: &KnownValue,
) -> Result<(), StoreError> {
    amend_note(table, &rule_key(group, rule), value.at, |values: &mut Vec<StoredValue>| {
        if values.iter().all(|known| known.by != value.by) {
            values.push(StoredValue { at: value.at, by: value.by.clone(), rule: value.rule.clone() });
        }
        values.sort_by(|one, other| (one.at, &one.by).cmp(&(other.at, &other.by)));
        keep_last(values, MOST_VALUES);
    })
    .await
}

fn rule_key(group: &GroupKey, rule: &RuleName) -> String {
    format!("#rule/{group}/{rule}")
}

/// Something that can be cut down to fit into an item.
trait Note: Clone + Default + PartialEq + Serialize + DeserializeOwned {
    /// Drops the older half of what there is; `false` if there is nothing to drop.
    fn shrink(&mut self) -> bool;
}

impl Note for StoredNotes {
    fn shrink(&mut self) -> bool {
        drop_older_half(&mut self.revocations)
    }
}

impl Note for Vec<StoredValue> {
    fn shrink(&mut self) -> bool {
        drop_older_half(self)
    }
}

fn drop_older_half<T>(list: &mut Vec<T>) -> bool {
    let half = list.len().div_ceil(2);
    list.drain(..half);
    half > 0
}

async fn note<T: Note>(table: &Table, key: &str) -> Result<T, StoreError> {
    let item = table.get(Call { doing: "load", what: key }, key).await?;
    item.map_or_else(|| Ok(T::default()), |item| read_note(key, &item))
}

fn read_note<T: Note>(key: &str, item: &Item) -> Result<T, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt { what: key.to_owned(), why };
    item::schema(item).map_err(corrupt)?;
    let json = item.get("note").ok_or_else(|| corrupt("it has no attribute `note`".to_owned()))?;
    let json = blob::read(json).map_err(|why| corrupt(format!("its attribute `note` {why}")))?;
    serde_json::from_str(&json).map_err(|error| corrupt(format!("its attribute `note`: {error}")))
}

/// Changes a note; it stays for the retention after the newest of the events that it was changed for.
async fn amend_note<T: Note>(
    table: &Table,
    key: &str,
    at: DateTime<Utc>,
    change: impl Fn(&mut T),
) -> Result<(), StoreError> {
    let expires_at = at.checked_add_signed(table.retention).unwrap_or(DateTime::<Utc>::MAX_UTC).timestamp();
    amend(table, key, |item| {
        let stored: T = item.map_or_else(|| Ok(T::default()), |item| read_note(key, item))?;
        let mut next = stored.clone();
        change(&mut next);
        if item.is_some() && next == stored {
            return Ok(None);
        }
        let stored_expiry = item.and_then(|item| item.get("expires_at")).and_then(read_number);
        Ok(Some(vec![
            ("note", write_note(key, next)?),
            ("expires_at", number(expires_at.max(stored_expiry.unwrap_or(expires_at)))),
        ]))
    })
    .await
}

fn write_note<T: Note>(key: &str, mut note: T) -> Result<AttributeValue, StoreError> {
    let call = Call { doing: "write", what: key };
    loop {
        let json = serde_json::to_string(&note).map_err(|error| call.refused(error.to_string()))?;
        let value = blob::write(json).map_err(|error| call.refused(error.to_string()))?;
        if blob::size(&value) <= LARGEST_NOTE || !note.shrink() {
            return Ok(value);
        }
    }
}

/// Reads an item, has it amended, and writes it back unless somebody else did in between. `None`: nothing to write.
async fn amend(
    table: &Table,
    key: &str,
    next: impl Fn(Option<&Item>) -> Result<Option<Vec<(&'static str, AttributeValue)>>, StoreError>,
) -> Result<(), StoreError> {
    let call = Call { doing: "write", what: key };
    let entropy = Entropy::from_os();
    for attempt in 0..ATTEMPTS {
        tokio::time::sleep(entropy.jitter(BETWEEN_ATTEMPTS * attempt)).await;
        let stored = table.get(call, key).await?;
        let Some(attributes) = next(stored.as_ref())? else { return Ok(()) };
        let revision = stored.as_ref().map(|item| item.get("revision").and_then(read_number));
        let put = table
            .client
            .put_item()
            .table_name(&table.name)
            .set_item(Some(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
            .item(KEY, text(key))
            .item("schema", number(SCHEMA))
            .item("revision", number(revision.flatten().unwrap_or_default() + 1));
        let put = match revision {
            None => put.condition_expression("attribute_not_exists(requestid)"),
            // Written by hand, without a revision.
            Some(None) => put.condition_expression("attribute_exists(requestid) AND attribute_not_exists(revision)"),
            Some(Some(revision)) => put
                .condition_expression("revision = :revision")
                .expression_attribute_values(":revision", number(revision)),
        };
        match put.send().await {
            Ok(_) => return Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => {}
                Some(_) | None => return Err(call.failed(&error)),
            },
        }
    }
    Err(call.unavailable(format!("others wrote it {ATTEMPTS} times in between")))
}
