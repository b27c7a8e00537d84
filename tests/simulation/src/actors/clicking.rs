//! People at their buttons: some may decide and some may not; they click twice, late, and on cards of long ago.

use std::sync::{Arc, PoisonError};

use chrono::TimeDelta;
use fastrand::Rng;
use local::{
    system::seed::{CHANNEL, MEMBERS, USER_GROUP},
    world::slack::Message,
};
use shared::{
    domain::click::{Button, Click, ReasonAsked, Submission, TriggerId},
    flows::{
        ask::{Submitted, ask, submit},
        decide::{After, decide},
    },
};

use crate::{
    functions,
    sim::{Invocation, Sim},
};

/// Slack shows an error after 3 s; the responder gives itself this long.
const ANSWER_WITHIN: TimeDelta = TimeDelta::milliseconds(2_500);

pub(super) fn start(sim: &Arc<Sim>) {
    for member in MEMBERS {
        tokio::spawn(click_around(Arc::clone(sim), member.id));
    }
    if sim.plan.by_group {
        tokio::spawn(come_and_go(Arc::clone(sim)));
    }
}

/// Somebody looks at the channel from time to time, and clicks something.
async fn click_around(sim: Arc<Sim>, user: &'static str) {
    let mut rng = sim.fork();
    let patience = sim.plan.thinks.num_milliseconds();
    loop {
        sim.sleep(TimeDelta::milliseconds(rng.i64(0..patience * 2))).await;
        if sim.is_calm() {
            return;
        }
        let Some(deed) = choose(&sim, &mut rng, user) else { continue };
        for _ in 0..=u8::from(rng.u8(..) < 50) {
            let wait = if rng.u8(..) < 50 { TimeDelta::milliseconds(rng.i64(0..60_000)) } else { TimeDelta::zero() };
            tokio::spawn(respond(Arc::clone(&sim), deed.clone(), wait, rng.fork()));
        }
    }
}

/// What somebody is about to do.
#[derive(Clone)]
enum Deed {
    Click(Click),
    /// With the modal, where the click was answered with one.
    Ask(ReasonAsked),
    Submit(Submission),
}

impl Deed {
    fn click(&self) -> &Click {
        match self {
            Self::Click(click) => click,
            Self::Ask(asked) => &asked.deny,
            Self::Submit(submission) => &submission.deny,
        }
    }

    /// The decision that it asks for.
    fn verdict(&self) -> Option<&'static str> {
        match self {
            Self::Click(click) => match click.button {
                Button::Approve => Some("approve"),
                Button::Deny => Some("deny"),
                Button::Retry => None,
            },
            Self::Ask(_) => None,
            Self::Submit(_) => Some("deny"),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Click(click) => match click.button {
                Button::Approve => "approve",
                Button::Deny => "deny",
                Button::Retry => "retry",
            },
            Self::Ask(_) => "deny with reason",
            Self::Submit(_) => "submit",
        }
    }
}

fn choose(sim: &Sim, rng: &mut Rng, user: &str) -> Option<Deed> {
    let mut slack = sim.world.slack.lock().unwrap_or_else(PoisonError::into_inner);
    let messages = slack.messages(CHANNEL).into_iter().filter(|one| !buttons(one).is_empty());
    let messages: Vec<Message> = messages.cloned().collect();
    let newest = messages.len().saturating_sub(3);
    // People mostly look at what is new.
    let from = if rng.bool() { newest } else { 0 };
    let message = messages.get(from..).and_then(|some| rng.choice(some))?;
    let buttons = buttons(message);
    let action = rng.choice(&buttons)?;
    let button = match action.as_str() {
        "approve" => Button::Approve,
        "retry" => Button::Retry,
        _ => Button::Deny,
    };
    let ts = message.ts.to_string();
    let (click, payload) = functions::press(&mut slack, sim.now(), (user, &ts), action, button)?;
    if action != "deny_reason" {
        return Some(Deed::Click(click));
    }
    let trigger = TriggerId::parse(functions::text(&payload, "/trigger_id"))?;
    Some(Deed::Ask(ReasonAsked { deny: click, trigger }))
}

/// The buttons of a message; a link is none.
fn buttons(message: &Message) -> Vec<String> {
    let elements = message.blocks.iter().filter_map(|block| block["elements"].as_array()).flatten();
    let actions = elements.filter_map(|element| element["action_id"].as_str());
    let acts = |action: &&str| ["approve", "deny", "deny_reason", "retry"].contains(action);
    actions.filter(acts).map(str::to_owned).collect()
}

