//! A crash at every await: each script's function is killed before and after each of its calls of a port, and then, for
//! pairs, the one that recovers it too. Then the schedules go on, and the end is what it is without a crash.
//!
//! Between two calls nothing is seen outside, so a kill before a call leaves what a kill after the one before it leaves:
//! pairs are of kills after a call. `PAIRS=all` tries all of them; without it every script tries some hundred.

#![allow(clippy::expect_used, reason = "a test ends where its story breaks")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a script says only what is different in it")]

use std::{
    env,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use chrono::TimeDelta;
use local::{
    system::{
        config::{ConfigFile, Delivery},
        seed::{CHANNEL, Opener},
    },
    world::{
        ec2::{Operation, Permission, RuleChange},
        faults::Fault,
    },
};
use shared::{
    domain::{change::GroupKey, ids::RequestId, request::State},
    flows::{ask::Submitted, decide::decide},
};
use simulation::fakes::{BOB, CAROL, Moment, Run, ssh};

/// Pairs that a script tries, unless all are asked for.
const PAIRS: u32 = 150;

/// What is killed.
#[derive(Clone, Copy, Debug)]
enum Script {
    Post,
    PostALongList,
    CatchUp,
    Approve,
    Deny,
    DenyInADefaultVpc,
    DenyWithReason,
    DenyByWebhook,
    RevertByATick,
    RetryAfterAFailure,
    WithdrawBeforeThePost,
    WithdrawAfterThePost,
    /// Removed by hand before EC2 told what was changed; nothing is read again.
    WithdrawBeforeItIsDescribed,
    Widen,
    NarrowUnderADeny,
    /// Two cards about one rule: the first is denied, the last is approved before the revert.
    DenyWhatIsApprovedElsewhere,
}

impl Script {
    const ALL: [Self; 16] = [
        Self::Post,
        Self::PostALongList,
        Self::CatchUp,
        Self::Approve,
        Self::Deny,
        Self::DenyInADefaultVpc,
        Self::DenyWithReason,
        Self::DenyByWebhook,
        Self::RevertByATick,
        Self::RetryAfterAFailure,
        Self::WithdrawBeforeThePost,
        Self::WithdrawAfterThePost,
        Self::WithdrawBeforeItIsDescribed,
        Self::Widen,
        Self::NarrowUnderADeny,
        Self::DenyWhatIsApprovedElsewhere,
    ];

    fn file(self) -> ConfigFile {
        match self {
            Self::DenyByWebhook => ConfigFile { delivery: Delivery::Webhook, ..ConfigFile::default() },
            _ => ConfigFile::default(),
        }
    }

    /// How it ends: the states of the requests in the order in which they were made, and whether port 22 is open.
    fn end(self) -> (Vec<&'static str>, bool) {
        match self {
            Self::Post | Self::PostALongList | Self::CatchUp => (vec!["Pending"], true),
            Self::Approve => (vec!["Approved"], true),
            Self::Deny
            | Self::DenyInADefaultVpc
            | Self::DenyWithReason
            | Self::DenyByWebhook
            | Self::RevertByATick
            | Self::RetryAfterAFailure => (vec!["Reverted"], false),
            Self::WithdrawBeforeThePost | Self::WithdrawAfterThePost => (vec!["Withdrawn"], false),
            Self::WithdrawBeforeItIsDescribed => (vec!["Withdrawn", "Withdrawn"], false),
            Self::DenyWhatIsApprovedElsewhere => (vec!["RevertFailed", "Pending", "Approved"], true),
            Self::Widen => (vec!["Pending", "Pending"], true),
            Self::NarrowUnderADeny => (vec!["ChangedByHand", "Pending"], true),
        }
    }

    /// The button that decides, where somebody has to click again because they saw an error.
    fn button(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Approve => Some(("Pending", "approve")),
            Self::Deny | Self::DenyInADefaultVpc | Self::DenyWithReason | Self::DenyByWebhook => {
                Some(("Pending", "deny"))
            }
            Self::RetryAfterAFailure => Some(("RevertFailed", "retry")),
            Self::Post
            | Self::PostALongList
            | Self::CatchUp
            | Self::RevertByATick
            | Self::WithdrawBeforeThePost
            | Self::WithdrawAfterThePost
            | Self::WithdrawBeforeItIsDescribed
            | Self::Widen
            | Self::NarrowUnderADeny
            | Self::DenyWhatIsApprovedElsewhere => None,
        }
    }
}

/// A script in a world of its own, up to what is killed.
struct Staged {
    script: Script,
    run: Run,
    group: GroupKey,
    ids: Vec<RequestId>,
}

