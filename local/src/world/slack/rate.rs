//! One new message a second in each channel.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::ApiError;

/// A leaky bucket a channel: it holds `burst` messages and loses one a second.
#[derive(Debug, Default)]
pub(super) struct Limits {
    burst: Option<u32>,
    empty_at: BTreeMap<String, DateTime<Utc>>,
}

impl Limits {
    pub(super) fn new(burst: Option<u32>) -> Self {
        Self { burst, empty_at: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, now: DateTime<Utc>, channel: &str) -> Result<(), ApiError> {
        let Some(burst) = self.burst else { return Ok(()) };
        let empty_at = self.empty_at.get(channel).copied().unwrap_or(now).max(now);
        let over = empty_at - now - TimeDelta::seconds(i64::from(burst.max(1)) - 1);
        if over > TimeDelta::zero() {
            let seconds = over.num_milliseconds().unsigned_abs().div_ceil(1000);
            return Err(ApiError::RateLimited { retry_after: seconds.max(1) });
        }
        self.empty_at.insert(channel.to_owned(), empty_at + TimeDelta::seconds(1));
        Ok(())
    }
}
