//! Queries: where they are, and what they give.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// A query that nobody asks about ends too; it counts as running for this long.
const ABANDONED_AFTER: TimeDelta = TimeDelta::seconds(60);

/// `QueryStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryStatus {
    /// Waits.
    Queued,
    /// Runs.
    Running,
    /// Has rows.
    Finished,
    /// Ended with an error.
    Failed,
    /// Was cancelled.
    Cancelled,
    /// Took too long.
    TimedOut,
}

impl QueryStatus {
    /// As it stands on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::TimedOut => "TIMED_OUT",
        }
    }
}

/// A query that was accepted, with the rows that were visible when it started.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) statement: String,
    pub(super) started_at: DateTime<Utc>,
    pub(super) polls: u32,
    pub(super) queued_polls: u32,
    pub(super) running_polls: u32,
    pub(super) end: QueryStatus,
    pub(super) cancelled: bool,
    pub(super) rows: Vec<Value>,
    pub(super) events_scanned: usize,
    pub(super) bytes_scanned: usize,
    pub(super) page_limit: usize,
}

impl Query {
    pub(super) fn status(&self) -> QueryStatus {
        if self.cancelled {
            QueryStatus::Cancelled
        } else if self.polls <= self.queued_polls {
            QueryStatus::Queued
        } else if self.polls <= self.queued_polls.saturating_add(self.running_polls) {
            QueryStatus::Running
        } else {
            self.end
        }
    }

    pub(super) fn is_active(&self, now: DateTime<Utc>) -> bool {
        match self.status() {
            QueryStatus::Queued | QueryStatus::Running => now < self.started_at + ABANDONED_AFTER,
            QueryStatus::Finished | QueryStatus::Failed | QueryStatus::Cancelled | QueryStatus::TimedOut => false,
        }
    }
}

/// What is known of a query without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryDescription {
    /// The statement as it was sent.
    pub statement: String,
    /// Where it is.
    pub status: QueryStatus,
    /// When it was accepted.
    pub started_at: DateTime<Utc>,
    /// How many records matched; 0 until FINISHED.
    pub events_matched: usize,
    /// How many records lie within the bounds of `eventTime`; 0 until it has ended.
    pub events_scanned: usize,
    /// What one pays for, in bytes; 0 until it has ended.
    pub bytes_scanned: usize,
    /// Why it FAILED.
    pub error: Option<String>,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The query.
    pub description: QueryDescription,
    /// Rows as the wire has them: each a list of one-entry maps, every value a text. Empty until FINISHED.
    pub rows: Vec<Value>,
    /// How to ask for the next page.
    pub next_token: Option<String>,
}

/// What is known of a query without its rows.
pub(super) fn describe(query: &Query) -> QueryDescription {
    let status = query.status();
    let ended = match status {
        QueryStatus::Queued | QueryStatus::Running => false,
        QueryStatus::Finished | QueryStatus::Failed | QueryStatus::Cancelled | QueryStatus::TimedOut => true,
    };
    QueryDescription {
        statement: query.statement.clone(),
        status,
        started_at: query.started_at,
        events_matched: if status == QueryStatus::Finished { query.rows.len() } else { 0 },
        events_scanned: if ended { query.events_scanned } else { 0 },
        bytes_scanned: if ended { query.bytes_scanned } else { 0 },
        error: (status == QueryStatus::Failed).then(|| "The query failed inside the service".to_owned()),
    }
}
