//! CloudTrail Lake: an event data store that receives records late, and the queries that run over it.
//!
//! Statements are checked and executed strictly ([`statement`]). A query passes through QUEUED and RUNNING as it is
//! asked about, so that a client that does not wait for FINISHED sees no rows.

mod delivery;
mod error;
mod query;
pub mod statement;
mod tokens;

use std::{cmp::Ordering, collections::BTreeMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

pub use self::{
    error::LakeError,
    query::{Page, QueryDescription, QueryStatus},
};
use self::{
    query::{Query, describe},
    statement::{Column, Direction, Row, Statement},
};

/// The id of the store that [`Lake::default`] has; the same as in the repository's `config.toml`.
pub const DEFAULT_STORE: &str = "7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5f";

/// The account that owns the store, as in the repository's `config.toml`.
pub const DEFAULT_ACCOUNT: &str = "111111111111";

/// The store's region, as in the repository's `config.toml`.
pub const DEFAULT_REGION: &str = "us-east-1";

const STATEMENT_LIMIT: usize = 10_000;
const CONCURRENT_QUERIES: usize = 10;
const RESULTS_STAY: TimeDelta = TimeDelta::days(7);

/// How a query ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// With rows.
    #[default]
    Finished,
    /// FAILED, with an error message.
    Failed,
    /// CANCELLED, as if somebody had cancelled it.
    Cancelled,
    /// TIMED_OUT.
    TimedOut,
}

/// How a null column is sent. The service's documentation does not say, so a client must take each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NullColumn {
    /// The row has no entry for it.
    #[default]
    Absent,
    /// Its entry is an empty text.
    Empty,
}

/// What can be set about the queries to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long after a call its record is delivered ([`Lake::record`]).
    pub delivery_delay: TimeDelta,
    /// How many times a query answers QUEUED before it runs.
    pub queued_polls: u32,
    /// How many times it then answers RUNNING before it ends.
    pub running_polls: u32,
    /// How queries end.
    pub outcome: Outcome,
    /// How a null is sent.
    pub null_column: NullColumn,
    /// Rows a page holds at most, however many were asked for.
    pub page_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            delivery_delay: TimeDelta::zero(),
            queued_polls: 1,
            running_polls: 1,
            outcome: Outcome::Finished,
            null_column: NullColumn::Absent,
            page_limit: 1_000,
        }
    }
}

/// A record in the store.
#[derive(Clone, Debug)]
struct Stored {
    record: Value,
    time: DateTime<Utc>,
    delivered_at: DateTime<Utc>,
}

impl Row for Stored {
    fn time(&self) -> DateTime<Utc> {
        self.time
    }

    fn text(&self, column: Column) -> Option<String> {
        match column {
            Column::EventTime => Some(self.time.format("%Y-%m-%d %H:%M:%S%.3f").to_string()),
            Column::EventJson => Some(self.record.to_string()),
            Column::EventId
            | Column::EventSource
            | Column::EventName
            | Column::ErrorCode
            | Column::RequestId
            | Column::AwsRegion
            | Column::RecipientAccountId => match self.record.get(column.name()) {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => Some(text.clone()),
                Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
                    Some(other.to_string())
                }
            },
        }
    }
}

/// The event data store and its queries.
#[derive(Debug)]
pub struct Lake {
    /// What can be set about the queries to come.
    pub settings: Settings,
    /// The account that owns the store; callers of other accounts don't find it.
    pub account: String,
    /// The store's region.
    pub region: String,
    store: String,
    /// How many of the trail's entries have been taken over.
    taken: usize,
    records: Vec<Stored>,
    queries: BTreeMap<String, Query>,
    started: u64,
}

impl Default for Lake {
    fn default() -> Self {
        Self::new(DEFAULT_STORE)
    }
}

impl Lake {
    /// An empty event data store with this id (a UUID).
    pub fn new(store: &str) -> Self {
        Self {
            settings: Settings::default(),
            account: DEFAULT_ACCOUNT.to_owned(),
            region: DEFAULT_REGION.to_owned(),
            store: store.to_owned(),
            taken: 0,
            records: Vec::new(),
            queries: BTreeMap::new(),
            started: 0,
        }
    }

