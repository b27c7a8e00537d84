//! Works off what is due: reverts; and beside them cards that lag behind their state, then new cards, the widest opening
//! first.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use tokio::sync::watch;

use crate::{
    clock::{Deadline, delta},
    domain::{
        exposure,
        ids::RequestId,
        request::{Phase, Request, State, Work},
    },
    flows::{
        context::Context,
        post::{Shown, post},
        report::Report,
        revert::{Reverted, revert},
        update::update,
    },
    ports::{Chat, Firewall, RequestStore, StoreError},
};

/// Reverts that run side by side: each waits for EC2 most of its time.
const REVERTS_AT_ONCE: usize = 8;

/// Updates in one pass; then what is due is read anew.
const UPDATES_A_PASS: usize = 20;

/// New cards in one pass: a wider opening that comes meanwhile waits for these at most.
const POSTS_A_PASS: usize = 5;

/// No back-off and no lease lasts longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// How many items are looked at for the oldest opening without a card.
const OLDEST_OF: usize = 500;

/// Items loaded side by side.
const LOADS_AT_ONCE: usize = 16;

/// The longest wait without looking for a new Deny.
const LONGEST_NAP: Duration = Duration::from_secs(2);

/// The longest that one card or one revert takes; nothing is begun with less time left.
const ONE_STEP: Duration = Duration::from_secs(25);

/// Works off what is due, until nothing is or the deadline is near. Reverts and cards go side by side: neither waits for
/// the other's service.
///
/// # Errors
/// The table did not tell what is due.
pub async fn work_off<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    deadline: Deadline,
    report: &mut Report,
) -> Result<(), StoreError> {
    let margin = ONE_STEP.min(deadline.left(context.clock.now()) / 4);
    let (done, cards_done) = watch::channel(false);
    let reverts = async {
        let mut tick = Tick::new(context.clock.now());
        let result = work_off_reverts(context, deadline, margin, cards_done, &mut tick).await;
        (result, tick)
    };
    let cards = async {
        let mut tick = Tick::new(context.clock.now());
        let result = work_off_cards(context, deadline, margin, &mut tick).await;
        done.send_replace(true);
        (result, tick)
    };
    let ((reverted, reverts), (shown, cards)) = futures::join!(reverts, cards);
    report.due += u64::try_from(reverts.seen.union(&cards.seen).count()).unwrap_or(u64::MAX);
    report.failed += u64::try_from(reverts.bad.union(&cards.bad).count()).unwrap_or(u64::MAX);
    report.add(&reverts.report);
    report.add(&cards.report);
    reverted.and(shown)
}

/// Goes on as long as cards are being worked off: a Deny that comes meanwhile does not wait for the next tick.
async fn work_off_reverts<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    deadline: Deadline,
    margin: Duration,
    mut cards_done: watch::Receiver<bool>,
    tick: &mut Tick,
) -> Result<(), StoreError> {
    if !context.config.mode.revert {
        return Ok(());
    }
    loop {
        if !deadline.allows(context.clock.now(), margin) {
            return Ok(());
        }
        // Read before what is due: a Deny of the last moment is then seen once more.
        let last_time = *cards_done.borrow();
        let reverts = tick.load_due(context, Work::Revert).await?;
        if !reverts.is_empty() {
            run_reverts(context, reverts, deadline, tick).await;
        } else if last_time {
            return Ok(());
        } else {
            // Whether the nap ends by itself or because the cards are done makes no difference.
            let _ = tokio::time::timeout(LONGEST_NAP, cards_done.wait_for(|done| *done)).await;
        }
    }
}

