//! What is killed, and how it ends whatever is.

use chrono::TimeDelta;
use local::{
    system::{
        config::{ConfigFile, Delivery},
        seed::CHANNEL,
    },
    world::{ec2::Permission, faults::Fault},
};
use shared::{
    domain::{
        change::GroupKey,
        ids::{RequestId, RuleId},
        request::State,
    },
    flows::{ask::Submitted, decide::decide},
};
use simulation::{
    fakes::{BOB, CAROL, Moment, Run, ssh},
    functions,
};

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Post,
    PostALongList,
    /// A record that EventBridge pushes.
    Push,
    CatchUp,
    /// Nothing was read for longer than is caught up.
    Gap,
    Approve,
    Deny,
    DenyInADefaultVpc,
    DenyWithReason,
    DenyByWebhook,
    /// The click's address is of no use any more: the last state is a new message.
    DenyByWebhookLongAgo,
    /// Somebody removed it a moment ago, and its record is not read yet.
    DenyWhatIsGone,
    DenyWhileWatching,
    /// It was denied while Portcullis only watched; now it reverts.
    WatchedBefore,
    /// The card was posted while Portcullis only watched: the first Deny shows it anew.
    DenyOnAWatchingCard,
    RevertByATick,
    RetryAfterAFailure,
    WithdrawBeforeThePost,
    WithdrawAfterThePost,
    /// Removed by hand before EC2 told what was changed; nothing is read again.
    WithdrawBeforeItIsDescribed,
    Widen,
    NarrowUnderADeny,
    /// A late record shows that a rule which a modification's card leaves out became wider.
    AskApart,
    /// Two cards about one rule: the first is denied, the last is approved before the revert.
    DenyWhatIsApprovedElsewhere,
    /// Two cards about one rule: the first is being reverted when somebody approves the last.
    ApproveWhatIsBeingRemoved,
}

impl Script {
    pub(crate) const ALL: [Self; 25] = [
        Self::Post,
        Self::PostALongList,
        Self::Push,
        Self::CatchUp,
        Self::Gap,
        Self::Approve,
        Self::Deny,
        Self::DenyInADefaultVpc,
        Self::DenyWithReason,
        Self::DenyByWebhook,
        Self::DenyByWebhookLongAgo,
        Self::DenyWhatIsGone,
        Self::DenyWhileWatching,
        Self::WatchedBefore,
        Self::DenyOnAWatchingCard,
        Self::RevertByATick,
        Self::RetryAfterAFailure,
        Self::WithdrawBeforeThePost,
        Self::WithdrawAfterThePost,
        Self::WithdrawBeforeItIsDescribed,
        Self::Widen,
        Self::NarrowUnderADeny,
        Self::AskApart,
        Self::DenyWhatIsApprovedElsewhere,
        Self::ApproveWhatIsBeingRemoved,
    ];

    fn file(self) -> ConfigFile {
        let usual = ConfigFile::default();
        match self {
            Self::DenyByWebhook | Self::DenyByWebhookLongAgo => ConfigFile { delivery: Delivery::Webhook, ..usual },
            Self::DenyWhileWatching | Self::WatchedBefore | Self::DenyOnAWatchingCard => {
                ConfigFile { revert: false, ..usual }
            }
            _ => usual,
        }
    }