/// The responder is told of something. Whoever sees an error tries again, once; whoever sees a modal submits it.
async fn respond(sim: Arc<Sim>, deed: Deed, wait: TimeDelta, mut rng: Rng) {
    sim.sleep(wait).await;
    let mut deed = deed;
    for _ in 0..3 {
        if sim.is_calm() {
            return;
        }
        let user = deed.click().user.to_string();
        let id = deed.click().request.to_string();
        sim.story.note(sim.now(), &user, format_args!("clicks {} on {id}", deed.name()));
        sim.oracle.clicked(&user, deed.verdict().unwrap_or(deed.name()), &id);
        let process = rng.usize(0..sim.members.len());
        let (one, told) = (Arc::clone(&sim), deed.clone());
        let answered = sim
            .invoke("responder", TimeDelta::seconds(30), |invocation| async move {
                answer(&one, &invocation, process, told).await
            })
            .await;
        let asks = matches!(deed, Deed::Ask(_));
        if (answered == Some(true) && !asks) || rng.bool() {
            return;
        }
        sim.sleep(TimeDelta::milliseconds(rng.i64(500..20_000))).await;
        if asks {
            let mut slack = sim.world.slack.lock().unwrap_or_else(PoisonError::into_inner);
            let modal = slack.views().iter().rfind(|view| view.user == user).map(|view| view.id.clone());
            let submission = modal.and_then(|modal| functions::submission(&mut slack, sim.now(), &user, &modal, "why"));
            let Some(submission) = submission else { return };
            deed = Deed::Submit(submission);
        }
    }
}

/// One invocation of the responder. True unless the person sees an error.
async fn answer(sim: &Sim, invocation: &Invocation, process: usize, deed: Deed) -> bool {
    let Invocation { context, deadline, .. } = invocation;
    let members = sim.members.get(process).unwrap_or(&sim.members[0]);
    let (user, id) = (deed.click().user.to_string(), deed.click().request.to_string());
    let verdict = deed.verdict();
    let decided = async {
        match deed {
            Deed::Click(click) => decide(context, members, click).await.map(Some),
            Deed::Ask(asked) => ask(context, members, &asked).await,
            Deed::Submit(submission) => Ok(match submit(context, members, submission).await? {
                Submitted::Stored(after) => Some(after),
                Submitted::StoredBefore => None,
                Submitted::Refused(why) => {
                    sim.story.note(sim.now(), &user, format_args!("reads in the modal: {why}"));
                    None
                }
            }),
        }
    };
    let Ok(Ok(after)) = tokio::time::timeout(ANSWER_WITHIN.to_std().unwrap_or_default(), decided).await else {
        sim.story.note(sim.now(), &user, format_args!("sees an error"));
        return false;
    };
    match (&after, verdict) {
        (Some(After::Work { .. }), Some(verdict)) => sim.oracle.told_decided(&user, verdict, &id, sim.now()),
        (Some(After::Tell(whisper)), _) => {
            sim.oracle
                .count(|stats| stats.too_late += u64::from(whisper.text.contains("the same rule on another card")));
            sim.story.note(sim.now(), &user, format_args!("is told: {}", whisper.text));
        }
        (Some(After::Work { .. }) | None, _) => {}
    }
    if let Some(after) = after {
        functions::after(context, after, *deadline).await;
    }
    true
}

/// Carol leaves the user group, and comes back.
async fn come_and_go(sim: Arc<Sim>) {
    let mut rng = sim.fork();
    let mut is_in = true;
    loop {
        sim.sleep(TimeDelta::seconds(rng.i64(60..600))).await;
        if sim.is_calm() {
            return;
        }
        is_in = !is_in;
        let members: &[&str] = if is_in { &["U0CAROL0001"] } else { &[] };
        sim.world.slack.lock().unwrap_or_else(PoisonError::into_inner).set_user_group(USER_GROUP, members);
        sim.oracle.membership("U0CAROL0001", (!is_in).then(|| sim.now()));
        sim.story.note(
            sim.now(),
            "U0CAROL0001",
            format_args!("{} the user group", if is_in { "joins" } else { "leaves" }),
        );
    }
}
