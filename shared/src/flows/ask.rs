//! "Deny with reason…": a click opens a modal, and submitting that is a Deny with a reason.
//!
//! Slack takes the click's trigger for 3 s only, so no other call to Slack goes before: who may decide is looked at as far
//! as it is known here. The submission is authorized like any other decision.

use crate::{
    domain::{
        authority::{NotAllowed, Standing},
        card::ask_reason,
        click::{ReasonAsked, Submission},
        ids::SlackUserId,
        reason::Reason,
        request::{Request, Requester, Verdict},
        step::{Refusal, step},
    },
    flows::{
        context::Context,
        decide::{After, Attempt, Members, asked_about, attempt, event, known_standing, tell},
        refused::Refused,
    },
    ports::{Chat, RequestStore, StoreError},
};

/// What a person is told whose modal did not open.
const NOT_OPENED: &str =
    "Slack did not open the form for your reason. Nothing was changed. Click again, or use Deny: it needs no reason.";

/// What a modal says where the table did not answer in time.
pub const NOT_STORED: &str = "The table did not answer, so nothing is known to be stored. Please submit again.";

/// What became of a submitted modal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// The Deny is stored: the modal closes, and this is to be done after the answer.
    Stored(After),
    /// This very Deny was stored before, and its answer was lost: the modal closes.
    StoredBefore,
    /// Nothing was stored: the modal stays, with this text, which is plain and has at most 150 characters.
    Refused(String),
}

/// Opens the modal. What is returned, if anything, is to be told after the answer. Nothing is stored in any case.
///
/// # Errors
/// The table did not answer: the person has to see an error and click again.
pub async fn ask<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    members: &Members,
    asked: &ReasonAsked,
) -> Result<Option<After>, StoreError> {
    let ReasonAsked { deny, trigger } = asked;
    let request = match asked_about(context, deny).await? {
        Ok(request) => request,
        Err(refused) => return Ok(Some(tell(deny, refused.whisper(deny)))),
    };
    if let Some(refused) = refused_at_once(context, members, asked, &request) {
        return Ok(Some(tell(deny, refused.whisper(deny))));
    }
    let modal = ask_reason(&request, &context.view, deny.card.as_ref());
    match context.chat.ask_reason(trigger, &modal).await {
        Ok(()) => Ok(None),
        Err(error) => {
            tracing::warn!(%error, id = %request.change.id, "Slack did not open the modal for a reason");
            Ok(Some(tell(deny, NOT_OPENED.to_owned())))
        }
    }
}

/// What speaks against a Deny by now and needs no call to Slack.
fn refused_at_once<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    members: &Members,
    asked: &ReasonAsked,
    request: &Request,
) -> Option<Refused> {
    match known_standing(context, members, &asked.deny.user) {
        Some(Standing::Stranger) => return Some(NotAllowed::NotAnApprover.into()),
        Some(Standing::Approver | Standing::Unknown) | None => {}
    }
    let event = event(context, &asked.deny, Requester::NotAsked, None);
    let refusal = step(request, event, context.clock.now(), "").err()?;
    Some(Refused::Step { refusal, request: Box::new(request.clone()) })
}

/// Denies with a reason, after the same checks as a click on Deny.
///
/// # Errors
/// The table did not answer: nothing is known to be stored, and the modal has to say so ([`NOT_STORED`]).
pub async fn submit<S: RequestStore, C: Chat, F>(
    context: &Context<S, C, F>,
    members: &Members,
    submission: Submission,
) -> Result<Submitted, StoreError> {
    let Submission { mut deny, reason } = submission;
    let reason = match reason {
        Ok(reason) => reason,
        Err(error) => return Ok(Submitted::Refused(error.to_string())),
    };
    // It came back through a person's client: only a message of our own channel is taken for the card.
    deny.card = deny.card.filter(|card| card.channel == context.config.slack.channel);
    Ok(match attempt(context, members, &deny, Some(reason.clone())).await? {
        Attempt::Stored { request, effects } => Submitted::Stored(After::Work { request, effects }),
        Attempt::Refused(Refused::Step { refusal: Refusal::AlreadyDecided, request })
            if is_this(&request, &deny.user, &reason) =>
        {
            Submitted::StoredBefore
        }
        Attempt::Refused(refused) => Submitted::Refused(refused.in_modal(&deny)),
    })
}

/// Whether the stored decision is the one that was submitted.
fn is_this(request: &Request, user: &SlackUserId, reason: &Reason) -> bool {
    request.decision.as_ref().is_some_and(|decision| {
        decision.verdict == Verdict::Deny && decision.by == *user && decision.reason.as_ref() == Some(reason)
    })
}
