//! Two cards ask about one rule. One is denied and its revert runs; the other is approved at the same time. Each of the two is
//! stopped at each of its calls while the other one goes on: whatever crosses, what is approved in the end is there.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use futures::future::{BoxFuture, FutureExt, LocalBoxFuture};
use shared::{
    domain::{change::GroupKey, ids::RequestId, request::State},
    flows::{context::Context, decide::decide, due::work_off, report::Report},
};
use tokio::sync::Notify;

use crate::{
    fakes::{BOB, CAROL, Hook, Moment, NoHook, Outside, PortCall, Run, Witness, WorldFirewall, ssh},
    mutation::{Harness, Mutant, Mutation},
    sim::Portcullis,
};

/// More calls than either of the two makes.
const MOST_CALLS: u32 = 200;

/// What came of all crossings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossed {
    /// How many were played.
    pub played: u32,
    /// In how many the rule was kept by the Approve.
    pub kept: u32,
    /// In how many the revert removed it: the Approve was refused, or came after that.
    pub removed: u32,
    /// In how many an approved rule was revoked.
    pub broken: u32,
}

/// Plays every crossing, with the protocol as it is or with a mutation of it.
#[must_use]
pub fn every_crossing(mutation: Option<Mutation>) -> Crossed {
    let mut crossed = Crossed::default();
    for revert_first in [true, false] {
        for first in 1..MOST_CALLS {
            let mut any = false;
            for second in 1..MOST_CALLS {
                let Some(end) = alone(Stage::cross(mutation, revert_first, (first, second))) else { break };
                any = true;
                crossed.played += 1;
                match end {
                    End::Kept => crossed.kept += 1,
                    End::Removed => crossed.removed += 1,
                    End::Broken => crossed.broken += 1,
                }
            }
            if !any {
                break;
            }
        }
    }
    crossed
}

fn alone<T>(flow: impl Future<Output = Option<T>>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.ok()?.block_on(flow)
}

#[derive(Clone, Copy)]
enum End {
    Kept,
    Removed,
    Broken,
}

/// Stops one flow before one of its calls, until it may go on.
struct Gate {
    left: AtomicU32,
    reached: Notify,
    open: Notify,
}

impl Gate {
    fn new(nth: u32) -> Arc<Self> {
        Arc::new(Self { left: AtomicU32::new(nth), reached: Notify::new(), open: Notify::new() })
    }
}

impl Hook for Gate {
    fn at<'a>(&'a self, moment: Moment, call: &'a PortCall) -> BoxFuture<'a, ()> {
        async move {
            let left = |left: u32| left.checked_sub(1);
            if moment == Moment::Before && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) == Ok(1) {
                self.reached.notify_one();
                self.open.notified().await;
            }
            NoHook.at(moment, call).await;
        }
        .boxed()
    }
}

/// Looks whether the last card is approved when its rule is revoked.
struct Watch {
    run: Arc<Run>,
    group: GroupKey,
    last: RequestId,
    was_there: AtomicBool,
    broken: AtomicBool,
}

impl Watch {
    fn is_there(&self) -> bool {
        self.run.rules(&self.group).iter().any(|rule| rule.key.from_port == 22)
    }
}

impl Witness for Watch {
    fn before(&self, _: &PortCall, _: DateTime<Utc>) {
        self.was_there.store(self.is_there(), Ordering::SeqCst);
    }

    fn after(&self, call: &PortCall, _: DateTime<Utc>) {
        let revoked = call.method == "revoke" && self.was_there.load(Ordering::SeqCst) && !self.is_there();
        if revoked && self.run.state(&self.last) == State::Approved {
            self.broken.store(true, Ordering::SeqCst);
        }
    }
}

/// A rule that was opened, widened, and changed back: the first card and the last one ask about the same.
struct Stage {
    run: Arc<Run>,
    watch: Arc<Watch>,
}

