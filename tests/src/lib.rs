//! What the tests of the whole are told with.
//!
//! For the end-to-end tests a [`Story`] is one running system, with the very binaries of the poller and the responder, and
//! words for what people do to it and see of it. The stories of the flows use the fakes of package `simulation`.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its story breaks")]

mod logs;
mod slack;
mod table;
mod world;

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use local::{
    system::{Options, System, event_bridge, seed::Opener},
    wire::lambda::{Code, FunctionError},
};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::{
    slack::{Card, typed},
    table::Item,
    world::{Group, Opened, flat_ssh, ssh},
};

/// May decide.
pub const BOB: &str = "U0BOB000001";
/// May decide, and is in the user group.
pub const CAROL: &str = "U0CAROL0001";
/// Opens groups; may not decide.
pub const ALICE: &str = "U0ALICE0001";
/// May not decide.
pub const MALLORY: &str = "U0MALLORY01";

/// Each system is some processes, and the machine may be small.
const AT_ONCE: usize = 3;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

static ROOM: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));

/// A running system.
pub struct Story {
    /// The system.
    pub system: Arc<System>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Story {
    /// Everything as in the seed: cards by bot token, the Lake, reverts.
    pub async fn begin() -> Self {
        Self::with(|_| {}).await
    }

    /// As [`Story::begin`], with other options.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let room = Arc::clone(&ROOM).acquire_owned().await.expect("the semaphore is never closed");
        let mut options = options();
        change(&mut options);
        let system = System::start(options).await.unwrap_or_else(|error| panic!("the system does not start: {error}"));
        let mut lake = lock(&system.world.lake);
        (lake.settings.queued_polls, lake.settings.running_polls) = (0, 0);
        drop(lake);
        Self { system, _room: Some(room) }
    }

    /// As [`Story::begin`]; Alice has opened SSH in the group `web`, and its card asks. The group, and the rules that it had
    /// before.
    pub async fn with_a_card() -> (Self, Group, Vec<String>) {
        let story = Self::begin().await;
        let web = story.group("web");
        let before = story.rules(&web);
        story.open(Opener::Alice, &web, ssh());
        story.poll().await;
        (story, web, before)
    }

    /// `{"tick":"poll"}`, which has to succeed.
    pub async fn poll(&self) {
        self.try_tick("poll").await.unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
    }

    /// `{"tick":"sweep"}`, which has to succeed.
    pub async fn sweep(&self) {
        self.try_tick("sweep").await.unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
    }

    /// A tick of this name, and what became of it.
    ///
    /// # Errors
    /// What the poller answered.
    pub async fn try_tick(&self, tick: &str) -> Result<Value, FunctionError> {
        self.system.tick(json!({ "tick": tick })).await
    }

    /// The records that CloudTrail made so far, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<Value> {
        lock(&self.system.world.trail).entries().iter().map(|entry| entry.record.clone()).collect()
    }

    /// EventBridge pushes one record.
    ///
    /// # Panics
    /// The poller does not take it.
    pub async fn push(&self, record: &Value) {
        let event = event_bridge::event(record).unwrap_or_else(|| panic!("the rule does not match {record}"));
        self.system.tick(event).await.unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
    }

    /// Waits for the only change to be in this state.
    ///
    /// # Panics
    /// It is not within 20 s.
    pub async fn until_state(&self, state: &str) {
        let begun = Instant::now();
        while self.item().await.state() != state {
            assert!(begun.elapsed() < PATIENCE, "never {state}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for so many messages in the channel.
    ///
    /// # Panics
    /// There are not within 20 s.
    pub async fn until_cards(&self, count: usize) {
        let begun = Instant::now();
        while self.cards().len() != count {
            assert!(begun.elapsed() < PATIENCE, "never {count} cards:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for so many changes in the table.
    ///
    /// # Panics
    /// There are not within 20 s.
    pub async fn until_items(&self, count: usize) {
        let begun = Instant::now();
        while self.items().await.len() != count {
            assert!(begun.elapsed() < PATIENCE, "never {count} items:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for a group to have these rules.
    ///
    /// # Panics
    /// It has not within 20 s.
    pub async fn until_rules(&self, group: &Group, rules: &[String]) {
        let begun = Instant::now();
        while self.rules(group) != rules {
            assert!(begun.elapsed() < PATIENCE, "never {rules:?}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills both functions, as when their hosts go away. The next invocation starts them anew.
    pub async fn kill(&self) {
        self.system.poller.kill().await;
        self.system.responder.kill().await;
    }

    /// Rewrites the functions' config.toml and starts them anew.
    ///
    /// # Panics
    /// The text to be replaced is not in it.
    pub async fn reconfigure(&self, from: &str, to: &str) {
        let path = self.config_path();
        let old = std::fs::read_to_string(&path).expect("config.toml");
        assert!(old.contains(from), "no {from:?} in:\n{old}");
        std::fs::write(&path, old.replace(from, to)).expect("config.toml");
        self.kill().await;
    }

    /// Where the functions' config.toml is.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.system.poller.spec().environment["PORTCULLIS_CONFIG"].clone().into()
    }
}

/// No story may tell a secret: every line that a function printed is held against all secrets as it is read, and here every
/// message in Slack.
impl Drop for Story {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_nothing_told();
        }
    }
}

/// The options of every story.
#[must_use]
pub fn options() -> Options {
    Options::new(Code::Binary(binary("poller")), Code::Binary(binary("responder")))
}

/// A function's binary: beside this test's own, or as `NAME/bootstrap` in the folder that `FUNCTIONS` names, where
/// `make lambda` put what ships.
///
/// # Panics
/// It is not there.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("FUNCTIONS") {
        let path = PathBuf::from(folder).join(name).join("bootstrap");
        assert!(path.exists(), "{} is not there. Build it first: make lambda", path.display());
        return path;
    }
    let test = std::env::current_exe().expect("the test's own path");
    let path = test.parent().and_then(|deps| deps.parent()).expect("target/debug/deps").join(name);
    assert!(path.exists(), "{} is not there. Build it first: cargo build --workspace --bins", path.display());
    path
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
