//! CloudTrail Lake: the records of a window, by query, as the organization's read role.

mod query;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudtrail::{
    Client,
    config::{Builder, Config, Region as SdkRegion},
    types::{QueryStatistics, QueryStatus},
};
use shared::{
    config,
    domain::ids::{AccountId, EventDataStoreId, Region},
    ports::{EventSource, Records, SourceError, Window},
};
use tokio::time::{Instant, sleep, timeout};

use crate::aws::{ASSUME_HINT, AssumeFailure, Failure, Role, Sessions};

/// Between two looks at a query: from, doubling, to.
const POLL: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// After a throttled page. Lake answers 10 a second.
const AFTER_THROTTLE: Duration = Duration::from_millis(500);

/// The largest page that Lake gives.
const PAGE: i32 = 1_000;

/// What a query that nobody waits for any more may cost in time; cancelled or not, its bytes are billed.
const CANCEL: Duration = Duration::from_secs(2);

/// The event data store of the organization.
#[derive(Debug)]
pub struct Lake {
    sessions: Sessions,
    client: Client,
    role: Role,
    region: Region,
    store: EventDataStoreId,
}

impl Lake {
    /// The store that `lake` names, read with the role `roles.lake_read` of the account `organization`.
    #[must_use]
    pub fn new(sdk: &SdkConfig, lake: &config::Lake, roles: &config::Roles, organization: &AccountId) -> Self {
        Self {
            sessions: Sessions::new(sdk, roles.external_id.clone()),
            client: Client::new(sdk),
            role: Role::of(roles, lake.region.partition(), organization, &roles.lake_read),
            region: lake.region.clone(),
            store: lake.event_data_store.clone(),
        }
    }

    /// What makes a call one of the read role in the store's region.
    async fn there(&self) -> Result<Builder, SourceError> {
        let credentials = self.sessions.assume(&self.role).await.map_err(assume_failed)?;
        Ok(Config::builder().region(SdkRegion::new(self.region.to_string())).credentials_provider(credentials))
    }

    async fn start(&self, window: Window) -> Result<String, SourceError> {
        const DOING: &str = "start the query";
        let answer = self.client.start_query().query_statement(query::statement(&self.store, window)).customize();
        let answer = answer.config_override(self.there().await?).send().await;
        let answer = answer.map_err(|error| self.failed(DOING, Failure::of(&error)))?;
        answer.query_id.ok_or_else(|| unavailable(DOING, "an answer without the query's id"))
    }

    /// Waits for the end of a query; what it scanned.
    async fn finished(&self, id: &str) -> Result<u64, SourceError> {
        const DOING: &str = "describe the query";
        let mut pause = POLL.0;
        loop {
            let answer = self.client.describe_query().query_id(id).customize();
            match answer.config_override(self.there().await?).send().await {
                Ok(query) => {
                    if ended(id, query.query_status.as_ref(), query.error_message)? {
                        let scanned = query.query_statistics.and_then(|statistics| statistics.bytes_scanned);
                        return Ok(scanned.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default());
                    }
                }
                Err(error) => self.worth_waiting(DOING, Failure::of(&error))?,
            }
            sleep(pause).await;
            pause = (pause * 2).min(POLL.1);
        }
    }

