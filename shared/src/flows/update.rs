//! Cards that show their request's last state: by their address, by the click's `response_url`, or by a new message.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Deadline,
    domain::{
        card::{self, Message},
        request::{CardRef, Request},
        step::{Event, Refusal},
    },
    flows::{
        context::{Advanced, Context},
        list::list,
        post::{LOOK_BACK, Shown, adopt_all, is_about_blocks, log, send, shown, text_alone, weigh},
    },
    ports::{Chat, ChatError, Firewall, Posted, RequestStore, StoreError},
};

/// How long after its answer was given up an update may still land.
const LANDS_WITHIN: TimeDelta = TimeDelta::seconds(15);

/// Brings the cards up to the request's state, and then the list of its rules.
///
/// # Errors
/// The table did not take a step; the item is due again.
pub async fn update<S: RequestStore, C: Chat, F: Firewall>(
    context: &Context<S, C, F>,
    request: Request,
    deadline: Deadline,
) -> Result<Shown, StoreError> {
    let id = request.change.id.clone();
    let begun = begin_update(context, request, deadline).await?;
    let lagged = begun.is_some();
    if let Some((request, holder)) = begun {
        let shown = if context.chat.has_addresses() {
            Box::pin(update_by_address(context, request, holder)).await?
        } else {
            Box::pin(update_by_reply(context, request, holder)).await?
        };
        if shown != Shown::Done {
            return Ok(shown);
        }
    }
    match context.store.load(&id).await? {
        Some(request) if !request.listed => list(context, request, deadline).await,
        Some(_) if lagged => Ok(Shown::Done),
        Some(_) | None => Ok(Shown::NotOurs),
    }
}

/// Stores that an update begins, before it is sent: should we be killed, it is known that something may land. `None`: no card
/// lags, or somebody else was quicker.
async fn begin_update<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    request: Request,
    deadline: Deadline,
) -> Result<Option<(Request, String)>, StoreError> {
    let lease = context.lease(deadline);
    let begun = |request: &Request| {
        let name = request.state.name();
        lags(context, request).then(|| Event::UpdateBegun(lease.clone())).ok_or(Refusal::NothingToDo(name))
    };
    Ok(match context.advance_by(request, begun).await? {
        Advanced::Done { request, .. } => Some((request, lease.holder)),
        Advanced::Refused { .. } | Advanced::Vanished => None,
    })
}

/// Whether the cards show something else than the request's last state, or may.
fn lags<S, C: Chat, F>(context: &Context<S, C, F>, request: &Request) -> bool {
    let now = context.clock.now();
    let landed = !request.updating.is_empty() && request.updating.iter().all(|sent| sent.until <= now);
    // Nobody knows the address of a card that went out by webhook: the list needs one with a thread.
    let threadless = context.chat.has_addresses() && !request.listed && request.cards.is_empty();
    request.rendered_version < request.version || landed || threadless
}

async fn update_by_address<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    mut request: Request,
    holder: String,
) -> Result<Shown, StoreError> {
    if request.maybe_posted {
        match context.chat.find(&request.change.id, request.unknown_posts_from() - LOOK_BACK).await {
            Ok(found) => request = adopt_all(context, request, found).await?,
            Err(error) => return not_updated(context, request, holder, Vec::new(), &error).await,
        }
    }
    // Only now: adopting what was found may have brought a newer request along.
    let message = card::render(&request, &context.view);
    let (shows, over) = (request.version, request.rendered_version);
    let cards = request.cards.clone();
    let mut lost = Vec::new();
    for card in &cards {
        match update_one(context, &request, card, &message).await {
            Ok(()) => {}
            Err(ChatError::MessageGone(why)) => {
                tracing::warn!(id = %request.change.id, why, "a card is gone; a new one takes its place");
                lost.push(card.clone());
            }
            Err(error) => return not_updated(context, request, holder, lost, &error).await,
        }
    }
    let mut new = None;
    if cards.len() == lost.len()
        && let Some(not_before) = others_until(&request, &holder)
    {
        return leave_it_to_others(context, request, holder, lost, not_before).await;
    }
    if cards.len() == lost.len() {
        match send(context, &request).await {
            Ok(Posted::At(card)) => new = Some(card),
            Ok(Posted::Somewhere) => {}
            Err(error) => return not_updated(context, request, holder, lost, &error).await,
        }
    }
    updated(context, request, Event::Updated { holder, shows, over, card: new, lost, reply_used: false }).await
}

/// Until when a message of somebody else who updates the same request may land.
fn others_until(request: &Request, holder: &str) -> Option<DateTime<Utc>> {
    request.updating.iter().filter(|sent| sent.holder != holder).map(|sent| sent.until).max()
}

/// Of several who would post a new message in place of one that can't be changed, whoever was the first does.
async fn leave_it_to_others<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    request: Request,
    holder: String,
    lost: Vec<CardRef>,
    not_before: DateTime<Utc>,
) -> Result<Shown, StoreError> {
    let event = Event::NotUpdated {
        holder,
        lands_until: None,
        shows: request.version,
        not_before,
        // Theirs is looked for, where a message can be.
        maybe_posted: context.chat.has_addresses(),
        lost,
        error: "another update of it is on its way".to_owned(),
    };
    context.advance(request, &event).await?;
    Ok(Shown::Later)
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
    holder: String,
) -> Result<Shown, StoreError> {
    let message = card::render(&request, &context.view);
    let (shows, over) = (request.version, request.rendered_version);
    let now = context.clock.now();
    if let Some(reply) = request.reply.clone().filter(|reply| reply.uses_left > 0 && reply.until > now) {
        match context.chat.update_clicked(&reply, &message).await {
            Ok(()) => {
                let event = Event::Updated { holder, shows, over, card: None, lost: Vec::new(), reply_used: true };
                return updated(context, request, event).await;
            }
            Err(ChatError::MessageGone(why)) => {
                tracing::warn!(id = %request.change.id, why, "the clicked card can't be reached any more; a new one follows");
            }
            Err(error) => return not_updated(context, request, holder, Vec::new(), &error).await,
        }
    }
    if let Some(not_before) = others_until(&request, &holder) {
        return leave_it_to_others(context, request, holder, Vec::new(), not_before).await;
    }
    match send(context, &request).await {
        Ok(_) => {
            let event = Event::Updated { holder, shows, over, card: None, lost: Vec::new(), reply_used: false };
            updated(context, request, event).await
        }
        Err(error) => not_updated(context, request, holder, Vec::new(), &error).await,
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

/// Notes that a card could not be brought up to its state.
pub(super) async fn not_updated<S: RequestStore, C, F>(
    context: &Context<S, C, F>,
    request: Request,
    holder: String,
    lost: Vec<CardRef>,
    error: &ChatError,
) -> Result<Shown, StoreError> {
    log(&request, error);
    let (at_least, maybe_posted) = weigh(error);
    let may_land = maybe_posted && !holder.is_empty();
    let event = Event::NotUpdated {
        holder,
        lands_until: may_land.then(|| context.clock.now() + LANDS_WITHIN),
        shows: request.version,
        not_before: context.back_off(request.card_tries.failed, at_least),
        // A new message that may be there must be looked for.
        maybe_posted: maybe_posted && request.cards.len() == lost.len(),
        lost,
        error: error.to_string(),
    };
    context.advance(request, &event).await?;
    Ok(shown(error))
}
