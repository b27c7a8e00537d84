//! Switches that make a service misbehave, one list for all services; and faults at random, drawn from a seed.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastrand::Rng;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service's own throttling error (EC2 `RequestLimitExceeded`, Slack 429 with `Retry-After: 1`, ...). No effect.
    Throttle,
    /// HTTP 500. No effect.
    ServerError,
    /// HTTP 500, although the call had its effect.
    ErrorAfter,
    /// The connection is closed without an answer, before the call had its effect.
    DropBefore,
    /// The connection is closed without an answer, after the call had its effect.
    DropAfter,
    /// The answer (and the effect, which comes first) is correct but late by this much.
    Slow(Duration),
    /// The service's "not allowed" (EC2 `UnauthorizedOperation`, STS and Lake `AccessDenied`, Slack `missing_scope`).
    Denied,
}

impl Fault {
    /// What it is called where faults are counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttled",
            Self::ServerError => "500",
            Self::ErrorAfter => "500 after",
            Self::DropBefore => "dropped before",
            Self::DropAfter => "dropped after",
            Self::Slow(_) => "slow",
            Self::Denied => "denied",
        }
    }
}

/// Faults at random. All but [`Fault::Denied`], which does not pass by itself, are as likely as each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Where they are drawn from. Calls that come side by side take their draws in the order in which they come.
    pub seed: u64,
    /// How many of 1,000 calls to a service are hit; none of a service that is not named.
    pub per_mille: BTreeMap<&'static str, u16>,
    /// The longest that an answer is late.
    pub slowest: Duration,
}

impl Trouble {
    fn draw(&self, rng: &mut Rng, service: &str) -> Option<Fault> {
        let per_mille = self.per_mille.get(service).copied().unwrap_or_default();
        if rng.u16(0..1_000) >= per_mille {
            return None;
        }
        Some(match rng.u8(0..6) {
            0 => Fault::Throttle,
            1 => Fault::ServerError,
            2 => Fault::DropBefore,
            3 => Fault::DropAfter,
            4 => Fault::ErrorAfter,
            _ => Fault::Slow(self.slowest.mul_f64(rng.f64())),
        })
    }
}

/// How often calls of one operation were hit by one kind of fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// [`Fault::name`].
    pub fault: &'static str,
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
    trouble: Mutex<Option<(Trouble, Rng)>>,
    hits: Mutex<BTreeMap<Hit, u32>>,
    about: Mutex<BTreeMap<(Hit, String), u32>>,
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

    /// Begins faults at random, beside the switches, or ends them with `None`.
    pub fn set_trouble(&self, trouble: Option<Trouble>) {
        *locked(&self.trouble) = trouble.map(|trouble| {
            let rng = Rng::with_seed(trouble.seed);
            (trouble, rng)
        });
    }

    /// The fault that hits this call, if any; uses up one of the switch's calls. An exact operation goes before `*`, a
    /// switch before what is drawn at random.
    pub fn hit(&self, service: &str, operation: &str) -> Option<Fault> {
        self.hit_about(service, operation, None)
    }

    /// The same for a call that is about something by name: it is counted by that name too.
    pub fn hit_about(&self, service: &str, operation: &str, about: Option<&str>) -> Option<Fault> {
        let fault = self.switched(service, operation).or_else(|| self.drawn(service))?;
        let hit = Hit { service: service.to_owned(), operation: operation.to_owned(), fault: fault.name() };
        if let Some(about) = about {
            *locked(&self.about).entry((hit.clone(), about.to_owned())).or_default() += 1;
        }
        *locked(&self.hits).entry(hit).or_default() += 1;
        Some(fault)
    }

    /// How often calls about something were hit so far, by its name.
    pub fn hits_about(&self) -> BTreeMap<(Hit, String), u32> {
        locked(&self.about).clone()
    }

    /// How often calls were hit so far.
    pub fn hits(&self) -> BTreeMap<Hit, u32> {
        locked(&self.hits).clone()
    }

    fn switched(&self, service: &str, operation: &str) -> Option<Fault> {
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

    fn drawn(&self, service: &str) -> Option<Fault> {
        let mut trouble = locked(&self.trouble);
        let (trouble, rng) = trouble.as_mut()?;
        trouble.draw(rng, service)
    }

    /// What is switched on now, for the page.
    pub fn list(&self) -> Vec<(Target, Fault, Option<u32>)> {
        self.lock().iter().map(|(target, (fault, calls))| (target.clone(), *fault, *calls)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Target, (Fault, Option<u32>)>> {
        locked(&self.switches)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn target(service: &str, operation: &str) -> Target {
    Target { service: service.to_owned(), operation: operation.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(seed: u64) -> Trouble {
        Trouble { seed, per_mille: [("ec2", 300), ("slack", 1_000)].into(), slowest: Duration::from_secs(2) }
    }

    fn draws(seed: u64) -> Vec<Option<Fault>> {
        let faults = Faults::default();
        faults.set_trouble(Some(trouble(seed)));
        (0..200).map(|_| faults.hit("ec2", "DescribeSecurityGroupRules")).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn every_kind_is_drawn_and_counted_and_denied_is_not() {
        let faults = Faults::default();
        faults.set_trouble(Some(trouble(1)));
        for _ in 0..500 {
            let fault = faults.hit("slack", "chat.update").unwrap();
            assert!(!matches!(fault, Fault::Slow(by) if by > Duration::from_secs(2)), "{fault:?}");
        }
        assert_eq!(faults.hit("lake", "StartQuery"), None, "it is not named");
        let hits = faults.hits();
        let kinds: Vec<_> = hits.keys().map(|hit| hit.fault).collect();
        assert_eq!(kinds, ["500", "500 after", "dropped after", "dropped before", "slow", "throttled"]);
        assert_eq!(hits.values().sum::<u32>(), 500);
    }

    #[test]
    fn a_call_about_something_is_counted_by_its_name_too() {
        let faults = Faults::default();
        faults.set("slack", "*", Fault::DropAfter, Some(3));
        for about in [Some("one"), Some("one"), None, Some("none hit")] {
            faults.hit_about("slack", "chat.postMessage", about);
        }
        let about: Vec<_> =
            faults.hits_about().into_iter().map(|((hit, about), count)| (hit.fault, about, count)).collect();
        assert_eq!(about, [("dropped after", "one".to_owned(), 2)]);
        assert_eq!(faults.hits().values().sum::<u32>(), 3);
    }

    #[test]
    fn a_switch_goes_before_what_is_drawn_and_trouble_ends() {
        let faults = Faults::default();
        faults.set_trouble(Some(trouble(1)));
        faults.set("slack", "*", Fault::Denied, Some(1));
        assert_eq!(faults.hit("slack", "chat.update"), Some(Fault::Denied));
        assert!(faults.hit("slack", "chat.update").is_some());
        faults.set_trouble(None);
        assert_eq!(faults.hit("slack", "chat.update"), None);
    }
}
