//! Work after the answer: Slack has it as soon as it is posted, and the sandbox goes on until the runtime asks for its next
//! event (facts: Lambda).
//!
//! A `tower` layer around the service that posts the answer. What runs here never returns an error, because that would
//! end the runtime; whatever it leaves undone is due for the next tick.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tower::{Layer, Service};

/// What is left to do after the answer.
pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the handler leaves its work. One event is handled at a time, so one place is enough.
#[derive(Clone, Default)]
pub(crate) struct AfterAnswer(Arc<Mutex<Option<Job>>>);

impl AfterAnswer {
    /// Leaves work to be done once the answer is posted.
    pub(crate) fn leave(&self, job: Job) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
    }

    fn take(&self) -> Option<Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<S> Layer<S> for AfterAnswer {
    type Service = WithAfterAnswer<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithAfterAnswer { inner, after: self.clone() }
    }
}

/// The service that posts the answer, and then does what was left.
pub(crate) struct WithAfterAnswer<S> {
    inner: S,
    after: AfterAnswer,
}

impl<S, Event> Service<Event> for WithAfterAnswer<S>
where
    S: Service<Event>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    // Without `Send`: the runtime's own future has none.
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, event: Event) -> Self::Future {
        let posted = self.inner.call(event);
        let after = self.after.clone();
        Box::pin(async move {
            let answer = posted.await;
            if let Some(job) = after.take() {
                job.await;
            }
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::{ServiceExt, service_fn};

    use super::*;

    #[tokio::test]
    async fn what_was_left_is_done_once_and_after_the_answer() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let after = AfterAnswer::default();
        let (log, leave) = (Arc::clone(&seen), after.clone());
        let handler = service_fn(move |click: &'static str| {
            let (log, leave) = (Arc::clone(&log), leave.clone());
            async move {
                if click == "deny" {
                    let log = Arc::clone(&log);
                    leave.leave(Box::pin(async move { log.lock().expect("the log").push("reverted") }));
                }
                log.lock().expect("the log").push("answered");
                Ok::<_, Infallible>(())
            }
        });
        let mut service = after.layer(handler);
        service.ready().await.expect("ready").call("deny").await.expect("an answer");
        service.ready().await.expect("ready").call("approve").await.expect("an answer");
        assert_eq!(*seen.lock().expect("the log"), ["answered", "reverted", "answered"]);
    }
}
