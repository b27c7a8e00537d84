//! What goes wrong with the calls of one invocation: slow, failing, lost, killed.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use futures::future::{BoxFuture, FutureExt};
use local::world::faults::Fault;
use shared::clock::Clock;
use tokio::sync::Notify;

use crate::{
    fakes::{Hook, Late, Moment, PortCall},
    oracle::Oracle,
    plan::Rates,
    story::Story,
};

/// The trouble of one invocation.
pub(crate) struct Chaos {
    /// Who is in trouble.
    pub actor: String,
    /// How much trouble.
    pub rates: Rates,
    /// How much there was so far in the run.
    pub troubles: Arc<AtomicU64>,
    /// What is left out, by number.
    pub spared: Arc<BTreeSet<u64>>,
    /// Switched on when all trouble is over.
    pub calm: Arc<AtomicBool>,
    /// Where it is told.
    pub story: Arc<Story>,
    /// Where it is counted.
    pub oracle: Arc<Oracle>,
    /// Time.
    pub clock: Clock,
    /// Where it is drawn from.
    pub rng: Mutex<Rng>,
    /// The invocation is killed.
    pub killed: Notify,
}

impl Chaos {
    fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Counts one trouble more; whether it is left out of this run.
    fn is_spared(&self) -> bool {
        let number = self.troubles.fetch_add(1, Ordering::Relaxed);
        self.spared.contains(&number)
    }

    /// A pause before or after a call: mostly none, sometimes seconds.
    fn pause(&self) -> Option<Duration> {
        let slow = self.rates.slow;
        let milliseconds = self.draw(|rng| match rng.u16(0..1_000) {
            drawn if drawn < slow => rng.u64(900..9_000),
            ..500 => 0,
            500..900 => rng.u64(1..60),
            900.. => rng.u64(60..700),
        });
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
    }
}

impl Hook for Chaos {
    fn at<'a>(&'a self, moment: Moment, call: &'a PortCall) -> BoxFuture<'a, ()> {
        async move {
            if self.is_calm() {
                return tokio::task::yield_now().await;
            }
            if self.draw(|rng| rng.u16(0..1_000)) < self.rates.kills && !self.is_spared() {
                self.story.note(self.clock.now(), &self.actor, format_args!("KILLED {moment:?} {call}"));
                self.oracle.count(|stats| stats.crashes += 1);
                self.killed.notify_one();
                std::future::pending::<()>().await;
            }
            match self.pause() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => tokio::task::yield_now().await,
            }
        }
        .boxed()
    }

    fn lands_late(&self, call: &PortCall) -> Option<Late> {
        let rate = if call.port == "chat" { self.rates.lands_late } else { self.rates.writes_late };
        if self.is_calm() || rate == 0 || self.draw(|rng| rng.u16(0..1_000)) >= rate {
            return None;
        }
        let after = Duration::from_millis(self.draw(|rng| rng.u64(0..12_000)));
        let is_killed = self.draw(Rng::bool);
        if self.is_spared() {
            return None;
        }
        if is_killed {
            self.story.note(self.clock.now(), &self.actor, format_args!("KILLED, {call} lands {after:?} later"));
            self.oracle.count(|stats| stats.crashes += 1);
            self.killed.notify_one();
        } else {
            self.story.note(
                self.clock.now(),
                &self.actor,
                format_args!("no answer at {call}, which lands {after:?} later"),
            );
            self.oracle.count(|stats| stats.faults += 1);
        }
        // Slack's and AWS's clients give up after 10 s.
        Some(Late { after, given_up: (!is_killed).then(|| Duration::from_secs(10)) })
    }

    fn fault(&self, call: &PortCall) -> Option<Fault> {
        if self.is_calm() {
            return None;
        }
        let rates = self.rates;
        let rate = match call.port {
            "store" => rates.store,
            "chat" => rates.chat,
            "firewall" => rates.firewall,
            _ => rates.source,
        };
        if self.draw(|rng| rng.u16(0..1_000)) >= rate {
            return None;
        }
        let denied = self.draw(|rng| rng.u16(0..1_000)) < rates.denied;
        let fault = self.draw(|rng| match rng.u8(0..6) {
            _ if denied => Fault::Denied,
            0 => Fault::Throttle,
            1 => Fault::ServerError,
            2 => Fault::DropBefore,
            3 => Fault::DropAfter,
            4 => Fault::ErrorAfter,
            _ => Fault::Slow(Duration::from_millis(rng.u64(100..12_000))),
        });
        if self.is_spared() {
            return None;
        }
        self.story.note(self.clock.now(), &self.actor, format_args!("{fault:?} at {call}"));
        self.oracle.count(|stats| stats.faults += 1);
        Some(fault)
    }
}
