//! Time stamps, and the ids that Slack makes up.

use std::fmt;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// Slack's `ts`: seconds and six digits of microseconds, unique in the workspace here (in Slack: in a channel).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ts(i64);

impl Ts {
    /// Exactly as Slack writes it: `1531420618.000200`. Anything else names no message.
    #[must_use]
    pub fn exact(text: &str) -> Option<Self> {
        Self::lenient(text).filter(|ts| ts.to_string() == text)
    }

    /// A bound such as `oldest`: seconds, with up to six digits behind the point.
    #[must_use]
    pub fn lenient(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if seconds.is_empty() || seconds.len() > 11 || fraction.len() > 6 || !digits(seconds) || !digits(fraction) {
            return None;
        }
        let seconds: i64 = seconds.parse().ok()?;
        let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
        Some(Self(seconds * 1_000_000 + micros))
    }

    /// The time that it stands for.
    #[must_use]
    pub fn at(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    pub(super) fn next(self, now: DateTime<Utc>) -> Self {
        Self(now.timestamp_micros().max(self.0 + 1))
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000))
    }
}

/// A number and the letters that go with it: the same in every run, and not to be guessed from one another by accident.
pub(super) struct Made {
    pub(super) number: u64,
    pub(super) letters: String,
}

impl Made {
    pub(super) fn new(number: u64) -> Self {
        Self { number, letters: hex::encode(Sha256::digest(number.to_be_bytes())).chars().take(24).collect() }
    }
}
