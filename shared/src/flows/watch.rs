//! Which windows of a source are read, and how far the watermark moves.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::{Deadline, delta},
    domain::{
        change::{Actor, Change, Opening, Origin, Place},
        ids::RequestId,
        request::Request,
    },
    flows::{
        context::{Context, unless_damaged},
        ingest::take,
        report::Report,
    },
    ports::{EventSource, Firewall, Inserted, RequestStore, SourceError, StoreError, Watermark, Window},
};

/// The longest interval that one query covers while catching up: what a slow query loses is this much work.
const SLICE: TimeDelta = TimeDelta::hours(2);

/// The re-scan is one query where it can be: every query has a minimum price.
const RECONCILE_SLICE: TimeDelta = TimeDelta::hours(24);

/// How an invocation's time is shared out.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// No slice is begun or goes on after this.
    until: Deadline,
    /// A slice is not begun with less time than this left.
    slice: Duration,
}

impl Budget {
    fn new(now: DateTime<Utc>, deadline: Deadline) -> Self {
        let slice = (deadline.left(now) / 10).min(Duration::from_secs(30));
        Self { until: deadline.for_taking_in(now), slice }
    }

    /// The next slice may take a quarter longer than the longest so far.
    fn learn(&mut self, took: Duration) {
        self.slice = self.slice.max(took + took / 4);
    }

    fn allows_slice(self, now: DateTime<Utc>) -> bool {
        self.until.allows(now, self.slice)
    }
}

/// Why a source was not read to the end.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Some records were read and not stored.
    #[error("records not stored: {count}, the oldest of {oldest}; the watermark waits for them")]
    NotStored {
        /// How many.
        count: usize,
        /// The time of the oldest.
        oldest: DateTime<Utc>,
    },
}

/// Reads what is new of a source, and from time to time what came late. The watermark is moved last, slice by slice.
///
/// # Errors
/// A slice was not read or not stored: the watermark stays before it, and the next tick reads it again. `report` holds what
/// was done until then.
pub async fn watch<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    name: &str,
    source: &impl EventSource,
    deadline: Deadline,
    report: &mut Report,
) -> Result<(), WatchError> {
    let started = context.clock.now();
    let mut budget = Budget::new(started, deadline);
    let lookback = delta(context.config.timing.lookback);
    let mut mark = match context.store.watermark(name).await? {
        Some(mark) => mark,
        None => {
            let first = Watermark { until: started - lookback, first_from: started - lookback, reconciled_at: started };
            context.store.set_watermark(name, first).await?;
            first
        }
    };
    let mut gap = gap_before(context, name, &mark, started).await?;
    let mut from = (mark.until - lookback).max(mark.first_from);
    // A gap is announced as nobody's: what lies before its end is not read either.
    from = from.max(gap.as_ref().map_or(started - delta(context.config.timing.catch_up), |gap| gap.until));
    let mut waiting = Waiting::default();
    while from < started {
        if !budget.allows_slice(context.clock.now()) {
            tracing::warn!(read_until = %from, "out of time; the next tick reads on");
            return waiting.result();
        }
        let until = started.min(from + SLICE);
        let begun = context.clock.now();
        waiting.add(read_slice(context, source, Window { from, until }, budget, report).await?);
        budget.learn((context.clock.now() - begun).to_std().unwrap_or_default());
        // Only now: while the source tells nothing, each tick would announce the minute since the last one.
        if let Some(gap) = gap.take()
            && !announce(context, name, gap, &mut mark, report).await?
        {
            tracing::warn!(%from, "another poller announced the gap; the next tick reads on from its end");
            return waiting.result();
        }
        // Behind a record that waits, the others are read all the same; only the watermark stays there.
        mark.until = mark.until.max(waiting.oldest().unwrap_or(until).min(until));
        context.store.set_watermark(name, mark).await?;
        from = until;
    }
    waiting.result()?;
    reconcile(context, name, source, mark, budget, report).await
}

/// Records that were read and not stored.
#[derive(Default)]
struct Waiting(Vec<DateTime<Utc>>);

impl Waiting {
    fn add(&mut self, times: Vec<DateTime<Utc>>) {
        self.0.extend(times);
    }

    fn oldest(&self) -> Option<DateTime<Utc>> {
        self.0.iter().min().copied()
    }

    fn result(&self) -> Result<(), WatchError> {
        match self.oldest() {
            None => Ok(()),
            Some(oldest) => Err(WatchError::NotStored { count: self.0.len(), oldest }),
        }
    }
}