    /// Every page of a finished query.
    async fn rows(&self, id: &str) -> Result<Vec<String>, SourceError> {
        const DOING: &str = "give the results";
        let mut records = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let call = self.client.get_query_results().query_id(id).max_query_results(PAGE);
            let call = call.set_next_token(token.clone()).customize().config_override(self.there().await?);
            let page = match call.send().await {
                Ok(page) => page,
                Err(error) => {
                    self.worth_waiting(DOING, Failure::of(&error))?;
                    sleep(AFTER_THROTTLE).await;
                    continue;
                }
            };
            if !ended(id, page.query_status.as_ref(), page.error_message)? {
                return Err(unavailable(DOING, "the query runs again after it had finished"));
            }
            records.extend(page.query_result_rows.unwrap_or_default().into_iter().map(query::record));
            let next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                compare(id, records.len(), page.query_statistics.as_ref());
                return Ok(records);
            }
            if next == token {
                return Err(unavailable(DOING, "the same page twice"));
            }
            token = next;
        }
    }

    /// A query of which nobody will read the results. Whether it could be cancelled changes nothing.
    async fn cancel(&self, id: &str) {
        let Ok(there) = self.there().await else { return };
        let cancelled =
            timeout(CANCEL, self.client.cancel_query().query_id(id).customize().config_override(there).send());
        if !matches!(cancelled.await, Ok(Ok(_))) {
            tracing::warn!(query = id, "a query that took too long could not be cancelled");
        }
    }

    /// What passes by itself is waited for; the rest ends the reading.
    fn worth_waiting(&self, doing: &'static str, failure: Failure) -> Result<(), SourceError> {
        match failure {
            Failure::Unavailable { why } => {
                tracing::debug!(doing, why, "CloudTrail Lake is asked again");
                Ok(())
            }
            Failure::Refused { .. } => Err(self.failed(doing, failure)),
        }
    }

    fn failed(&self, doing: &'static str, failure: Failure) -> SourceError {
        match failure {
            Failure::Unavailable { why } => SourceError::Unavailable { doing, why },
            Failure::Refused { code, message } => {
                self.sessions.forget(&self.role);
                SourceError::Refused { doing, hint: hint(&code), code, message }
            }
        }
    }
}

impl EventSource for Lake {
    /// The limit is for all of it: assuming the role, the query, and its pages. A query that it cuts off is cancelled; what
    /// it has scanned by then is billed.
    async fn read(&self, window: Window, limit: Duration) -> Result<Records, SourceError> {
        let begin = Instant::now();
        let too_late = |doing| unavailable(doing, format!("it took longer than {limit:?}"));
        let id = timeout(limit, self.start(window)).await.map_err(|_| too_late("start the query"))??;
        let reading = async {
            let bytes_scanned = self.finished(&id).await?;
            Ok(Records { records: self.rows(&id).await?, bytes_scanned })
        };
        match timeout(limit.saturating_sub(begin.elapsed()), reading).await {
            Ok(read) => read,
            Err(_) => {
                self.cancel(&id).await;
                Err(too_late("finish the query"))
            }
        }
    }
}

/// Whether the query is over, with rows.
fn ended(id: &str, status: Option<&QueryStatus>, message: Option<String>) -> Result<bool, SourceError> {
    match status {
        Some(QueryStatus::Finished) => Ok(true),
        Some(QueryStatus::Queued | QueryStatus::Running) => Ok(false),
        // FAILED, CANCELLED, TIMED_OUT, or a status that is newer than this code.
        other => Err(SourceError::QueryEnded {
            id: id.to_owned(),
            status: other.map_or("no status", QueryStatus::as_str).to_owned(),
            message: message.unwrap_or_else(|| "no message".to_owned()),
        }),
    }
}

fn compare(id: &str, read: usize, statistics: Option<&QueryStatistics>) {
    let total = statistics.and_then(|statistics| statistics.total_results_count);
    if let Some(total) = total.and_then(|total| usize::try_from(total).ok())
        && total != read
    {
        tracing::warn!(query = id, read, total, "CloudTrail Lake counts other rows than it gave");
    }
}

fn unavailable(doing: &'static str, why: impl Into<String>) -> SourceError {
    SourceError::Unavailable { doing, why: why.into() }
}

fn assume_failed(failed: AssumeFailure) -> SourceError {
    const DOING: &str = "let the read role in";
    match failed.failure {
        Failure::Unavailable { why } => unavailable(DOING, format!("{why} {}", failed.doing)),
        Failure::Refused { code, message } => SourceError::Refused {
            doing: DOING,
            code,
            message: format!("{message} ({})", failed.doing),
            hint: ASSUME_HINT,
        },
    }
}

fn hint(code: &str) -> &'static str {
    match code {
        "AccessDenied" | "AccessDeniedException" => {
            "Does the policy of the read role allow cloudtrail:StartQuery, DescribeQuery, GetQueryResults and \
             CancelQuery on the store?"
        }
        "EventDataStoreNotFoundException" | "EventDataStoreARNInvalidException" | "InactiveEventDataStoreException" => {
            "Is lake.event_data_store the id of a store that is enabled, in lake.region and in accounts.organization?"
        }
        _ => "Look the error code up in CloudTrail's API reference",
    }
}
