//! What every adapter on AWS needs: the SDK's configuration, time-outs, assumed roles, and what an error means.

mod failure;
mod sessions;

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use shared::domain::ids::{InvalidId, Region};

pub(crate) use failure::Failure;
pub(crate) use sessions::{ASSUME_HINT, AssumeFailure, Role, Sessions};

/// The SDK's default of 3.1 s would use up all the time that Slack gives.
const CONNECT: Duration = Duration::from_secs(1);

/// How patient calls are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Somebody waits for an answer: Slack gives 3 s in all. A call ends within 1.9 s: at most 2 attempts.
    BeforeAnswer,
    /// Nobody waits: 10 s an attempt, 3 attempts, 25 s in all.
    AfterAnswer,
}

impl Pace {
    fn timeouts(self) -> TimeoutConfig {
        let (attempt, operation) = match self {
            Self::BeforeAnswer => (Duration::from_millis(1_200), Duration::from_millis(1_900)),
            Self::AfterAnswer => (Duration::from_secs(10), Duration::from_secs(25)),
        };
        TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .read_timeout(attempt)
            .operation_attempt_timeout(attempt)
            .operation_timeout(operation)
            .build()
    }

    fn retries(self) -> RetryConfig {
        match self {
            Self::BeforeAnswer => {
                RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(50))
            }
            Self::AfterAnswer => {
                RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200))
            }
        }
    }
}

/// Loads the SDK's configuration from the environment: region, credentials, and endpoints (`AWS_ENDPOINT_URL` and
/// `AWS_ENDPOINT_URL_<SERVICE>`). Its calls go [`Pace::AfterAnswer`]; [`paced`] makes others of it.
pub async fn load() -> SdkConfig {
    paced(&aws_config::defaults(BehaviorVersion::latest()).load().await, Pace::AfterAnswer)
}

/// The same configuration with the time-outs and retries of a pace. Credentials stay shared.
#[must_use]
pub fn paced(config: &SdkConfig, pace: Pace) -> SdkConfig {
    config.to_builder().timeout_config(pace.timeouts()).retry_config(pace.retries()).build()
}

/// The region that Portcullis itself runs in; the partition of its ARNs follows from it.
///
/// # Errors
/// `AWS_REGION` is not set, or is no region.
pub fn home_region(config: &SdkConfig) -> Result<Region, InvalidId> {
    Region::parse(config.region().map(AsRef::as_ref).unwrap_or_default())
}
