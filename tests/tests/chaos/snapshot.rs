//! The world as it is, for [`crate::check`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use local::{
    system::seed,
    world::{ec2::SecurityGroup, faults::Hit},
};
use serde_json::Value;
use shared::{
    config::Config,
    domain::{card, request::Request},
};
use tests::Story;

use crate::{
    check::{Alarm, Decided, Item, Revoke, Shown, Snapshot},
    people::{People, locked},
};

/// The ingress rules that are there, by id.
pub(crate) fn standing(story: &Story) -> BTreeSet<String> {
    let ec2 = story.system.world.ec2.lock().expect("EC2");
    let rules = ec2.groups().flat_map(SecurityGroup::rules);
    rules.filter(|rule| !rule.key.egress).map(|rule| rule.id.clone()).collect()
}

/// Looks at everything. There was trouble until `calm_from`.
pub(crate) async fn take(
    story: &Story,
    people: &People,
    kills: usize,
    before: BTreeSet<String>,
    calm_from: DateTime<Utc>,
) -> Snapshot {
    let faults = &story.system.world.faults;
    let hits = faults.hits();
    let items = items(story).await;
    Snapshot {
        openings: locked(&people.made).iter().map(|made| made.opening.clone()).collect(),
        before,
        standing: standing(story),
        channel: channel(story),
        items,
        revokes: revokes(story),
        clicks: locked(&people.clicked).clone(),
        alarms: alarms(story, calm_from),
        lost_posts: lost_posts(faults.hits_about()),
        kills,
        troubled: hits.keys().map(|hit| hit.service.clone()).collect(),
    }
}

/// Cards that Slack took without a good answer to whoever posted them, or perhaps with one that came too late, by request.
fn lost_posts(hits: BTreeMap<(Hit, String), u32>) -> BTreeMap<String, usize> {
    let mut lost: BTreeMap<String, usize> = BTreeMap::new();
    for ((hit, request), count) in hits {
        if hit.operation == "chat.postMessage" && ["500 after", "dropped after", "slow"].contains(&hit.fault) {
            *lost.entry(request).or_default() += usize::try_from(count).unwrap_or(usize::MAX);
        }
    }
    lost
}

fn channel(story: &Story) -> Vec<Shown> {
    let cards = story.cards().into_iter();
    cards.map(|card| Shown { request: card.request, ts: card.ts, text: card.text }).collect()
}

async fn items(story: &Story) -> BTreeMap<String, Item> {
    let view = Config::load(&story.system.config).expect("the functions' config.toml").view();
    let items = story.items().await.into_iter();
    items
        .map(|item| {
            let within = item.request();
            let request: Request = serde_json::from_value(within.clone()).expect("a request");
            let number = |name: &str| item.0[name]["N"].as_str().and_then(|text| text.parse().ok()).expect("a number");
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let stored = Item {
                state: item.state().to_owned(),
                state_within: text(&within["state"]["name"]),
                revision: number("revision"),
                revision_within: within["revision"].as_u64().expect("a number"),
                version: number("version"),
                rendered_version: number("rendered_version"),
                due: item.is_due(),
                open: item.is_open(),
                decision: decided(&within["decision"]),
                decisions_told: decisions_told(&within),
                text: card::render(&request, &view).text,
            };
            (text(&item.0["requestid"]["S"]), stored)
        })
        .collect()
}

fn decided(decision: &Value) -> Option<Decided> {
    Some(Decided {
        deny: decision["verdict"].as_str()? == "deny",
        by: decision["by"].as_str()?.to_owned(),
        at: decision["at"].as_str()?.parse().ok()?,
    })
}

/// As the history words them: `Deny by U0BOB000001`.
pub(crate) fn decisions_told(request: &Value) -> usize {
    let history = request["history"].as_array().expect("a history").iter();
    let told = history.filter_map(|entry| entry["what"].as_str());
    told.filter(|what| what.starts_with("Deny by ") || what.starts_with("Approve by ")).count()
}

/// What CloudTrail recorded of the functions' own revokes that EC2 took.
fn revokes(story: &Story) -> Vec<Revoke> {
    let trail = story.system.world.trail.lock().expect("the trail");
    let own = trail.entries().iter().filter(|entry| {
        let issuer = &entry.record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"];
        entry.record["eventName"] == "RevokeSecurityGroupIngress" && issuer == seed::SPOKE
    });
    own.map(|entry| Revoke { at: entry.at, ports: ports(&entry.record) }).collect()
}

fn ports(record: &Value) -> Vec<i64> {
    let items = record["requestParameters"]["ipPermissions"]["items"].as_array();
    items.into_iter().flatten().filter_map(|item| item["fromPort"].as_i64()).collect()
}

fn alarms(story: &Story, calm_from: DateTime<Utc>) -> Vec<Alarm> {
    let log = story.log();
    let alarm = |line: &str| {
        if line.contains("panicked at") {
            return Some(Alarm { name: line.to_owned(), in_the_calm: true });
        }
        let line: Value = serde_json::from_str(line).ok()?;
        let name = line["alarm"].as_str()?.to_owned();
        let at: DateTime<Utc> = line["timestamp"].as_str()?.parse().ok()?;
        Some(Alarm { name, in_the_calm: at > calm_from })
    };
    log.lines().filter_map(alarm).collect()
}

/// What became of the openings, by state.
pub(crate) fn ends(world: &Snapshot) -> String {
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for item in world.items.values() {
        *ends.entry(&item.state).or_default() += 1;
    }
    let ends: Vec<String> = ends.iter().map(|(state, count)| format!("{state} {count}")).collect();
    format!("ends: {}; {} revokes, {} alarms", ends.join(", "), world.revokes.len(), world.alarms.len())
}

/// The histories and the lines of the log of what the sentences are about.
pub(crate) async fn lines_about(story: &Story, broken: &[String]) -> String {
    let mut about = Vec::new();
    for item in story.items().await {
        let id = item.0["requestid"]["S"].as_str().unwrap_or_default();
        if !broken.iter().any(|sentence| sentence.contains(id)) {
            continue;
        }
        about.push(format!("{:#}", item.request()["history"]));
        about.extend(story.log().lines().filter(|line| line.contains(id)).map(str::to_owned));
    }
    about.join("\n")
}
