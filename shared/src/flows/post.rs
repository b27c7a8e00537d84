//! Requests -> cards: the first post, the full list in the thread, and every update.

use std::time::Duration;

use chrono::TimeDelta;

use crate::{
    clock::Deadline,
    domain::{
        card::{self, Message},
        change::{Lookup, Opening},
        request::{CardRef, Request, State},
        step::Event,
    },
    flows::{
        context::{Advanced, Context},
        resolve::{Resolution, resolve},
    },
    ports::{Chat, ChatError, Firewall, Posted, RequestStore, StoreError},
};

/// How long a describe that gets no answer holds a card back.
const DESCRIBE_FOR: TimeDelta = TimeDelta::minutes(10);

/// How far before the item was stored its message may have been posted: clocks differ.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(5);

/// Slack takes one message a second a channel.
pub const PACE: Duration = Duration::from_millis(1050);

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
    let Some(request) = describe_first(context, claimed, &holder).await? else { return Ok(Shown::Later) };
    if request.maybe_posted && context.chat.has_addresses() {
        match context.chat.find(&request.change.id, request.stored_at - LOOK_BACK).await {
            Ok(cards) if !cards.is_empty() => return adopt(context, request, cards).await,
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
            if let Advanced::Done { request, .. } = posted {
                list(context, request).await?;
            }
            Ok(Shown::Done)
        }
        Err(error) => not_posted(context, request, holder, error).await,
    }
}

/// What was not described at the reading is described now. `None` if the card has to wait, or is not needed.
async fn describe_first<S: RequestStore, C, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
    holder: &str,
) -> Result<Option<Request>, StoreError> {
    let Opening::Unresolved(lookup) = &request.change.opening else { return Ok(Some(request)) };
    let waited = context.clock.now() - request.stored_at;
    let event = match resolve(context, &request.change, lookup).await? {
        Resolution::Opening(opening) => Event::Resolved(opening),
        Resolution::Ignored(reason) => Event::Dismissed(reason),
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
    Ok(match context.advance(request, &event).await? {
        Advanced::Done { request, .. } if matches!(request.state, State::Posting { .. }) => Some(request),
        Advanced::Done { .. } | Advanced::Refused { .. } | Advanced::Vanished => None,
    })
}

fn given_up(lookup: &Lookup, error: &str) -> String {
    let what = match lookup {
        Lookup::Authorized { why, .. } => why.clone(),
        Lookup::Modified { .. } => "A rule was changed.".to_owned(),
    };
    format!("{what} The group could not be read for {} minutes: {error}.", DESCRIBE_FOR.num_minutes())
}

async fn adopt<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    request: Request,
    cards: Vec<CardRef>,
) -> Result<Shown, StoreError> {
    let request = adopt_all(context, request, cards).await?;
    list(context, request).await?;
    Ok(Shown::Done)
}

/// Takes messages that were found in the channel for the request's own.
async fn adopt_all<S: RequestStore, C, F>(
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

/// Posts a new message. Should Slack refuse the blocks, the text alone goes out: better than nothing.
async fn send<S, C: Chat, F>(context: &Context<S, C, F>, request: &Request) -> Result<Posted, ChatError> {
    let message = card::render(request, &context.view);
    match context.chat.post(&request.change.id, &message).await {
        Err(ChatError::Refused { code, .. }) if is_about_blocks(&code) => {
            tracing::error!(alarm = "card_refused", id = %request.change.id, code, "Slack refused a card; its text goes out alone");
            context.chat.post(&request.change.id, &text_alone(&message)).await
        }
        posted => posted,
    }
}

fn is_about_blocks(code: &str) -> bool {
    ["invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"].contains(&code)
}

fn text_alone(message: &Message) -> Message {
    Message { text: message.text.chars().take(3_000).collect(), blocks: Vec::new() }
}

/// Puts the full list of rules into the thread, where a card does not show them all.
async fn list<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    request: Request,
) -> Result<Option<Request>, StoreError> {
    if request.listed {
        return Ok(Some(request));
    }
    if context.chat.has_addresses() {
        let Some(card) = request.cards.first().cloned() else { return Ok(None) };
        for message in card::full_list(&request, &context.view) {
            // The thread counts as the channel: one message a second.
            context.clock.sleep(PACE).await;
            if let Err(error) = context.chat.post_in_thread(&card, &message).await {
                log(&request, &error);
                let lost = if matches!(error, ChatError::MessageGone(_)) { vec![card] } else { Vec::new() };
                not_updated(context, request, lost, &error).await?;
                return Ok(None);
            }
        }
    }
    Ok(match context.advance(request, &Event::Listed).await? {
        Advanced::Done { request, .. } | Advanced::Refused { request, .. } => Some(request),
        Advanced::Vanished => None,
    })
}

/// Brings the cards up to the request's state. `reply` is the click's `response_url`, if this is its own invocation.
///
/// # Errors
/// The table did not take a step; the item is due again.
pub async fn update<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
) -> Result<Shown, StoreError> {
    let Some(request) = list(context, request).await? else { return Ok(Shown::Later) };
    if request.rendered_version >= request.version {
        return Ok(Shown::NotOurs);
    }
    let message = card::render(&request, &context.view);
    if context.chat.has_addresses() {
        update_by_address(context, request, &message).await
    } else {
        update_by_reply(context, request, &message).await
    }
}

