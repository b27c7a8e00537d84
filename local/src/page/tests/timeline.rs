use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::domain::{
    change::{Fate, Ignored, Lookup, Opening},
    ids::{ChannelId, SlackUserId},
    request::{CardRef, Decision, Lease, Request, Requester, Verdict},
    step::{Event, step},
};

use super::{Shown, items::request};
use crate::{
    system::seed::{self, CHANNEL},
    world::{
        calls::{Answered, ServiceCall},
        slack::Args,
    },
};

const BOB: &str = "U0BOB000001";

/// A request that goes through what happens to it, a second for each event.
struct Life {
    request: Request,
    now: DateTime<Utc>,
}

impl Life {
    fn of(request: Request) -> Self {
        let now = request.stored_at;
        Self { request, now }
    }

    fn then(&mut self, event: Event) -> &mut Self {
        self.now += TimeDelta::seconds(1);
        self.request = step(&self.request, event, self.now, "nonce").unwrap().next;
        self
    }

    fn posted(&mut self, ts: &str) -> &mut Self {
        let lease = self.lease();
        let card = CardRef { channel: ChannelId::parse(CHANNEL).unwrap(), ts: ts.to_owned() };
        self.then(Event::ClaimPost(lease)).then(Event::Posted { card: Some(card), shows: 1 })
    }

    fn denied(&mut self) -> &mut Self {
        let decision = Decision {
            verdict: Verdict::Deny,
            by: SlackUserId::parse(BOB).unwrap(),
            by_name: "bob".to_owned(),
            at: self.now + TimeDelta::seconds(1),
            reason: None,
            requester: Requester::NotAsked,
        };
        self.then(Event::Decided { decision, watch_only: false, card: None, reply: None })
    }

    fn reverted(&mut self, revoke: &str, fate: Fate) -> &mut Self {
        let (lease, holder) = (self.lease(), "me".to_owned());
        let rules: Vec<usize> = (0..self.request.change.opening.rules().len()).collect();
        let fates = rules.iter().map(|_| fate.clone()).collect();
        self.then(Event::ClaimRevert(lease))
            .then(Event::RevokeAttempted { holder: holder.clone(), rules: rules.clone(), stay: Default::default() })
            .then(Event::RevokeAnswered { holder: holder.clone(), request_id: revoke.to_owned() })
            .then(Event::RevertEnded { holder, fates, verified_after_ms: Some(900), failure: None })
    }

    fn lease(&self) -> Lease {
        Lease { holder: "me".to_owned(), until: self.now + TimeDelta::minutes(1) }
    }
}

impl Shown {
    async fn told(&self, id: &str) -> Value {
        self.get(&format!("/api/request/{id}")).send().await.unwrap().json().await.unwrap()
    }

    /// Portcullis's role calls EC2 in the group "web".
    fn call(&self, at: DateTime<Utc>, operation: &str, request_id: &str, error: Option<&'static str>) {
        let account = seed::ACCOUNTS[0].0.to_owned();
        self.system.world.calls.note(ServiceCall {
            at,
            operation: operation.to_owned(),
            groups: vec![self.web()],
            role: Some(format!("arn:aws:iam::{account}:role{}{}", seed::ROLE_PATH, seed::SPOKE)),
            account,
            answer: Some(Answered { request_id: request_id.to_owned(), error }),
        });
    }
}

/// `where: title` of every entry.
fn lines(told: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = told["timeline"].as_array().unwrap().iter();
    entries.map(|entry| format!("{}: {}", text(&entry["where"]), text(&entry["title"]))).collect()
}

