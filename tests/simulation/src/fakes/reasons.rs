//! "Deny with reason…": what people do with the modal.

use local::world::slack::View;
use shared::{
    domain::{
        click::{Button, ReasonAsked, Submission, TriggerId},
        ids::RequestId,
    },
    flows::{
        ask::{Submitted, ask, submit},
        decide::After,
    },
};

use super::{Run, outside::lock};
use crate::functions;

impl Run {
    /// Somebody clicks "Deny with reason…" on the newest card of a request: what happens before Slack has its answer.
    pub async fn ask(&self, user: &str, id: &RequestId) -> Option<After> {
        let asked = self.reason_asked(user, id);
        ask(&self.portcullis, &self.members, &asked).await.expect("an answer")
    }

    /// Somebody submits the only modal that they see: what happens before Slack has its answer.
    pub async fn submit(&self, user: &str, reason: &str) -> Submitted {
        let written = self.written(user, reason);
        submit(&self.portcullis, &self.members, written).await.expect("an answer")
    }

    /// The click of "Deny with reason…" on the newest card of a request.
    #[must_use]
    pub fn reason_asked(&self, user: &str, id: &RequestId) -> ReasonAsked {
        let (deny, payload) = self.pressed(user, "deny_reason", Button::Deny, id);
        ReasonAsked { deny, trigger: TriggerId::parse(functions::text(&payload, "/trigger_id")).expect("a trigger") }
    }

    /// The modals that somebody sees, oldest first.
    #[must_use]
    pub fn modals(&self, user: &str) -> Vec<View> {
        lock(&self.world().slack).views().iter().filter(|view| view.user == user).cloned().collect()
    }

    /// The submission of the only modal that somebody sees.
    #[must_use]
    pub fn written(&self, user: &str, reason: &str) -> Submission {
        let [modal] = &self.modals(user)[..] else { panic!("one modal") };
        let mut slack = lock(&self.world().slack);
        let written = functions::submission(&mut slack, self.now(), user, &modal.id, reason).expect("a submission");
        self.tell_of_click(user, "deny", &written.deny.request);
        written
    }
}
