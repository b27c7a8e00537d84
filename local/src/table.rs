//! The table `secgrouprequests` in memory: the same conditions, nonces and sparse indexes as `adapters::dynamodb`.
//!
//! [`Table`] is the pure part, one method an operation of [`RequestStore`]; [`MemoryTable`] is that port. It serves the
//! replay of a history, and the stories of the flows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use shared::{
    clock::delta,
    domain::{
        change::{GroupKey, Revocation, RuleName},
        ids::RequestId,
        request::Request,
        step::Transition,
    },
    ports::{Commit, GroupNotes, Inserted, KnownValue, RequestStore, RevertNote, StoreError, Watermark, keep_last},
};

const MOST_NOTES: usize = 100;
const MOST_VALUES: usize = 20;

/// The items and the notes. Every method takes effect at once and wholly.
#[derive(Default)]
pub struct Table {
    items: BTreeMap<RequestId, Item>,
    open: BTreeMap<GroupKey, BTreeSet<RequestId>>,
    watermarks: BTreeMap<String, Watermark>,
    groups: BTreeMap<GroupKey, GroupNotes>,
    damaged_groups: BTreeSet<GroupKey>,
    values: BTreeMap<(GroupKey, RuleName), Vec<KnownValue>>,
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
    fn of(request: &Request) -> Result<Self, StoreError> {
        Ok(Self {
            json: serde_json::to_string(request).map_err(|error| corrupt(&request.change.id, &error))?,
            state: request.state.name(),
            revision: request.revision,
            nonce: request.nonce.clone(),
            due_at: request.due_at().map(|at| at.timestamp_millis()),
            open_group: request.open_group(),
        })
    }

    fn read(&self, id: &RequestId) -> Result<Request, StoreError> {
        serde_json::from_str(&self.json).map_err(|error| corrupt(id, &error))
    }
}

fn corrupt(id: &RequestId, error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: id.to_string(), why: error.to_string() }
}

impl Table {
    /// The ids of all items.
    pub fn ids(&self) -> impl Iterator<Item = &RequestId> {
        self.items.keys()
    }

    /// An item's JSON, as it lies in the table.
    #[must_use]
    pub fn raw(&self, id: &RequestId) -> Option<&str> {
        self.items.get(id).map(|item| item.json.as_str())
    }

