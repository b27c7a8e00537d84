//! One run: a world, some actors, and an end.

use std::{
    collections::BTreeSet,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use futures::FutureExt;
use local::{
    system::seed,
    world::{World, ec2::Staleness},
};
use shared::{
    clock::{Clock, Deadline, Entropy},
    config::Config,
    domain::request::{Request, State},
    flows::{context::Context, decide::Members},
};
use tokio::sync::Notify;

use crate::{
    actors, alarms,
    chaos::Chaos,
    fakes::{MemoryStore, Outside, WorldChat, WorldFirewall, WorldSource},
    functions,
    mutation::{Harness, Mutant, Mutation},
    oracle::{Eyes, Oracle},
    panics,
    plan::{Outage, Plan, RECONCILE_EVERY},
    stats::Stats,
    story::Story,
};

/// When every run begins.
const BEGIN: &str = "2026-11-20T10:00:00Z";

/// How long the schedules go on at most once all trouble is over.
const PATIENCE: TimeDelta = TimeDelta::hours(4);

/// What came of a run.
pub struct Outcome {
    /// The run.
    pub seed: u64,
    /// The hash of all that happened.
    pub hash: u64,
    /// What was tried.
    pub stats: Stats,
    /// The first promise that was broken.
    pub violation: Option<String>,
    /// All that happened, where it was asked for.
    pub story: Vec<String>,
    /// Faults and kills, those that were left out too.
    pub troubles: u64,
}

impl Outcome {
    /// Whether something happened that must not.
    #[must_use]
    pub fn breaks_a_promise(&self) -> bool {
        self.violation.is_some()
    }

    /// Whether what happened is what this mutation's safeguard is there for.
    #[must_use]
    pub fn shows(&self, mutation: Mutation) -> bool {
        let broken = self.violation.as_deref().unwrap_or_default();
        mutation.breaks().iter().any(|promise| broken.contains(promise))
    }
}

/// What the flows work with here.
pub type Portcullis = Context<Mutant<MemoryStore>, Mutant<WorldChat>, Mutant<WorldFirewall>>;

/// A world, a table, and who watches them.
pub struct Sim {
    pub(crate) plan: Plan,
    pub(crate) world: Arc<World>,
    pub(crate) clock: Clock,
    pub(crate) begun: DateTime<Utc>,
    pub(crate) story: Arc<Story>,
    pub(crate) oracle: Arc<Oracle>,
    pub(crate) table: MemoryStore,
    pub(crate) source: WorldSource,
    chat: WorldChat,
    reverting: Config,
    watching: Config,
    mutation: Option<Mutation>,
    calm: Arc<AtomicBool>,
    troubles: Arc<AtomicU64>,
    spared: Arc<BTreeSet<u64>>,
    quiet: Notify,
    /// What is still on its way to a function.
    pub(crate) on_the_way: AtomicU64,
    /// What the responder's processes remember of user groups.
    pub(crate) members: [Members; 2],
    rng: Mutex<Rng>,
    invocations: AtomicU64,
}

/// One invocation of a function: what it works with.
pub struct Invocation {
    /// The ports, the configuration.
    pub context: Portcullis,
    /// The Lake.
    pub source: Mutant<WorldSource>,
    /// When it must have ended.
    pub deadline: Deadline,
}

/// Runs a seed, with the protocol as it is or with a mutation of it. `tell` keeps the story.
#[must_use]
pub fn run(seed: u64, mutation: Option<Mutation>, tell: bool) -> Outcome {
    run_plan(Plan::of(seed), mutation, tell)
}

/// Runs a plan.
#[must_use]
pub fn run_plan(plan: Plan, mutation: Option<Mutation>, tell: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    // There is no such case: a runtime without I/O needs nothing of the system.
    let Ok(runtime) = runtime else {
        return Outcome {
            seed: plan.seed,
            hash: 0,
            stats: Stats::default(),
            violation: None,
            story: Vec::new(),
            troubles: 0,
        };
    };
    alarms::listen();
    panics::listen();
    runtime.block_on(async {
        let sim = Arc::new(Sim::new(plan, mutation, tell));
        let play = async {
            tokio::select! {
                biased;
                () = sim.oracle.violated.notified() => {}
                () = sim.play() => {}
            }
        };
        // What it panicked with was kept.
        let _panicked = AssertUnwindSafe(play).catch_unwind().await;
        if let Some(panic) = panics::first() {
            sim.oracle.violated(sim.now(), format!("nothing panics: {panic}"));
        }
        let mut stats = sim.oracle.stats();
        stats.seeds = 1;
        Outcome {
            seed: sim.plan.seed,
            hash: sim.story.hash(),
            stats,
            violation: sim.oracle.violation(),
            story: sim.story.lines(),
            troubles: sim.troubles.load(Ordering::Relaxed),
        }
    })
}

impl Sim {
    fn new(plan: Plan, mutation: Option<Mutation>, tell: bool) -> Self {
        let begun = BEGIN.parse::<DateTime<Utc>>().unwrap_or_default();
        let world = Arc::new(World::default());
        let seeded = seed::seed(&world, plan.seed, None, begun);
        debug_assert!(seeded.is_ok(), "the seed is right");
        let clock = Clock::starting_at(begun);
        let outside = Arc::new(Outside::new(Arc::clone(&world), clock.clone()));
        let chat = WorldChat::new(Arc::clone(&outside), plan.delivery);
        let table = MemoryStore::new(Arc::clone(&outside));
        let story = Arc::new(Story::new(tell));
        let spared = plan.spared.clone();
        let oracle = Oracle::new(plan.clone(), Arc::clone(&world), table.clone(), Arc::clone(&story));
        Self {
            reverting: config(&plan, true, mutation),
            watching: config(&plan, false, mutation),
            source: WorldSource::new(outside),
            rng: Mutex::new(Rng::with_seed(plan.seed ^ 0x5eed)),
            oracle: Arc::new(oracle),
            plan,
            world,
            clock,
            begun,
            story,
            table,
            chat,
            mutation,
            calm: Arc::default(),
            troubles: Arc::default(),
            spared: Arc::new(spared),
            quiet: Notify::new(),
            on_the_way: AtomicU64::new(0),
            members: [Members::default(), Members::default()],
            invocations: AtomicU64::new(0),
        }
    }

    /// A source of randomness of its own for somebody.
    pub(crate) fn fork(&self) -> Rng {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }

    /// The time now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Time passes.
    pub(crate) async fn sleep(&self, time: TimeDelta) {
        self.clock.sleep(time.to_std().unwrap_or_default()).await;
    }

    /// Whether people, the world and the faults have stopped.
    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// One invocation with a time limit. `None`: it was killed, by trouble or by its limit.
    pub(crate) async fn invoke<T, F: Future<Output = T>>(
        self: &Arc<Self>,
        function: &str,
        limit: TimeDelta,
        flow: impl FnOnce(Invocation) -> F,
    ) -> Option<T> {
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        let actor = format!("{function}-{number}");
        let reverts = self.plan.reverts(self.now() - self.begun);
        let chaos = Arc::new(Chaos {
            actor: actor.clone(),
            rates: self.plan.rates,
            troubles: Arc::clone(&self.troubles),
            spared: Arc::clone(&self.spared),
            calm: Arc::clone(&self.calm),
            story: Arc::clone(&self.story),
            oracle: Arc::clone(&self.oracle),
            clock: self.clock.clone(),
            rng: Mutex::new(self.fork()),
            killed: Notify::new(),
        });
        let eyes = Arc::new(Eyes::new(Arc::clone(&self.oracle), &actor, reverts));
        let hook = Arc::clone(&chaos);
        let outside = Arc::new(Outside::watched(Arc::clone(&self.world), self.clock.clone(), hook, eyes));
        let chat = self.chat.seen_by(Arc::clone(&outside));
        chat.set_retry_after(std::time::Duration::from_secs(self.fork().u64(1..40)));
        let config = if reverts { &self.reverting } else { &self.watching };
        let deadline = Deadline(self.now() + limit);
        let with = Harness {
            mutation: self.mutation,
            table: self.table.seen_by(Arc::clone(&outside)),
            chat,
            view: config.view(),
            calm: Arc::clone(&self.calm),
            lies: self.plan.rates.lies,
            is_dark: self.is_dark(),
        };
        let invocation = Invocation {
            context: Context {
                store: Mutant::new(with.table.clone(), &with, self.fork()),
                chat: Mutant::new(with.chat.clone(), &with, self.fork()),
                firewall: Mutant::new(WorldFirewall::new(Arc::clone(&outside)), &with, self.fork()),
                view: with.view.clone(),
                config: config.clone(),
                clock: self.clock.clone(),
                entropy: Entropy::from_seed(self.fork().u64(..)),
            },
            source: Mutant::new(self.source.seen_by(outside), &with, self.fork()),
            deadline,
        };
        self.story.note(self.now(), &actor, format_args!("begins"));
        tokio::select! {
            biased;
            () = chaos.killed.notified() => None,
            () = self.sleep(limit) => {
                self.story.note(self.now(), &actor, format_args!("KILLED at its time limit"));
                None
            }
            ended = flow(invocation) => Some(ended),
        }
    }

    /// One invocation of the poller on its schedule; without `reads` it is a sweep.
    pub(crate) async fn tick(self: &Arc<Self>, reads: bool) {
        let name = if reads { "poll" } else { "sweep" };
        let reads = reads && self.plan.lake;
        let flow = |invocation: Invocation| async move {
            let source = reads.then_some(&invocation.source);
            functions::poll(&invocation.context, source, invocation.deadline).await
        };
        let ended = self.invoke(name, TimeDelta::minutes(5), flow).await;
        if let Some((_, errors)) = ended
            && !errors.is_empty()
        {
            self.story.note(self.now(), name, format_args!("{}", errors.join("; ")));
        }
    }

    /// Whether the Lake tells nothing just now.
    fn is_dark(&self) -> bool {
        let ends = |outage: Outage| (outage.after, self.plan.chaos + outage.lasts);
        let since = self.now() - self.begun;
        self.plan.outage.map(ends).is_some_and(|(from, until)| from <= since && since < until)
    }

    /// Whether people, the world and the faults stop, or begin.
    fn set_calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
        self.oracle.calm(calm.then(|| self.now()));
    }

    /// After an outage things go wrong too.
    async fn come_back(self: &Arc<Self>, outage: Outage) {
        let ends = self.now() + outage.lasts;
        while self.now() < ends {
            self.sleep(TimeDelta::minutes(10)).await;
            self.tick(true).await;
        }
        self.story.note(self.now(), "world", format_args!("THE OUTAGE ENDS"));
        self.set_calm(false);
        for _ in 0..4 {
            self.tick(true).await;
            self.sleep(TimeDelta::minutes(1)).await;
        }
        self.set_calm(true);
    }

    async fn play(self: &Arc<Self>) {
        // The first tick says from when on anything is announced: nobody can break that one.
        self.set_calm(true);
        self.tick(true).await;
        self.set_calm(false);
        {
            let mut ec2 = self.world.ec2.lock().unwrap_or_else(PoisonError::into_inner);
            let stale = self.plan.stale;
            ec2.set_staleness(if stale.is_zero() { Staleness::Fresh } else { Staleness::For(stale) });
        }
        self.world.slack.lock().unwrap_or_else(PoisonError::into_inner).enforce_rate_limit(self.plan.burst);
        actors::start(self);
        self.sleep(self.plan.chaos).await;
        self.story.note(self.now(), "world", format_args!("ALL TROUBLE ENDS"));
        self.set_calm(true);
        self.quiet.notify_waiters();
        if let Some(outage) = self.plan.outage {
            self.come_back(outage).await;
        }
        let restless = self.come_to_rest().await.err();
        let now = self.now();
        let (reverting, watching) = (self.reverting.view(), self.watching.view());
        self.oracle.judge_end([&reverting, &watching], restless, now);
    }

    /// What is due, and how much is on its way. A Deny waits, due, while nothing may be reverted.
    fn work_left(&self) -> Vec<String> {
        let reverts = self.plan.reverts(self.now() - self.begun);
        let waits = |request: &Request| !reverts && matches!(request.state, State::Denied | State::Reverting { .. });
        let due = self.table.all().into_iter().filter(|request| request.due_at().is_some() && !waits(request));
        let due = due.map(|request| format!("{} is {} and due", request.change.id, request.state.name()));
        let on_the_way = self.on_the_way.load(Ordering::Relaxed);
        due.chain((on_the_way > 0).then(|| format!("{on_the_way} records are on their way"))).collect()
    }

    /// The schedules go on until nothing is due, nothing is on its way, and all was read anew.
    async fn come_to_rest(self: &Arc<Self>) -> Result<(), String> {
        let calm_since = self.now();
        let all_readable = self.oracle.last_readable().unwrap_or(calm_since).max(calm_since);
        let enough = all_readable + RECONCILE_EVERY + TimeDelta::minutes(10);
        while self.now() < calm_since + PATIENCE {
            self.sleep(TimeDelta::minutes(2)).await;
            self.tick(true).await;
            if self.now() > enough && self.work_left().is_empty() {
                return Ok(());
            }
        }
        Err(format!("{} h after the last trouble {}", PATIENCE.num_hours(), self.work_left().join(", ")))
    }
}

fn config(plan: &Plan, reverts: bool, mutation: Option<Mutation>) -> Config {
    let mut file = plan.config(reverts);
    if mutation == Some(Mutation::AnyoneDecides) {
        file.approvers.extend(["U0MALLORY01".to_owned(), "U0ALICE0001".to_owned()]);
    }
    file.requester_may_approve |= mutation == Some(Mutation::OpenersApprove);
    let (store_id, store_region) = ("7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5f", "us-east-1");
    let text = file.render("https://slack.com/api", store_id, store_region);
    #[allow(clippy::expect_used, reason = "the run's own configuration is right, or no run makes sense")]
    Config::load(&text).expect("a configuration")
}