    /// The id of the store.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// Puts a record into the store; queries that start at `delivered_at` or later see it. A record whose `eventTime`
    /// can't be read is filed under `delivered_at`.
    pub fn deliver(&mut self, record: Value, delivered_at: DateTime<Utc>) {
        let time = record
            .get("eventTime")
            .and_then(Value::as_str)
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .map_or(delivered_at, |time| time.to_utc());
        self.records.push(Stored { record, time, delivered_at });
    }

    /// Puts the record of a call made at `called_at` into the store, late by [`Settings::delivery_delay`].
    pub fn record(&mut self, record: Value, called_at: DateTime<Utc>) {
        self.deliver(record, called_at + self.settings.delivery_delay);
    }

    /// Every statement that was accepted, oldest first: what a test of a client looks at.
    pub fn statements(&self) -> Vec<String> {
        self.queries.values().map(|query| query.statement.clone()).collect()
    }

    /// When the first query was started that gave this record.
    pub fn found_at(&self, event_id: &str) -> Option<DateTime<Utc>> {
        let is_it = |entry: &Value| {
            entry["eventID"] == event_id || entry["eventJson"].as_str().is_some_and(|text| text.contains(event_id))
        };
        let gave = |row: &Value| row.as_array().is_some_and(|entries| entries.iter().any(is_it));
        let mut gave_it = self
            .queries
            .values()
            .filter(|query| query.status() == QueryStatus::Finished && query.rows.iter().any(gave));
        gave_it.next().map(|query| query.started_at)
    }

    /// `StartQuery`: checks and executes the statement over what is visible now. Gives the query's id.
    ///
    /// # Errors
    /// [`LakeError::InvalidQueryStatement`], [`LakeError::EventDataStoreNotFound`],
    /// [`LakeError::MaxConcurrentQueries`].
    pub fn start_query(&mut self, statement: &str, now: DateTime<Utc>) -> Result<String, LakeError> {
        if statement.chars().count() > STATEMENT_LIMIT {
            return Err(LakeError::InvalidQueryStatement(format!("it is longer than {STATEMENT_LIMIT} characters")));
        }
        let parsed = Statement::parse(statement).map_err(LakeError::InvalidQueryStatement)?;
        if !parsed.store.eq_ignore_ascii_case(&self.store) {
            return Err(LakeError::EventDataStoreNotFound(parsed.store));
        }
        if self.queries.values().filter(|query| query.is_active(now)).count() >= CONCURRENT_QUERIES {
            return Err(LakeError::MaxConcurrentQueries);
        }
        self.started += 1;
        let id = format!("{:08x}-aaaa-4aaa-8aaa-{:012x}", self.started, self.started);
        let query = self.execute(statement, &parsed, now);
        self.queries.insert(id.clone(), query);
        Ok(id)
    }

    fn execute(&self, text: &str, statement: &Statement, now: DateTime<Utc>) -> Query {
        let (from, to) = statement.condition.span();
        let scanned: Vec<&Stored> = self
            .records
            .iter()
            .filter(|stored| stored.delivered_at <= now)
            .filter(|stored| from.is_none_or(|from| from <= stored.time) && to.is_none_or(|to| stored.time <= to))
            .collect();
        let mut matched: Vec<&Stored> =
            scanned.iter().copied().filter(|stored| statement.condition.holds(*stored) == Some(true)).collect();
        matched.sort_by(|left, right| ordering(&statement.order, left, right));
        let settings = &self.settings;
        Query {
            statement: text.to_owned(),
            started_at: now,
            polls: 0,
            queued_polls: settings.queued_polls,
            running_polls: settings.running_polls,
            end: match settings.outcome {
                Outcome::Finished => QueryStatus::Finished,
                Outcome::Failed => QueryStatus::Failed,
                Outcome::Cancelled => QueryStatus::Cancelled,
                Outcome::TimedOut => QueryStatus::TimedOut,
            },
            cancelled: false,
            rows: matched.iter().map(|stored| row(&statement.columns, stored, settings.null_column)).collect(),
            events_scanned: scanned.len(),
            bytes_scanned: scanned.iter().map(|stored| stored.record.to_string().len()).sum(),
            page_limit: settings.page_limit,
        }
    }