async fn work_off_cards<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    deadline: Deadline,
    margin: Duration,
    tick: &mut Tick,
) -> Result<(), StoreError> {
    loop {
        let now = context.clock.now();
        if !deadline.allows(now, margin) {
            tracing::warn!("out of time; the next tick goes on with what is due");
            return Ok(());
        }
        let wait = (tick.cards_from - now).to_std().unwrap_or_default();
        if !wait.is_zero() {
            if !deadline.allows(now, wait + margin) {
                return Ok(());
            }
            context.clock.sleep(wait).await;
        }
        let updates = tick.load_due(context, Work::Update).await?;
        let posts = tick.posts(context.clock.now());
        if updates.is_empty() && posts.is_empty() {
            return Ok(());
        }
        run_cards(context, updates, posts, deadline, margin, tick).await;
    }
}

/// How long the oldest opening without a card has been waiting, in seconds; those that back off are counted too.
///
/// # Errors
/// The table did not tell.
pub async fn oldest_without_card<S: RequestStore, C, F>(context: &Context<S, C, F>) -> Result<u64, StoreError> {
    let now = context.clock.now();
    let ids = context.store.due(now + LONGEST_WAIT).await?;
    let loaded: Vec<_> = stream::iter(ids.into_iter().take(OLDEST_OF))
        .map(|id| async move { context.store.load(&id).await })
        .buffered(LOADS_AT_ONCE)
        .collect()
        .await;
    let waiting = loaded.into_iter().filter_map(|request| {
        let request = request.ok().flatten()?;
        request.due_for(Work::Post)?;
        u64::try_from((now - request.change.at).num_seconds()).ok()
    });
    Ok(waiting.max().unwrap_or_default())
}

/// What one loop of a tick keeps in mind.
struct Tick {
    report: Report,
    /// Items that were counted as due.
    seen: BTreeSet<RequestId>,
    /// Items that can't be read.
    bad: BTreeSet<RequestId>,
    /// Openings without a card: nobody clicks on those, so they need not be loaded again and again.
    unposted: BTreeMap<RequestId, Request>,
    /// What failed in this tick is left to its back-off, or to the next tick where the table did not take a step.
    given_up: BTreeSet<(RequestId, Work)>,
    /// No card before this: Slack asked to wait.
    cards_from: DateTime<Utc>,
}

impl Tick {
    fn new(now: DateTime<Utc>) -> Self {
        Self {
            report: Report::default(),
            seen: BTreeSet::new(),
            bad: BTreeSet::new(),
            unposted: BTreeMap::new(),
            given_up: BTreeSet::new(),
            cards_from: now,
        }
    }

    /// Loads what is due now for this kind of work. Openings without a card go to `unposted` on the way.
    async fn load_due<S: RequestStore, C, F>(
        &mut self,
        context: &Context<S, C, F>,
        work: Work,
    ) -> Result<Vec<Request>, StoreError> {
        let now = context.clock.now();
        let ids = context.store.due(now).await?;
        let listed: BTreeSet<&RequestId> = ids.iter().collect();
        self.unposted.retain(|id, _| listed.contains(id));
        self.seen.extend(ids.iter().cloned());
        let wanted: Vec<RequestId> =
            ids.into_iter().filter(|id| !self.bad.contains(id) && !self.unposted.contains_key(id)).collect();
        let loaded: Vec<_> = stream::iter(wanted)
            .map(|id| async move {
                let request = context.store.load(&id).await;
                (id, request)
            })
            .buffered(LOADS_AT_ONCE)
            .collect()
            .await;
        let mut due = Vec::new();
        for (id, request) in loaded {
            match request {
                Ok(Some(request)) if request.due_for(Work::Post).is_some() => {
                    self.unposted.insert(id, request);
                }
                Ok(Some(request)) => due.push(request),
                // The index may lag behind the table.
                Ok(None) => {}
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(alarm = "damaged_item", %error, %id, "a due item can't be worked off; the others are");
                    self.bad.insert(id);
                }
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Refused { .. })) => {
                    tracing::error!(%error, %id, "a due item was not loaded; the next tick tries again");
                    self.bad.insert(id);
                }
            }
        }
        due.retain(|request| self.is_due(request, work, now));
        Ok(due)
    }

    fn is_due(&self, request: &Request, work: Work, now: DateTime<Utc>) -> bool {
        request.due_for(work).is_some_and(|at| at <= now) && !self.given_up.contains(&(request.change.id.clone(), work))
    }

    /// The new cards that are due, the widest opening first. To be called after [`Tick::load_due`].
    fn posts(&self, now: DateTime<Utc>) -> Vec<Request> {
        let mut posts: Vec<&Request> =
            self.unposted.values().filter(|request| self.is_due(request, Work::Post, now)).collect();
        posts.sort_by_cached_key(|request| {
            let rules: Vec<_> = request.change.opening.rules().iter().map(|opened| &opened.rule).collect();
            (Reverse(exposure::widest(&rules)), request.change.at, request.change.id.clone())
        });
        posts.into_iter().take(POSTS_A_PASS).cloned().collect()
    }

    /// Notes what a card came to. True if no more cards may follow now.
    fn note<S: RequestStore, C, F>(
        &mut self,
        context: &Context<S, C, F>,
        id: RequestId,
        work: Work,
        shown: Result<Shown, StoreError>,
    ) -> bool {
        self.unposted.remove(&id);
        match shown {
            Ok(Shown::Done) => {
                match work {
                    Work::Post => self.report.cards_posted += 1,
                    Work::Update => self.report.cards_updated += 1,
                    Work::Revert => {}
                }
                return false;
            }
            Ok(Shown::NotOurs) => {}
            Ok(Shown::Later) => self.report.failed += 1,
            Ok(Shown::Wait(wait)) => {
                self.cards_from = context.clock.now() + delta(wait);
                return true;
            }
            Err(error) => {
                tracing::error!(%error, %id, "a card was not recorded; the next tick goes on");
                self.report.failed += 1;
            }
        }
        self.given_up.insert((id, work));
        false
    }
}

