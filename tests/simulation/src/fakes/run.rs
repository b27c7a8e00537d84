//! One Portcullis in one world on a paused clock, what its two functions do, and words for what people do.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use local::{
    system::{
        config::ConfigFile,
        seed::{self},
    },
    world::World,
};
use shared::{
    clock::{Clock, Deadline, Entropy},
    config::Config,
    domain::ids::RequestId,
    flows::{
        context::Context,
        decide::{After, Members, decide},
        due::work_off,
        ingest::take,
        report::Report,
    },
};

use super::{MemoryStore, NoHook, Outside, Witness, WorldChat, WorldFirewall, WorldSource, watched::Watched};
use crate::functions;

/// May decide: a listed user.
pub const BOB: &str = "U0BOB000001";
/// May decide: a member of a listed user group.
pub const CAROL: &str = "U0CAROL0001";
/// May not decide.
pub const MALLORY: &str = "U0MALLORY01";

/// What the flows work with here.
pub type Portcullis = Context<MemoryStore, WorldChat, WorldFirewall>;

/// A Portcullis and its world.
pub struct Run {
    /// The world, the clock, the hook.
    pub outside: Arc<Outside>,
    /// What the flows work with.
    pub portcullis: Portcullis,
    /// CloudTrail.
    pub source: WorldSource,
    /// What the responder remembers of user groups.
    pub members: Members,
    pub(super) watched: Option<Arc<Watched>>,
}

impl Run {
    /// The usual configuration, cards by a bot; 10:00 on 2026-11-20.
    #[must_use]
    pub fn new() -> Self {
        Self::with(ConfigFile::default())
    }

    /// Another configuration.
    #[must_use]
    pub fn with(file: ConfigFile) -> Self {
        Self::seeded(file, SEED)
    }

    /// Everything that is drawn comes from the seed.
    #[must_use]
    pub fn seeded(file: ConfigFile, number: u64) -> Self {
        let (world, clock) = world(number);
        let outside = Arc::new(Outside::new(world, clock));
        let store = MemoryStore::new(Arc::clone(&outside));
        Self::begin(outside, store, &file, number, None)
    }

    /// Under the oracle's eyes: [`Run::judge`] tells what it saw.
    #[must_use]
    pub fn watched(file: &ConfigFile) -> Self {
        let (world, clock) = world(SEED);
        let table = MemoryStore::new(Arc::new(Outside::new(Arc::clone(&world), clock.clone())));
        let watched = Arc::new(Watched::new(&table, &world, file));
        let witness = Arc::clone(&watched) as Arc<dyn Witness>;
        let outside = Arc::new(Outside::watched(world, clock, Arc::new(NoHook), witness));
        let store = table.seen_by(Arc::clone(&outside));
        Self::begin(outside, store, file, SEED, Some(watched))
    }

    fn begin(
        outside: Arc<Outside>,
        store: MemoryStore,
        file: &ConfigFile,
        number: u64,
        watched: Option<Arc<Watched>>,
    ) -> Self {
        let chat = WorldChat::new(Arc::clone(&outside), file.delivery);
        let source = WorldSource::new(Arc::clone(&outside));
        let portcullis = portcullis(&outside, store, chat, file, number);
        Self { outside, portcullis, source, members: Members::default(), watched }
    }

    /// The same world and table under another configuration, as after a deployment.
    pub fn deploy(&mut self, file: &ConfigFile) {
        let Context { store, .. } = &self.portcullis;
        let chat = WorldChat::new(Arc::clone(&self.outside), file.delivery);
        self.portcullis = portcullis(&self.outside, store.clone(), chat, file, 8);
        self.members = Members::default();
        if let Some(watched) = &self.watched {
            watched.deploy(file);
        }
    }

    /// Another invocation begins, as the oracle sees it.
    pub fn next_invocation(&self) {
        if let Some(watched) = &self.watched {
            watched.next_invocation();
        }
    }

    /// At rest: the first promise that was broken, and the story of it. Nothing where nobody watched.
    #[must_use]
    pub fn judge(&self) -> Option<String> {
        self.watched.as_ref()?.broken(self.now())
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.outside.world
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.outside.clock.now()
    }

    /// Time passes.
    pub async fn wait(&self, time: TimeDelta) {
        self.outside.clock.sleep(time.to_std().expect("a time to come")).await;
    }

    /// The deadline of an invocation that begins now and has this long.
    #[must_use]
    pub fn deadline(&self, time: TimeDelta) -> Deadline {
        Deadline(self.now() + time)
    }
}

impl Default for Run {
    fn default() -> Self {
        Self::new()
    }
}

/// Where everything is drawn from, unless a test says so.
const SEED: u64 = 7;

fn world(number: u64) -> (Arc<World>, Clock) {
    let start = "2026-11-20T10:00:00Z".parse::<DateTime<Utc>>().expect("a time");
    let world = Arc::new(World::default());
    seed::seed(&world, number, None, start).expect("the seed");
    (world, Clock::starting_at(start))
}

/// What the functions read.
pub(super) fn configuration(file: &ConfigFile) -> Config {
    let (store_id, store_region) = ("7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5f", "us-east-1");
    Config::load(&file.render("https://slack.com/api", store_id, store_region)).expect("a configuration")
}

fn portcullis(
    outside: &Arc<Outside>,
    store: MemoryStore,
    chat: WorldChat,
    file: &ConfigFile,
    number: u64,
) -> Portcullis {
    let config = configuration(file);
    Context {
        store,
        chat,
        firewall: WorldFirewall::new(Arc::clone(outside)),
        view: config.view(),
        config,
        clock: outside.clock.clone(),
        entropy: Entropy::from_seed(number),
    }
}

/// What the poller and the responder do.
impl Run {
    /// A scheduled poll: read what is new, then work off what is due; the errors of both.
    pub async fn poll(&self) -> (Report, Vec<String>) {
        functions::poll(&self.portcullis, Some(&self.source), self.deadline(TimeDelta::minutes(5))).await
    }

    /// A scheduled poll in which nothing may go wrong that concerns all of it.
    pub async fn tick(&self) -> Report {
        let (report, errors) = self.poll().await;
        assert_eq!(errors, Vec::<String>::new());
        report
    }

    /// A scheduled sweep: work off what is due.
    pub async fn sweep(&self) -> Report {
        let mut report = Report::default();
        work_off(&self.portcullis, self.deadline(TimeDelta::minutes(5)), &mut report).await.expect("a sweep");
        report
    }

    /// EventBridge pushes the record of a call.
    pub async fn push(&self, id: &RequestId) -> Report {
        let taken = take(&self.portcullis, &[self.record(id)], self.deadline(TimeDelta::minutes(5))).await;
        assert!(taken.failed.is_empty(), "{taken:?}");
        taken.report
    }

    /// Somebody clicks a button of the newest card of a request: what happens before Slack has its answer.
    pub async fn click(&self, user: &str, action: &str, id: &RequestId) -> After {
        let click = self.clicked(user, action, id);
        decide(&self.portcullis, &self.members, click).await.expect("a decision")
    }

    /// What happens after Slack has its answer, as in the responder.
    pub async fn after(&self, after: After) {
        functions::after(&self.portcullis, after, self.deadline(TimeDelta::seconds(30))).await;
    }

    /// Bob denies, and the responder does all of its part.
    pub async fn deny(&self, id: &RequestId) {
        let after = self.click(BOB, "deny", id).await;
        assert!(matches!(after, After::Work { .. }), "{after:?}");
        self.after(after).await;
    }
}