    /// `DescribeQuery`. Counts as one time that the query was asked about.
    ///
    /// # Errors
    /// [`LakeError::QueryIdNotFound`].
    pub fn describe_query(&mut self, id: &str, now: DateTime<Utc>) -> Result<QueryDescription, LakeError> {
        self.ask(id, now).map(|query| describe(query))
    }

    /// `GetQueryResults`. Counts as one time that the query was asked about; has rows once it is FINISHED.
    ///
    /// # Errors
    /// [`LakeError::QueryIdNotFound`], [`LakeError::InvalidMaxResults`], [`LakeError::InvalidNextToken`].
    pub fn query_results(
        &mut self,
        id: &str,
        max_results: Option<i64>,
        next_token: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Page, LakeError> {
        let wanted = match max_results {
            None => 1_000,
            Some(count @ 1..=1_000) => usize::try_from(count).unwrap_or(1_000),
            Some(count) => return Err(LakeError::InvalidMaxResults(count)),
        };
        let query = self.ask(id, now)?;
        let from = match next_token {
            None => 0,
            Some(token) => token
                .strip_prefix(&format!("{id}/"))
                .and_then(|from| from.parse::<usize>().ok())
                .filter(|from| *from < query.rows.len())
                .ok_or_else(|| LakeError::InvalidNextToken(id.to_owned()))?,
        };
        let description = describe(query);
        if query.status() != QueryStatus::Finished {
            return Ok(Page { description, rows: Vec::new(), next_token: None });
        }
        let to = from.saturating_add(wanted.min(query.page_limit.max(1))).min(query.rows.len());
        let rows = query.rows.get(from..to).unwrap_or_default().to_vec();
        let next_token = (to < query.rows.len()).then(|| format!("{id}/{to}"));
        Ok(Page { description, rows, next_token })
    }

    /// `CancelQuery`.
    ///
    /// # Errors
    /// [`LakeError::QueryIdNotFound`], [`LakeError::InactiveQuery`].
    pub fn cancel_query(&mut self, id: &str, now: DateTime<Utc>) -> Result<QueryDescription, LakeError> {
        let query = self.find(id, now)?;
        match query.status() {
            QueryStatus::Queued | QueryStatus::Running => query.cancelled = true,
            QueryStatus::Finished | QueryStatus::Failed | QueryStatus::Cancelled | QueryStatus::TimedOut => {
                return Err(LakeError::InactiveQuery(id.to_owned()));
            }
        }
        Ok(describe(query))
    }

    fn ask(&mut self, id: &str, now: DateTime<Utc>) -> Result<&mut Query, LakeError> {
        let query = self.find(id, now)?;
        query.polls = query.polls.saturating_add(1);
        Ok(query)
    }

    fn find(&mut self, id: &str, now: DateTime<Utc>) -> Result<&mut Query, LakeError> {
        self.queries
            .get_mut(id)
            .filter(|query| now < query.started_at + RESULTS_STAY)
            .ok_or_else(|| LakeError::QueryIdNotFound(id.to_owned()))
    }
}

fn ordering(order: &[(Column, Direction)], left: &Stored, right: &Stored) -> Ordering {
    order.iter().fold(Ordering::Equal, |so_far, (column, direction)| {
        so_far.then_with(|| {
            let ordering = left.text(*column).cmp(&right.text(*column));
            match direction {
                Direction::Ascending => ordering,
                Direction::Descending => ordering.reverse(),
            }
        })
    })
}

fn row(columns: &[Column], stored: &Stored, null_column: NullColumn) -> Value {
    let entry = |column: &Column| {
        let text = match (stored.text(*column), null_column) {
            (Some(text), _) => text,
            (None, NullColumn::Empty) => String::new(),
            (None, NullColumn::Absent) => return None,
        };
        Some(Value::Object(Map::from_iter([(column.name().to_owned(), Value::String(text))])))
    };
    Value::Array(columns.iter().filter_map(entry).collect())
}

#[cfg(test)]
mod tests;
