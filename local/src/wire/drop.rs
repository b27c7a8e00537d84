//! Faults on the wire, the same way for every service: a refusal, a late answer, or a connection that is closed without
//! any answer.

use std::io;

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures::stream;

use crate::world::faults::Fault;

/// The refusals that each service words in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many calls.
    Throttled,
    /// The service's own fault; nothing was done.
    ServerError,
    /// The same answer, although the call was made.
    ErrorAfter,
    /// Not allowed.
    Denied,
}

/// Makes the call, unless a fault hits it. `refuse` words the answer of a call that was not made, or is said not to be.
pub async fn under_fault(
    fault: Option<Fault>,
    call: impl FnOnce() -> Response,
    refuse: impl FnOnce(Refusal) -> Response,
) -> Response {
    match fault {
        None => call(),
        Some(Fault::Throttle) => refuse(Refusal::Throttled),
        Some(Fault::ServerError) => refuse(Refusal::ServerError),
        Some(Fault::ErrorAfter) => {
            call();
            refuse(Refusal::ErrorAfter)
        }
        Some(Fault::Denied) => refuse(Refusal::Denied),
        Some(Fault::DropBefore) => dropped(),
        Some(Fault::DropAfter) => {
            call();
            dropped()
        }
        Some(Fault::Slow(by)) => {
            let answer = call();
            tokio::time::sleep(by).await;
            answer
        }
    }
}

/// An answer that is never sent: its body fails before the head has left the buffer, so the server closes the connection
/// and the client sees it end where an answer should begin.
#[must_use]
pub fn dropped() -> Response {
    let failure = stream::iter([Err::<Bytes, io::Error>(io::Error::other("dropped on purpose"))]);
    Response::new(Body::from_stream(failure))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{Router, routing::get};

    use super::*;

    #[tokio::test]
    async fn a_client_of_a_dropped_call_gets_no_answer() {
        let router = Router::new().route("/", get(|| async { dropped() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });

        let error = reqwest::get(url).await.unwrap_err();

        assert!(error.is_request() && error.status().is_none(), "{error:?}");
    }

    #[tokio::test]
    async fn only_what_comes_after_has_made_the_call() {
        let faults = [
            (Fault::DropBefore, false),
            (Fault::DropAfter, true),
            (Fault::ServerError, false),
            (Fault::ErrorAfter, true),
            (Fault::Throttle, false),
        ];
        for (fault, expected) in faults {
            let mut made = false;
            let call = || {
                made = true;
                Response::new(Body::empty())
            };
            under_fault(Some(fault), call, |_| Response::new(Body::empty())).await;
            assert_eq!(made, expected, "{fault:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_call_is_made_first_and_answered_late() {
        let begin = tokio::time::Instant::now();
        let mut made_after = None;
        let call = || {
            made_after = Some(begin.elapsed());
            Response::new(Body::empty())
        };
        let by = Duration::from_secs(20);
        under_fault(Some(Fault::Slow(by)), call, |_| Response::new(Body::empty())).await;
        assert_eq!(made_after, Some(Duration::ZERO));
        assert!(begin.elapsed() >= by);
    }
}
