//! Requests -> cards: the first post, and how everything is sent.

use std::time::Duration;

use chrono::TimeDelta;

use crate::{
    clock::Deadline,
    domain::{
        card::{self, Message},
        change::{Change, Lookup, Opening},
        request::{CardRef, Request, State},
        step::Event,
    },
    flows::{
        context::{Advanced, Context},
        ingest::note_values,
        list::list,
        pace::wait_for_turn,
        reopen::judge_again,
        resolve::{Resolution, resolve},
        withdraw::apply_notes,
    },
    ports::{Chat, ChatError, Firewall, Posted, RequestStore, StoreError},
};

/// How long a describe that gets no answer holds a card back.
const DESCRIBE_FOR: TimeDelta = TimeDelta::minutes(10);

/// How far before the item was stored its message may have been posted: clocks differ.
pub(super) const LOOK_BACK: TimeDelta = TimeDelta::minutes(5);

/// What a try to post or to update came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A new message is in the channel, or an old one shows the state.
    Done,
    /// Somebody else is at it, or there was nothing to do.
    NotOurs,
    /// It is due again later.
    Later,
    /// Slack asks everybody to wait.
    Wait(Duration),
}

/// Posts a request that has no card yet.
///
/// # Errors
/// The table did not take a step; the item is due again.
pub async fn post<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
    deadline: Deadline,
) -> Result<Shown, StoreError> {
    let lease = context.lease(deadline);
    let holder = lease.holder.clone();
    let claimed = match context.advance(request, &Event::ClaimPost(lease)).await? {
        Advanced::Done { request, .. } => request,
        Advanced::Refused { .. } | Advanced::Vanished => return Ok(Shown::NotOurs),
    };
    let described = match describe_first(context, claimed, &holder).await? {
        Described::Ready(request) => *request,
        Described::Later => return Ok(Shown::Later),
        Described::NotNeeded => return Ok(Shown::NotOurs),
    };
    // Its rules may have been removed by hand before they were known, and whoever was to look then was killed.
    let (request, _) = apply_notes(context, described).await?;
    // A click on a card whose post was not recorded may have decided it meanwhile.
    if request.state.lease().is_none_or(|lease| lease.holder != holder) {
        return Ok(Shown::NotOurs);
    }
    judge_again(context, &request).await?;
    if request.maybe_posted && context.chat.has_addresses() {
        match context.chat.find(&request.change.id, request.unknown_posts_from() - LOOK_BACK).await {
            Ok(cards) if !cards.is_empty() => {
                let request = adopt_all(context, request, cards).await?;
                return list(context, request, deadline).await;
            }
            Ok(_) => {}
            Err(error) => return not_posted(context, request, holder, error).await,
        }
    }
    let shows = request.version;
    match send(context, &request).await {
        Ok(posted) => {
            let card = match posted {
                Posted::At(card) => Some(card),
                Posted::Somewhere => None,
            };
            let posted = context.advance(request, &Event::Posted { card, shows }).await?;
            match posted {
                Advanced::Done { request, .. } => list(context, request, deadline).await,
                Advanced::Refused { .. } | Advanced::Vanished => Ok(Shown::Done),
            }
        }
        Err(error) => not_posted(context, request, holder, error).await,
    }
}

/// Whether a card can be made.
enum Described {
    /// It can.
    Ready(Box<Request>),
    /// EC2 did not answer yet.
    Later,
    /// Nothing was opened, or somebody else went on with it.
    NotNeeded,
}

/// What was not described at the reading is described now.
async fn describe_first<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
    holder: &str,
) -> Result<Described, StoreError> {
    let Opening::Unresolved(lookup) = &request.change.opening else { return Ok(Described::Ready(Box::new(request))) };
    let waited = context.clock.now() - request.stored_at;
    let event = match resolve(context, &request.change, lookup).await? {
        Resolution::Opening(opening) => Event::Resolved(opening),
        Resolution::Ignored { reason, rules } => Event::Dismissed { reason, rules },
        Resolution::Later(error) if waited >= DESCRIBE_FOR => {
            Event::Resolved(Opening::Unreadable { why: given_up(lookup, &error) })
        }
        Resolution::Later(error) => Event::NotPosted {
            holder: holder.to_owned(),
            not_before: context.back_off(request.card_tries.failed, Duration::ZERO),
            maybe_posted: false,
            error,
        },
    };
    let waits = matches!(event, Event::NotPosted { .. });
    if let Event::Resolved(opening) = &event {
        // Before it can be decided: whoever reverts the same rule on another card has to find it.
        let change = Change { opening: opening.clone(), ..request.change.clone() };
        note_values(context, &change).await?;
    }
    Ok(match context.advance(request, &event).await? {
        Advanced::Done { request, .. } if matches!(request.state, State::Posting { .. }) => {
            Described::Ready(Box::new(request))
        }
        Advanced::Done { .. } if waits => Described::Later,
        Advanced::Done { request, .. } if matches!(request.state, State::Ignored { .. }) => {
            judge_again(context, &request).await?;
            Described::NotNeeded
        }
        Advanced::Done { .. } | Advanced::Refused { .. } | Advanced::Vanished => Described::NotNeeded,
    })
}