    /// How it ends: the states of the requests in the order in which they were made, and whether port 22 is open.
    fn end(self) -> (Vec<&'static str>, bool) {
        match self {
            Self::Post | Self::PostALongList | Self::Push | Self::CatchUp | Self::Gap => (vec!["Pending"], true),
            Self::Approve => (vec!["Approved"], true),
            Self::DenyWhileWatching | Self::WatchedBefore => (vec!["Observed"], true),
            Self::DenyWhatIsGone => (vec!["AlreadyGone"], false),
            Self::Deny
            | Self::DenyInADefaultVpc
            | Self::DenyWithReason
            | Self::DenyByWebhook
            | Self::DenyByWebhookLongAgo
            | Self::DenyOnAWatchingCard
            | Self::RevertByATick
            | Self::RetryAfterAFailure => (vec!["Reverted"], false),
            Self::WithdrawBeforeThePost | Self::WithdrawAfterThePost => (vec!["Withdrawn"], false),
            Self::WithdrawBeforeItIsDescribed => (vec!["Withdrawn", "Withdrawn"], false),
            Self::DenyWhatIsApprovedElsewhere => (vec!["RevertFailed", "Pending", "Approved"], true),
            Self::ApproveWhatIsBeingRemoved => (vec!["Reverted", "Withdrawn", "Withdrawn"], false),
            Self::Widen => (vec!["Pending", "Pending"], true),
            Self::NarrowUnderADeny => (vec!["ChangedByHand", "Pending"], true),
            Self::AskApart => (vec!["Pending", "Pending", "Pending", "Pending"], true),
        }
    }

    /// Who clicks what, while it is in which state: again, where somebody saw an error.
    fn button(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Approve => Some(("Pending", "approve")),
            Self::Deny
            | Self::DenyInADefaultVpc
            | Self::DenyWithReason
            | Self::DenyByWebhook
            | Self::DenyWhatIsGone
            | Self::DenyWhileWatching
            | Self::DenyOnAWatchingCard => Some(("Pending", "deny")),
            Self::RetryAfterAFailure => Some(("RevertFailed", "retry")),
            Self::Post
            | Self::PostALongList
            | Self::Push
            | Self::CatchUp
            | Self::Gap
            | Self::DenyByWebhookLongAgo
            | Self::WatchedBefore
            | Self::RevertByATick
            | Self::WithdrawBeforeThePost
            | Self::WithdrawAfterThePost
            | Self::WithdrawBeforeItIsDescribed
            | Self::Widen
            | Self::NarrowUnderADeny
            | Self::AskApart
            | Self::DenyWhatIsApprovedElsewhere
            | Self::ApproveWhatIsBeingRemoved => None,
        }
    }

    /// What is opened first.
    fn permission(self) -> Permission {
        match self {
            Self::PostALongList => (0..25).fold(Permission::new("tcp", 22, 22), |permission, at| {
                permission.from_ipv4(&format!("198.18.{at}.0/24"), None)
            }),
            Self::Widen | Self::WithdrawBeforeItIsDescribed | Self::AskApart => ssh("10.0.0.0/8"),
            _ => ssh("0.0.0.0/0"),
        }
    }
}

/// A script in a world of its own, up to what is killed.
pub(crate) struct Staged {
    script: Script,
    run: Run,
    group: GroupKey,
    ids: Vec<RequestId>,
}

impl Staged {
    pub(crate) async fn new(script: Script) -> Self {
        let run = Run::watched(&script.file());
        let group = run.group(if script == Script::DenyInADefaultVpc { "batch" } else { "web" });
        if matches!(script, Script::CatchUp | Script::Gap) {
            run.tick().await;
        }
        let ids = vec![run.open(&group, script.permission())];
        let mut staged = Self { script, run, group, ids };
        staged.prepare().await;
        staged.run.next_invocation();
        staged
    }

    async fn prepare(&mut self) {
        match self.script {
            Script::Post | Script::PostALongList | Script::Push => return,
            Script::CatchUp => return self.run.wait(TimeDelta::hours(7)).await,
            Script::Gap => {
                self.run.wait(TimeDelta::hours(30)).await;
                self.ids.clear();
                return;
            }
            Script::WithdrawBeforeThePost => {
                self.run.wait(TimeDelta::minutes(1)).await;
                self.run.close_permission(&self.group, ssh("0.0.0.0/0"));
                return;
            }
            _ => self.run.tick().await,
        };
        self.run.wait(TimeDelta::minutes(1)).await;
        self.prepare_further().await;
    }

