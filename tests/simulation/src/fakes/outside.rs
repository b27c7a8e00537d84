//! What all four ports share: the world, the clock, the hook, and a list of the calls that were made.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, FutureExt};
use local::world::{World, faults::Fault};
use shared::clock::Clock;

/// One call of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortCall {
    /// `store`, `chat`, `firewall` or `source`.
    pub port: &'static str,
    /// The port's method.
    pub method: &'static str,
    /// What it is about: a request's id, a group, a window.
    pub about: String,
}

impl std::fmt::Display for PortCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{} {}", self.port, self.method, self.about)
    }
}

/// When a hook is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The call has had no effect yet.
    Before,
    /// It has had its effect, if it has one, and the flow has no answer yet.
    After,
}

/// Is awaited before and after every call of a port. A hook that never ends leaves its flow where it is, to be dropped.
pub trait Hook: Send + Sync {
    /// Returns when the call may go on.
    fn at<'a>(&'a self, moment: Moment, call: &'a PortCall) -> BoxFuture<'a, ()>;

    /// Whether the call is on its way already when something happens to its caller.
    fn lands_late(&self, _call: &PortCall) -> Option<Late> {
        None
    }

    /// What goes wrong with the call, besides the switches of the world.
    fn fault(&self, _call: &PortCall) -> Option<Fault> {
        None
    }
}

/// A call that takes effect although its caller has no answer.
#[derive(Clone, Copy, Debug)]
pub struct Late {
    /// How long after it was sent.
    pub after: Duration,
    /// After how long its caller gives up; `None`: its caller is killed at once.
    pub given_up: Option<Duration>,
}

/// Sees the world right before and right after a call takes effect; nothing else happens in between.
pub trait Witness: Send + Sync {
    /// It is about to take effect.
    fn before(&self, call: &PortCall, now: DateTime<Utc>);

    /// It took effect. Not told of calls that had none.
    fn after(&self, call: &PortCall, now: DateTime<Utc>);
}

/// Lets other tasks go first, as a call over the network would.
#[derive(Clone, Copy, Debug)]
pub struct NoHook;

impl Hook for NoHook {
    fn at<'a>(&'a self, _: Moment, _: &'a PortCall) -> BoxFuture<'a, ()> {
        tokio::task::yield_now().boxed()
    }
}

/// Why a call has no answer, or not the wanted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The service asks to slow down. It did nothing.
    Throttled,
    /// A server's fault. It did nothing.
    ServerError,
    /// No answer came; whether it was done is not known.
    NoAnswer,
    /// Not allowed. It did nothing.
    Denied,
}

/// A call that was made, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// When it took effect, or failed.
    pub at: DateTime<Utc>,
    /// What.
    pub call: PortCall,
}

/// The world as the ports see it.
pub struct Outside {
    /// The world.
    pub world: Arc<World>,
    /// Time.
    pub clock: Clock,
    hook: Mutex<Arc<dyn Hook>>,
    made: Mutex<Vec<Made>>,
    witness: Option<Arc<dyn Witness>>,
}

impl Outside {
    /// A world without a hook.
    #[must_use]
    pub fn new(world: Arc<World>, clock: Clock) -> Self {
        Self { world, clock, hook: Mutex::new(Arc::new(NoHook)), made: Mutex::default(), witness: None }
    }

    /// The world as one invocation sees it: with a hook of its own, and watched.
    #[must_use]
    pub fn watched(world: Arc<World>, clock: Clock, hook: Arc<dyn Hook>, witness: Arc<dyn Witness>) -> Self {
        Self { hook: Mutex::new(hook), witness: Some(witness), ..Self::new(world, clock) }
    }

    /// From now on every call awaits this hook.
    pub fn set_hook(&self, hook: Arc<dyn Hook>) {
        *lock(&self.hook) = hook;
    }

    /// The calls of a port's method so far, in the order in which they took effect.
    #[must_use]
    pub fn made(&self, port: &str, method: &str) -> Vec<Made> {
        lock(&self.made).iter().filter(|made| made.call.port == port && made.call.method == method).cloned().collect()
    }

    /// Whether this call is to land late.
    #[must_use]
    pub fn lands_late(&self, call: &PortCall) -> Option<Late> {
        let hook = Arc::clone(&lock(&self.hook));
        hook.lands_late(call)
    }

    /// Makes one call that may land although whoever made it was killed, or has given up.
    ///
    /// # Errors
    /// As [`Outside::call`].
    pub async fn send<T: Send + 'static>(
        self: &Arc<Self>,
        port: &'static str,
        method: &'static str,
        about: impl ToString,
        act: impl FnOnce(DateTime<Utc>) -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let call = PortCall { port, method, about: about.to_string() };
        let Some(Late { after, given_up }) = self.lands_late(&call) else {
            return self.call(port, method, call.about, act).await;
        };
        let outside = Arc::clone(self);
        tokio::spawn(async move {
            outside.clock.sleep(after).await;
            drop(outside.effect(&call, act));
        });
        match given_up {
            Some(wait) => self.clock.sleep(wait).await,
            None => std::future::pending().await,
        }
        Err(Lost::NoAnswer)
    }

    /// A call takes effect, and is seen to.
    pub fn effect<T>(&self, call: &PortCall, act: impl FnOnce(DateTime<Utc>) -> T) -> T {
        let now = self.clock.now();
        let Some(witness) = &self.witness else { return act(now) };
        witness.before(call, now);
        let answer = act(now);
        witness.after(call, now);
        answer
    }

    /// Makes one call: `act` is its effect and its answer.
    ///
    /// # Errors
    /// A switch of the world says so.
    pub async fn call<T>(
        &self,
        port: &'static str,
        method: &'static str,
        about: impl ToString,
        act: impl FnOnce(DateTime<Utc>) -> T,
    ) -> Result<T, Lost> {
        let call = PortCall { port, method, about: about.to_string() };
        let hook = Arc::clone(&lock(&self.hook));
        hook.at(Moment::Before, &call).await;
        let fault = hook.fault(&call).or_else(|| self.world.faults.hit(port, method));
        let now = self.clock.now();
        lock(&self.made).push(Made { at: now, call: call.clone() });
        let act = || self.effect(&call, act);
        let (answer, late) = match fault {
            None => (Ok(act()), None),
            Some(Fault::Slow(late)) => (Ok(act()), Some(late)),
            Some(Fault::DropAfter) => {
                act();
                (Err(Lost::NoAnswer), None)
            }
            Some(Fault::ErrorAfter) => {
                act();
                (Err(Lost::ServerError), None)
            }
            Some(Fault::DropBefore) => (Err(Lost::NoAnswer), None),
            Some(Fault::Throttle) => (Err(Lost::Throttled), None),
            Some(Fault::ServerError) => (Err(Lost::ServerError), None),
            Some(Fault::Denied) => (Err(Lost::Denied), None),
        };
        if let Some(late) = late {
            self.clock.sleep(late).await;
        }
        hook.at(Moment::After, &call).await;
        answer
    }
}

pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
