//! What every flow is given, and what all of them do: commit steps, hold leases, back off.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::{Clock, Deadline, Entropy, delta},
    config::Config,
    domain::{
        card::View,
        request::{Lease, Request},
        step::{Effect, Event, Refusal, step},
    },
    ports::{Commit, RequestStore, StoreError},
};

/// A lease outlives the invocation that took it by this much.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(15);

/// The first back-off; it doubles with each failure.
const FIRST_BACK_OFF: Duration = Duration::from_secs(5);

/// The longest back-off.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5 * 60);

/// How often a write whose answer was lost is repeated within one commit.
const COMMIT_TRIES: u32 = 3;

/// How often a commit is computed anew because another one came first.
pub const RACES: u32 = 20;

/// What the flows work with.
pub struct Context<S, C, F> {
    /// The table.
    pub store: S,
    /// Slack.
    pub chat: C,
    /// EC2.
    pub firewall: F,
    /// What the user configured.
    pub config: Config,
    /// What cards need besides their request.
    pub view: View,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
}

/// What an attempt to move a request on came to.
#[derive(Debug)]
pub enum Advanced {
    /// It moved.
    Done {
        /// As stored.
        request: Request,
        /// What is to be done.
        effects: Vec<Effect>,
    },
    /// The event changes nothing.
    Refused {
        /// Why.
        refusal: Refusal,
        /// As it stands.
        request: Request,
    },
    /// The item is not there any more.
    Vanished,
}

/// What one attempt to move a request on came to.
#[derive(Debug)]
pub enum Once {
    /// It moved, or the event changes nothing.
    Over(Advanced),
    /// Another commit came first; this is what it left.
    Raced(Request),
}

/// Others changed a request so often that it was given up.
pub fn raced(request: &Request) -> StoreError {
    StoreError::Unavailable {
        doing: "change",
        what: request.change.id.to_string(),
        why: format!("others changed it {RACES} times meanwhile"),
    }
}

/// A note that can't be read is logged and done without: one bad item never stops the others. A person is asked once too
/// often then, never too seldom.
///
/// # Errors
/// Every other error as it is.
pub fn unless_damaged<T: Default>(noted: Result<T, StoreError>) -> Result<T, StoreError> {
    match noted {
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(alarm = "damaged_item", %error, "a damaged item was done without");
            Ok(T::default())
        }
        noted => noted,
    }
}

impl<S: RequestStore, C, F> Context<S, C, F> {
    /// Moves a request on by an event; where another commit comes first, the event happens to what that one left.
    ///
    /// # Errors
    /// The store did not take it; whether it was written is not known, and need not be.
    pub async fn advance(&self, request: Request, event: &Event) -> Result<Advanced, StoreError> {
        self.advance_by(request, |_| Ok(event.clone())).await
    }

    /// As [`Context::advance`], by an event that depends on what was stored last, or is refused because of it.
    ///
    /// # Errors
    /// As [`Context::advance`].
    pub async fn advance_by(
        &self,
        mut request: Request,
        event: impl Fn(&Request) -> Result<Event, Refusal>,
    ) -> Result<Advanced, StoreError> {
        for _ in 0..RACES {
            let event = match event(&request) {
                Ok(event) => event,
                Err(refusal) => return Ok(Advanced::Refused { refusal, request }),
            };
            match self.advance_once(request, &event).await? {
                Once::Over(advanced) => return Ok(advanced),
                Once::Raced(current) => request = current,
            }
        }
        Err(raced(&request))
    }

    /// Moves a request on by an event, unless another commit comes first.
    ///
    /// # Errors
    /// As [`Context::advance`].
    pub async fn advance_once(&self, request: Request, event: &Event) -> Result<Once, StoreError> {
        let transition = match step(&request, event.clone(), self.clock.now(), &self.entropy.nonce()) {
            Ok(transition) => transition,
            Err(refusal) => return Ok(Once::Over(Advanced::Refused { refusal, request })),
        };
        Ok(match self.commit(transition).await? {
            Commit::Won { request, effects } => Once::Over(Advanced::Done { request: *request, effects }),
            Commit::Lost { current: Some(current) } => Once::Raced(*current),
            Commit::Lost { current: None } => Once::Over(Advanced::Vanished),
        })
    }

    /// Repeats a write whose answer was lost: its nonce tells whether it had been done.
    async fn commit(&self, transition: crate::domain::step::Transition) -> Result<Commit, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.store.commit(transition.clone()).await {
                Err(StoreError::Unavailable { .. }) if tries < COMMIT_TRIES => {
                    self.clock.sleep(self.entropy.jitter(Duration::from_millis(200))).await;
                }
                done => return done,
            }
        }
    }

    /// A lease of our own until after the deadline.
    pub fn lease(&self, deadline: Deadline) -> Lease {
        Lease { holder: self.entropy.nonce(), until: deadline.0 + LEASE_MARGIN }
    }

    /// When to try again after this many failures before: 5 s doubling to 5 min, jittered; not before `at_least`.
    pub fn back_off(&self, failed: u32, at_least: Duration) -> DateTime<Utc> {
        let doubled = FIRST_BACK_OFF.saturating_mul(2_u32.saturating_pow(failed.min(16)));
        let wait = self.entropy.jitter(doubled.min(LONGEST_BACK_OFF)).max(at_least);
        self.clock.now() + delta(wait)
    }
}
