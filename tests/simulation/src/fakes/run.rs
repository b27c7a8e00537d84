//! One Portcullis in one world on a paused clock, what its two functions do, and words for what people do.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use local::{
    system::{
        config::ConfigFile,
        seed::{self, Opener},
    },
    world::{
        World,
        ec2::{Call, GroupRef, Operation, Permission, Permissions, Removal, Rule},
        slack::Message,
    },
};
use serde_json::Value;
use shared::{
    clock::{Clock, Deadline, Entropy},
    config::Config,
    domain::{
        change::GroupKey,
        click::{Button, Click},
        ids::{AccountId, Region, RequestId, SecurityGroupId},
        request::{Request, State},
    },
    flows::{
        context::Context,
        decide::{After, Members, decide},
        due::work_off,
        ingest::take,
        report::Report,
    },
};

use super::{
    MemoryStore, NoHook, Outside, Witness, WorldChat, WorldFirewall, WorldSource,
    outside::lock,
    watched::{Made, Watched},
};
use crate::functions;

/// May decide: a listed user.
pub const BOB: &str = "U0BOB000001";
/// May decide: a member of a listed user group.
pub const CAROL: &str = "U0CAROL0001";
/// May not decide.
pub const MALLORY: &str = "U0MALLORY01";

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";

/// What a card's text begins with, whatever its state.
const HEADLINES: [&str; 11] = [
    "Approval needed",
    "Unreadable",
    "Approved",
    "Denied: reverting",
    "Reverted",
    "Partly reverted",
    "Revert failed",
    "Already gone",
    "Changed by hand",
    "Withdrawn",
    "Observed",
];

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
    watched: Option<Arc<Watched>>,
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

/// What people do and see.
impl Run {
    /// A group of the seed: `bastion` and `batch` are in the default VPC, `web` and `database` in another.
    #[must_use]
    pub fn group(&self, name: &str) -> GroupKey {
        let id = seed::group_id(self.world(), ACCOUNT, REGION, name).expect("a group of the seed");
        GroupKey {
            account: AccountId::parse(ACCOUNT).expect("an account"),
            region: Region::parse(REGION).expect("a region"),
            group: SecurityGroupId::parse(&id).expect("a group"),
        }
    }

    /// Somebody calls EC2, successfully.
    pub fn call(&self, opener: Opener, group: &GroupKey, operation: Operation) -> RequestId {
        let caller = opener.caller(group.account.as_str(), group.region.as_str());
        let before = self.all_rules(group);
        let answer = self.world().ec2_call(&caller, &Call::from(operation.clone()), self.now());
        let outcome = answer.result.expect("EC2 does it");
        if let Some(watched) = &self.watched {
            let (id, at, after) = (answer.request_id.as_str(), self.now(), self.all_rules(group));
            let readable_at = at + self.source.delay();
            let made = Made { id, by: opener, at, readable_at, before: &before, after: &after };
            watched.called(group, &made, &operation, &outcome);
        }
        RequestId::parse(&answer.request_id).expect("a request id")
    }

    /// The record of an opening that was just made comes this late.
    pub fn delay_record(&self, id: &RequestId, delay: TimeDelta) {
        self.source.delay_one(id.as_str(), delay);
        if let Some(watched) = &self.watched {
            watched.delayed(id.as_str(), self.now() + delay);
        }
    }

    /// Alice opens a group.
    pub fn open(&self, group: &GroupKey, permission: Permission) -> RequestId {
        self.open_as(Opener::Alice, group, vec![permission])
    }

    /// Somebody opens a group.
    pub fn open_as(&self, opener: Opener, group: &GroupKey, permissions: Vec<Permission>) -> RequestId {
        let permissions = Permissions::Array(permissions);
        let reference = GroupRef::id(group.group.as_str());
        self.call(opener, group, Operation::AuthorizeIngress { group: reference, permissions })
    }

    /// Alice closes what she names.
    pub fn close(&self, group: &GroupKey, removal: Removal) -> RequestId {
        let reference = GroupRef::id(group.group.as_str());
        self.call(Opener::Alice, group, Operation::RevokeIngress { group: reference, removal })
    }

    /// Alice closes a permission.
    pub fn close_permission(&self, group: &GroupKey, permission: Permission) -> RequestId {
        self.close(group, Removal::Permissions(Permissions::Array(vec![permission])))
    }

