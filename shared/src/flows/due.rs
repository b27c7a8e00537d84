//! Works off what is due: reverts first, then cards that lag behind their state, then new cards, the widest opening first.

use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};

use crate::{
    clock::{Deadline, delta},
    domain::{
        exposure,
        ids::RequestId,
        request::{Request, State, Work},
    },
    flows::{
        context::Context,
        post::{PACE, Shown, post, update},
        report::Report,
        revert::{Reverted, revert},
    },
    ports::{Chat, Firewall, RequestStore, StoreError},
};

/// Reverts that run side by side: each waits for EC2 most of its time.
const REVERTS_AT_ONCE: usize = 8;

/// Updates in one pass; then what is due is read anew, so that a new Deny does not wait behind many.
const UPDATES_A_PASS: usize = 20;

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

/// Works off what is due, until nothing is or the deadline is near.
///
/// # Errors
/// The table did not tell what is due.
pub async fn work_off<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    deadline: Deadline,
    report: &mut Report,
) -> Result<(), StoreError> {
    let margin = ONE_STEP.min(deadline.left(context.clock.now()) / 4);
    let mut tick = Tick::new(context.clock.now());
    loop {
        let now = context.clock.now();
        if !deadline.allows(now, margin) {
            tracing::warn!("out of time; the next tick goes on with what is due");
            return Ok(());
        }
        let due = load_due(context, &mut tick, report).await?;
        let todo = sort(context, &tick, due);
        if let Some(until) = todo.nothing_before(&tick, now) {
            let wait = (until - now).to_std().unwrap_or_default();
            if !deadline.allows(now, wait + margin) {
                return Ok(());
            }
            // In short naps: a Deny that comes meanwhile does not wait for Slack.
            context.clock.sleep(wait.min(LONGEST_NAP)).await;
            continue;
        }
        if todo.is_empty() {
            return Ok(());
        }
        let Todo { reverts, updates, posts } = todo;
        let (reverted, shown) = futures::join!(
            run_reverts(context, reverts, deadline),
            run_cards(context, &tick, updates, posts, deadline, margin)
        );
        for pass in [reverted, shown] {
            tick.given_up.extend(pass.given_up);
            tick.posts_from = pass.posts_from.unwrap_or(tick.posts_from);
            tick.cards_from = pass.cards_from.unwrap_or(tick.cards_from);
            report.add(&pass.report);
        }
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

/// What one tick keeps in mind.
struct Tick {
    /// Items that were counted as due.
    seen: BTreeSet<RequestId>,
    /// Items that can't be read.
    bad: BTreeSet<RequestId>,
    /// What failed in this tick is left to its back-off, or to the next tick where the table did not take a step.
    given_up: BTreeSet<(RequestId, Work)>,
    /// No new card before this: Slack takes one a second.
    posts_from: DateTime<Utc>,
    /// No card at all before this: Slack asked to wait.
    cards_from: DateTime<Utc>,
}

impl Tick {
    fn new(now: DateTime<Utc>) -> Self {
        Self {
            seen: BTreeSet::new(),
            bad: BTreeSet::new(),
            given_up: BTreeSet::new(),
            posts_from: now,
            cards_from: now,
        }
    }
}

/// What is due now.
#[derive(Default)]
struct Todo {
    reverts: Vec<Request>,
    updates: Vec<Request>,
    posts: Vec<Request>,
}

impl Todo {
    fn is_empty(&self) -> bool {
        self.reverts.is_empty() && self.updates.is_empty() && self.posts.is_empty()
    }

    /// If Slack makes all that is due wait: until when.
    fn nothing_before(&self, tick: &Tick, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let posts_from = tick.posts_from.max(tick.cards_from);
        let update_now = !self.updates.is_empty() && tick.cards_from <= now;
        let post_now = !self.posts.is_empty() && posts_from <= now;
        if self.is_empty() || !self.reverts.is_empty() || update_now || post_now {
            return None;
        }
        Some(if self.updates.is_empty() { posts_from } else { tick.cards_from })
    }
}

/// What a pass did.
#[derive(Default)]
struct Pass {
    report: Report,
    given_up: Vec<(RequestId, Work)>,
    posts_from: Option<DateTime<Utc>>,
    cards_from: Option<DateTime<Utc>>,
}

async fn load_due<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    tick: &mut Tick,
    report: &mut Report,
) -> Result<Vec<Request>, StoreError> {
    let ids = context.store.due(context.clock.now()).await?;
    let wanted = ids.into_iter().filter(|id| !tick.bad.contains(id)).collect::<Vec<_>>();
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
        if tick.seen.insert(id.clone()) {
            report.due += 1;
        }
        match request {
            Ok(Some(request)) => due.push(request),
            // The index may lag behind the table.
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, %id, "a due item can't be worked off; the others are");
                report.failed += 1;
                tick.bad.insert(id);
            }
        }
    }
    Ok(due)
}