    /// When the next item is due, in epoch milliseconds.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        self.items.values().filter_map(|item| item.due_at).min()
    }

    /// Every request, by id.
    pub fn all(&self) -> impl Iterator<Item = Result<Request, StoreError>> {
        self.items.iter().map(|(id, item)| item.read(id))
    }

    /// Somebody damages an item; the indexes still hold it. False if there is none.
    pub fn damage(&mut self, id: &RequestId) -> bool {
        self.items.get_mut(id).map(|item| "{\"change\":".clone_into(&mut item.json)).is_some()
    }

    /// Somebody damages the notes of a group.
    pub fn damage_notes(&mut self, group: &GroupKey) {
        self.damaged_groups.insert(group.clone());
    }

    /// [`RequestStore::insert`].
    ///
    /// # Errors
    /// The request can't be written as JSON.
    pub fn insert(&mut self, request: &Request) -> Result<Inserted, StoreError> {
        match self.items.get(&request.change.id) {
            Some(item) if item.nonce == request.nonce => Ok(Inserted::New),
            Some(_) => Ok(Inserted::Known),
            None => {
                self.put(request)?;
                Ok(Inserted::New)
            }
        }
    }

    /// [`RequestStore::load`].
    ///
    /// # Errors
    /// The item was damaged.
    pub fn load(&self, id: &RequestId) -> Result<Option<Request>, StoreError> {
        self.items.get(id).map(|item| item.read(id)).transpose()
    }

    /// [`RequestStore::commit`].
    ///
    /// # Errors
    /// The item was damaged.
    pub fn commit(&mut self, transition: Transition) -> Result<Commit, StoreError> {
        let Transition { guard, next, effects } = transition;
        let id = next.change.id.clone();
        let Some(old) = self.items.get(&id) else { return Ok(Commit::Lost { current: None }) };
        if old.state == guard.state && old.revision == guard.revision {
            self.put(&next)?;
            return Ok(Commit::Won { request: Box::new(next), effects });
        }
        if old.nonce == next.nonce {
            return Ok(Commit::Won { request: Box::new(next), effects });
        }
        Ok(Commit::Lost { current: Some(Box::new(old.read(&id)?)) })
    }

    /// [`RequestStore::due`].
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>) -> Vec<RequestId> {
        let items = self.items.iter();
        let mut due: Vec<_> = items
            .filter_map(|(id, item)| Some((item.due_at.filter(|at| *at <= now.timestamp_millis())?, id.clone())))
            .collect();
        due.sort();
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// [`RequestStore::open_in`].
    #[must_use]
    pub fn open_in(&self, group: &GroupKey) -> Vec<RequestId> {
        self.open.get(group).map(|ids| ids.iter().cloned().collect()).unwrap_or_default()
    }

    /// [`RequestStore::watermark`].
    #[must_use]
    pub fn watermark(&self, source: &str) -> Option<Watermark> {
        self.watermarks.get(source).copied()
    }

    /// [`RequestStore::set_watermark`].
    pub fn set_watermark(&mut self, source: &str, to: Watermark) {
        let next = self.watermarks.get(source).map_or(to, |stored| Watermark {
            until: stored.until.max(to.until),
            first_from: stored.first_from.min(to.first_from),
            reconciled_at: stored.reconciled_at.max(to.reconciled_at),
        });
        self.watermarks.insert(source.to_owned(), next);
    }

    /// [`RequestStore::next_post_slot`].
    pub fn next_post_slot(&mut self, now: DateTime<Utc>, pace: Duration) -> DateTime<Utc> {
        let slot = self.free_from.map_or(now, |free| free.max(now));
        self.free_from = Some(slot + delta(pace));
        slot
    }

    /// [`RequestStore::group_notes`].
    ///
    /// # Errors
    /// The notes were damaged.
    pub fn group_notes(&mut self, group: &GroupKey) -> Result<GroupNotes, StoreError> {
        self.notes(group).cloned()
    }

    /// [`RequestStore::note_revocation`].
    ///
    /// # Errors
    /// The notes were damaged.
    pub fn note_revocation(&mut self, group: &GroupKey, revocation: &Revocation) -> Result<(), StoreError> {
        let revocations = &mut self.notes(group)?.revocations;
        if revocations.iter().all(|known| known.id != revocation.id) {
            revocations.push(revocation.clone());
        }
        revocations.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
        keep_last(revocations, MOST_NOTES);
        Ok(())
    }

    /// [`RequestStore::note_revert`].
    ///
    /// # Errors
    /// The notes were damaged.
    pub fn note_revert(&mut self, group: &GroupKey, at: DateTime<Utc>, note: &RevertNote) -> Result<(), StoreError> {
        self.notes(group)?.note_revert(at, note, MOST_NOTES);
        Ok(())
    }

    /// [`RequestStore::known_values`].
    #[must_use]
    pub fn known_values(&self, group: &GroupKey, rule: &RuleName) -> Vec<KnownValue> {
        self.values.get(&(group.clone(), rule.clone())).cloned().unwrap_or_default()
    }

    /// [`RequestStore::note_value`].
    pub fn note_value(&mut self, group: &GroupKey, rule: &RuleName, value: &KnownValue) {
        let values = self.values.entry((group.clone(), rule.clone())).or_default();
        if values.iter().all(|known| known.by != value.by) {
            values.push(value.clone());
        }
        values.sort_by(|one, other| (one.at, &one.by).cmp(&(other.at, &other.by)));
        keep_last(values, MOST_VALUES);
    }

    fn put(&mut self, request: &Request) -> Result<(), StoreError> {
        let (id, item) = (request.change.id.clone(), Item::of(request)?);
        let group = item.open_group.clone();
        let old = self.items.insert(id.clone(), item);
        if let Some(ids) = old.and_then(|old| old.open_group).and_then(|group| self.open.get_mut(&group)) {
            ids.remove(&id);
        }
        if let Some(group) = group {
            self.open.entry(group).or_default().insert(id);
        }
        Ok(())
    }

    fn notes(&mut self, group: &GroupKey) -> Result<&mut GroupNotes, StoreError> {
        if self.damaged_groups.contains(group) {
            return Err(StoreError::Corrupt { what: format!("#group/{group}"), why: "damaged".to_owned() });
        }
        Ok(self.groups.entry(group.clone()).or_default())
    }
}

/// The table as the flows' port. It always answers.
#[derive(Default)]
pub struct MemoryTable(Mutex<Table>);

impl MemoryTable {
    /// The table itself.
    pub fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestStore for MemoryTable {
    async fn insert(&self, request: &Request, _record: &str) -> Result<Inserted, StoreError> {
        self.lock().insert(request)
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Request>, StoreError> {
        self.lock().load(id)
    }

    async fn commit(&self, transition: Transition) -> Result<Commit, StoreError> {
        self.lock().commit(transition)
    }

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<RequestId>, StoreError> {
        Ok(self.lock().due(now))
    }

    async fn open_in(&self, group: &GroupKey) -> Result<Vec<RequestId>, StoreError> {
        Ok(self.lock().open_in(group))
    }

    async fn watermark(&self, source: &str) -> Result<Option<Watermark>, StoreError> {
        Ok(self.lock().watermark(source))
    }

    async fn set_watermark(&self, source: &str, to: Watermark) -> Result<(), StoreError> {
        self.lock().set_watermark(source, to);
        Ok(())
    }

    async fn next_post_slot(&self, now: DateTime<Utc>, pace: Duration) -> Result<DateTime<Utc>, StoreError> {
        Ok(self.lock().next_post_slot(now, pace))
    }

    async fn group_notes(&self, group: &GroupKey) -> Result<GroupNotes, StoreError> {
        self.lock().group_notes(group)
    }

    async fn note_revocation(&self, group: &GroupKey, revocation: &Revocation) -> Result<(), StoreError> {
        self.lock().note_revocation(group, revocation)
    }

    async fn note_revert(&self, group: &GroupKey, at: DateTime<Utc>, note: &RevertNote) -> Result<(), StoreError> {
        self.lock().note_revert(group, at, note)
    }

    async fn known_values(&self, group: &GroupKey, rule: &RuleName) -> Result<Vec<KnownValue>, StoreError> {
        Ok(self.lock().known_values(group, rule))
    }

    async fn note_value(&self, group: &GroupKey, rule: &RuleName, value: &KnownValue) -> Result<(), StoreError> {
        self.lock().note_value(group, rule, value);
        Ok(())
    }
}