async fn update_by_address<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    request: Request,
    message: &Message,
) -> Result<Shown, StoreError> {
    let mut request = request;
    if request.maybe_posted {
        match context.chat.find(&request.change.id, request.stored_at - LOOK_BACK).await {
            Ok(found) => request = adopt_all(context, request, found).await?,
            Err(error) => return not_updated(context, request, Vec::new(), &error).await,
        }
    }
    let (shows, over) = (request.version, request.rendered_version);
    let cards = request.cards.clone();
    let mut lost = Vec::new();
    for card in &cards {
        match update_one(context, &request, card, message).await {
            Ok(()) => {}
            Err(ChatError::MessageGone(why)) => {
                tracing::warn!(id = %request.change.id, why, "a card is gone; a new one takes its place");
                lost.push(card.clone());
            }
            Err(error) => return not_updated(context, request, lost, &error).await,
        }
    }
    let mut new = None;
    if cards.len() == lost.len() {
        match send(context, &request).await {
            Ok(Posted::At(card)) => new = Some(card),
            Ok(Posted::Somewhere) => {}
            Err(error) => return not_updated(context, request, lost, &error).await,
        }
    }
    updated(context, request, Event::Updated { shows, over, card: new, lost, reply_used: false }).await
}

async fn update_one<S, C: Chat, F>(
    context: &Context<S, C, F>,
    request: &Request,
    card: &CardRef,
    message: &Message,
) -> Result<(), ChatError> {
    match context.chat.update(card, message).await {
        Err(ChatError::Refused { code, .. }) if is_about_blocks(&code) => {
            tracing::error!(alarm = "card_refused", id = %request.change.id, code, "Slack refused a card; its text goes out alone");
            context.chat.update(card, &text_alone(message)).await
        }
        done => done,
    }
}

/// In webhook mode: by the click's `response_url` while it lasts, and by a new message from then on.
async fn update_by_reply<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    request: Request,
    message: &Message,
) -> Result<Shown, StoreError> {
    let (shows, over) = (request.version, request.rendered_version);
    let now = context.clock.now();
    if let Some(reply) = request.reply.clone().filter(|reply| reply.uses_left > 0 && reply.until > now) {
        match context.chat.update_clicked(&reply, message).await {
            Ok(()) => {
                let event = Event::Updated { shows, over, card: None, lost: Vec::new(), reply_used: true };
                return updated(context, request, event).await;
            }
            Err(ChatError::MessageGone(why)) => {
                tracing::warn!(id = %request.change.id, why, "the clicked card can't be reached any more; a new one follows");
            }
            Err(error) => return not_updated(context, request, Vec::new(), &error).await,
        }
    }
    match send(context, &request).await {
        Ok(_) => {
            let event = Event::Updated { shows, over, card: None, lost: Vec::new(), reply_used: false };
            updated(context, request, event).await
        }
        Err(error) => not_updated(context, request, Vec::new(), &error).await,
    }
}

async fn updated<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: Request,
    event: Event,
) -> Result<Shown, StoreError> {
    context.advance(request, &event).await?;
    Ok(Shown::Done)
}

async fn not_updated<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: Request,
    lost: Vec<CardRef>,
    error: &ChatError,
) -> Result<Shown, StoreError> {
    log(&request, error);
    let (at_least, maybe_posted) = weigh(error);
    let event = Event::NotUpdated {
        not_before: context.back_off(request.card_tries.failed, at_least),
        // An update that may have been done does no harm; a new message that may be there must be looked for.
        maybe_posted: maybe_posted && request.cards.len() == lost.len(),
        lost,
        error: error.to_string(),
    };
    context.advance(request, &event).await?;
    Ok(shown(error))
}

/// How long to wait at least, and whether the message may be in the channel.
fn weigh(error: &ChatError) -> (Duration, bool) {
    match error {
        ChatError::RateLimited(wait) => (*wait, false),
        ChatError::Ambiguous(_) => (Duration::ZERO, true),
        ChatError::Transient(_) | ChatError::Refused { .. } | ChatError::MessageGone(_) => (Duration::ZERO, false),
    }
}

fn shown(error: &ChatError) -> Shown {
    match error {
        ChatError::RateLimited(wait) => Shown::Wait(*wait),
        ChatError::Transient(_) | ChatError::Ambiguous(_) | ChatError::Refused { .. } | ChatError::MessageGone(_) => {
            Shown::Later
        }
    }
}

fn log(request: &Request, error: &ChatError) {
    let id = &request.change.id;
    match error {
        ChatError::Refused { .. } => tracing::error!(alarm = "slack_refused", %id, %error, "a card was not shown"),
        ChatError::RateLimited(_) | ChatError::Transient(_) | ChatError::Ambiguous(_) | ChatError::MessageGone(_) => {
            tracing::warn!(%id, %error, "a card was not shown; it is tried again")
        }
    }
}
