//! CloudTrail Lake: an event data store that receives records late, and the queries that run over it.
//!
//! Statements are checked and executed strictly ([`statement`]). A query passes through QUEUED and RUNNING as it is
//! asked about, so that a client that does not wait for FINISHED sees no rows.

mod delivery;
pub mod statement;
mod tokens;

use std::{cmp::Ordering, collections::BTreeMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use self::statement::{Column, Direction, Row, Statement};

/// The id of the store that [`Lake::default`] has; the same as in the repository's `config.toml`.
pub const DEFAULT_STORE: &str = "7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5f";

/// The account that owns the store, as in the repository's `config.toml`.
pub const DEFAULT_ACCOUNT: &str = "111111111111";

/// The store's region, as in the repository's `config.toml`.
pub const DEFAULT_REGION: &str = "us-east-1";

const STATEMENT_LIMIT: usize = 10_000;
const CONCURRENT_QUERIES: usize = 10;
/// A query that nobody asks about ends too; it counts as running for this long.
const ABANDONED_AFTER: TimeDelta = TimeDelta::seconds(60);
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

/// Why Lake refused a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LakeError {
    /// The statement is too long, outside the subset, or not bounded in time.
    #[error("Query statement is invalid: {0}")]
    InvalidQueryStatement(String),
    /// No such event data store.
    #[error("Event data store {0} was not found")]
    EventDataStoreNotFound(String),
    /// Ten queries run already.
    #[error("You are already running the maximum number of concurrent queries: wait until one has finished")]
    MaxConcurrentQueries,
    /// No such query, or its results are older than seven days.
    #[error("Query {0} was not found")]
    QueryIdNotFound(String),
    /// A query that has ended cannot be cancelled.
    #[error("Query {0} is not active: it has ended")]
    InactiveQuery(String),
    /// `MaxQueryResults` is not within 1..1000.
    #[error("MaxQueryResults {0} is not within 1..1000")]
    InvalidMaxResults(i64),
    /// The token is not one that this query gave out.
    #[error("NextToken is not one of query {0}")]
    InvalidNextToken(String),
}

impl LakeError {
    /// The name of the exception on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidQueryStatement(_) => "InvalidQueryStatementException",
            Self::EventDataStoreNotFound(_) => "EventDataStoreNotFoundException",
            Self::MaxConcurrentQueries => "MaxConcurrentQueriesException",
            Self::QueryIdNotFound(_) => "QueryIdNotFoundException",
            Self::InactiveQuery(_) => "InactiveQueryException",
            Self::InvalidMaxResults(_) => "InvalidMaxResultsException",
            Self::InvalidNextToken(_) => "InvalidNextTokenException",
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

/// A query that was accepted, with the rows that were visible when it started.
#[derive(Clone, Debug)]
struct Query {
    statement: String,
    started_at: DateTime<Utc>,
    polls: u32,
    queued_polls: u32,
    running_polls: u32,
    end: QueryStatus,
    cancelled: bool,
    rows: Vec<Value>,
    events_scanned: usize,
    bytes_scanned: usize,
    page_limit: usize,
}

impl Query {
    fn status(&self) -> QueryStatus {
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

    fn is_active(&self, now: DateTime<Utc>) -> bool {
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
        matched.sort_by(|left, right| ordering(&statement.order, *left, *right));
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
            rows: matched.iter().map(|stored| row(&statement.columns, *stored, settings.null_column)).collect(),
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

fn describe(query: &Query) -> QueryDescription {
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

#[cfg(test)]
mod tests;
