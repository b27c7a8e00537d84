//! One interaction: verified, then parsed, then decided; and what follows after the answer.

use std::{future::Future, time::Duration};

use adapters::{
    slack::interaction::{Interaction, errors_body, parse},
    start::Portcullis,
};
use chrono::Utc;
use serde_json::Value;
use shared::{
    clock::Deadline,
    config::Secret,
    domain::{
        click::{Click, ReasonAsked, Submission},
        ids::RequestId,
        request::Request,
        step::Effect,
    },
    flows::{
        ask::{NOT_STORED, Submitted, ask, submit},
        decide::{After, Members, decide},
        revert::{Reverted, revert},
        update::update,
    },
    ports::{Chat, RequestStore, StoreError},
    slack_signature::{SignatureHeaders, Verified, verify},
};

use crate::http::{Answer, Incoming, Status, read};

/// Slack shows an error after 3 s; the network has its share of them.
const ANSWER_WITHIN: Duration = Duration::from_millis(2_500);

/// What the responder works with.
pub(crate) struct Responder {
    /// For calls on the way to the answer.
    pub(crate) before: Portcullis,
    /// For calls after it.
    pub(crate) after: Portcullis,
    /// What Slack signs with.
    pub(crate) signing_secrets: Vec<Secret>,
    /// The members of user groups.
    pub(crate) members: Members,
}

impl Responder {
    /// Answers an event; what is left to do comes along.
    pub(crate) async fn respond(&self, event: Value) -> (Answer, Option<After>) {
        match self.understand(event) {
            Ok(Interaction::Click(click)) => self.decide(*click).await,
            Ok(Interaction::ReasonAsked(asked)) => self.ask(&asked).await,
            Ok(Interaction::Submitted(submission)) => self.submit(*submission).await,
            Ok(Interaction::Nothing) => (Answer::Status(Status::Ok), None),
            Err(status) => (Answer::Status(status), None),
        }
    }

    fn understand(&self, event: Value) -> Result<Interaction, Status> {
        let now = Utc::now();
        let verified = self.verified(read(event)?)?;
        parse(&verified, &self.before.config.slack.api_base_url, now).map_err(|error| {
            tracing::warn!(%error, "an interaction that Slack signed can't be read");
            Status::BadRequest
        })
    }

    fn verified(&self, incoming: Incoming) -> Result<Verified<Vec<u8>>, Status> {
        let headers =
            SignatureHeaders { timestamp: incoming.timestamp.as_deref(), signature: incoming.signature.as_deref() };
        verify(Utc::now(), headers, incoming.body, &self.signing_secrets).map_err(|error| {
            tracing::warn!(%error, "refused: not signed by Slack");
            Status::Unauthorized
        })
    }

    async fn decide(&self, click: Click) -> (Answer, Option<After>) {
        let id = click.request.clone();
        match in_time(&id, decide(&self.before, &self.members, click)).await {
            Some(after) => (Answer::Status(Status::Ok), Some(after)),
            None => (Answer::Status(Status::Unavailable), None),
        }
    }

    async fn ask(&self, asked: &ReasonAsked) -> (Answer, Option<After>) {
        match in_time(&asked.deny.request, ask(&self.before, &self.members, asked)).await {
            Some(told) => (Answer::Status(Status::Ok), told),
            None => (Answer::Status(Status::Unavailable), None),
        }
    }

    /// The person sees every refusal in the modal, also that the table is away.
    async fn submit(&self, submission: Submission) -> (Answer, Option<After>) {
        let id = submission.deny.request.clone();
        match in_time(&id, submit(&self.before, &self.members, submission)).await {
            Some(Submitted::Stored(after)) => (Answer::Status(Status::Ok), Some(after)),
            Some(Submitted::StoredBefore) => (Answer::Status(Status::Ok), None),
            Some(Submitted::Refused(why)) => (Answer::Json(errors_body(&why)), None),
            None => (Answer::Json(errors_body(NOT_STORED)), None),
        }
    }

    /// Does what is left once Slack has its answer. What fails here is due for the next tick.
    pub(crate) async fn after(&self, after: After, deadline: Deadline) {
        match after {
            After::Tell(whisper) => {
                if let Err(error) = self.after.chat.whisper(&whisper).await {
                    tracing::warn!(%error, "a person was not told why their click changed nothing");
                }
            }
            After::Work { request, effects } => self.work(*request, &effects, deadline).await,
        }
    }

    /// The card shows the decision while the rules are being taken back; then it shows the outcome.
    async fn work(&self, request: Request, effects: &[Effect], deadline: Deadline) {
        let id = request.change.id.clone();
        let show = async {
            if let Err(error) = update(&self.after, request.clone(), deadline).await {
                tracing::warn!(%error, %id, "the card does not show the decision yet");
            }
        };
        let take_back = async {
            if !effects.contains(&Effect::Revert) {
                return false;
            }
            match revert(&self.after, request.clone(), deadline).await {
                Ok(Reverted::Ended(_) | Reverted::Postponed) => true,
                Ok(Reverted::NotOurs) => false,
                Err(error) => {
                    tracing::error!(%error, %id, "the revert stopped half-way; the next tick goes on");
                    false
                }
            }
        };
        let ((), moved_on) = tokio::join!(show, take_back);
        if moved_on {
            self.show_outcome(&id, deadline).await;
        }
    }

    /// Loaded anew: showing the decision and taking it back both moved the request on.
    async fn show_outcome(&self, id: &RequestId, deadline: Deadline) {
        let shown = match self.after.store.load(id).await {
            Ok(Some(request)) => update(&self.after, request, deadline).await.map(|_| ()),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = shown {
            tracing::warn!(%error, %id, "the card does not show the outcome yet");
        }
    }
}

/// What comes before the answer, within its time. `None`: nothing is known to be stored.
async fn in_time<T>(id: &RequestId, work: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
    match tokio::time::timeout(ANSWER_WITHIN, work).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::error!(%error, %id, "the decision is not known to be stored; the person is shown an error");
            None
        }
        Err(_) => {
            tracing::error!(%id, "out of time before the answer; the person is shown an error");
            None
        }
    }
}