impl Staged {
    async fn new(script: Script) -> Self {
        let run = Run::with(script.file());
        let group = run.group(if matches!(script, Script::DenyInADefaultVpc) { "batch" } else { "web" });
        let many = (0..25).fold(Permission::new("tcp", 22, 22), |permission, at| {
            permission.from_ipv4(&format!("198.18.{at}.0/24"), None)
        });
        let permission = match script {
            Script::PostALongList => many,
            Script::Widen | Script::WithdrawBeforeItIsDescribed => ssh("10.0.0.0/8"),
            _ => ssh("0.0.0.0/0"),
        };
        if matches!(script, Script::CatchUp) {
            run.tick().await;
        }
        let ids = vec![run.open(&group, permission)];
        let mut staged = Self { script, run, group, ids };
        staged.prepare().await;
        staged
    }

    async fn prepare(&mut self) {
        let run = &self.run;
        match self.script {
            Script::Post | Script::PostALongList => return,
            Script::CatchUp => return run.wait(TimeDelta::hours(7)).await,
            Script::WithdrawBeforeThePost => {
                run.wait(TimeDelta::minutes(1)).await;
                run.close_permission(&self.group, ssh("0.0.0.0/0"));
                return;
            }
            _ => run.tick().await,
        };
        run.wait(TimeDelta::minutes(1)).await;
        match self.script {
            Script::RevertByATick => drop(run.click(BOB, "deny", &self.ids[0]).await),
            Script::RetryAfterAFailure => {
                run.world().faults.set("firewall", "revoke", Fault::Denied, None);
                run.deny(&self.ids[0]).await;
                run.world().faults.clear_all();
            }
            Script::WithdrawAfterThePost => drop(run.close_permission(&self.group, ssh("0.0.0.0/0"))),
            Script::WithdrawBeforeItIsDescribed => {
                self.modify("0.0.0.0/0");
                run_dark(&self.run).await;
                self.run.close_permission(&self.group, ssh("0.0.0.0/0"));
                run_dark(&self.run).await;
                return;
            }
            Script::DenyWhatIsApprovedElsewhere => {
                for cidr in ["10.0.0.0/8", "0.0.0.0/0"] {
                    self.modify(cidr);
                    self.run.wait(TimeDelta::minutes(1)).await;
                    self.run.tick().await;
                }
                drop(self.run.click(BOB, "deny", &self.ids[0]).await);
                drop(self.run.click(CAROL, "approve", &self.ids[2]).await);
                return;
            }
            Script::Widen => self.modify("0.0.0.0/0"),
            Script::NarrowUnderADeny => {
                drop(run.click(BOB, "deny", &self.ids[0]).await);
                self.modify("10.0.0.0/8");
            }
            _ => return,
        }
        self.run.wait(TimeDelta::minutes(1)).await;
    }

