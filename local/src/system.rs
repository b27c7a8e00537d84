//! Everything on one machine: the world, its wires on loopback ports, DynamoDB, and the two functions in their sandboxes.

pub mod config;
pub mod event_bridge;
pub mod gateway;
pub mod journal;
pub mod pipelines;
pub mod seed;
mod start;
pub mod stored;
mod tasks;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use shared::config::Timing;

pub use self::start::{StandIns, StartError};
use self::{config::ConfigFile, journal::Journal, pipelines::Pipelines, stored::Looked};
use crate::{
    wire::{
        Server,
        dynamodb::{DynamoDbError, Storage},
        lambda::{Code, Function, FunctionError},
    },
    world::{
        World,
        slack::{ClickError, Interaction, Settled, SubmitError, Typed, ViewAnswer},
    },
};

/// The table as a CreateTable request.
const TABLE: &str = include_str!("../../shared/table.json");

/// How the system is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The poller's code.
    pub poller: Code,
    /// The responder's code.
    pub responder: Code,
    /// Where DynamoDB keeps its items.
    pub storage: Storage,
    /// The table as a CreateTable request; its name is the one of `config`.
    pub table: String,
    /// What the functions' config.toml says.
    pub config: ConfigFile,
    /// Where ids come from; where the storage outlives the run, each run wants its own.
    pub seed: u64,
    /// Is the poller invoked as often as its config.toml says? Not for tests, which call [`System::tick`].
    pub scheduled: bool,
    /// Are records also pushed to the poller by EventBridge, as they come?
    pub push: bool,
    /// How long after a call Lake has its record.
    pub delivery_delay: TimeDelta,
    /// The folder of the functions' log files.
    pub logs: Option<PathBuf>,
    /// Environment for the functions beyond what the system sets.
    pub environment: Vec<(String, String)>,
}

impl Options {
    /// As a test wants it: in memory, no schedules, no pushes, records delivered at once.
    pub fn new(poller: Code, responder: Code) -> Self {
        Self {
            poller,
            responder,
            storage: Storage::Memory,
            table: TABLE.to_owned(),
            config: ConfigFile::default(),
            seed: 1,
            scheduled: false,
            push: false,
            delivery_delay: TimeDelta::zero(),
            logs: None,
            environment: Vec::new(),
        }
    }
}

/// How Slack's call of the responder went, as the person who clicked sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clicked {
    /// The HTTP status.
    pub status: u16,
    /// The body of the answer.
    pub body: String,
    /// How long the answer took. Beyond 3 s Slack shows an error.
    pub took: Duration,
}

impl Clicked {
    /// Whether Slack is satisfied: 200 within three seconds.
    pub fn accepted(&self) -> bool {
        self.status == 200 && self.took < Duration::from_secs(3)
    }
}

/// How Slack's call of the responder went, as the person who submitted a modal sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The HTTP status.
    pub status: u16,
    /// How long the answer took. Beyond 3 s Slack shows an error.
    pub took: Duration,
    /// What became of the modal.
    pub settled: Settled,
}

impl Submitted {
    /// Whether Slack is satisfied: it could read the answer, and in time. The modal may show errors all the same.
    pub fn accepted(&self) -> bool {
        self.settled != Settled::Trouble
    }

    /// The texts that the modal shows, by `block_id`.
    pub fn errors(&self) -> BTreeMap<String, String> {
        match &self.settled {
            Settled::Errors(errors) => errors.clone(),
            Settled::Closed | Settled::Trouble => BTreeMap::new(),
        }
    }
}

