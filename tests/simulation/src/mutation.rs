//! Mutations of the protocol: each takes one safeguard away, so that the oracle can show that it would be missed.
//!
//! They sit around the ports. The flows and the domain are the ones that ship.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use fastrand::Rng;
use shared::{
    domain::{
        card::Message,
        change::{GroupKey, Revocation},
        ids::{RequestId, RuleId, SlackUserId, UserGroupId},
        request::{CardRef, ReplyUrl, Request},
        rule::DescribedRule,
        step::Transition,
    },
    ports::{
        Chat, ChatError, Commit, EventSource, Firewall, FirewallError, GroupNotes, Inserted, KnownValue, Posted,
        Records, RequestStore, SourceError, StoreError, Watermark, Which, Whisper, Window,
    },
};

use crate::fakes::{MemoryStore, WorldChat};

/// One safeguard less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Whoever clicks may decide.
    AnyoneDecides,
    /// Whoever opened it may approve it.
    OpenersApprove,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AnyoneDecides, Self::OpenersApprove];
}

/// A port, perhaps with one safeguard less.
pub struct Mutant<P> {
    port: P,
    mutation: Option<Mutation>,
    table: MemoryStore,
    chat: WorldChat,
    calm: Arc<AtomicBool>,
    lies: u16,
    rng: Mutex<Rng>,
}

impl<P> Mutant<P> {
    /// A port as it is, or mutated.
    pub fn new(port: P, with: (Option<Mutation>, MemoryStore, WorldChat, Arc<AtomicBool>, u16, Rng)) -> Self {
        let (mutation, table, chat, calm, lies, rng) = with;
        Self { port, mutation, table, chat, calm, lies, rng: Mutex::new(rng) }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn lies_now(&self) -> bool {
        let drawn = self.rng.lock().unwrap_or_else(PoisonError::into_inner).u16(0..1_000);
        !self.calm.load(Ordering::Relaxed) && drawn < self.lies
    }
}

impl<P: RequestStore + Send + Sync> RequestStore for Mutant<P> {
    async fn insert(&self, request: &Request, record: &str) -> Result<Inserted, StoreError> {
        self.port.insert(request, record).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Request>, StoreError> {
        self.port.load(id).await
    }

    async fn commit(&self, transition: Transition) -> Result<Commit, StoreError> {
        self.port.commit(transition).await
    }

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<RequestId>, StoreError> {
        self.port.due(now).await
    }

    async fn open_in(&self, group: &GroupKey) -> Result<Vec<RequestId>, StoreError> {
        self.port.open_in(group).await
    }

    async fn watermark(&self, source: &str) -> Result<Option<Watermark>, StoreError> {
        self.port.watermark(source).await
    }

    async fn set_watermark(&self, source: &str, to: Watermark) -> Result<(), StoreError> {
        self.port.set_watermark(source, to).await
    }

    async fn next_post_slot(&self, now: DateTime<Utc>, pace: Duration) -> Result<DateTime<Utc>, StoreError> {
        self.port.next_post_slot(now, pace).await
    }

    async fn group_notes(&self, group: &GroupKey) -> Result<GroupNotes, StoreError> {
        self.port.group_notes(group).await
    }

    async fn note_revocation(&self, group: &GroupKey, revocation: &Revocation) -> Result<(), StoreError> {
        self.port.note_revocation(group, revocation).await
    }

    async fn note_own_revoke(
        &self,
        group: &GroupKey,
        at: DateTime<Utc>,
        request_id: Option<&str>,
    ) -> Result<(), StoreError> {
        self.port.note_own_revoke(group, at, request_id).await
    }

    async fn known_values(&self, group: &GroupKey, rule: &RuleId) -> Result<Vec<KnownValue>, StoreError> {
        self.port.known_values(group, rule).await
    }

    async fn note_value(&self, group: &GroupKey, rule: &RuleId, value: &KnownValue) -> Result<(), StoreError> {
        self.port.note_value(group, rule, value).await
    }
}

impl<P: Chat + Send + Sync> Chat for Mutant<P> {
    fn has_addresses(&self) -> bool {
        self.port.has_addresses()
    }

    async fn post(&self, id: &RequestId, message: &Message) -> Result<Posted, ChatError> {
        self.port.post(id, message).await
    }

    async fn post_in_thread(&self, card: &CardRef, message: &Message) -> Result<(), ChatError> {
        self.port.post_in_thread(card, message).await
    }

    async fn find(&self, id: &RequestId, since: DateTime<Utc>) -> Result<Vec<CardRef>, ChatError> {
        self.port.find(id, since).await
    }

    async fn update(&self, card: &CardRef, message: &Message) -> Result<(), ChatError> {
        self.port.update(card, message).await
    }

    async fn update_clicked(&self, reply: &ReplyUrl, message: &Message) -> Result<(), ChatError> {
        self.port.update_clicked(reply, message).await
    }

    async fn whisper(&self, whisper: &Whisper) -> Result<(), ChatError> {
        self.port.whisper(whisper).await
    }

    async fn person(&self, email: &str) -> Result<Option<SlackUserId>, ChatError> {
        self.port.person(email).await
    }

    async fn members(&self, group: &UserGroupId) -> Result<Vec<SlackUserId>, ChatError> {
        self.port.members(group).await
    }
}

impl<P: Firewall + Send + Sync> Firewall for Mutant<P> {
    async fn describe(&self, group: &GroupKey, which: &Which) -> Result<Vec<DescribedRule>, FirewallError> {
        self.port.describe(group, which).await
    }

    async fn revoke(&self, group: &GroupKey, rules: &[DescribedRule]) -> Result<Option<String>, FirewallError> {
        if self.lies_now() {
            return Ok(None);
        }
        self.port.revoke(group, rules).await
    }
}

impl<P: EventSource + Send + Sync> EventSource for Mutant<P> {
    async fn read(&self, window: Window, limit: Duration) -> Result<Records, SourceError> {
        self.port.read(window, limit).await
    }
}
