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
        reason::Reason,
        request::{Decision, ReplyUrl, Request, Requester, Verdict},
        step::{Effect, Event},
    },
    flows::{
        context::{Advanced, Context, Once, RACES, raced},
        elsewhere::being_removed,
        refused::Refused,
    },
    ports::{Chat, RequestStore, StoreError, Whisper},
};

/// How long the members of a user group are remembered.
const REMEMBER: TimeDelta = TimeDelta::minutes(5);

/// The members of user groups, as this process read them last.
#[derive(Debug, Default)]
pub struct Members(Mutex<BTreeMap<UserGroupId, Remembered>>);

impl Members {
    /// Whether somebody is in a group, where that was read within the last five minutes.
    fn has(&self, group: &UserGroupId, user: &SlackUserId, now: DateTime<Utc>) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(group).filter(|(at, _)| now - *at < REMEMBER).map(|(_, people)| people.contains(user))
    }
}

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

/// What an attempt to decide came to.
pub(super) enum Attempt {
    /// The decision is stored.
    Stored { request: Box<Request>, effects: Vec<Effect> },
    /// Nothing is.
    Refused(Refused),
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
    Ok(match attempt(context, members, &click, None).await? {
        Attempt::Stored { request, effects } => After::Work { request, effects },
        Attempt::Refused(refused) => tell(&click, refused.whisper(&click)),
    })
}

/// Checks everything anew, and stores the decision.
pub(super) async fn attempt<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    members: &Members,
    click: &Click,
    reason: Option<Reason>,
) -> Result<Attempt, StoreError> {
    let request = match asked_about(context, click).await? {
        Ok(request) => request,
        Err(refused) => return Ok(Attempt::Refused(refused)),
    };
    let requester = match allowed(context, members, click, &request.change.actor).await {
        Ok(requester) => requester,
        Err(why) => return Ok(Attempt::Refused(why.into())),
    };
    if click.button == Button::Retry && !context.config.mode.revert {
        return Ok(Attempt::Refused(Refused::OnlyWatches));
    }
    if click.button == Button::Deny && click.watch_only && context.config.mode.revert && request.state.awaits_decision()
    {
        // Nothing is removed that the card did not announce. A sweep shows the new one.
        context.advance(request, &Event::ShownAnew { reply: kept_reply(context, click) }).await?;
        return Ok(Attempt::Refused(Refused::WatchedBefore));
    }
    let event = event(context, click, requester, reason);
    let advanced = match click.button {
        Button::Approve => match approve(context, request, &event).await? {
            Ok(advanced) => advanced,
            Err(refused) => return Ok(Attempt::Refused(refused)),
        },
        Button::Deny | Button::Retry => context.advance(request, &event).await?,
    };
    Ok(match advanced {
        Advanced::Done { request, effects } => Attempt::Stored { request: Box::new(request), effects },
        Advanced::Refused { refusal, request } => {
            Attempt::Refused(Refused::Step { refusal, request: Box::new(request) })
        }
        Advanced::Vanished => Attempt::Refused(Refused::Unknown),
    })
}

/// Stores an Approve, unless one of its rules is being removed by a Deny on another card. Whoever is about to remove it
/// touches the request, so that is looked at anew whenever another commit comes first.
async fn approve<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    mut request: Request,
    event: &Event,
) -> Result<Result<Advanced, Refused>, StoreError> {
    for _ in 0..RACES {
        if let Some(denied) = being_removed(context, &request).await? {
            return Ok(Err(Refused::BeingRemoved(Box::new(denied))));
        }
        match context.advance_once(request, event).await? {
            Once::Over(advanced) => return Ok(Ok(advanced)),
            Once::Raced(current) => request = current,
        }
    }
    Err(raced(&request))
}

/// The request that a click from the right workspace and app is about, loaded anew.
pub(super) async fn asked_about<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    click: &Click,
) -> Result<Result<Request, Refused>, StoreError> {
    let expected = (context.config.slack.team_id.as_ref(), context.config.slack.app_id.as_ref());
    if let Err(why) = check_origin(expected, (click.team.as_ref(), click.app.as_ref())) {
        return Ok(Err(why.into()));
    }
    Ok(context.store.load(&click.request).await?.ok_or(Refused::Unknown))
}

pub(super) fn event<S, C: Chat, F>(
    context: &Context<S, C, F>,
    click: &Click,
    requester: Requester,
    reason: Option<Reason>,
) -> Event {
    let reply = kept_reply(context, click);
    let decided = |verdict| Event::Decided {
        decision: Decision {
            verdict,
            by: click.user.clone(),
            by_name: click.user_name.clone(),
            at: context.clock.now(),
            reason,
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

/// The click's `response_url` is a secret, so it is kept only where nothing else reaches the card.
fn kept_reply<S, C: Chat, F>(context: &Context<S, C, F>, click: &Click) -> Option<ReplyUrl> {
    click.reply.clone().filter(|_| !context.chat.has_addresses())
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
    if let Some(known) = known_standing(context, members, user) {
        return known;
    }
    let groups = context.config.approvers.user_groups.iter();
    let answers = futures::future::join_all(groups.map(|group| is_member(context, members, group, user))).await;
    if answers.contains(&Some(true)) {
        Standing::Approver
    } else if answers.contains(&None) {
        Standing::Unknown
    } else {
        Standing::Stranger
    }
}

/// The same as far as it is known without a call to Slack.
pub(super) fn known_standing<S, C, F>(
    context: &Context<S, C, F>,
    members: &Members,
    user: &SlackUserId,
) -> Option<Standing> {
    let approvers = &context.config.approvers;
    if approvers.anyone_in_channel || approvers.users.contains(user) {
        return Some(Standing::Approver);
    }
    let now = context.clock.now();
    let remembered: Vec<Option<bool>> =
        approvers.user_groups.iter().map(|group| members.has(group, user, now)).collect();
    if remembered.contains(&Some(true)) {
        Some(Standing::Approver)
    } else if remembered.contains(&None) {
        None
    } else {
        Some(Standing::Stranger)
    }
}

async fn is_member<S, C: Chat, F>(
    context: &Context<S, C, F>,
    members: &Members,
    group: &UserGroupId,
    user: &SlackUserId,
) -> Option<bool> {
    let now = context.clock.now();
    let remembered = members.has(group, user, now);
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

pub(super) fn tell(click: &Click, text: String) -> After {
    After::Tell(Whisper {
        user: click.user.clone(),
        channel: click.card.as_ref().map(|card| card.channel.clone()),
        reply: click.reply.clone(),
        text,
    })
}
