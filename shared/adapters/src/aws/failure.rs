//! What an SDK error means: whether trying again makes sense.

use std::error::Error;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

/// Error codes of any service that pass by themselves, whatever HTTP status they come with. Throttling has a name of its
/// own at each service.
const PASSING: [&str; 24] = [
    "BandwidthLimitExceeded",
    "ConcurrentModification",
    "EC2ThrottledException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceErrorException",
    "LimitExceededException",
    "MaxConcurrentQueriesException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "Unavailable",
];

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Throttled, a server's fault, or no answer: it may have been done all the same.
    Unavailable {
        /// AWS's error code, or what came instead.
        why: String,
    },
    /// AWS said no.
    Refused {
        /// AWS's error code; `HTTP 4xx` where it gave none.
        code: String,
        /// AWS's words.
        message: String,
    },
}

impl Failure {
    /// Understands an SDK error.
    pub(crate) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let service = match error {
            SdkError::ServiceError(service) => service,
            SdkError::TimeoutError(_) => return Self::unavailable("no answer in time"),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                return Self::unavailable("no connection in time");
            }
            SdkError::ConstructionFailure(_) => {
                return Self::Refused { code: "InvalidCall".to_owned(), message: chain(error) };
            }
            SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => return Self::unavailable(chain(error)),
            // The SDK's enum is open.
            _ => return Self::unavailable(chain(error)),
        };
        let status = service.raw().status().as_u16();
        let code = service.err().code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
        if status >= 500 || status == 429 || PASSING.contains(&code.as_str()) {
            return Self::unavailable(code);
        }
        let message = service.err().message().unwrap_or("no message").to_owned();
        Self::Refused { code, message }
    }

    fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { why: why.into() }
    }
}

/// An error with its causes, outermost first.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.ends_with(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = error.source();
    }
    words
}