fn sort<S, C, F>(context: &Context<S, C, F>, tick: &Tick, due: Vec<Request>) -> Todo {
    let now = context.clock.now();
    let mut todo = Todo::default();
    for request in due {
        let is_due = |work| {
            request.due_for(work).is_some_and(|at| at <= now)
                && !tick.given_up.contains(&(request.change.id.clone(), work))
        };
        // One item may need both: a revert does not wait for the card of the decision, nor the card for the revert.
        if context.config.mode.revert && is_due(Work::Revert) {
            todo.reverts.push(request.clone());
        }
        if is_due(Work::Update) {
            todo.updates.push(request);
        } else if is_due(Work::Post) {
            todo.posts.push(request);
        }
    }
    todo.posts.sort_by_cached_key(|request| {
        let rules: Vec<_> = request.change.opening.rules().iter().map(|opened| &opened.rule).collect();
        (Reverse(exposure::widest(&rules)), request.change.at, request.change.id.clone())
    });
    todo
}

async fn run_reverts<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    reverts: Vec<Request>,
    deadline: Deadline,
) -> Pass {
    let done: Vec<(RequestId, Result<Reverted, StoreError>)> = stream::iter(reverts)
        .map(|request| async move {
            let id = request.change.id.clone();
            let reverted = revert(context, request, deadline).await;
            if let Ok(Reverted::Ended(request)) = &reverted {
                // Whoever ended it shows it. If that fails, the card lags and is due.
                if let Err(error) = update(context, Request::clone(request)).await {
                    tracing::warn!(%error, %id, "the outcome is not on the card yet");
                }
            }
            (id, reverted)
        })
        .buffer_unordered(REVERTS_AT_ONCE)
        .collect()
        .await;
    let mut pass = Pass::default();
    for (id, reverted) in done {
        match reverted {
            Ok(Reverted::Ended(request)) => count_end(&request, &mut pass.report),
            Ok(Reverted::Postponed | Reverted::NotOurs) => pass.given_up.push((id, Work::Revert)),
            Err(error) => {
                tracing::error!(%error, %id, "a revert stopped half-way; the next tick goes on");
                pass.report.failed += 1;
                pass.given_up.push((id, Work::Revert));
            }
        }
    }
    pass
}

fn count_end(request: &Request, report: &mut Report) {
    match request.state {
        State::Reverted => report.reverted += 1,
        State::PartlyReverted | State::RevertFailed => report.reverts_failed += 1,
        State::NeedsPost
        | State::Posting { .. }
        | State::Pending
        | State::Approved
        | State::Denied
        | State::Reverting { .. }
        | State::AlreadyGone
        | State::ChangedByHand
        | State::Observed
        | State::Withdrawn
        | State::Ignored { .. } => {}
    }
}

/// Some updates, then one new card: after that, what is due is read anew, in case a decision came in.
async fn run_cards<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    tick: &Tick,
    updates: Vec<Request>,
    posts: Vec<Request>,
    deadline: Deadline,
    margin: Duration,
) -> Pass {
    let mut pass = Pass::default();
    if tick.cards_from > context.clock.now() {
        return pass;
    }
    for request in updates.into_iter().take(UPDATES_A_PASS) {
        if !deadline.allows(context.clock.now(), margin) {
            return pass;
        }
        let id = request.change.id.clone();
        let shown = update(context, request).await;
        if matches!(shown, Ok(Shown::Done)) {
            pass.report.cards_updated += 1;
        }
        if note(context, &mut pass, (id, Work::Update), shown) {
            return pass;
        }
    }
    for request in posts {
        if tick.posts_from > context.clock.now() {
            return pass;
        }
        let id = request.change.id.clone();
        let shown = post(context, request, deadline).await;
        let posted = matches!(shown, Ok(Shown::Done));
        if note(context, &mut pass, (id, Work::Post), shown) {
            return pass;
        }
        if posted {
            pass.report.cards_posted += 1;
            pass.posts_from = Some(context.clock.now() + delta(PACE));
            return pass;
        }
        if !deadline.allows(context.clock.now(), margin) {
            return pass;
        }
    }
    pass
}

/// Notes what a card came to. True if Slack asks everybody to wait.
fn note<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    pass: &mut Pass,
    what: (RequestId, Work),
    shown: Result<Shown, StoreError>,
) -> bool {
    match shown {
        Ok(Shown::Done) => false,
        Ok(Shown::NotOurs) => {
            pass.given_up.push(what);
            false
        }
        Ok(Shown::Later) => {
            pass.report.failed += 1;
            pass.given_up.push(what);
            false
        }
        Ok(Shown::Wait(wait)) => {
            pass.cards_from = Some(context.clock.now() + delta(wait));
            true
        }
        Err(error) => {
            tracing::error!(%error, id = %what.0, "a card was not recorded; the next tick goes on");
            pass.report.failed += 1;
            pass.given_up.push(what);
            false
        }
    }
}
