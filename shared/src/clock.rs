//! Time and randomness as values that are handed to the flows, so that a run can be repeated.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// What time it is, and how to wait.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's own time. Read anew at each call: a frozen Lambda sandbox does not stop it.
    System,
    /// A start, moved on by tokio's clock: with that paused, time passes only where a flow waits.
    Paused {
        /// What time it was at `since`.
        start: DateTime<Utc>,
        /// The instant that stands for `start`.
        since: Instant,
    },
}

impl Clock {
    /// A clock for simulations: `start` now, moved on by tokio's clock.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self::Paused { start, since: Instant::now() }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Paused { start, since } => *start + delta(since.elapsed()),
        }
    }

    /// Waits.
    pub async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Where nonces and jitter come from.
#[derive(Clone, Debug)]
pub struct Entropy(Arc<Mutex<fastrand::Rng>>);

impl Entropy {
    /// From the operating system.
    #[must_use]
    pub fn from_os() -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::new())))
    }

    /// The same seed gives the same values in the same order.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// A value that no other commit carries: 128 bits in hex.
    #[must_use]
    pub fn nonce(&self) -> String {
        format!("{:032x}", self.0.lock().unwrap_or_else(PoisonError::into_inner).u128(..))
    }

    /// A duration between half of `time` and `time`, so that many that failed together do not come back together.
    #[must_use]
    pub fn jitter(&self, time: Duration) -> Duration {
        let share = self.0.lock().unwrap_or_else(PoisonError::into_inner).f64();
        time.mul_f64(0.5 + share / 2.0)
    }
}

/// When a flow must have ended: it starts nothing that may not be over by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub DateTime<Utc>);

impl Deadline {
    /// The deadline that Lambda gives an invocation, in epoch milliseconds. One that is no time is now: the
    /// invocation starts nothing, and all is due for the next tick.
    #[must_use]
    pub fn at_epoch_ms(epoch_ms: u64) -> Self {
        let at = i64::try_from(epoch_ms).ok().and_then(DateTime::from_timestamp_millis);
        Self(at.unwrap_or_else(Utc::now))
    }

    /// How much time is left; nothing if it is over.
    #[must_use]
    pub fn left(self, now: DateTime<Utc>) -> Duration {
        (self.0 - now).to_std().unwrap_or_default()
    }

    /// Until when records are taken in: a fifth of the time, a minute at most, is kept for working off what is due, and for
    /// the answer.
    #[must_use]
    pub fn for_taking_in(self, now: DateTime<Utc>) -> Self {
        let reserve = (self.left(now) / 5).min(Duration::from_secs(60));
        Self(self.0 - delta(reserve))
    }

    /// Whether `time` is left.
    #[must_use]
    pub fn allows(self, now: DateTime<Utc>, time: Duration) -> bool {
        self.left(now) >= time
    }
}

/// A duration as chrono counts it; one that chrono cannot hold counts as its longest.
#[must_use]
pub fn delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_read_from_epoch_milliseconds() {
        let now = DateTime::from_timestamp(1_795_190_000, 0).expect("a time");
        assert_eq!(Deadline::at_epoch_ms(1_795_190_005_250).left(now), Duration::from_millis(5_250));
        assert_eq!(Deadline::at_epoch_ms(0).left(now), Duration::ZERO);
        let kept = |seconds| {
            let deadline = Deadline(now + TimeDelta::seconds(seconds));
            deadline.left(now).saturating_sub(deadline.for_taking_in(now).left(now))
        };
        assert_eq!((kept(30), kept(900)), (Duration::from_secs(6), Duration::from_secs(60)));
        assert_eq!(Deadline::at_epoch_ms(u64::MAX).left(Utc::now()), Duration::ZERO);
    }
}
