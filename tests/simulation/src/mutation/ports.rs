//! The ports, each perhaps with one safeguard less.

use std::{
    collections::BTreeSet,
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
        card::{self, Message, Modal, View},
        change::{GroupKey, OpenedRule, Revocation, RuleName},
        click::TriggerId,
        ids::{RequestId, RuleId, SlackUserId, UserGroupId},
        request::{CardRef, ReplyUrl, Request, State},
        rule::{DescribedRule, IngressRule, RuleText, Source, SourceText, Traffic},
        step::Transition,
    },
    ports::{
        Chat, ChatError, Commit, EventSource, Firewall, FirewallError, GroupNotes, Inserted, KnownValue, Posted,
        Records, RequestStore, RevertNote, SourceError, StoreError, Watermark, Which, Whisper, Window,
    },
};

use super::Mutation;
use crate::fakes::{MemoryStore, WorldChat, WorldFirewall};

/// A port, perhaps with one safeguard less.
pub struct Mutant<P> {
    port: P,
    with: Harness,
    rng: Mutex<Rng>,
    /// Rules that EC2 said it removed.
    believed: Mutex<BTreeSet<RuleId>>,
    /// It was asked to remove something.
    asked: AtomicBool,
}

/// What a mutation works with.
#[derive(Clone)]
pub struct Harness {
    /// Which one, if any.
    pub mutation: Option<Mutation>,
    /// The table as this invocation sees it.
    pub table: MemoryStore,
    /// Slack as this invocation sees it.
    pub chat: WorldChat,
    /// What cards need.
    pub view: View,
    /// Switched on when all trouble is over.
    pub calm: Arc<AtomicBool>,
    /// Of a thousand revokes, how many EC2 claims to have done and has not.
    pub lies: u16,
    /// The Lake tells nothing.
    pub is_dark: bool,
}