async fn run_reverts<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    reverts: Vec<Request>,
    deadline: Deadline,
    tick: &mut Tick,
) {
    let done: Vec<(RequestId, Result<Reverted, StoreError>)> = stream::iter(reverts)
        .map(|request| async move {
            let id = request.change.id.clone();
            let reverted = revert(context, request, deadline).await;
            if let Ok(Reverted::Ended(request)) = &reverted {
                // Whoever ended it shows it. If that fails, the card lags and is due.
                if let Err(error) = update(context, Request::clone(request), deadline).await {
                    tracing::warn!(%error, %id, "the outcome is not on the card yet");
                }
            }
            (id, reverted)
        })
        .buffer_unordered(REVERTS_AT_ONCE)
        .collect()
        .await;
    for (id, reverted) in done {
        match reverted {
            Ok(Reverted::Ended(request)) => count_end(&request, &mut tick.report),
            Ok(Reverted::Postponed | Reverted::NotOurs) => {
                tick.given_up.insert((id, Work::Revert));
            }
            Err(error) => {
                tracing::error!(%error, %id, "a revert stopped half-way; the next tick goes on");
                tick.report.failed += 1;
                tick.given_up.insert((id, Work::Revert));
            }
        }
    }
}

fn count_end(request: &Request, report: &mut Report) {
    report.reverted += u64::from(request.state == State::Reverted);
    report.reverts_failed += u64::from(request.state.phase() == Phase::Failed);
}

/// Some updates, then some new cards: after that, what is due is read anew.
async fn run_cards<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    updates: Vec<Request>,
    posts: Vec<Request>,
    deadline: Deadline,
    margin: Duration,
    tick: &mut Tick,
) {
    for request in updates.into_iter().take(UPDATES_A_PASS) {
        if !deadline.allows(context.clock.now(), margin) {
            return;
        }
        let id = request.change.id.clone();
        let shown = Box::pin(update(context, request, deadline)).await;
        if tick.note(context, id, Work::Update, shown) {
            return;
        }
    }
    for request in posts {
        if !deadline.allows(context.clock.now(), margin) {
            return;
        }
        let id = request.change.id.clone();
        let shown = Box::pin(post(context, request, deadline)).await;
        if tick.note(context, id, Work::Post, shown) {
            return;
        }
    }
}
