//! Many people at once: everybody has an answer within Slack's three seconds, and one of them decides.
//!
//! An instance on Lambda serves one event at a time, so as many clicks want as many instances. They are started before,
//! as with provisioned concurrency: on Lambda each has a processor of its own to start on, here all of them share this
//! machine's, which would measure nothing but that. The answers share it too.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use http::{HeaderMap, Method, Uri};
use local::{
    system::{
        gateway,
        seed::{CHANNEL, Opener, SIGNING_SECRET},
    },
    world::{ec2::Permission, faults::Fault, slack::Interaction},
};
use serde_json::{Value, json};
use tests::{Card, MALLORY, Story};

use crate::{ALONE, snapshot, tell};

/// Slack shows an error after this.
const LIMIT: Duration = Duration::from_secs(3);

/// A channel with so many cards that ask, and so many approvers beside it.
async fn begin(cards: i64, people: usize) -> (Story, Vec<String>, Vec<Card>) {
    let people: Vec<String> = (0..people).map(|at| format!("U0PERSON{at:03}")).collect();
    let approvers = people.clone();
    let story = Story::with(|options| options.config.approvers.extend(approvers)).await;
    {
        let mut slack = story.system.world.slack.lock().expect("Slack");
        for person in &people {
            slack.add_user(person, &person.to_lowercase(), None);
            slack.join(CHANNEL, person);
        }
    }
    for port in 0..cards {
        let rule = Permission::new("tcp", 3_000 + port, 3_000 + port).from_ipv4("0.0.0.0/0", None);
        story.opened_before(Opener::Pipeline, &story.group("web"), rule, TimeDelta::minutes(1));
    }
    // New cards take turns of a second; how they do is told by the stories about that.
    let turn = json!({ "requestid": { "S": "#pace/slack" }, "free_from": { "N": "0" } });
    let no_turns = async {
        loop {
            story.put(&turn).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! { () = story.poll() => (), () = no_turns => () }
    let cards = story.cards();
    (story, people, cards)
}

/// So many instances of the responder wait for an event, and each has answered a click before: of somebody who may not
/// decide, so nothing is changed. What is measured is a click, and not what a process does once in its life: opening its
/// connections, and, built without optimization, touching most of its code for the first time.
async fn warm(story: &Story, instances: usize, card: &Card) {
    let responder = &story.system.responder;
    let all = async |event: &Value| {
        // Each claims an instance before any of them has its answer: no two have the same one.
        join_all((0..instances).map(|_| responder.invoke(event.clone()))).await;
        story.system.idle().await;
    };
    for _ in 0..10 {
        if responder.sandbox_count() < instances {
            all(&json!({})).await;
        }
    }
    let started = responder.sandbox_count();
    assert!(started >= instances, "after ten rounds there are {started} of {instances} instances:\n{}", story.log());
    all(&event(story.press_on(MALLORY, card, "deny"))).await;
}

/// A click as API Gateway hands it on.
fn event(click: Interaction) -> Value {
    let signed = click.request(SIGNING_SECRET, Utc::now());
    let header =
        |(name, value): &(&'static str, String)| (name.parse().expect("a name"), value.parse().expect("a value"));
    let headers: HeaderMap = signed.headers.iter().map(header).collect();
    gateway::event(&Method::POST, &Uri::from_static("/slack/interactions"), &headers, &signed.body.into())
}

/// Everybody presses a button of what they see, and then Slack delivers all of it at the same moment. How long the answers
/// took, shortest first.
async fn all_click(story: &Story, clicks: &[(&str, &Card, &str)]) -> Vec<Duration> {
    let deliver = |(user, card, action): &(&str, &Card, &str)| {
        let (click, system) = (story.press_on(user, card, action), Arc::clone(&story.system));
        async move {
            let begun = Instant::now();
            let status = system.send(&click).await.expect("an answer").status().as_u16();
            (status, begun.elapsed())
        }
    };
    // What comes after an answer has a processor of its own on Lambda. Here it would take this machine's from the answers
    // that are still to come: it waits for them in EC2 and Slack.
    for (service, operation) in [("sts", "*"), ("slack", "chat.update")] {
        story.fault(service, operation, Fault::Slow(LIMIT / 2), None);
    }
    let all: Vec<_> = clicks.iter().map(deliver).collect();
    let answers = join_all(all.into_iter().map(tokio::spawn)).await;
    let mut answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("a task")).collect();
    story.no_faults();
    story.system.idle().await;
    answers.sort_by_key(|(_, took)| *took);
    let bad: Vec<_> = answers.iter().filter(|(status, took)| *status != 200 || *took >= LIMIT).collect();
    assert!(bad.is_empty(), "not 200 within {LIMIT:?}, of {}: {bad:?}\n{}", answers.len(), story.log());
    answers.into_iter().map(|(_, took)| took).collect()
}

fn told(what: &str, instances: usize, took: &[Duration]) -> String {
    let at = |share: usize| took[(took.len() * share).div_ceil(100) - 1].as_millis();
    format!("load: {what}, {instances} instances: p50 {} ms, p99 {} ms, max {} ms", at(50), at(99), at(100))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_people_click_on_a_hundred_cards_at_once() {
    let _alone = ALONE.lock().await;
    let (story, people, cards) = begin(100, 100).await;
    assert_eq!(cards.len(), 100);
    let before = snapshot::standing(&story).len();
    warm(&story, 100, &cards[0]).await;
    let actions = ["deny", "approve"].into_iter().cycle();
    let clicks: Vec<_> =
        people.iter().zip(&cards).zip(actions).map(|((who, card), deed)| (who.as_str(), card, deed)).collect();
    let took = all_click(&story, &clicks).await;
    tell(&told("100 people on 100 cards", story.system.responder.sandbox_count(), &took));
    let items = story.items().await;
    for (person, card, action) in clicks {
        let id = card.request.as_deref().expect("a request");
        let item = items.iter().find(|item| item.0["requestid"]["S"] == id).expect("an item").request();
        let verdict = if action == "deny" { "deny" } else { "approve" };
        assert_eq!((&item["decision"]["verdict"], &item["decision"]["by"]), (&json!(verdict), &json!(person)), "{id}");
        assert_eq!(snapshot::decisions_told(&item), 1, "{id}");
        assert!(story.whispers(person).is_empty(), "{:?}", story.whispers(person));
    }
    what_is_left_is_done(&story, before - 50).await;
}

/// Fifty reverts of one group take turns at its notes. One that gave up is due once its lease has run out.
async fn what_is_left_is_done(story: &Story, standing: usize) {
    let begun = Instant::now();
    while snapshot::standing(story).len() != standing {
        assert!(begun.elapsed() < Duration::from_secs(150), "what was denied is not gone:\n{}", story.log());
        story.sweep().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_people_click_on_the_same_card_and_nineteen_are_told_who_decided() {
    let _alone = ALONE.lock().await;
    let (story, people, cards) = begin(1, 20).await;
    warm(&story, 20, &cards[0]).await;
    let actions = ["deny", "approve"].into_iter().cycle();
    let clicks: Vec<_> = people.iter().zip(actions).map(|(who, deed)| (who.as_str(), &cards[0], deed)).collect();
    let took = all_click(&story, &clicks).await;
    tell(&told("20 people on the same card", story.system.responder.sandbox_count(), &took));
    let request = story.item().await.request();
    let winner = request["decision"]["by"].as_str().expect("a decision");
    let (_, _, action) = clicks.iter().find(|(who, ..)| *who == winner).expect("one of them");
    assert!(request["decision"]["verdict"] == *action, "{request:#}");
    assert_eq!(snapshot::decisions_told(&request), 1);
    for person in people.iter().filter(|person| *person != winner) {
        let whispers = story.whispers(person);
        assert!(whispers.len() == 1 && whispers[0].contains(winner), "{person}: {whispers:?}");
    }
}
