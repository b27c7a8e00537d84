//! The full list of rules in a card's thread, where the card does not show them all.

use std::time::Duration;

use crate::{
    clock::Deadline,
    domain::{card, request::Request, step::Event},
    flows::{
        context::{Advanced, Context},
        pace::wait_for_turn,
        post::Shown,
        update::not_updated,
    },
    ports::{Chat, ChatError, RequestStore, StoreError},
};

/// A message of the full list is not begun with less time than this left.
const ONE_MESSAGE: Duration = Duration::from_secs(10);

/// Puts the full list of rules into the thread, where a card does not show them all; goes on where it had stopped.
///
/// # Errors
/// The table did not take a step; the item is due again.
pub(super) async fn list<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    mut request: Request,
    deadline: Deadline,
) -> Result<Shown, StoreError> {
    let Some(card) = request.cards.first().cloned().filter(|_| !request.listed && context.chat.has_addresses()) else {
        return listed(context, request).await;
    };
    let messages = card::full_list(&request, &context.view);
    let total = messages.len();
    for (place, message) in messages.iter().enumerate().skip(request.listed_messages) {
        if !deadline.allows(context.clock.now(), ONE_MESSAGE) {
            return Ok(Shown::Later);
        }
        // The thread counts as the channel: one message a second.
        let sent = match wait_for_turn(context).await {
            Ok(()) => context.chat.post_in_thread(&card, message).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            let lost = if matches!(error, ChatError::MessageGone(_)) { vec![card] } else { Vec::new() };
            return not_updated(context, request, String::new(), lost, &error).await;
        }
        let event = Event::Listed { thread: Some(card.clone()), messages: place + 1, all: place + 1 == total };
        match context.advance(request, &event).await? {
            Advanced::Done { request: next, .. } => request = next,
            Advanced::Refused { .. } => return Ok(Shown::Done),
            Advanced::Vanished => return Ok(Shown::NotOurs),
        }
    }
    listed(context, request).await
}

/// A list that can't be anywhere, because there is no thread, counts as listed: the card says what it leaves out. One
/// whose card is still to be posted does not, and waits for that.
async fn listed<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    request: Request,
) -> Result<Shown, StoreError> {
    if request.listed {
        return Ok(Shown::Done);
    }
    if context.chat.has_addresses() && request.cards.is_empty() {
        return Ok(Shown::Later);
    }
    let event = Event::Listed { thread: None, messages: request.listed_messages, all: true };
    context.advance(request, &event).await?;
    Ok(Shown::Done)
}