    fn modify(&mut self, cidr: &str) {
        let rule = self.run.rules(&self.group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
        let change = RuleChange {
            rule_id: rule.id,
            protocol: Some("tcp".to_owned()),
            from_port: Some(22),
            to_port: Some(22),
            cidr_ipv4: Some(cidr.to_owned()),
            ..RuleChange::default()
        };
        let operation = Operation::ModifyRules { group_id: self.group.group.to_string(), changes: vec![change] };
        self.ids.push(self.run.call(Opener::Alice, &self.group, operation));
    }

    /// What is killed.
    async fn act(&self) {
        let (run, id) = (&self.run, &self.ids[0]);
        match self.script {
            Script::DenyWithReason => {
                run.ask(BOB, id).await;
                if let Submitted::Stored(after) = run.submit(BOB, "not on a Friday").await {
                    run.after(after).await;
                }
            }
            script => match script.button() {
                Some((_, button)) => self.click(button).await,
                None if matches!(script, Script::WithdrawBeforeItIsDescribed) => drop(run.sweep().await),
                None => drop(run.poll().await),
            },
        }
    }

    /// Whoever comes first after a kill.
    async fn recover(&self) {
        if matches!(self.script, Script::WithdrawBeforeItIsDescribed) {
            drop(self.run.sweep().await);
        } else {
            drop(self.run.poll().await);
        }
    }

    async fn click(&self, button: &str) {
        let click = self.run.clicked(BOB, button, &self.ids[0]);
        if let Ok(after) = decide(&self.run.portcullis, &self.run.members, click).await {
            self.run.after(after).await;
        }
    }

    /// The schedules go on; whoever saw an error clicks again; then all must be as it is without a crash.
    async fn ends_well(&self, what: &str) {
        self.settle().await;
        if let Some((state, button)) = self.script.button()
            && self.run.state(&self.ids[0]).name() == state
        {
            self.click(button).await;
            self.settle().await;
        }
        let (states, is_open) = self.script.end();
        let got: Vec<&str> = self.ids.iter().map(|id| self.run.stored(id).state.name()).collect();
        assert_eq!(got, states, "{what}");
        assert_eq!(self.run.rules(&self.group).iter().any(|rule| rule.key.from_port == 22), is_open, "{what}");
        for id in &self.ids {
            let stored = self.run.stored(id);
            assert_eq!(stored.due_at(), None, "{what}");
            let cards = self.run.cards_of(id);
            if self.run.portcullis.view.webhook {
                assert!(!cards.is_empty(), "{what}");
                assert!(cards.last().expect("a card").text.starts_with("Reverted"), "{what}");
            } else {
                assert_eq!(cards.len(), 1, "{what}: one card");
                let shown = shared::domain::card::render(&stored, &self.run.portcullis.view).text;
                assert_eq!(cards[0].text, shown, "{what}");
            }
            if stored.change.opening.rules().len() > 20 && stored.state == State::Pending {
                let slack = self.run.world().slack.lock().expect("Slack");
                assert!(!slack.thread(CHANNEL, &cards[0].ts.to_string()).is_empty(), "{what}: the list");
                assert!(stored.listed, "{what}");
            }
        }
    }

    /// Longer than two leases.
    async fn settle(&self) {
        for _ in 0..8 {
            self.run.wait(TimeDelta::seconds(90)).await;
            self.recover().await;
        }
    }
}

/// A tick while EC2 tells nothing.
async fn run_dark(run: &Run) {
    run.world().faults.set("firewall", "describe", Fault::Throttle, None);
    run.tick().await;
    run.world().faults.clear_all();
    run.wait(TimeDelta::minutes(1)).await;
}

/// Plays a script with kills; returns whether it came to the last of them.
async fn play(script: Script, kills: &[(u32, Moment)]) -> bool {
    let staged = Staged::new(script).await;
    let mut killed = true;
    for (at, (nth, moment)) in kills.iter().enumerate() {
        killed = if at == 0 {
            staged.run.kill_at_call(*nth, *moment, staged.act()).await.is_none()
        } else {
            // Whoever comes first after the lease has run out recovers it, and is killed too.
            staged.run.wait(TimeDelta::minutes(6)).await;
            staged.run.kill_at_call(*nth, *moment, staged.recover()).await.is_none()
        };
    }
    staged.ends_well(&format!("{script:?} killed at {kills:?}")).await;
    killed
}

/// All single crashes of a script, and pairs of them. Returns how many of each were tried.
fn every_crash(script: Script, all: bool) -> (usize, usize) {
    let alone = |kills: &[(u32, Moment)]| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(play(script, kills))
    };
    let mut singles = 0;
    let mut calls = 0;
    for moment in [Moment::Before, Moment::After] {
        calls = (1..).take_while(|nth| alone(&[(*nth, moment)])).count();
        singles += calls;
    }
    let calls = u32::try_from(calls).expect("a number of calls");
    let seconds =
        |first| (1_u32..).take_while(move |second| alone(&[(first, Moment::After), (*second, Moment::After)]));
    if all {
        return (singles, (1..=calls).map(|first| seconds(first).count()).sum());
    }
    // Some second crashes for each first one: others each time.
    let step = (calls * 30 / PAIRS).max(1);
    let mut pairs = 0;
    for first in 1..=calls {
        let mut second = 1 + first % step;
        while alone(&[(first, Moment::After), (second, Moment::After)]) {
            pairs += 1;
            second += step;
        }
    }
    (singles, pairs)
}

fn main() -> ExitCode {
    let all = env::var("PAIRS").is_ok_and(|pairs| pairs == "all");
    let begun = Instant::now();
    let (next, counts) = (AtomicUsize::new(0), Mutex::new((0, 0)));
    let ended = std::thread::scope(|scope| {
        let work = || {
            while let Some(script) = Script::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (singles, pairs) = every_crash(*script, all);
                println!("{:<22} {singles:>4} single crashes, {pairs:>5} pairs", format!("{script:?}"));
                let mut counts = counts.lock().expect("the counts");
                (counts.0, counts.1) = (counts.0 + singles, counts.1 + pairs);
            }
        };
        let threads: Vec<_> =
            (0..std::thread::available_parallelism().map_or(1, usize::from)).map(|_| scope.spawn(work)).collect();
        // All of them are waited for, also where one has failed.
        let ended: Vec<bool> = threads.into_iter().map(|thread| thread.join().is_ok()).collect();
        ended.into_iter().all(|well| well)
    });
    let (singles, pairs) = *counts.lock().expect("the counts");
    println!("{singles} single crashes and {pairs} pairs in {:.1} s", begun.elapsed().as_secs_f64());
    if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