impl<P> Mutant<P> {
    /// A port as it is, or mutated.
    pub fn new(port: P, with: &Harness, rng: Rng) -> Self {
        Self {
            port,
            with: with.clone(),
            rng: Mutex::new(rng),
            believed: Mutex::default(),
            asked: AtomicBool::new(false),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.with.mutation == Some(mutation)
    }

    fn lies_now(&self) -> bool {
        let drawn = self.rng.lock().unwrap_or_else(PoisonError::into_inner).u16(0..1_000);
        !self.with.calm.load(Ordering::Relaxed) && drawn < self.with.lies
    }

    /// What is stored instead.
    fn mutate(&self, transition: &mut Transition) {
        let Transition { guard, next, .. } = transition;
        if self.is(Mutation::NoLease)
            && let State::Posting { lease } | State::Reverting { lease: Some(lease) } = &mut next.state
        {
            lease.until = DateTime::UNIX_EPOCH;
        }
        let decides = matches!(next.state, State::Approved | State::Denied | State::Observed);
        if (self.is(Mutation::NoGuard) || self.is(Mutation::UnconditionalDecision) && decides)
            && let Some(stored) = self.with.table.stored(&next.change.id)
        {
            (guard.state, guard.revision) = (stored.state.name(), stored.revision);
            next.revision = stored.revision + 1;
        }
        if self.is(Mutation::NoDoubt) {
            next.maybe_posted = false;
        }
        if self.is(Mutation::NoNonce) {
            "the same".clone_into(&mut next.nonce);
        }
        if self.is(Mutation::ObservedReverts) && next.state == State::Observed {
            next.state = State::Denied;
        }
        if self.is(Mutation::NoUpdatingMark) {
            next.updating.clear();
        }
        if self.is(Mutation::NoRenderedVersion) && next.rendered_version > 0 {
            next.rendered_version = next.version;
        }
    }
}

impl<P: RequestStore + Send + Sync> RequestStore for Mutant<P> {
    async fn insert(&self, request: &Request, record: &str) -> Result<Inserted, StoreError> {
        let mut request = request.clone();
        if self.is(Mutation::NoFullList) {
            request.listed = true;
        }
        if self.is(Mutation::PostBeforeInsert) && request.state == State::NeedsPost {
            let message = card::render(&request, &self.with.view);
            if let Ok(Posted::At(card)) = self.with.chat.post(&request.change.id, &message).await {
                (request.state, request.rendered_version) = (State::Pending, request.version);
                request.cards = vec![card];
            }
        }
        self.port.insert(&request, record).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Request>, StoreError> {
        self.port.load(id).await
    }

    async fn commit(&self, mut transition: Transition) -> Result<Commit, StoreError> {
        if self.is(Mutation::NoReopening) && transition.guard.state == "Ignored" {
            return Ok(Commit::Lost { current: None });
        }
        let touches =
            transition.next.history.last().is_some_and(|entry| entry.what.starts_with("the same rule was denied"));
        if self.is(Mutation::NoTouch) && touches {
            return Ok(Commit::Won { request: Box::new(transition.next), effects: transition.effects });
        }
        self.mutate(&mut transition);
        self.port.commit(transition).await
    }

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<RequestId>, StoreError> {
        if self.is(Mutation::NothingDue) {
            return Ok(Vec::new());
        }
        self.port.due(now).await
    }

    async fn open_in(&self, group: &GroupKey) -> Result<Vec<RequestId>, StoreError> {
        self.port.open_in(group).await
    }

    async fn watermark(&self, source: &str) -> Result<Option<Watermark>, StoreError> {
        let mark = self.port.watermark(source).await?;
        let reconciled = |mark| Watermark { reconciled_at: DateTime::<Utc>::MAX_UTC, ..mark };
        Ok(if self.is(Mutation::NoReconcile) { mark.map(reconciled) } else { mark })
    }

    async fn set_watermark(&self, source: &str, to: Watermark) -> Result<(), StoreError> {
        self.port.set_watermark(source, to).await
    }

    async fn next_post_slot(&self, now: DateTime<Utc>, pace: Duration) -> Result<DateTime<Utc>, StoreError> {
        self.port.next_post_slot(now, pace).await
    }

    async fn group_notes(&self, group: &GroupKey) -> Result<GroupNotes, StoreError> {
        let mut notes = self.port.group_notes(group).await?;
        if self.is(Mutation::NoLookAtReverts) {
            notes.reverting.clear();
        }
        let forgetful = || GroupNotes { revocations: Vec::new(), ..notes.clone() };
        Ok(if self.is(Mutation::NoTombstones) { forgetful() } else { notes })
    }

    async fn note_revocation(&self, group: &GroupKey, revocation: &Revocation) -> Result<(), StoreError> {
        self.port.note_revocation(group, revocation).await
    }

    async fn note_revert(&self, group: &GroupKey, at: DateTime<Utc>, note: &RevertNote) -> Result<(), StoreError> {
        self.port.note_revert(group, at, note).await
    }

    async fn known_values(&self, group: &GroupKey, rule: &RuleName) -> Result<Vec<KnownValue>, StoreError> {
        let mut values = self.port.known_values(group, rule).await?;
        if self.is(Mutation::NoLookAtApprovals) {
            let is_approved =
                |id: &RequestId| self.with.table.stored(id).is_some_and(|request| request.state == State::Approved);
            values.retain(|value| !is_approved(&value.by));
        }
        Ok(values)
    }

    async fn note_value(&self, group: &GroupKey, rule: &RuleName, value: &KnownValue) -> Result<(), StoreError> {
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
        if self.is(Mutation::NoHistory) {
            return Ok(Vec::new());
        }
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

    async fn ask_reason(&self, trigger: &TriggerId, modal: &Modal) -> Result<(), ChatError> {
        self.port.ask_reason(trigger, modal).await
    }

    async fn person(&self, email: &str) -> Result<Option<SlackUserId>, ChatError> {
        self.port.person(email).await
    }

    async fn members(&self, group: &UserGroupId) -> Result<Vec<SlackUserId>, ChatError> {
        self.port.members(group).await
    }
}

impl Firewall for Mutant<WorldFirewall> {
    async fn describe(&self, group: &GroupKey, which: &Which) -> Result<Vec<DescribedRule>, FirewallError> {
        if self.is(Mutation::NoLookBeforeRevoke)
            && let Some(denied) = self.taken_for_granted(group)
        {
            return Ok(denied);
        }
        let mut there = self.port.describe(group, which).await?;
        if self.is(Mutation::MatchByPropertiesAlone) {
            self.rename_twins(&mut there);
        }
        if self.is(Mutation::NoVerify) {
            let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
            there.retain(|rule| !believed.contains(&rule.id));
        }
        Ok(there)
    }

    async fn revoke(&self, group: &GroupKey, rules: &[DescribedRule]) -> Result<Option<String>, FirewallError> {
        let answer = if self.lies_now() {
            Ok(None)
        } else if self.is(Mutation::RevokeByIdAlone) {
            self.port.revoke_by_ids(group, rules).await
        } else {
            self.port.revoke(group, rules).await
        };
        self.asked.store(true, Ordering::Relaxed);
        if answer.is_ok() {
            let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
            believed.extend(rules.iter().map(|rule| rule.id.clone()));
        }
        answer
    }
}

impl Mutant<WorldFirewall> {
    /// Gives rules the ids of denied ones that let in the same.
    fn rename_twins(&self, there: &mut [DescribedRule]) {
        let requests = self.with.table.all();
        let reverting = requests.iter().filter(|request| matches!(request.state, State::Reverting { .. }));
        for denied in reverting.flat_map(|request| request.change.opening.rules()) {
            let Some(id) = denied.id.as_ref().filter(|id| there.iter().all(|rule| rule.id != **id)) else { continue };
            let is_twin = |rule: &&mut DescribedRule| {
                !rule.is_egress && IngressRule::parse(&rule.text).is_ok_and(|rule| rule == denied.rule)
            };
            if let Some(twin) = there.iter_mut().find(is_twin) {
                twin.id = id.clone();
            }
        }
    }
}

impl Mutant<WorldFirewall> {
    /// What is being reverted in a group, as if EC2 had shown it. `None` once a revoke was sent, or where nothing is.
    fn taken_for_granted(&self, group: &GroupKey) -> Option<Vec<DescribedRule>> {
        let requests = self.with.table.all().into_iter().filter(|request| {
            matches!(request.state, State::Reverting { .. }) && request.change.place.group_key().as_ref() == Some(group)
        });
        let rules: Vec<_> = requests.flat_map(|request| request.change.opening.rules().to_vec()).collect();
        let granted: Vec<_> = rules.iter().filter_map(as_described).collect();
        (!granted.is_empty() && !self.asked.load(Ordering::Relaxed)).then_some(granted)
    }
}

/// A denied rule as EC2 would show it: in a run all are of TCP and address ranges.
fn as_described(opened: &OpenedRule) -> Option<DescribedRule> {
    let Traffic::Tcp(ports) = opened.rule.traffic else { return None };
    let source = match &opened.rule.source {
        Source::Ipv4(net) => SourceText::CidrIpv4(net.to_string()),
        Source::Ipv6(net) => SourceText::CidrIpv6(net.to_string()),
        Source::PrefixList(_) | Source::Group(_) => return None,
    };
    let (from_port, to_port) = (Some(ports.from.into()), Some(ports.to.into()));
    let text = RuleText { ip_protocol: "tcp".to_owned(), from_port, to_port, source };
    let id = opened.id.clone().or_else(|| RuleId::parse("sgr-00000000000000000").ok())?;
    Some(DescribedRule { id, is_egress: false, text, description: None })
}

impl<P: EventSource + Send + Sync> EventSource for Mutant<P> {
    async fn read(&self, window: Window, limit: Duration) -> Result<Records, SourceError> {
        if self.with.is_dark {
            return Err(SourceError::Unavailable { doing: "read the window", why: "the Lake is down".to_owned() });
        }
        if self.is(Mutation::WatermarkFirst)
            && let Some(mark) = self.with.table.mark("lake")
        {
            let moved = Watermark { until: window.until, ..mark };
            // Whether that goes well makes no difference to what it shows.
            let _ = self.with.table.set_watermark("lake", moved).await;
        }
        self.port.read(window, limit).await
    }
}