fn given_up(lookup: &Lookup, error: &str) -> String {
    let what = match lookup {
        Lookup::Authorized { why, .. } => why.clone(),
        Lookup::Modified { .. } => "A rule was changed.".to_owned(),
    };
    format!("{what} The group could not be read for {} minutes: {error}.", DESCRIBE_FOR.num_minutes())
}

/// Takes messages that were found in the channel for the request's own.
pub(super) async fn adopt_all<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    mut request: Request,
    cards: Vec<CardRef>,
) -> Result<Request, StoreError> {
    for card in cards {
        // What it shows is not known: the first version at least.
        match context.advance(request.clone(), &Event::Posted { card: Some(card), shows: 1 }).await? {
            Advanced::Done { request: next, .. } | Advanced::Refused { request: next, .. } => request = next,
            Advanced::Vanished => return Ok(request),
        }
    }
    Ok(request)
}

async fn not_posted<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: Request,
    holder: String,
    error: ChatError,
) -> Result<Shown, StoreError> {
    log(&request, &error);
    let (at_least, maybe_posted) = weigh(&error);
    let event = Event::NotPosted {
        holder,
        not_before: context.back_off(request.card_tries.failed, at_least),
        maybe_posted,
        error: error.to_string(),
    };
    context.advance(request, &event).await?;
    Ok(shown(&error))
}

/// Posts a new message, when it is its turn. Should Slack refuse the blocks, the text alone goes out: better than nothing.
pub(super) async fn send<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    request: &Request,
) -> Result<Posted, ChatError> {
    wait_for_turn(context).await?;
    let message = card::render(request, &context.view);
    match context.chat.post(&request.change.id, &message).await {
        Err(ChatError::Refused { code, .. }) if is_about_blocks(&code) => {
            tracing::error!(alarm = "card_refused", id = %request.change.id, code, "Slack refused a card; its text goes out alone");
            context.chat.post(&request.change.id, &text_alone(&message)).await
        }
        posted => posted,
    }
}

pub(super) fn is_about_blocks(code: &str) -> bool {
    ["invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"].contains(&code)
}

pub(super) fn text_alone(message: &Message) -> Message {
    Message { text: message.text.chars().take(3_000).collect(), blocks: Vec::new() }
}

/// How long to wait at least, and whether the message may be in the channel.
pub(super) fn weigh(error: &ChatError) -> (Duration, bool) {
    match error {
        ChatError::RateLimited(wait) => (*wait, false),
        ChatError::Ambiguous(_) => (Duration::ZERO, true),
        ChatError::Transient(_) | ChatError::Refused { .. } | ChatError::MessageGone(_) => (Duration::ZERO, false),
    }
}

pub(super) fn shown(error: &ChatError) -> Shown {
    match error {
        ChatError::RateLimited(wait) => Shown::Wait(*wait),
        ChatError::Transient(_) | ChatError::Ambiguous(_) | ChatError::Refused { .. } | ChatError::MessageGone(_) => {
            Shown::Later
        }
    }
}

pub(super) fn log(request: &Request, error: &ChatError) {
    let id = &request.change.id;
    match error {
        ChatError::Refused { .. } => tracing::error!(alarm = "slack_refused", %id, %error, "a card was not shown"),
        ChatError::RateLimited(_) | ChatError::Transient(_) | ChatError::Ambiguous(_) | ChatError::MessageGone(_) => {
            tracing::warn!(%id, %error, "a card was not shown; it is tried again");
        }
    }
}
