//! Hooks that stop one call: to kill its flow there, to delay it, or to let something else happen first.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::future::{BoxFuture, FutureExt};
use local::world::{World, faults::Fault};
use tokio::sync::Notify;

use super::{
    Run,
    outside::{Hook, Moment, NoHook, PortCall, lock},
};

/// One call of a port: its `nth` (from 1), before or after its effect.
struct Spot {
    moment: Moment,
    port: &'static str,
    method: &'static str,
    left: AtomicU32,
}

impl Spot {
    fn new(moment: Moment, port: &'static str, method: &'static str, nth: u32) -> Self {
        Self { moment, port, method, left: AtomicU32::new(nth) }
    }

    /// Whether this is it. Each call counts once.
    fn is_here(&self, moment: Moment, call: &PortCall) -> bool {
        moment == self.moment
            && call.port == self.port
            && call.method == self.method
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
    }
}

struct Kill {
    spot: Spot,
    reached: Notify,
}

impl Hook for Kill {
    fn at<'a>(&'a self, moment: Moment, call: &'a PortCall) -> BoxFuture<'a, ()> {
        async move {
            if self.spot.is_here(moment, call) {
                self.reached.notify_one();
                std::future::pending::<()>().await;
            }
            NoHook.at(moment, call).await;
        }
        .boxed()
    }
}

struct Delay {
    spots: Vec<(Spot, Duration)>,
}

impl Hook for Delay {
    fn at<'a>(&'a self, moment: Moment, call: &'a PortCall) -> BoxFuture<'a, ()> {
        async move {
            // Every spot counts the call.
            let here: Vec<bool> = self.spots.iter().map(|(spot, _)| spot.is_here(moment, call)).collect();
            for ((_, time), _) in self.spots.iter().zip(here).filter(|(_, here)| *here) {
                tokio::time::sleep(*time).await;
            }
            NoHook.at(moment, call).await;
        }
        .boxed()
    }
}

/// What happens meanwhile, once.
type Meanwhile = Mutex<Option<Box<dyn FnOnce() + Send>>>;

struct First {
    spot: Spot,
    meanwhile: Meanwhile,
}

impl Hook for First {
    fn at<'a>(&'a self, moment: Moment, call: &'a PortCall) -> BoxFuture<'a, ()> {
        if self.spot.is_here(moment, call)
            && let Some(meanwhile) = lock(&self.meanwhile).take()
        {
            meanwhile();
        }
        NoHook.at(moment, call)
    }
}

/// Counts the calls of all ports, and does something at one of them.
struct Nth {
    left: AtomicU32,
    moment: Moment,
    reached: Notify,
    /// The call fails so; without it, its flow is killed.
    fault: Option<(Fault, Arc<World>)>,
}

impl Hook for Nth {
    fn at<'a>(&'a self, moment: Moment, call: &'a PortCall) -> BoxFuture<'a, ()> {
        async move {
            let left = |left: u32| left.checked_sub(1);
            let here =
                moment == self.moment && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) == Ok(1);
            match &self.fault {
                Some((fault, world)) if here => world.faults.set(call.port, call.method, *fault, Some(1)),
                None if here => {
                    self.reached.notify_one();
                    std::future::pending::<()>().await;
                }
                Some(_) | None => {}
            }
            NoHook.at(moment, call).await;
        }
        .boxed()
    }
}

impl Run {
    /// Runs a flow until its `nth` call of any port (from 1), and drops it there. `None`: it was killed; else how it ended.
    pub async fn kill_at_call<T>(&self, nth: u32, moment: Moment, flow: impl Future<Output = T>) -> Option<T> {
        let kill = Nth { left: AtomicU32::new(nth), moment, reached: Notify::new(), fault: None };
        let kill = Arc::new(kill);
        self.outside.set_hook(Arc::clone(&kill) as Arc<dyn Hook>);
        let ended = tokio::select! {
            ended = flow => Some(ended),
            () = kill.reached.notified() => None,
        };
        self.outside.set_hook(Arc::new(NoHook));
        self.next_invocation();
        ended
    }

    /// Runs a flow whose `nth` call of any port (from 1) fails so. The second value: whether it came to that call.
    pub async fn fail_at_call<T>(&self, nth: u32, fault: Fault, flow: impl Future<Output = T>) -> (T, bool) {
        let fault = Some((fault, Arc::clone(&self.outside.world)));
        let fail = Nth { left: AtomicU32::new(nth), moment: Moment::Before, reached: Notify::new(), fault };
        let fail = Arc::new(fail);
        self.outside.set_hook(Arc::clone(&fail) as Arc<dyn Hook>);
        let ended = flow.await;
        self.outside.set_hook(Arc::new(NoHook));
        (ended, fail.left.load(Ordering::SeqCst) == 0)
    }

    /// Runs a flow until it comes to this call, and drops it there: its function is killed.
    pub async fn kill_at(
        &self,
        moment: Moment,
        (port, method): (&'static str, &'static str),
        flow: impl Future<Output: std::fmt::Debug>,
    ) {
        let kill = Arc::new(Kill { spot: Spot::new(moment, port, method, 1), reached: Notify::new() });
        self.outside.set_hook(Arc::clone(&kill) as Arc<dyn Hook>);
        tokio::select! {
            ended = flow => panic!("it came to its end before {port}.{method}: {ended:?}"),
            () = kill.reached.notified() => {}
        }
        self.outside.set_hook(Arc::new(NoHook));
    }

    /// The `nth` call of this method (from 1) waits this long, before or after its effect.
    pub fn delay(&self, delays: Vec<(Moment, &'static str, &'static str, u32, Duration)>) {
        let spot = |(moment, port, method, nth, time)| (Spot::new(moment, port, method, nth), time);
        self.outside.set_hook(Arc::new(Delay { spots: delays.into_iter().map(spot).collect() }));
    }

    /// Right before the next call of this method takes effect, something else happens.
    pub fn meanwhile(&self, port: &'static str, method: &'static str, act: impl FnOnce() + Send + 'static) {
        let spot = Spot::new(Moment::Before, port, method, 1);
        self.outside.set_hook(Arc::new(First { spot, meanwhile: Mutex::new(Some(Box::new(act))) }));
    }
}
