//! CloudTrail: a record of every mutating call, also of those that failed.
//!
//! When a record becomes readable, and for whom, is the business of whoever delivers it (the Lake, EventBridge).

mod parameters;
mod record;
mod response;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    ec2::{Answer, Call},
    identity::Caller,
    ids::Ids,
};

/// The records, in the order of the calls.
#[derive(Debug, Default)]
pub struct Trail {
    entries: Vec<Entry>,
    ids: Ids,
    style: Style,
    cuts: VecDeque<Cut>,
}

/// One record, and when the call was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The call's time, unrounded; the record's `eventTime` is to the second.
    pub at: DateTime<Utc>,
    /// The record.
    pub record: Value,
}

/// What differs between records of different times and services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Ports are strings.
    pub ports_as_strings: bool,
    /// Error codes come without `Client.`.
    pub bare_error_codes: bool,
    /// `errorCode` and `errorMessage` of a successful call are there, as null.
    pub null_error_code: bool,
    /// No `securityGroupRuleSet` in the response, as before 2021.
    pub without_rule_set: bool,
    /// No `revokedSecurityGroupRuleSet` in the response.
    pub without_revoked_set: bool,
}

/// How a record that is too large is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// `requestParameters` is `{"omitted": true, ...}`, the response is whole.
    RequestParameters,
    /// Both are.
    RequestAndResponse,
    /// `requestParameters` and `responseElements` are null.
    Null,
}

/// Why a call has a second record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// It concerns this account too: both records share `requestID` and `sharedEventID`.
    ForAccount(String),
    /// CloudTrail corrected or completed itself later: an `addendum` under the same `requestID`.
    Addendum,
}

impl Trail {
    /// An empty trail whose event ids come from this seed.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { ids: Ids::with_seed(seed), ..Self::default() }
    }

    /// Every record so far. The list only grows: a reader remembers how far it has read.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds a record of another service, or one made by hand.
    pub fn push(&mut self, at: DateTime<Utc>, record: Value) {
        self.entries.push(Entry { at, record });
    }

    /// Writes a second record of the call of the last one.
    pub fn repeat_last(&mut self, again: &Again) {
        let (event_id, shared_id) = (self.ids.uuid(), self.ids.uuid());
        if let Some(last) = self.entries.last_mut() {
            let (at, record) = (last.at, record::repeat(&mut last.record, again, &event_id, &shared_id));
            self.push(at, record);
        }
    }

    /// The next record that is written comes out cut off; each call of this method cuts one more.
    pub fn cut_next(&mut self, cut: Cut) {
        self.cuts.push_back(cut);
    }

    /// From now on records look like this.
    pub fn set_style(&mut self, style: Style) {
        self.style = style;
    }

    /// Records a call to EC2.
    pub fn record_ec2(&mut self, caller: &Caller, call: &Call, answer: &Answer, now: DateTime<Utc>) {
        let event_id = self.ids.uuid();
        let mut record = record::ec2(caller, call, answer, &event_id, self.style, now);
        if let Some(cut) = self.cuts.pop_front() {
            record::cut(&mut record, cut);
        }
        self.push(now, record);
    }
}