/// Why a click or a submission did not come through.
#[derive(Debug, thiserror::Error)]
pub enum ClickFailed {
    /// Nobody or nothing there to click.
    #[error(transparent)]
    Impossible(#[from] ClickError),
    /// Nothing there to submit, or not so.
    #[error(transparent)]
    NotSubmitted(#[from] SubmitError),
    /// The gateway gave no answer.
    #[error("the gateway gave no answer: {0}")]
    NoAnswer(#[from] reqwest::Error),
}

/// The running system. Dropping it kills the functions; [`System::stop`] also lets the database finish.
#[derive(Debug)]
pub struct System {
    /// Everything outside Portcullis.
    pub world: Arc<World>,
    /// The services, DynamoDB among them.
    pub services: StandIns,
    /// The poller.
    pub poller: Function,
    /// The responder.
    pub responder: Function,
    /// API Gateway, in front of the responder.
    pub gateway: Server,
    /// The text of the functions' config.toml.
    pub config: String,
    /// Its `[timing]`.
    pub timing: Timing,
    /// What people and services did, for the time line of a request.
    pub journal: Journal,
    /// The controllers that open again what was taken back.
    pub pipelines: Pipelines,
    table: String,
    /// Slack's, for what it sends. One for all: to make one is to read all certificates of the authorities that browsers trust.
    client: reqwest::Client,
    looked: Looked,
    /// How many of the trail's entries EventBridge has seen.
    pushed: Mutex<usize>,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    _folder: tempfile::TempDir,
}

impl System {
    /// Starts everything.
    ///
    /// # Errors
    /// [`StartError`] says what could not be started.
    pub async fn start(options: Options) -> Result<Arc<Self>, StartError> {
        let system = Arc::new(start::start(&options).await?);
        tasks::spawn(&system, &options);
        Ok(system)
    }

    /// Invokes the poller, as a schedule does, and waits until it is done.
    ///
    /// # Errors
    /// As [`Function::invoke`].
    pub async fn tick(&self, event: Value) -> Result<Value, FunctionError> {
        let answer = self.poller.invoke(event).await;
        self.poller.idle().await;
        answer
    }

    /// Pushes every record that is new since the last push to the poller, one event each, as EventBridge does.
    ///
    /// # Errors
    /// The first failure; the records after it are pushed all the same.
    pub async fn push(&self) -> Result<Vec<Value>, FunctionError> {
        let mut answers = Ok(Vec::new());
        for record in self.unpushed() {
            let Some(event) = event_bridge::event(&record) else { continue };
            self.journal.pushed(&record, Utc::now());
            answers = match (answers, self.poller.invoke(event).await) {
                (Ok(mut answers), Ok(answer)) => {
                    answers.push(answer);
                    Ok(answers)
                }
                (Err(first), _) | (Ok(_), Err(first)) => Err(first),
            };
        }
        answers
    }

    fn unpushed(&self) -> Vec<Value> {
        let mut pushed = lock(&self.pushed);
        let trail = lock(&self.world.trail);
        let new = trail.entries().iter().skip(*pushed).map(|entry| entry.record.clone()).collect();
        *pushed = trail.entries().len();
        new
    }

    /// A person clicks a button of a card in the channel: Slack calls the responder through the gateway.
    ///
    /// # Errors
    /// [`ClickFailed`].
    pub async fn click(&self, user: &str, ts: &str, action_id: &str) -> Result<Clicked, ClickFailed> {
        let interaction = lock(&self.world.slack).click(Utc::now(), user, seed::CHANNEL, ts, None, action_id)?;
        let answer = self.deliver(&interaction).await?;
        Ok(Clicked { status: answer.status, body: answer.body, took: answer.took })
    }

    /// A person submits a modal: Slack calls the responder through the gateway, and closes the modal or shows errors in it.
    ///
    /// # Errors
    /// [`ClickFailed`].
    pub async fn submit(&self, user: &str, view_id: &str, typed: &Typed) -> Result<Submitted, ClickFailed> {
        let interaction = lock(&self.world.slack).submit(Utc::now(), user, view_id, typed)?;
        let Answered { status, content_type, body, took } = self.deliver(&interaction).await?;
        let answer = ViewAnswer { status, content_type: &content_type, body: &body, took };
        Ok(Submitted { status, took, settled: lock(&self.world.slack).settle(view_id, &answer) })
    }

    /// Slack sends an interaction, signed now, to the app's request URL, and does nothing about the answer.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn send(&self, interaction: &Interaction) -> Result<reqwest::Response, reqwest::Error> {
        let signed = interaction.request(seed::SIGNING_SECRET, Utc::now());
        let url = format!("{}/slack/interactions", self.gateway.url());
        let request = self.client.post(url).body(signed.body);
        signed.headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).send().await
    }

    /// Slack calls the app's request URL.
    async fn deliver(&self, interaction: &Interaction) -> Result<Answered, reqwest::Error> {
        let (at, begun, doomed) = (Utc::now(), Instant::now(), self.responder.is_doomed());
        let response = self.send(interaction).await?;
        let took = begun.elapsed();
        let status = response.status().as_u16();
        let killed = doomed && !self.responder.is_doomed();
        self.journal.delivered(&interaction.payload, journal::Delivery { at, status, took, killed });
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        Ok(Answered { status, content_type, body: response.text().await?, took })
    }

    /// Resolves when both functions are at rest: every answer is given and the work after it is done.
    pub async fn idle(&self) {
        self.poller.idle().await;
        self.responder.idle().await;
    }

    /// Every item of the table, in DynamoDB's JSON.
    ///
    /// # Errors
    /// As [`DynamoDb::items`].
    pub async fn items(&self) -> Result<Vec<Value>, DynamoDbError> {
        self.services.dynamodb.items(&self.table).await
    }

    /// Writes an item of the table as an operator does at the console. With `revision`, only where the item has that one
    /// still; whether it was written.
    ///
    /// # Errors
    /// As [`DynamoDb::put`](crate::wire::dynamodb::DynamoDb::put).
    pub async fn put(&self, item: &Value, revision: Option<&str>) -> Result<bool, DynamoDbError> {
        self.services.dynamodb.put(&self.table, item, revision).await
    }

    /// Stops the schedules, kills the functions, lets DynamoDB finish, and gives the data folder free.
    pub async fn stop(&self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
        self.poller.kill().await;
        self.responder.kill().await;
        self.services.dynamodb.stop().await;
    }
}

/// The app's answer on HTTP.
struct Answered {
    status: u16,
    content_type: String,
    body: String,
    took: Duration,
}

impl Drop for System {
    fn drop(&mut self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