impl Stage {
    async fn new() -> Self {
        let run = Run::new();
        let group = run.group("web");
        let first = run.open(&group, ssh("10.0.0.0/8"));
        run.tick().await;
        run.wait(TimeDelta::minutes(1)).await;
        Self::modify(&run, &group, "192.0.2.0/24").await;
        let last = Self::modify(&run, &group, "10.0.0.0/8").await;
        drop(run.click(BOB, "deny", &first).await);
        let run = Arc::new(run);
        let (was_there, broken) = (AtomicBool::new(false), AtomicBool::new(false));
        let watch = Watch { run: Arc::clone(&run), group, last, was_there, broken };
        Self { run, watch: Arc::new(watch) }
    }

    async fn modify(run: &Run, group: &GroupKey, cidr: &str) -> RequestId {
        let id = run.change_sources(group, &[cidr]);
        run.tick().await;
        run.wait(TimeDelta::minutes(1)).await;
        id
    }

    /// One flow goes up to a call and is stopped there; then the other; then the first goes on to its end, then the other.
    /// `None`: one of them makes fewer calls.
    async fn cross(mutation: Option<Mutation>, revert_first: bool, (nth, other_nth): (u32, u32)) -> Option<End> {
        let stage = Self::new().await;
        let (gate, other_gate) = (Gate::new(nth), Gate::new(other_nth));
        let (one, other) = (stage.portcullis(mutation, &gate), stage.portcullis(mutation, &other_gate));
        let (mut flow, mut other_flow): (LocalBoxFuture<'_, ()>, LocalBoxFuture<'_, ()>) = if revert_first {
            (stage.revert(&one).boxed_local(), stage.approve(&other).boxed_local())
        } else {
            (stage.approve(&one).boxed_local(), stage.revert(&other).boxed_local())
        };
        tokio::select! { biased; () = &mut flow => return None, () = gate.reached.notified() => {} }
        tokio::select! { biased; () = &mut other_flow => return None, () = other_gate.reached.notified() => {} }
        gate.open.notify_one();
        flow.await;
        other_gate.open.notify_one();
        other_flow.await;
        Some(match (stage.watch.broken.load(Ordering::SeqCst), stage.watch.is_there()) {
            (true, _) => End::Broken,
            (false, true) => End::Kept,
            (false, false) => End::Removed,
        })
    }

    /// An invocation of its own, stopped at the gate.
    fn portcullis(&self, mutation: Option<Mutation>, gate: &Arc<Gate>) -> Portcullis {
        let ours = &self.run.portcullis;
        let (world, hook) = (Arc::clone(&self.run.outside.world), Arc::clone(gate) as Arc<dyn Hook>);
        let witness = Arc::clone(&self.watch) as Arc<dyn Witness>;
        let outside = Arc::new(Outside::watched(world, ours.clock.clone(), hook, witness));
        let with = Harness {
            mutation,
            table: ours.store.seen_by(Arc::clone(&outside)),
            chat: ours.chat.seen_by(Arc::clone(&outside)),
            view: ours.view.clone(),
            calm: Arc::new(AtomicBool::new(true)),
            lies: 0,
            is_dark: false,
        };
        Context {
            store: Mutant::new(with.table.clone(), &with, Rng::with_seed(1)),
            chat: Mutant::new(with.chat.clone(), &with, Rng::with_seed(2)),
            firewall: Mutant::new(WorldFirewall::new(outside), &with, Rng::with_seed(3)),
            view: ours.view.clone(),
            config: ours.config.clone(),
            clock: ours.clock.clone(),
            entropy: ours.entropy.clone(),
        }
    }

    async fn revert(&self, portcullis: &Portcullis) {
        let deadline = self.run.deadline(TimeDelta::minutes(5));
        // What it could not do is seen in the end.
        drop(work_off(portcullis, deadline, &mut Report::default()).await);
    }

    async fn approve(&self, portcullis: &Portcullis) {
        let click = self.run.clicked(CAROL, "approve", &self.watch.last);
        drop(decide(portcullis, &self.run.members, click).await);
    }
}
