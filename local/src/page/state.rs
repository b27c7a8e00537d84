//! The moment: the channel, the security groups, the functions.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    modals,
    requests::{self, is_the_world},
    switches::Switch,
};
use crate::{
    system::{System, pipelines::Pipeline, seed, stored::Stored},
    wire::lambda::Function,
    world::{
        World,
        ec2::{Rule, SecurityGroup},
        slack::{Author, Message, Slack, Whisper},
    },
};

/// What the asker has already.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// The version of the state that it shows.
    known: Option<String>,
}

/// `GET /api/state?known=VERSION`: the whole state, or 204 where the asker has it.
pub(super) async fn state(State(system): State<Arc<System>>, Query(asked): Query<Asked>) -> Response {
    let stored = system.stored().await;
    let body = now(&system, &stored);
    let version = version(&body);
    if asked.known.as_deref() == Some(version.as_str()) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let headers = [(header::CONTENT_TYPE.as_str(), "application/json"), ("x-version", version.as_str())];
    (headers, body).into_response()
}

fn version(body: &str) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn now(system: &System, stored: &Stored) -> String {
    let world = &system.world;
    let (messages, whispers, modals) = {
        let slack = lock(&world.slack);
        (messages(&slack), whispers(&slack), modals::open(&slack))
    };
    let rest = json!({
        "messages": messages,
        "whispers": whispers,
        "modals": modals,
        "groups": groups(world),
        "functions": [function("poller", &system.poller), function("responder", &system.responder)],
        "faults": faults(system),
        "counts": requests::counts(world, stored),
        "pipelines": system.pipelines.list().iter().map(pipeline).collect::<Vec<_>>(),
    })
    .to_string();
    // The requests are JSON already, and by far the longest part.
    let requests = requests::list(world, stored);
    format!("{{\"requests\":{requests},{}", rest.trim_start_matches('{'))
}

fn messages(slack: &Slack) -> Vec<Value> {
    let with_thread = |posted: &&Message| {
        let ts = posted.ts.to_string();
        let mut shown = message(slack, posted);
        shown["thread"] =
            slack.thread(seed::CHANNEL, &ts).into_iter().map(|reply| message(slack, reply)).collect::<Vec<_>>().into();
        shown
    };
    slack.messages(seed::CHANNEL).iter().map(with_thread).collect()
}

fn message(slack: &Slack, message: &Message) -> Value {
    let (author, is_app) = match &message.author {
        Author::Bot | Author::Webhook => ("Portcullis".to_owned(), true),
        Author::Person(id) => (name(slack, id), false),
    };
    json!({
        "ts": message.ts.to_string(),
        "author": author,
        "is_app": is_app,
        "text": message.text,
        "blocks": message.blocks,
        "edited": message.edited.is_some(),
        "requestid": message.metadata.as_ref().map(|metadata| &metadata["event_payload"]["requestid"]),
    })
}

fn name(slack: &Slack, id: &str) -> String {
    slack.users().find(|user| user.id == id).map_or_else(|| id.to_owned(), |user| user.name.clone())
}

fn whispers(slack: &Slack) -> Vec<Value> {
    let of_channel = |member: &seed::Member| {
        slack.whispers(member.id).into_iter().filter(|whisper| whisper.channel == seed::CHANNEL).collect::<Vec<_>>()
    };
    seed::MEMBERS.iter().flat_map(of_channel).map(whisper).collect()
}

fn whisper(whisper: &Whisper) -> Value {
    json!({
        "ts": whisper.ts.to_string(),
        "user": whisper.user,
        "text": whisper.text,
        "blocks": whisper.blocks,
        "thread_ts": whisper.thread_ts.map(|ts| ts.to_string()),
    })
}

fn groups(world: &World) -> Vec<Value> {
    let ec2 = lock(&world.ec2);
    let watched = |group: &&SecurityGroup| seed::ACCOUNTS.iter().any(|(account, _)| *account == group.owner);
    let mut groups: Vec<&SecurityGroup> = ec2.groups().filter(watched).collect();
    // Those of the seed have names to tell them apart; the `default` groups are last.
    groups.sort_by_key(|group| (&group.owner, &group.region, group.name == "default", &group.name, &group.id));
    groups.into_iter().map(group).collect()
}

fn group(group: &SecurityGroup) -> Value {
    json!({
        "account": group.owner,
        "region": group.region,
        "id": group.id,
        "name": group.name,
        "vpc": group.vpc_id,
        "default_vpc": group.in_default_vpc,
        "rules": group.rules().filter(|rule| !rule.key.egress).map(rule).collect::<Vec<_>>(),
    })
}

fn rule(rule: &Rule) -> Value {
    let key = &rule.key;
    json!({
        "id": rule.id,
        "protocol": key.protocol.to_string(),
        "from_port": key.from_port,
        "to_port": key.to_port,
        "source": key.source.to_string(),
        "world": is_the_world(&key.source),
        "description": rule.description,
    })
}

fn function(name: &str, function: &Function) -> Value {
    let last = function.last();
    json!({
        "name": name,
        "busy": function.is_busy(),
        "last_at": last.as_ref().map(|last| last.at.timestamp_millis()),
        "last_error": last.and_then(|last| last.error),
    })
}

/// Which of the page's switches are on.
fn faults(system: &System) -> BTreeMap<&'static str, bool> {
    Switch::ALL.iter().map(|switch| (switch.key, switch.is_on(system))).collect()
}

fn pipeline(pipeline: &Pipeline) -> Value {
    json!({
        "account": pipeline.account,
        "region": pipeline.region,
        "group": pipeline.group,
        "reopened": pipeline.reopened,
        "left": pipeline.left,
    })
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
