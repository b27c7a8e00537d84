//! The table in memory: the same conditions, nonces and sparse indexes as `adapters::dynamodb`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use shared::{
    clock::delta,
    domain::{
        change::{GroupKey, Revocation},
        ids::{RequestId, RuleId},
        request::Request,
        step::Transition,
    },
    ports::{Commit, GroupNotes, Inserted, KnownValue, RequestStore, StoreError, Watermark},
};

use super::outside::{Lost, Outside, lock};

const MOST_NOTES: usize = 100;
const MOST_VALUES: usize = 20;

/// The table. Clones are the same table.
#[derive(Clone)]
pub struct MemoryStore {
    outside: Arc<Outside>,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    items: BTreeMap<RequestId, Item>,
    watermarks: BTreeMap<String, Watermark>,
    groups: BTreeMap<GroupKey, GroupNotes>,
    damaged_groups: BTreeSet<GroupKey>,
    values: BTreeMap<(GroupKey, RuleId), Vec<KnownValue>>,
    free_from: Option<DateTime<Utc>>,
}

/// A request as it lies in the table: its JSON, what conditions are held against, and the keys of the sparse indexes.
struct Item {
    json: String,
    state: &'static str,
    revision: u64,
    nonce: String,
    due_at: Option<i64>,
    open_group: Option<GroupKey>,
}

impl Item {
    fn of(request: &Request) -> Self {
        Self {
            json: serde_json::to_string(request).expect("a request is JSON"),
            state: request.state.name(),
            revision: request.revision,
            nonce: request.nonce.clone(),
            due_at: request.due_at().map(|at| at.timestamp_millis()),
            open_group: request.open_group(),
        }
    }

    fn read(&self, id: &RequestId) -> Result<Request, StoreError> {
        serde_json::from_str(&self.json)
            .map_err(|error| StoreError::Corrupt { what: id.to_string(), why: error.to_string() })
    }
}

impl Table {
    fn notes(&mut self, group: &GroupKey) -> Result<&mut GroupNotes, StoreError> {
        if self.damaged_groups.contains(group) {
            return Err(StoreError::Corrupt { what: format!("#group/{group}"), why: "damaged".to_owned() });
        }
        Ok(self.groups.entry(group.clone()).or_default())
    }
}

impl MemoryStore {
    /// An empty table.
    #[must_use]
    pub fn new(outside: Arc<Outside>) -> Self {
        Self { outside, table: Arc::default() }
    }

    /// The same table, as another invocation sees it.
    #[must_use]
    pub fn seen_by(&self, outside: Arc<Outside>) -> Self {
        Self { outside, table: Arc::clone(&self.table) }
    }

    /// An item's JSON, as it lies in the table.
    #[must_use]
    pub fn raw(&self, id: &RequestId) -> Option<String> {
        lock(&self.table).items.get(id).map(|item| item.json.clone())
    }

    /// When the next item is due.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        let due = lock(&self.table).items.values().filter_map(|item| item.due_at).min();
        due.and_then(DateTime::from_timestamp_millis)
    }

    /// The request as it is stored.
    #[must_use]
    pub fn stored(&self, id: &RequestId) -> Option<Request> {
        lock(&self.table).items.get(id).map(|item| item.read(id).expect("a readable item"))
    }

    /// Every request, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Request> {
        lock(&self.table).items.iter().map(|(id, item)| item.read(id).expect("a readable item")).collect()
    }

    /// The ids of all items.
    #[must_use]
    pub fn ids(&self) -> Vec<RequestId> {
        lock(&self.table).items.keys().cloned().collect()
    }

    /// How far the source was read.
    #[must_use]
    pub fn mark(&self, source: &str) -> Option<Watermark> {
        lock(&self.table).watermarks.get(source).copied()
    }

    /// Somebody damages an item; the indexes still hold it.
    pub fn damage(&self, id: &RequestId) {
        lock(&self.table).items.get_mut(id).expect("the item").json = "{\"change\":".to_owned();
    }

    /// Somebody damages the notes of a group.
    pub fn damage_notes(&self, group: &GroupKey) {
        lock(&self.table).damaged_groups.insert(group.clone());
    }

    async fn call<T>(
        &self,
        method: &'static str,
        about: impl ToString,
        act: impl FnOnce(&mut Table) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let about = about.to_string();
        match self.outside.call("store", method, &about, |_| act(&mut lock(&self.table))).await {
            Ok(done) => done,
            Err(Lost::Denied) => {
                Err(StoreError::Refused { doing: method, what: about, why: "AccessDeniedException".to_owned() })
            }
            Err(lost @ (Lost::Throttled | Lost::ServerError | Lost::NoAnswer)) => {
                Err(StoreError::Unavailable { doing: method, what: about, why: format!("{lost:?}") })
            }
        }
    }
}

