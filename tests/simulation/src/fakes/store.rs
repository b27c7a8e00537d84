//! The table in memory, with a world's faults in front of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use local::table::Table;
use shared::{
    domain::{
        change::{GroupKey, Revocation, RuleName},
        ids::RequestId,
        request::Request,
        step::Transition,
    },
    ports::{Commit, GroupNotes, Inserted, KnownValue, RequestStore, RevertNote, StoreError, Watermark},
};

use super::outside::{Lost, Outside, lock};

/// The table. Clones are the same table.
#[derive(Clone)]
pub struct MemoryStore {
    outside: Arc<Outside>,
    table: Arc<Mutex<Table>>,
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
        lock(&self.table).raw(id).map(str::to_owned)
    }

    /// When the next item is due.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        lock(&self.table).next_due().and_then(DateTime::from_timestamp_millis)
    }

    /// The request as it is stored.
    #[must_use]
    pub fn stored(&self, id: &RequestId) -> Option<Request> {
        lock(&self.table).load(id).expect("a readable item")
    }

    /// Every request, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Request> {
        lock(&self.table).all().map(|request| request.expect("a readable item")).collect()
    }

    /// The ids of all items.
    #[must_use]
    pub fn ids(&self) -> Vec<RequestId> {
        lock(&self.table).ids().cloned().collect()
    }

    /// How far the source was read.
    #[must_use]
    pub fn mark(&self, source: &str) -> Option<Watermark> {
        lock(&self.table).watermark(source)
    }

    /// Somebody damages an item; the indexes still hold it.
    pub fn damage(&self, id: &RequestId) {
        assert!(lock(&self.table).damage(id), "no item {id}");
    }

    /// Somebody damages the notes of a group.
    pub fn damage_notes(&self, group: &GroupKey) {
        lock(&self.table).damage_notes(group);
    }

    async fn call<T>(
        &self,
        method: &'static str,
        about: impl ToString,
        act: impl FnOnce(&mut Table) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let about = about.to_string();
        answer(self.outside.call("store", method, &about, |_| act(&mut lock(&self.table))).await, method, about)
    }

    /// What is written may land late.
    async fn write<T: Send + 'static>(
        &self,
        method: &'static str,
        about: impl ToString,
        act: impl FnOnce(&mut Table) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (about, table) = (about.to_string(), Arc::clone(&self.table));
        answer(self.outside.send("store", method, &about, move |_| act(&mut lock(&table))).await, method, about)
    }
}

fn answer<T>(answer: Result<Result<T, StoreError>, Lost>, doing: &'static str, what: String) -> Result<T, StoreError> {
    match answer {
        Ok(done) => done,
        Err(Lost::Denied) => Err(StoreError::Refused { doing, what, why: "AccessDeniedException".to_owned() }),
        Err(lost @ (Lost::Throttled | Lost::ServerError | Lost::NoAnswer)) => {
            Err(StoreError::Unavailable { doing, what, why: format!("{lost:?}") })
        }
    }
}

impl RequestStore for MemoryStore {
    async fn insert(&self, request: &Request, _record: &str) -> Result<Inserted, StoreError> {
        let new = request.clone();
        self.write("insert", &request.change.id, move |table| table.insert(&new)).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Request>, StoreError> {
        self.call("load", id, |table| table.load(id)).await
    }

    async fn commit(&self, transition: Transition) -> Result<Commit, StoreError> {
        let id = transition.next.change.id.clone();
        self.write("commit", &id, |table| table.commit(transition)).await
    }

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<RequestId>, StoreError> {
        self.call("due", "all", |table| Ok(table.due(now))).await
    }

    async fn open_in(&self, group: &GroupKey) -> Result<Vec<RequestId>, StoreError> {
        self.call("open_in", group, |table| Ok(table.open_in(group))).await
    }

    async fn watermark(&self, source: &str) -> Result<Option<Watermark>, StoreError> {
        self.call("watermark", source, |table| Ok(table.watermark(source))).await
    }

    async fn set_watermark(&self, source: &str, to: Watermark) -> Result<(), StoreError> {
        let name = source.to_owned();
        let set = move |table: &mut Table| {
            table.set_watermark(&name, to);
            Ok(())
        };
        self.write("set_watermark", source, set).await
    }

    async fn next_post_slot(&self, now: DateTime<Utc>, pace: Duration) -> Result<DateTime<Utc>, StoreError> {
        self.call("next_post_slot", "#pace", |table| Ok(table.next_post_slot(now, pace))).await
    }

    async fn group_notes(&self, group: &GroupKey) -> Result<GroupNotes, StoreError> {
        self.call("group_notes", group, |table| table.group_notes(group)).await
    }

    async fn note_revocation(&self, group: &GroupKey, revocation: &Revocation) -> Result<(), StoreError> {
        let (about, revocation) = (group.clone(), revocation.clone());
        self.write("note_revocation", group, move |table| table.note_revocation(&about, &revocation)).await
    }

    async fn note_revert(&self, group: &GroupKey, at: DateTime<Utc>, note: &RevertNote) -> Result<(), StoreError> {
        let (about, note) = (group.clone(), note.clone());
        self.write("note_revert", group, move |table| table.note_revert(&about, at, &note)).await
    }

    async fn known_values(&self, group: &GroupKey, rule: &RuleName) -> Result<Vec<KnownValue>, StoreError> {
        self.call("known_values", rule, |table| Ok(table.known_values(group, rule))).await
    }

    async fn note_value(&self, group: &GroupKey, rule: &RuleName, value: &KnownValue) -> Result<(), StoreError> {
        let (about, name, value) = (group.clone(), rule.clone(), value.clone());
        let note = move |table: &mut Table| {
            table.note_value(&about, &name, &value);
            Ok(())
        };
        self.write("note_value", rule, note).await
    }
}