#[tokio::test]
async fn a_request_is_told_from_the_call_to_its_outcome() {
    let shown = Shown::start().await;
    let (_, opened) = shown.act("/api/open", "alice", json!({"what": "ssh-to-the-world"})).await;
    let id = opened["request_id"].as_str().unwrap().to_owned();
    let record = shown.records()[0].clone();
    // The poller is missing; that the record was pushed is told all the same.
    assert!(shown.system.push().await.is_err());

    let mut life = Life::of(request(&shown, &id, Utc::now(), &[22]));
    let post = {
        let metadata = json!({"event_type": "portcullis_request", "event_payload": {"requestid": id}});
        let blocks = json!([{"type": "actions", "block_id": "b", "elements": [
            {"type": "button", "action_id": "deny", "value": id, "text": {"type": "plain_text", "text": "Deny"}},
        ]}]);
        let args = json!({"channel": CHANNEL, "text": "Approval needed", "metadata": metadata, "blocks": blocks});
        let mut slack = shown.system.world.slack.lock().unwrap();
        let at = life.now + TimeDelta::seconds(1);
        slack.call(at, Some("xoxb-local-1"), "chat.postMessage", &Args::from_json(args)).unwrap()
    };
    let ts = post["ts"].as_str().unwrap().to_owned();
    life.posted(&ts).denied();
    let denied_at = life.now;
    for ms in [100, 200] {
        shown.call(denied_at + TimeDelta::milliseconds(ms), "DescribeSecurityGroupRules", "d", None);
    }
    shown.call(denied_at + TimeDelta::milliseconds(2_500), "RevokeSecurityGroupIngress", "ours", None);
    shown.call(denied_at + TimeDelta::hours(1), "DescribeSecurityGroupRules", "later", None);
    life.reverted("ours", Fate::Removed);
    shown.store(&life.request, &record).await;
    {
        let args = json!({"channel": CHANNEL, "ts": ts, "text": "Reverted"});
        let mut slack = shown.system.world.slack.lock().unwrap();
        slack.call(life.now, Some("xoxb-local-1"), "chat.update", &Args::from_json(args)).unwrap();
    }

    let told = shown.told(&id).await;
    assert_eq!(
        lines(&told),
        [
            "aws: alice@example.com opened tcp 22 from 0.0.0.0/0 in web.",
            "cloudtrail: CloudTrail recorded the call.",
            "eventbridge: EventBridge pushed the record to the poller.",
            "table: The poller stored the request.",
            "slack: The card is in the channel.",
            "table: Stored: where the card is.",
            "table: The decision is stored: bob denied it.",
            "ec2: EC2 showed the group's rules, 2 times.",
            "table: Stored: EC2 is about to be asked to revoke.",
            "ec2: EC2 took the revoke.",
            "table: Stored: EC2 took the revoke. That proves nothing yet.",
            "table: Taken back: the rules were seen to be gone.",
            "slack: The card was updated.",
        ]
    );
    let times: Vec<i64> =
        told["timeline"].as_array().unwrap().iter().map(|entry| entry["at"].as_i64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(told["record"], record);
}

#[tokio::test]
async fn the_item_is_shown_as_it_stands_with_its_record_as_text() {
    let shown = Shown::start().await;
    let stored = request(&shown, "r-1", Utc::now(), &[22]);
    let record = json!({"eventID": "e", "eventName": "AuthorizeSecurityGroupIngress"});
    shown.store(&stored, &record).await;
    let told = shown.told("r-1").await;
    assert_eq!((&told["id"], &told["record"]), (&json!("r-1"), &record));
    assert_eq!(told["item"]["record"], json!({"S": record.to_string()}));
    assert_eq!(told["item"]["request"], json!({"S": serde_json::to_string(&stored).unwrap()}));
    let notes = told["notes"].as_array().unwrap();
    assert!(notes.len() == 1 && notes[0].as_str().unwrap().contains("`record`"), "{notes:?}");
}

#[tokio::test]
async fn a_request_that_the_table_does_not_hold_is_404_with_a_reason() {
    let shown = Shown::start().await;
    shown.put(json!({"requestid": {"S": "#pace/slack"}})).await;
    for id in ["nothing", "%23pace%2Fslack"] {
        let response = shown.get(&format!("/api/request/{id}")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{id}");
        let answer: Value = response.json().await.unwrap();
        assert!(answer["error"].as_str().unwrap().contains("holds no request"), "{answer}");
    }
}

#[tokio::test]
async fn a_click_that_is_refused_is_told_with_its_whisper() {
    let shown = Shown::start().await;
    let ts = shown.card();
    let mut life = Life::of(request(&shown, "r-1", Utc::now(), &[22]));
    life.posted(&ts);
    shown.store(&life.request, &Value::Null).await;
    shown.post("/api/click", json!({"user": "U0MALLORY01", "ts": ts, "action": "deny"})).await;
    let whisper = json!({"channel": CHANNEL, "user": "U0MALLORY01", "text": "You may not."});
    {
        let mut slack = shown.system.world.slack.lock().unwrap();
        slack.call(Utc::now(), Some("xoxb-local-1"), "chat.postEphemeral", &Args::from_json(whisper)).unwrap();
    }
    let told = shown.told("r-1").await;
    let entries = told["timeline"].as_array().unwrap();
    let find = |title: &str| entries.iter().find(|entry| entry["title"] == title).unwrap();
    assert_eq!(find("mallory clicked Deny.")["where"], "person");
    let whispered = find("Only mallory was told a word about it.");
    assert_eq!((&whispered["where"], &whispered["detail"]), (&json!("slack"), &json!("You may not.")));
}

#[tokio::test]
async fn the_revoke_of_another_request_of_the_group_is_not_told_as_its_own() {
    let shown = Shown::start().await;
    for (id, revoke) in [("r-1", "first"), ("r-2", "second")] {
        let mut life = Life::of(request(&shown, id, Utc::now(), &[22]));
        life.posted("1795190000.000100").denied();
        shown.call(life.now, "RevokeSecurityGroupIngress", revoke, None);
        life.reverted(revoke, Fate::Removed);
        shown.store(&life.request, &Value::Null).await;
    }
    for (id, revoke) in [("r-1", "first"), ("r-2", "second")] {
        let told = shown.told(id).await;
        let at_ec2 = told["timeline"].as_array().unwrap().iter().filter(|entry| entry["where"] == "ec2");
        let details: Vec<&Value> = at_ec2.map(|entry| &entry["detail"]).collect();
        assert_eq!(details, [&json!(format!("RevokeSecurityGroupIngress, request {revoke}"))]);
    }
}

/// Every history that a request can have is told in sentences of the page's own.
#[tokio::test]
async fn no_entry_of_a_history_is_left_in_its_own_words() {
    let shown = Shown::start().await;
    let opening = || request(&shown, "r-1", Utc::now(), &[22]);
    let unresolved = || {
        let mut request = opening();
        request.change.opening = Opening::Unresolved(Lookup::Modified { rules: Vec::new() });
        Life::of(request)
    };
    let resolved = opening().change.opening;
    let (holder, now) = ("me".to_owned(), Utc::now());

    let mut troubled = Life::of(opening());
    let lease = troubled.lease();
    let not_posted =
        Event::NotPosted { holder: holder.clone(), not_before: now, maybe_posted: true, error: "HTTP 500".to_owned() };
    troubled.then(Event::ClaimPost(lease)).then(not_posted).posted("1795190000.000100");
    troubled.then(Event::ShownAnew { reply: None }).denied();
    let lease = troubled.lease();
    let fates = vec![Fate::Standing];
    let postponed =
        Event::RevertPostponed { holder: holder.clone(), fates, not_before: now, error: "throttled".to_owned() };
    let missed = Event::RevokeMissed { holder: holder.clone(), rules: vec![0] };
    let not_updated = Event::NotUpdated {
        holder: String::new(),
        lands_until: None,
        shows: 9,
        not_before: now,
        maybe_posted: false,
        lost: Vec::new(),
        error: "HTTP 500".to_owned(),
    };
    let refused = Event::RevokeRefused { holder: holder.clone(), rules: vec![0] };
    let approved = BTreeMap::from([(0, Fate::Standing)]);
    let attempted = Event::RevokeAttempted { holder: holder.clone(), rules: vec![0], stay: approved };
    troubled
        .then(not_updated)
        .then(Event::ClaimRevert(lease))
        .then(attempted)
        .then(missed)
        .then(refused)
        .then(postponed);
    troubled.reverted("x", Fate::Failed { why: "Refused".to_owned() });
    troubled.then(Event::RetryAsked { by: BOB.to_owned(), reply: None });

    let mut described = unresolved();
    described.then(Event::Resolved(resolved.clone())).posted("1795190000.000100");
    let mut dismissed = unresolved();
    dismissed.then(Event::Dismissed { reason: Ignored::Narrowing, rules: Vec::new() }).then(Event::Reopened(resolved));
    let ignored = Life::of(Request::ignored(opening().change, Ignored::Egress, now, "nonce".to_owned()));
    let mut withdrawn = Life::of(opening());
    withdrawn.then(Event::RemovedByHand { rules: vec![0], by: "carol".to_owned(), at: now });
    let mut reverted = Life::of(opening());
    reverted.posted("1795190000.000100").denied().reverted("x", Fate::Removed);

    let slack = shown.system.world.slack.lock().unwrap();
    let lives = [troubled, described, dismissed, ignored, withdrawn, reverted];
    let history: Vec<_> = lives.iter().flat_map(|life| &life.request.history).collect();
    assert!(history.len() > 20, "{history:?}");
    for entry in history {
        let title = crate::page::timeline::sentence(&slack, entry.at, &entry.what);
        assert!(title != entry.what && title.ends_with('.'), "{title}");
    }
}