impl RequestStore for MemoryStore {
    async fn insert(&self, request: &Request, _record: &str) -> Result<Inserted, StoreError> {
        self.call("insert", &request.change.id, |table| match table.items.get(&request.change.id) {
            Some(item) if item.nonce == request.nonce => Ok(Inserted::New),
            Some(_) => Ok(Inserted::Known),
            None => {
                table.items.insert(request.change.id.clone(), Item::of(request));
                Ok(Inserted::New)
            }
        })
        .await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Request>, StoreError> {
        self.call("load", id, |table| table.items.get(id).map(|item| item.read(id)).transpose()).await
    }

    async fn commit(&self, transition: Transition) -> Result<Commit, StoreError> {
        let Transition { guard, next, effects } = transition;
        let id = next.change.id.clone();
        self.call("commit", &id, |table| {
            let Some(old) = table.items.get(&id) else { return Ok(Commit::Lost { current: None }) };
            if old.state == guard.state && old.revision == guard.revision {
                table.items.insert(id.clone(), Item::of(&next));
                return Ok(Commit::Won { request: Box::new(next), effects });
            }
            if old.nonce == next.nonce {
                return Ok(Commit::Won { request: Box::new(next), effects });
            }
            Ok(Commit::Lost { current: Some(Box::new(old.read(&id)?)) })
        })
        .await
    }

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<RequestId>, StoreError> {
        self.call("due", "all", |table| {
            let items = table.items.iter();
            let mut due: Vec<_> = items
                .filter_map(|(id, item)| Some((item.due_at.filter(|at| *at <= now.timestamp_millis())?, id.clone())))
                .collect();
            due.sort();
            Ok(due.into_iter().map(|(_, id)| id).collect())
        })
        .await
    }

    async fn open_in(&self, group: &GroupKey) -> Result<Vec<RequestId>, StoreError> {
        self.call("open_in", group, |table| {
            let open = table.items.iter().filter(|(_, item)| item.open_group.as_ref() == Some(group));
            Ok(open.map(|(id, _)| id.clone()).collect())
        })
        .await
    }

    async fn watermark(&self, source: &str) -> Result<Option<Watermark>, StoreError> {
        self.call("watermark", source, |table| Ok(table.watermarks.get(source).copied())).await
    }

    async fn set_watermark(&self, source: &str, to: Watermark) -> Result<(), StoreError> {
        self.call("set_watermark", source, |table| {
            let next = table.watermarks.get(source).map_or(to, |stored| Watermark {
                until: stored.until.max(to.until),
                first_from: stored.first_from.min(to.first_from),
                reconciled_at: stored.reconciled_at.max(to.reconciled_at),
            });
            table.watermarks.insert(source.to_owned(), next);
            Ok(())
        })
        .await
    }

    async fn next_post_slot(&self, now: DateTime<Utc>, pace: Duration) -> Result<DateTime<Utc>, StoreError> {
        self.call("next_post_slot", "#pace", |table| {
            let slot = table.free_from.map_or(now, |free| free.max(now));
            table.free_from = Some(slot + delta(pace));
            Ok(slot)
        })
        .await
    }

    async fn group_notes(&self, group: &GroupKey) -> Result<GroupNotes, StoreError> {
        self.call("group_notes", group, |table| table.notes(group).cloned()).await
    }

    async fn note_revocation(&self, group: &GroupKey, revocation: &Revocation) -> Result<(), StoreError> {
        self.call("note_revocation", group, |table| {
            let revocations = &mut table.notes(group)?.revocations;
            if revocations.iter().all(|known| known.id != revocation.id) {
                revocations.push(revocation.clone());
            }
            revocations.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
            keep_last(revocations, MOST_NOTES);
            Ok(())
        })
        .await
    }

    async fn note_own_revoke(
        &self,
        group: &GroupKey,
        at: DateTime<Utc>,
        request_id: Option<&str>,
    ) -> Result<(), StoreError> {
        self.call("note_own_revoke", group, |table| {
            let notes = table.notes(group)?;
            notes.attempted_at = notes.attempted_at.max(Some(at));
            if let Some(id) = request_id
                && !notes.own_revokes.iter().any(|known| known == id)
            {
                notes.own_revokes.push(id.to_owned());
            }
            keep_last(&mut notes.own_revokes, MOST_NOTES);
            Ok(())
        })
        .await
    }

    async fn known_values(&self, group: &GroupKey, rule: &RuleId) -> Result<Vec<KnownValue>, StoreError> {
        let key = (group.clone(), rule.clone());
        self.call("known_values", rule, |table| Ok(table.values.get(&key).cloned().unwrap_or_default())).await
    }

    async fn note_value(&self, group: &GroupKey, rule: &RuleId, value: &KnownValue) -> Result<(), StoreError> {
        let key = (group.clone(), rule.clone());
        self.call("note_value", rule, |table| {
            let values = table.values.entry(key).or_default();
            if values.iter().all(|known| known.by != value.by) {
                values.push(value.clone());
            }
            values.sort_by(|one, other| (one.at, &one.by).cmp(&(other.at, &other.by)));
            keep_last(values, MOST_VALUES);
            Ok(())
        })
        .await
    }
}

fn keep_last<T>(list: &mut Vec<T>, most: usize) {
    list.drain(..list.len().saturating_sub(most));
}
