//! One run: trouble, and then calm.

use std::{
    convert::Infallible,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use fastrand::Rng;
use local::{system::event_bridge, wire::lambda::Function, world::faults::Trouble};
use serde_json::{Value, json};
use tests::Story;
use tokio::sync::{RwLock, Semaphore};

use crate::{
    check,
    count::{Count, faults},
    openings::{self, Made, ToOpen},
    people::{People, locked},
    snapshot,
};

/// The longest lease is an invocation of five minutes, and a margin.
const LONGER_THAN_A_LEASE: TimeDelta = TimeDelta::minutes(6);
/// Invocations of the poller side by side, as where a schedule overlaps a push.
const TICKS_AT_ONCE: usize = 4;
/// How often people look at the channel.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a run is made of; everything at random comes from `seed`.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) openings: usize,
    /// Whether new messages take turns as in Slack, one a second; else turns come at once.
    pub(crate) turns: bool,
    /// Milliseconds from one opening to the next.
    open_every: Range<u64>,
    /// Milliseconds from one kill to the next.
    kill_every: Range<u64>,
    /// The longest that an answer is late.
    slowest: Duration,
    /// Trouble ends after this, whatever is left to do.
    trouble: Duration,
    /// What is left has to be done by then.
    calm: Duration,
}

impl Plan {
    /// The one for every day.
    pub(crate) fn short(seed: u64) -> Self {
        Self {
            seed,
            openings: 32,
            turns: false,
            open_every: 0..250,
            kill_every: 400..2_600,
            slowest: Duration::from_millis(2_500),
            trouble: Duration::from_secs(11),
            calm: Duration::from_secs(120),
        }
    }

    /// The whole of it.
    pub(crate) fn whole(seed: u64, openings: usize) -> Self {
        let each = |seconds| Duration::from_secs(seconds) * u32::try_from(openings).unwrap_or(u32::MAX);
        Self {
            openings,
            turns: true,
            open_every: 100..1_300,
            kill_every: 500..5_000,
            slowest: Duration::from_secs(12),
            trouble: each(2),
            calm: Duration::from_secs(120) + each(2),
            ..Self::short(seed)
        }
    }

    fn trouble(&self) -> Trouble {
        let per_mille = [("slack", 150), ("ec2", 200), ("sts", 250), ("lake", 200), ("dynamodb", 40)].into();
        Trouble { seed: self.seed, per_mille, slowest: self.slowest }
    }

    /// A stream of its own for each who draws.
    fn rng(&self, who: u64) -> Rng {
        Rng::with_seed(self.seed.wrapping_mul(1_000).wrapping_add(who))
    }
}

/// What became of a run.
pub(crate) struct Ran {
    pub(crate) broken: Vec<String>,
    /// For people.
    pub(crate) told: String,
    /// The lines about what is broken.
    pub(crate) log: String,
}

/// Everybody in it.
struct Chaos {
    story: Arc<Story>,
    people: Arc<People>,
    count: Arc<Count>,
    /// Closed while time passes: nothing is alive then.
    gate: Arc<RwLock<()>>,
    calm: AtomicBool,
    opened: AtomicUsize,
    plan: Plan,
}

/// Plays a run.
pub(crate) async fn run(plan: &Plan) -> Ran {
    let begun = Instant::now();
    let story = Arc::new(Story::begin().await);
    if plan.turns {
        story.system.world.slack.lock().expect("Slack").enforce_rate_limit(Some(1));
    }
    let before = snapshot::standing(&story);
    let to_open = openings::drawn(&story, plan.openings, &mut plan.rng(1));
    let chaos = Chaos {
        story: Arc::clone(&story),
        people: Arc::default(),
        count: Arc::default(),
        gate: Arc::default(),
        calm: AtomicBool::new(false),
        opened: AtomicUsize::new(0),
        plan: plan.clone(),
    };
    let turns = chaos.turns();
    let all = async {
        chaos.trouble(to_open).await;
        let troubled = begun.elapsed();
        chaos.night().await;
        let calm_from = Utc::now();
        chaos.finish().await;
        (troubled, calm_from)
    };
    let (troubled, calm_from) = tokio::select! { done = all => done, never = turns => match never {} };
    let world = snapshot::take(&chaos.story, &chaos.people, chaos.count.kills_at_work(), before, calm_from).await;
    let broken = check::broken(&world);
    let told = format!(
        "chaos: SEED={}, {} openings, {} cards, {:.1} s in trouble, {:.1} s in all\n{}\n{}\n  {}",
        plan.seed,
        world.openings.len(),
        world.channel.len(),
        troubled.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
        chaos.count.told(),
        faults(&story.system.world.faults.hits()),
        snapshot::ends(&world),
    );
    let log = snapshot::lines_about(&story, &broken).await;
    // All that both functions printed is read once they are gone; what was read before is held against the secrets already.
    story.kill().await;
    story.assert_nothing_told();
    Ran { broken, told, log }
}

