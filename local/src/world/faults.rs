//! Switches that make a service misbehave, one list for all services.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service's own throttling error (EC2 `RequestLimitExceeded`, Slack 429 with `Retry-After: 1`, ...). No effect.
    Throttle,
    /// HTTP 500. No effect.
    ServerError,
    /// The connection is closed without an answer, before the call had its effect.
    DropBefore,
    /// The connection is closed without an answer, after the call had its effect.
    DropAfter,
    /// The answer (and the effect, which comes first) is correct but late by this much.
    Slow(Duration),
    /// The service's "not allowed" (EC2 `UnauthorizedOperation`, STS and Lake `AccessDenied`, Slack `missing_scope`).
    Denied,
}

/// Which calls are hit: `service` is `ec2`, `sts`, `lake`, `slack` or `dynamodb`; `operation` as the service spells it
/// (`RevokeSecurityGroupIngress`, `chat.postMessage`), or `*` for all of the service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The service.
    pub service: String,
    /// The operation, or `*`.
    pub operation: String,
}

/// The switches. A switch is on for a number of calls, or until it is turned off.
#[derive(Debug, Default)]
pub struct Faults {
    switches: Mutex<BTreeMap<Target, (Fault, Option<u32>)>>,
}

impl Faults {
    /// Turns a fault on for the next `calls` calls, or until [`Faults::clear`] with `None`.
    pub fn set(&self, service: &str, operation: &str, fault: Fault, calls: Option<u32>) {
        self.lock().insert(target(service, operation), (fault, calls));
    }

    /// Turns one switch off.
    pub fn clear(&self, service: &str, operation: &str) {
        self.lock().remove(&target(service, operation));
    }

    /// Turns every switch off.
    pub fn clear_all(&self) {
        self.lock().clear();
    }

    /// The fault that hits this call, if any; uses up one of the switch's calls. An exact operation goes before `*`.
    pub fn hit(&self, service: &str, operation: &str) -> Option<Fault> {
        let mut switches = self.lock();
        let key =
            [target(service, operation), target(service, "*")].into_iter().find(|key| switches.contains_key(key))?;
        let (fault, left) = switches.get_mut(&key)?;
        let fault = *fault;
        if let Some(calls) = left {
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                switches.remove(&key);
            }
        }
        Some(fault)
    }

    /// What is switched on now, for the page.
    pub fn list(&self) -> Vec<(Target, Fault, Option<u32>)> {
        self.lock().iter().map(|(target, (fault, calls))| (target.clone(), *fault, *calls)).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Target, (Fault, Option<u32>)>> {
        self.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn target(service: &str, operation: &str) -> Target {
    Target { service: service.to_owned(), operation: operation.to_owned() }
}