    /// What happens once the card is there.
    async fn prepare_further(&mut self) {
        match self.script {
            Script::RevertByATick => drop(self.run.click(BOB, "deny", &self.ids[0]).await),
            Script::WatchedBefore => {
                drop(self.run.click(BOB, "deny", &self.ids[0]).await);
                self.run.deploy(&ConfigFile::default());
            }
            Script::DenyOnAWatchingCard => self.run.deploy(&ConfigFile::default()),
            Script::DenyByWebhookLongAgo => {
                drop(self.run.click(BOB, "deny", &self.ids[0]).await);
                self.run.wait(TimeDelta::hours(1)).await;
            }
            Script::DenyWhatIsGone => {
                self.run.source.set_delay(TimeDelta::hours(1));
                self.run.close_permission(&self.group, ssh("0.0.0.0/0"));
            }
            Script::RetryAfterAFailure => {
                self.run.world().faults.set("firewall", "revoke", Fault::Denied, None);
                self.run.deny(&self.ids[0]).await;
                self.run.world().faults.clear_all();
            }
            Script::WithdrawAfterThePost => drop(self.run.close_permission(&self.group, ssh("0.0.0.0/0"))),
            Script::WithdrawBeforeItIsDescribed => {
                self.modify(&["0.0.0.0/0"]);
                run_dark(&self.run).await;
                self.run.close_permission(&self.group, ssh("0.0.0.0/0"));
                run_dark(&self.run).await;
                return;
            }
            Script::AskApart => return self.prepare_apart().await,
            Script::DenyWhatIsApprovedElsewhere | Script::ApproveWhatIsBeingRemoved => {
                return self.prepare_two_cards().await;
            }
            Script::Widen => self.modify(&["0.0.0.0/0"]),
            Script::NarrowUnderADeny => {
                drop(self.run.click(BOB, "deny", &self.ids[0]).await);
                self.modify(&["10.0.0.0/8"]);
            }
            _ => return,
        }
        self.run.wait(TimeDelta::minutes(1)).await;
    }

    async fn prepare_two_cards(&mut self) {
        for cidr in ["10.0.0.0/8", "0.0.0.0/0"] {
            self.modify(&[cidr]);
            self.run.wait(TimeDelta::minutes(1)).await;
            self.run.tick().await;
        }
        drop(self.run.click(BOB, "deny", &self.ids[0]).await);
        if self.script == Script::DenyWhatIsApprovedElsewhere {
            drop(self.run.click(CAROL, "approve", &self.ids[2]).await);
        } else {
            // Whoever reverts it is killed right before EC2 is asked.
            self.run.kill_at(Moment::Before, ("firewall", "revoke"), self.run.sweep()).await;
        }
    }

    /// One rule is narrowed, which is read late; then one call sets it back, and widens another.
    async fn prepare_apart(&mut self) {
        self.ids.push(self.run.open(&self.group, ssh("172.16.0.0/12")));
        self.run.tick().await;
        self.run.wait(TimeDelta::minutes(1)).await;
        let before = self.sources();
        let narrowed = if before[0] == "10.0.0.0/8" { "10.1.0.0/16" } else { "172.16.0.0/16" };
        self.modify(&[narrowed]);
        // Its request is never one that asks.
        let narrowing = self.ids.pop().expect("the narrowing");
        self.run.delay_record(&narrowing, TimeDelta::minutes(15));
        self.run.wait(TimeDelta::minutes(1)).await;
        self.modify(&[&before[0], "0.0.0.0/0"]);
        let rule = self.run.rules(&self.group).into_iter().find(|rule| rule.key.from_port == 22).expect("the rule");
        self.run.tick().await;
        self.run.wait(TimeDelta::minutes(16)).await;
        let both = self.ids.last().expect("the call");
        self.ids.push(both.part(&RuleId::parse(&rule.id).expect("a rule id")));
    }

    /// The sources of the group's rules on port 22, in the order of their ids.
    fn sources(&self) -> Vec<String> {
        let rules = self.run.rules(&self.group).into_iter().filter(|rule| rule.key.from_port == 22);
        rules.map(|rule| rule.key.source.to_string()).collect()
    }

    fn modify(&mut self, cidrs: &[&str]) {
        self.ids.push(self.run.change_sources(&self.group, cidrs));
    }