    /// The ingress rules that are really there.
    #[must_use]
    pub fn rules(&self, group: &GroupKey) -> Vec<Rule> {
        self.all_rules(group).into_iter().filter(|rule| !rule.key.egress).collect()
    }

    fn all_rules(&self, group: &GroupKey) -> Vec<Rule> {
        let ec2 = lock(&self.world().ec2);
        let found = ec2.group(group.account.as_str(), group.region.as_str(), group.group.as_str());
        found.map(|group| group.rules().cloned().collect()).unwrap_or_default()
    }

    /// Those rules, as `tcp 22-22 0.0.0.0/0`, sorted.
    #[must_use]
    pub fn ingress(&self, group: &GroupKey) -> Vec<String> {
        let text = |rule: &Rule| {
            let key = &rule.key;
            format!("{} {}-{} {}", key.protocol, key.from_port, key.to_port, key.source)
        };
        let mut rules: Vec<String> = self.rules(group).iter().map(text).collect();
        rules.sort();
        rules
    }

    /// CloudTrail's record of a call.
    #[must_use]
    pub fn record(&self, id: &RequestId) -> String {
        let trail = lock(&self.world().trail);
        let entry = trail.entries().iter().find(|entry| entry.record["requestID"] == id.as_str());
        entry.expect("a record of the call").record.to_string()
    }

    /// The request as it is stored.
    #[must_use]
    pub fn stored(&self, id: &RequestId) -> Request {
        self.portcullis.store.stored(id).expect("a stored request")
    }

    /// Its state.
    #[must_use]
    pub fn state(&self, id: &RequestId) -> State {
        self.stored(id).state
    }

    /// Every message of the channel that is not in a thread, oldest first.
    #[must_use]
    pub fn cards(&self) -> Vec<Message> {
        lock(&self.world().slack).messages(seed::CHANNEL).into_iter().cloned().collect()
    }

    /// The messages of the channel that show a request, oldest first.
    #[must_use]
    pub fn cards_of(&self, id: &RequestId) -> Vec<Message> {
        // A card may name another request's id; what its blocks are called names its own.
        let own = format!("{id}.");
        let shows = |message: &Message| {
            message.blocks.iter().any(|block| block["block_id"].as_str().is_some_and(|name| name.starts_with(&own)))
        };
        self.cards().into_iter().filter(shows).collect()
    }

    /// What the cards' texts begin with, oldest first.
    #[must_use]
    pub fn headlines(&self) -> Vec<String> {
        self.cards().iter().map(headline).collect()
    }

    /// The headline of the one card of a request.
    #[must_use]
    pub fn headline(&self, id: &RequestId) -> String {
        let cards = self.cards_of(id);
        assert_eq!(cards.len(), 1, "one card of {id}");
        headline(&cards[0])
    }

    /// The click of a button on the newest card of a request.
    #[must_use]
    pub fn clicked(&self, user: &str, action: &str, id: &RequestId) -> Click {
        let (button, name) = match action {
            "approve" => (Button::Approve, "approve"),
            "deny" => (Button::Deny, "deny"),
            "retry" => (Button::Retry, "retry"),
            other => panic!("no such button: {other}"),
        };
        self.tell_of_click(user, name, id);
        self.pressed(user, action, button, id).0
    }

    pub(super) fn tell_of_click(&self, user: &str, button: &'static str, id: &RequestId) {
        if let Some(watched) = &self.watched {
            watched.clicked(user, button, id.as_str());
        }
    }

    pub(super) fn pressed(&self, user: &str, action: &str, button: Button, id: &RequestId) -> (Click, Value) {
        let ts = self.cards_of(id).pop().expect("a card").ts.to_string();
        let mut slack = lock(&self.world().slack);
        functions::press(&mut slack, self.now(), (user, &ts), action, button).expect("a button")
    }
}

fn headline(message: &Message) -> String {
    let found = HEADLINES.iter().find(|headline| message.text.starts_with(**headline));
    (*found.unwrap_or_else(|| panic!("no card begins so: {}", message.text))).to_owned()
}

/// SSH from somewhere.
#[must_use]
pub fn ssh(cidr: &str) -> Permission {
    Permission::new("tcp", 22, 22).from_ipv4(cidr, None)
}
