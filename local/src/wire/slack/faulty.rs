//! The switches for faults, in front of and behind a call.

use std::io;

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures::stream;

use super::answer;
use crate::world::{World, faults::Fault};

/// The answers that differ by kind of URL.
pub(super) struct Answers {
    pub(super) throttled: Response,
    pub(super) denied: Response,
}

/// Makes the call, unless a switch is on that says otherwise.
pub(super) async fn with_faults(
    world: &World,
    operation: &str,
    answers: Answers,
    call: impl FnOnce() -> Response,
) -> Response {
    match world.faults.hit("slack", operation) {
        None => call(),
        Some(Fault::Throttle) => answers.throttled,
        Some(Fault::Denied) => answers.denied,
        Some(Fault::ServerError) => answer::response(500, "text/html", Body::from("Internal Server Error")),
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

/// An answer whose body fails at once: the server closes the connection before a byte of it was sent.
fn dropped() -> Response {
    let failure = stream::iter([Err::<Bytes, io::Error>(io::Error::other("dropped on purpose"))]);
    Response::new(Body::from_stream(failure))
}