    /// What is killed.
    pub(crate) async fn act(&self) {
        let (run, id) = (&self.run, self.ids.first());
        match self.script {
            Script::DenyWithReason => {
                run.ask(BOB, &self.ids[0]).await;
                if let Submitted::Stored(after) = run.submit(BOB, "not on a Friday").await {
                    run.after(after).await;
                }
            }
            Script::Push => {
                let records = [run.record(id.expect("the opening"))];
                functions::push(&run.portcullis, &records, run.deadline(TimeDelta::minutes(5))).await;
            }
            Script::ApproveWhatIsBeingRemoved => self.click(CAROL, "approve", &self.ids[2]).await,
            Script::WithdrawBeforeItIsDescribed => drop(run.sweep().await),
            script => match script.button() {
                Some((_, button)) => self.click(BOB, button, &self.ids[0]).await,
                None => drop(run.poll().await),
            },
        }
    }

    /// Runs what is killed up to a call, or whoever recovers it. Whether it was killed there.
    pub(crate) async fn kill(&self, number: usize, (nth, moment): (u32, Moment)) -> bool {
        if number == 0 {
            return self.run.kill_at_call(nth, moment, self.act()).await.is_none();
        }
        // Whoever comes first after the lease has run out recovers it, and is killed too.
        self.run.wait(TimeDelta::minutes(6)).await;
        self.run.kill_at_call(nth, moment, self.recover()).await.is_none()
    }

    /// Whoever comes first after a kill.
    async fn recover(&self) {
        if self.script == Script::WithdrawBeforeItIsDescribed {
            drop(self.run.sweep().await);
        } else {
            drop(self.run.poll().await);
        }
    }

    async fn click(&self, user: &str, button: &str, id: &RequestId) {
        let click = self.run.clicked(user, button, id);
        if let Ok(after) = decide(&self.run.portcullis, &self.run.members, click).await {
            self.run.after(after).await;
        }
    }

    /// The schedules go on; whoever saw an error clicks again; then all must be as it is without a crash, and no promise
    /// may have been broken on the way.
    pub(crate) async fn ends_well(&self, what: &str) {
        self.settle().await;
        // A card of the watching weeks takes two clicks: the first shows it anew.
        for _ in 0..2 {
            if let Some((state, button)) = self.script.button()
                && self.run.state(&self.ids[0]).name() == state
            {
                self.run.next_invocation();
                self.click(BOB, button, &self.ids[0]).await;
                self.settle().await;
            }
        }
        assert_eq!(self.run.judge(), None, "{what}");
        // The id of a gap names a time.
        let ids = if self.ids.is_empty() { self.run.portcullis.store.ids() } else { self.ids.clone() };
        let (states, is_open) = self.script.end();
        let got: Vec<&str> = ids.iter().map(|id| self.run.stored(id).state.name()).collect();
        assert_eq!(got, states, "{what}");
        assert_eq!(self.run.rules(&self.group).iter().any(|rule| rule.key.from_port == 22), is_open, "{what}");
        for id in &ids {
            self.is_shown_well(id, what);
        }
    }

    fn is_shown_well(&self, id: &RequestId, what: &str) {
        let stored = self.run.stored(id);
        assert_eq!(stored.due_at(), None, "{what}");
        let cards = self.run.cards_of(id);
        let last = cards.last().expect("a card");
        let shown = shared::domain::card::render(&stored, &self.run.portcullis.view);
        assert_eq!((&last.text, &last.blocks), (&shown.text, &shown.blocks), "{what}");
        if !self.run.portcullis.view.webhook {
            assert_eq!(cards.len(), 1, "{what}: one card");
        }
        if stored.change.opening.rules().len() > 20 && stored.state == State::Pending {
            let slack = self.run.world().slack.lock().expect("Slack");
            assert!(!slack.thread(CHANNEL, &last.ts.to_string()).is_empty(), "{what}: the list");
            assert!(stored.listed, "{what}");
        }
    }

    /// Longer than two leases.
    async fn settle(&self) {
        for _ in 0..8 {
            self.run.wait(TimeDelta::seconds(90)).await;
            self.run.next_invocation();
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