impl Chaos {
    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    async fn trouble(&self, to_open: Vec<ToOpen>) {
        self.story.system.world.faults.set_trouble(Some(self.plan.trouble()));
        tokio::join!(self.open(to_open), self.tick(), self.click(), self.kill(), self.end_trouble());
    }

    /// People open what they want, and take back what they want to take back.
    async fn open(&self, to_open: Vec<ToOpen>) {
        let mut rng = self.plan.rng(2);
        let mut to_take_back: Vec<Made> = Vec::new();
        for to_open in to_open {
            tokio::time::sleep(Duration::from_millis(rng.u64(self.plan.open_every.clone()))).await;
            let made = to_open.open(&self.story);
            if made.opening.wish == check::Wish::TakeBack {
                to_take_back.push(made.clone());
            }
            locked(&self.people.made).push(made);
            if rng.u8(0..6) == 0 && !to_take_back.is_empty() {
                to_take_back.swap_remove(rng.usize(0..to_take_back.len())).take_back(&self.story);
            }
        }
        for made in to_take_back {
            made.take_back(&self.story);
        }
        self.opened.store(self.plan.openings, Ordering::SeqCst);
    }

    /// The schedules, and EventBridge.
    async fn tick(&self) {
        let mut rng = self.plan.rng(3);
        let room = Arc::new(Semaphore::new(TICKS_AT_ONCE));
        while !self.is_calm() {
            tokio::time::sleep(Duration::from_millis(rng.u64(50..500))).await;
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
            let event = self.event(&mut rng);
            let (story, gate, count) = (Arc::clone(&self.story), Arc::clone(&self.gate), Arc::clone(&self.count));
            tokio::spawn(async move {
                let _open = gate.read().await;
                count.invoked(story.system.poller.invoke(event).await.is_ok());
                drop(permit);
            });
        }
    }

    fn event(&self, rng: &mut Rng) -> Value {
        let records = self.story.records();
        let at = rng.usize(0..records.len().max(1));
        let pushed = || event_bridge::event(records.get(at)?);
        match rng.u8(0..10) {
            0..5 => json!({ "tick": "poll" }),
            5..8 => json!({ "tick": "sweep" }),
            _ => pushed().unwrap_or_else(|| json!({ "tick": "poll" })),
        }
    }

    async fn click(&self) {
        while !self.is_calm() {
            self.people.look(&self.story, &self.gate, &self.count);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// SIGKILL for one function or the other; sometimes for both, and until all leases have run out.
    async fn kill(&self) {
        let mut rng = self.plan.rng(4);
        let system = &self.story.system;
        while !self.is_calm() {
            tokio::time::sleep(Duration::from_millis(rng.u64(self.plan.kill_every.clone()))).await;
            match rng.u8(0..10) {
                0..4 => self.kill_one(&system.poller).await,
                4..7 => self.kill_one(&system.responder).await,
                7 => system.responder.kill_after_next_answer(true),
                _ => self.night().await,
            }
        }
        system.responder.kill_after_next_answer(false);
    }

    async fn kill_one(&self, function: &Function) {
        self.count.killed(function.is_busy());
        function.kill().await;
    }

    /// Both functions are dead for longer than any lease lasts.
    async fn night(&self) {
        let system = &self.story.system;
        self.count.killed(system.poller.is_busy());
        self.count.killed(system.responder.is_busy());
        let (_closed, ()) = tokio::join!(self.gate.write(), self.story.kill());
        // Whatever went through the gate at the last moment.
        self.story.kill().await;
        self.count.night();
        self.story.time_passes(LONGER_THAN_A_LEASE).await;
    }

    /// Where turns are not Slack's, the next one always is now. Never ends.
    async fn turns(&self) -> Infallible {
        let turn = json!({ "requestid": { "S": "#pace/slack" }, "free_from": { "N": "0" } });
        loop {
            if !self.plan.turns {
                self.story.put(&turn).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Trouble ends when everything is opened and decided, or has lasted long enough.
    async fn end_trouble(&self) {
        let begun = Instant::now();
        let is_over = || {
            let all = self.opened.load(Ordering::SeqCst) == self.plan.openings;
            all && (begun.elapsed() > self.plan.trouble || self.people.are_content(&self.story))
        };
        while !is_over() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.story.system.world.faults.set_trouble(None);
        self.calm.store(true, Ordering::SeqCst);
    }

    /// No faults and no kills any more: the functions go on until nothing is due and people have decided.
    async fn finish(&self) {
        let begun = Instant::now();
        loop {
            self.people.look(&self.story, &self.gate, &self.count);
            self.story.poll().await;
            let _closed = self.gate.write().await;
            self.story.system.idle().await;
            let items = self.story.items().await;
            let is_done = items.len() >= self.plan.openings && items.iter().all(|item| !item.is_due());
            if is_done && self.people.are_content(&self.story) {
                return;
            }
            if begun.elapsed() > self.plan.calm {
                // What is left undone is told by the check.
                return;
            }
            self.story.time_passes(LONGER_THAN_A_LEASE).await;
        }
    }
}
