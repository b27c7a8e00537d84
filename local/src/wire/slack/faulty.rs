//! The switches for faults, in front of and behind a call.

use axum::{body::Body, response::Response};

use super::answer;
use crate::{
    wire::drop::{Refusal, under_fault},
    world::World,
};

/// The answers that differ by kind of URL.
pub(super) struct Answers {
    pub(super) throttled: Response,
    pub(super) denied: Response,
}

/// Makes the call, unless a switch is on that says otherwise. `about` is the request of a new card.
pub(super) async fn with_faults(
    world: &World,
    operation: &str,
    about: Option<&str>,
    answers: Answers,
    call: impl FnOnce() -> Response,
) -> Response {
    let refuse = |refusal| match refusal {
        Refusal::Throttled => answers.throttled,
        Refusal::Denied => answers.denied,
        Refusal::ServerError | Refusal::ErrorAfter => {
            answer::response(500, "text/html", Body::from("Internal Server Error"))
        }
    };
    under_fault(world.faults.hit_about("slack", operation, about), call, refuse).await
}
