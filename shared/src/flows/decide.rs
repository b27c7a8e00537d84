//! A click -> a stored decision. This is all that happens before Slack has its answer.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::{
        authority::{Identity, NotAllowed, Opener, Standing, check_origin, identity, judge, needs_opener},
        change::Actor,
        click::{Button, Click},
        ids::{SlackUserId, UserGroupId},
        request::{Decision, Request, Requester, State, Verdict},
        step::{Effect, Event, Refusal},
    },
    flows::context::{Advanced, Context},
    ports::{Chat, RequestStore, StoreError, Whisper},
};

/// How long the members of a user group are remembered.
const REMEMBER: TimeDelta = TimeDelta::minutes(5);

/// The members of user groups, as this process read them last.
#[derive(Debug, Default)]
pub struct Members(Mutex<BTreeMap<UserGroupId, Remembered>>);

/// The members of one group, and when they were read.
type Remembered = (DateTime<Utc>, Vec<SlackUserId>);

/// What is left to do once Slack has its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// The decision is stored: carry its effects out.
    Work {
        /// As stored.
        request: Box<Request>,
        /// What is to be done.
        effects: Vec<Effect>,
    },
    /// Tell the person something that nobody else sees.
    Tell(Whisper),
}

/// Decides by a click. What is returned is to be done after the answer; it is due for the next tick in any case.
///
/// # Errors
/// The table did not answer: nothing is known to be stored, and the person has to see an error and click again.
pub async fn decide<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    members: &Members,
    click: Click,
) -> Result<After, StoreError> {
    let expected = (context.config.slack.team_id.as_ref(), context.config.slack.app_id.as_ref());
    if let Err(why) = check_origin(expected, (click.team.as_ref(), click.app.as_ref())) {
        return Ok(tell(&click, why.to_string()));
    }
    let Some(request) = context.store.load(&click.request).await? else {
        return Ok(tell(&click, "This request is not known any more. Nothing was changed.".to_owned()));
    };
    let requester = match allowed(context, members, &click, &request.change.actor).await {
        Ok(requester) => requester,
        Err(why) => return Ok(tell(&click, why.to_string())),
    };
    if click.button == Button::Retry && !context.config.mode.revert {
        return Ok(tell(
            &click,
            "Portcullis only watches now (`[mode] revert = false`). Nothing was changed.".to_owned(),
        ));
    }
    let event = event(context, &click, requester);
    match context.advance(request, &event).await? {
        Advanced::Done { request, effects } => Ok(After::Work { request: Box::new(request), effects }),
        Advanced::Refused { refusal, request } => Ok(tell(&click, explain(&refusal, &request, &click))),
        Advanced::Vanished => Ok(tell(&click, "This request is not known any more. Nothing was changed.".to_owned())),
    }
}

fn event<S: RequestStore, C: Chat, F>(context: &Context<S, C, F>, click: &Click, requester: Requester) -> Event {
    // A secret, so it is kept only where nothing else reaches the card.
    let reply = click.reply.clone().filter(|_| !context.chat.has_addresses());
    let decided = |verdict| Event::Decided {
        decision: Decision {
            verdict,
            by: click.user.clone(),
            by_name: click.user_name.clone(),
            at: context.clock.now(),
            reason: None,
            requester,
        },
        watch_only: !context.config.mode.revert,
        card: click.card.clone(),
        reply: reply.clone(),
    };
    match click.button {
        Button::Approve => decided(Verdict::Approve),
        Button::Deny => decided(Verdict::Deny),
        Button::Retry => Event::RetryAsked { by: click.user.to_string(), reply },
    }
}

async fn allowed<S, C: Chat, F>(
    context: &Context<S, C, F>,
    members: &Members,
    click: &Click,
    actor: &Actor,
) -> Result<Requester, NotAllowed> {
    // Side by side: both are before the answer, and Slack waits 3 s in all.
    let opener = async {
        if needs_opener(click.button, context.config.approvers.requester_may_approve) {
            Some(opener(context, actor).await)
        } else {
            None
        }
    };
    let (standing, opener) = futures::join!(standing(context, members, &click.user), opener);
    judge(&click.user, &standing, opener.as_ref())
}

/// Who opened it: an entry of `[people]`, or the SSO user name as an e-mail address in Slack.
async fn opener<S, C: Chat, F>(context: &Context<S, C, F>, actor: &Actor) -> Opener {
    let people = &context.config.people;
    let (name, arn) = match identity(actor) {
        Identity::SsoUser { name, arn } => (Some(name), Some(arn)),
        Identity::Arn(arn) => (None, Some(arn)),
        Identity::None => (None, None),
    };
    let listed = name.and_then(|name| people.by_sso_user_name(name)).or_else(|| people.by_arn(arn?));
    if let Some(person) = listed {
        return Opener::Person(person.clone());
    }
    let Some(name) = name else { return Opener::Nobody };
    // A webhook can ask Slack nothing; a name that is no address is nobody's there.
    if !context.chat.has_addresses() || !name.contains('@') {
        return Opener::Nobody;
    }
    match context.chat.person(name).await {
        Ok(person) => person.map_or(Opener::Nobody, Opener::Person),
        Err(error) => {
            tracing::warn!(%error, "Slack did not tell who opened it; the click is refused");
            Opener::Unknown
        }
    }
}

