//! Lake's refusals, with CloudTrail's own names.

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
