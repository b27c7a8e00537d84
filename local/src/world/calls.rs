//! The calls to EC2 and STS that came over the wire, also those that changed nothing: a describe is on no trail.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

/// The oldest calls are dropped beyond this many.
const KEPT: usize = 5_000;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCall {
    /// When it came in.
    pub at: DateTime<Utc>,
    /// As the service spells it.
    pub operation: String,
    /// The account: the caller's session's, or the role's for `AssumeRole`.
    pub account: String,
    /// The security groups that it names; none for `AssumeRole`.
    pub groups: Vec<String>,
    /// The ARN of the role that called, or that was to be assumed.
    pub role: Option<String>,
    /// What was answered; none where the connection was closed without an answer.
    pub answer: Option<Answered>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its request id.
    pub request_id: String,
    /// The error code; none for success.
    pub error: Option<&'static str>,
}

/// The calls, oldest first.
#[derive(Debug, Default)]
pub struct Calls {
    calls: Mutex<VecDeque<ServiceCall>>,
}

impl Calls {
    /// Notes a call.
    pub fn note(&self, call: ServiceCall) {
        let mut calls = self.lock();
        if calls.len() >= KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// The calls that satisfy the predicate, in the order in which they were answered.
    pub fn list(&self, wanted: impl Fn(&ServiceCall) -> bool) -> Vec<ServiceCall> {
        self.lock().iter().filter(|call| wanted(call)).cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<ServiceCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