/// Whether somebody may decide. A user group that can't be read counts against them, unless another one holds them.
async fn standing<S, C: Chat, F>(context: &Context<S, C, F>, members: &Members, user: &SlackUserId) -> Standing {
    let approvers = &context.config.approvers;
    if approvers.anyone_in_channel || approvers.users.contains(user) {
        return Standing::Approver;
    }
    let asked = approvers.user_groups.iter().map(|group| is_member(context, members, group, user));
    let answers = futures::future::join_all(asked).await;
    if answers.contains(&Some(true)) {
        Standing::Approver
    } else if answers.contains(&None) {
        Standing::Unknown
    } else {
        Standing::Stranger
    }
}

async fn is_member<S, C: Chat, F>(
    context: &Context<S, C, F>,
    members: &Members,
    group: &UserGroupId,
    user: &SlackUserId,
) -> Option<bool> {
    let now = context.clock.now();
    let remembered = {
        let known = members.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(group).filter(|(at, _)| now - *at < REMEMBER).map(|(_, people)| people.contains(user))
    };
    if remembered.is_some() {
        return remembered;
    }
    match context.chat.members(group).await {
        Ok(people) => {
            let is_member = people.contains(user);
            members.0.lock().unwrap_or_else(PoisonError::into_inner).insert(group.clone(), (now, people));
            Some(is_member)
        }
        Err(error) => {
            tracing::warn!(%error, %group, "Slack did not tell who is in a user group; the click is refused");
            None
        }
    }
}

fn tell(click: &Click, text: String) -> After {
    After::Tell(Whisper {
        user: click.user.clone(),
        channel: click.card.as_ref().map(|card| card.channel.clone()),
        reply: click.reply.clone(),
        text,
    })
}

/// What somebody is told whose click changes nothing.
fn explain(refusal: &Refusal, request: &Request, click: &Click) -> String {
    match refusal {
        Refusal::AlreadyDecided => already_decided(request, click),
        Refusal::Over(_) if request.state == State::Withdrawn => {
            "Too late: somebody removed this opening before anybody decided. Nothing was changed.".to_owned()
        }
        Refusal::Over(_) => "There is nothing to decide here. Nothing was changed.".to_owned(),
        Refusal::NothingToDecide => {
            "What was opened is not known, so nothing can be decided from here. Look at the group in the console."
                .to_owned()
        }
        Refusal::NotListed => {
            "The full list of rules is still on its way into the thread. Read it there, then deny. Nothing was changed."
                .to_owned()
        }
        Refusal::Leased | Refusal::ClaimLost | Refusal::NothingToDo(_) | Refusal::Mismatch { .. } => match click.button
        {
            Button::Retry => {
                format!("Nothing to retry: this is {} by now. Nothing was changed.", in_words(&request.state))
            }
            Button::Approve | Button::Deny => "Nothing was changed.".to_owned(),
        },
    }
}

fn already_decided(request: &Request, click: &Click) -> String {
    let Some(decision) = &request.decision else { return "This was decided before. Nothing was changed.".to_owned() };
    let what = match decision.verdict {
        Verdict::Approve => "approved",
        Verdict::Deny => "denied",
    };
    let who = if decision.by == click.user { "You".to_owned() } else { format!("<@{}>", decision.by) };
    let when = decision.at;
    format!(
        "{who} {what} this already, <!date^{}^{{date_short_pretty}} {{time}}|{} UTC>; it is {} now. Your click changed nothing.",
        when.timestamp(),
        when.format("%Y-%m-%d %H:%M"),
        in_words(&request.state)
    )
}

fn in_words(state: &State) -> &'static str {
    match state {
        State::NeedsPost | State::Posting { .. } | State::Pending => "awaiting a decision",
        State::Approved => "approved",
        State::Denied | State::Reverting { .. } => "being reverted",
        State::Reverted => "reverted",
        State::AlreadyGone => "already gone",
        State::ChangedByHand => "changed by hand",
        State::PartlyReverted => "partly reverted",
        State::RevertFailed => "not reverted: the revert failed",
        State::Observed => "observed: denied, not reverted",
        State::Withdrawn => "withdrawn",
        State::Ignored { .. } => "ignored",
    }
}
