//! People at their buttons: some may decide and some may not; they click twice, late, and on cards of long ago.

use std::sync::{Arc, PoisonError};

use chrono::TimeDelta;
use fastrand::Rng;
use local::{
    system::seed::{CHANNEL, MEMBERS, USER_GROUP},
    world::slack::Message,
};
use shared::{
    domain::click::{Button, Click},
    flows::decide::{After, decide},
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
        let Some(click) = choose(&sim, &mut rng, user) else { continue };
        for _ in 0..=u8::from(rng.u8(..) < 50) {
            let wait = if rng.u8(..) < 50 { TimeDelta::milliseconds(rng.i64(0..60_000)) } else { TimeDelta::zero() };
            tokio::spawn(respond(Arc::clone(&sim), click.clone(), wait, rng.fork()));
        }
    }
}

fn choose(sim: &Sim, rng: &mut Rng, user: &str) -> Option<Click> {
    let mut slack = sim.world.slack.lock().unwrap_or_else(PoisonError::into_inner);
    let messages: Vec<Message> =
        slack.messages(CHANNEL).into_iter().filter(|one| !buttons(one).is_empty()).cloned().collect();
    let newest = messages.len().saturating_sub(3);
    // People mostly look at what is new.
    let from = if rng.bool() { newest } else { 0 };
    let message = messages.get(from..).and_then(|some| rng.choice(some))?;
    let buttons = buttons(message);
    let button = rng.choice(&buttons)?;
    functions::click(&mut slack, sim.now(), user, &message.ts.to_string(), button)
}

/// The buttons of a message; a link is none.
fn buttons(message: &Message) -> Vec<String> {
    let elements = message.blocks.iter().filter_map(|block| block["elements"].as_array()).flatten();
    let actions = elements.filter_map(|element| element["action_id"].as_str());
    actions.filter(|action| ["approve", "deny", "retry"].contains(action)).map(str::to_owned).collect()
}

/// The responder is told of a click. Whoever sees an error clicks again, once.
async fn respond(sim: Arc<Sim>, click: Click, wait: TimeDelta, mut rng: Rng) {
    sim.sleep(wait).await;
    let (user, id) = (click.user.to_string(), click.request.to_string());
    let button = match click.button {
        Button::Approve => "approve",
        Button::Deny => "deny",
        Button::Retry => "retry",
    };
    for _ in 0..2 {
        if sim.is_calm() {
            return;
        }
        sim.story.note(sim.now(), &user, format_args!("clicks {button} on {id}"));
        sim.oracle.clicked(&user, button, &id);
        let process = rng.usize(0..sim.members.len());
        let (one, click) = (Arc::clone(&sim), click.clone());
        let (user, id) = (user.clone(), id.clone());
        let answered = sim
            .invoke("responder", TimeDelta::seconds(30), |invocation| async move {
                let Invocation { context, deadline, .. } = invocation;
                let members = one.members.get(process).unwrap_or(&one.members[0]);
                let within = ANSWER_WITHIN.to_std().unwrap_or_default();
                let decided = tokio::time::timeout(within, decide(&context, members, click)).await;
                let Ok(Ok(after)) = decided else {
                    one.story.note(one.now(), &user, format_args!("sees an error"));
                    return false;
                };
                match &after {
                    After::Work { .. } if button != "retry" => one.oracle.told_decided(&user, button, &id, one.now()),
                    After::Work { .. } => {}
                    After::Tell(whisper) => one.story.note(one.now(), &user, format_args!("is told: {}", whisper.text)),
                }
                functions::after(&context, after, deadline).await;
                true
            })
            .await;
        if answered == Some(true) || rng.bool() {
            return;
        }
        sim.sleep(TimeDelta::milliseconds(rng.i64(500..20_000))).await;
    }
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