/// Reads one slice. Returns the times of the records that were not stored.
async fn read_slice<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    source: &impl EventSource,
    window: Window,
    budget: Budget,
    report: &mut Report,
) -> Result<Vec<DateTime<Utc>>, WatchError> {
    let found = source.read(window, budget.until.left(context.clock.now())).await?;
    report.bytes_scanned += found.bytes_scanned;
    let taken = take(context, &found.records, budget.until).await;
    report.add(&taken.report);
    Ok(taken.failed.iter().map(|failed| failed.at).collect())
}

/// An interval that nobody reads: longer ago than `catch_up`.
struct Gap {
    change: Change,
    until: DateTime<Utc>,
    /// A tick before has stored it, and could not move the watermark.
    is_stored: bool,
}

/// The gap after an outage longer than `catch_up`, if there was one. One that is stored ends where its card says.
async fn gap_before<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    name: &str,
    mark: &Watermark,
    now: DateTime<Utc>,
) -> Result<Option<Gap>, StoreError> {
    let oldest = now - delta(context.config.timing.catch_up);
    if mark.until >= oldest {
        return Ok(None);
    }
    let change = gap(name, mark.until, oldest, now);
    let stored = announced_end(context, &change.id).await?;
    Ok(Some(Gap { change, until: stored.unwrap_or(oldest), is_stored: stored.is_some() }))
}

/// Says that nobody reads an interval, and moves the watermark, which is not stored yet, to its end. False: another poller
/// announced one that ends earlier.
async fn announce<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    name: &str,
    gap: Gap,
    mark: &mut Watermark,
    report: &mut Report,
) -> Result<bool, StoreError> {
    let Gap { change, until, is_stored } = gap;
    let now = context.clock.now();
    if !is_stored {
        let id = change.id.clone();
        // Before the insert: whoever is killed after it could not raise it any more.
        tracing::error!(alarm = "gap", source = name, from = %mark.until, %until, "nobody read this interval of CloudTrail");
        match context.store.insert(&Request::new(change, now, context.entropy.nonce()), "{}").await? {
            Inserted::New => report.gaps += 1,
            Inserted::Known if announced_end(context, &id).await?.is_some_and(|end| end < until) => return Ok(false),
            Inserted::Known => {}
        }
    }
    mark.until = until;
    // No re-scan goes back into what was announced as read by nobody.
    let window = delta(context.config.timing.reconcile_window);
    mark.reconciled_at = mark.reconciled_at.max((until + window).min(now));
    Ok(true)
}

async fn announced_end<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    id: &RequestId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let stored = unless_damaged(context.store.load(id).await)?;
    Ok(stored.and_then(|request| match request.change.opening {
        Opening::Gap { until, .. } => Some(until),
        Opening::Authorized { .. } | Opening::Modified { .. } | Opening::Unresolved(_) | Opening::Unreadable { .. } => {
            None
        }
    }))
}

fn gap(name: &str, from: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> Change {
    let id = format!("gap-{name}-{}", from.timestamp());
    // The name is one of ours and the rest are digits, so the id is always one.
    let id = RequestId::parse(&id).unwrap_or_else(|_| RequestId::of_text(&id));
    Change {
        id,
        place: Place::default(),
        at: now,
        actor: Actor::Other { kind: "Portcullis".to_owned(), name: None },
        origin: Origin::default(),
        opening: Opening::Gap { from, until },
    }
}

/// Reads the `reconcile_window` before the last re-scan anew, and all since, every `reconcile_every` from the first tick on:
/// delivery has no bound.
async fn reconcile<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    name: &str,
    source: &impl EventSource,
    mark: Watermark,
    budget: Budget,
    report: &mut Report,
) -> Result<(), WatchError> {
    let now = context.clock.now();
    if now - mark.reconciled_at < delta(context.config.timing.reconcile_every) {
        return Ok(());
    }
    let timing = &context.config.timing;
    let (window, every) = (delta(timing.reconcile_window), delta(timing.reconcile_every));
    // What came since the last re-scan may be older than the window by now. After an outage that is no gap all of that is
    // read; a longer one has moved `reconciled_at` on, so that nothing before the gap's end is.
    let oldest = now - delta(timing.catch_up) - every - window;
    let mut from = (mark.reconciled_at - window).max(oldest).max(mark.first_from);
    while from < now {
        if !budget.allows_slice(context.clock.now()) {
            tracing::warn!(read_until = %from, "out of time for the re-scan; the next tick begins it anew");
            return Ok(());
        }
        let until = now.min(from + RECONCILE_SLICE);
        let mut waiting = Waiting::default();
        waiting.add(read_slice(context, source, Window { from, until }, budget, report).await?);
        waiting.result()?;
        from = until;
    }
    context.store.set_watermark(name, Watermark { reconciled_at: now, ..mark }).await?;
    Ok(())
}
