//! A person in a modal: what is typed is submitted as `view_submission`, or the modal is dismissed.
//!
//! Formats: docs.slack.dev, reference/interaction-payloads/view-interactions-payload and surfaces/modals. Slack's client
//! lets nobody submit an input that is empty, too short or too long; the app's answer says whether the modal closes.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{Interaction, Slack, View};

/// The longest text of an input that does not say.
const LONGEST: u64 = 3_000;

/// Slack gives an app three seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was typed: `block_id` → `action_id` → text.
pub type Typed = BTreeMap<String, BTreeMap<String, String>>;

/// Why somebody cannot submit or dismiss that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// They see no such modal (any more).
    #[error("{user} sees no modal {view_id}")]
    NoView {
        /// Who.
        user: String,
        /// Which.
        view_id: String,
    },
    /// The modal has no such input.
    #[error("the modal has no input {action_id} in {block_id}")]
    NoInput {
        /// Where.
        block_id: String,
        /// Which.
        action_id: String,
    },
    /// Slack's client asks for a text first.
    #[error("fill in {0} first")]
    Empty(String),
    /// Slack's client holds the text back.
    #[error("{block_id} takes {least} to {most} characters, and this has {has}")]
    Length {
        /// Where.
        block_id: String,
        /// How many were typed.
        has: u64,
        /// `min_length`.
        least: u64,
        /// `max_length`.
        most: u64,
    },
}

/// The app's answer to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a str,
    /// How long it took.
    pub took: Duration,
}

/// What the person sees of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The modal is closed.
    Closed,
    /// It stays, with a text at each of these blocks.
    Errors(BTreeMap<String, String>),
    /// It stays, and Slack says that it could not reach the app.
    Trouble,
}

impl Slack {
    /// Somebody submits a modal: makes the payload. What is not in `typed` was left empty. The modal is open until
    /// [`Slack::settle`] says otherwise.
    ///
    /// # Errors
    /// There is no such modal or input, or Slack's client does not let it through.
    pub fn submit(
        &mut self,
        now: DateTime<Utc>,
        user: &str,
        view_id: &str,
        typed: &Typed,
    ) -> Result<Interaction, SubmitError> {
        let open = self.seen_by(user, view_id)?.clone();
        let values = values(&open.view, typed)?;
        let trigger_id = self.make_trigger(now, user);
        let name = self.users.get(user).map(|user| user.name.clone()).unwrap_or_default();
        let mut view = self.view_json(&open);
        view["state"] = json!({ "values": values });
        Ok(Interaction {
            payload: json!({
                "type": "view_submission",
                "team": {"id": self.team_id, "domain": self.team_domain},
                "user": {"id": user, "username": name, "name": name, "team_id": self.team_id},
                "api_app_id": self.app_id,
                "token": "verification-token-not-used",
                "trigger_id": trigger_id,
                "view": view,
                "response_urls": [],
                "is_enterprise_install": false,
                "enterprise": null,
            }),
        })
    }

    /// What becomes of a submitted modal by the app's answer.
    pub fn settle(&mut self, view_id: &str, answer: &ViewAnswer<'_>) -> Settled {
        let Some(at) = self.views.iter().position(|view| view.id == view_id) else { return Settled::Closed };
        let settled = self.views.get(at).map_or(Settled::Closed, |view| read(&view.view, answer));
        match &settled {
            Settled::Closed => {
                self.views.remove(at);
            }
            Settled::Errors(errors) => {
                if let Some(view) = self.views.get_mut(at) {
                    view.errors.clone_from(errors);
                }
            }
            Settled::Trouble => {}
        }
        settled
    }

    /// Somebody closes a modal without submitting it. The app hears nothing: no `notify_on_close` is taken.
    ///
    /// # Errors
    /// There is no such modal.
    pub fn dismiss(&mut self, user: &str, view_id: &str) -> Result<(), SubmitError> {
        self.seen_by(user, view_id)?;
        self.views.retain(|view| view.id != view_id);
        Ok(())
    }

    fn seen_by(&self, user: &str, view_id: &str) -> Result<&View, SubmitError> {
        let no_view = || SubmitError::NoView { user: user.to_owned(), view_id: view_id.to_owned() };
        self.views.iter().find(|view| view.id == view_id && view.user == user).ok_or_else(no_view)
    }
}

/// The inputs of a modal: block, its id and the id of its element.
fn inputs(view: &Value) -> impl Iterator<Item = (&Value, &str, &str)> {
    let blocks = view["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    blocks.iter().filter(|block| block["type"] == "input").map(|block| {
        let action_id = block["element"]["action_id"].as_str().unwrap_or_default();
        (block, block["block_id"].as_str().unwrap_or_default(), action_id)
    })
}

/// `view.state.values`: an input that was left empty has the value null.
fn values(view: &Value, typed: &Typed) -> Result<Value, SubmitError> {
    for (block_id, actions) in typed {
        let is_there =
            |action_id: &String| inputs(view).any(|(_, block, action)| block == block_id && action == action_id);
        if let Some(action_id) = actions.keys().find(|action_id| !is_there(action_id)) {
            return Err(SubmitError::NoInput { block_id: block_id.clone(), action_id: action_id.clone() });
        }
    }
    let mut values = Map::new();
    for (block, block_id, action_id) in inputs(view) {
        let text = typed.get(block_id).and_then(|actions| actions.get(action_id)).filter(|text| !text.is_empty());
        check(block, block_id, text)?;
        values.insert(block_id.to_owned(), json!({action_id: {"type": "plain_text_input", "value": text}}));
    }
    Ok(Value::Object(values))
}

/// Slack does not document what it counts; here it is characters.
fn check(block: &Value, block_id: &str, text: Option<&String>) -> Result<(), SubmitError> {
    let Some(text) = text else {
        let optional = block["optional"].as_bool().unwrap_or_default();
        return if optional { Ok(()) } else { Err(SubmitError::Empty(block_id.to_owned())) };
    };
    let has = text.chars().count() as u64;
    let least = block["element"]["min_length"].as_u64().unwrap_or_default();
    let most = block["element"]["max_length"].as_u64().unwrap_or(LONGEST);
    if (least..=most).contains(&has) {
        Ok(())
    } else {
        Err(SubmitError::Length { block_id: block_id.to_owned(), has, least, most })
    }
}

/// An empty answer closes the modal, and so does `clear`. Errors have to be at inputs. `update` and `push` are not taken.
fn read(view: &Value, answer: &ViewAnswer<'_>) -> Settled {
    if answer.status != 200 || answer.took >= PATIENCE {
        return Settled::Trouble;
    }
    if answer.body.is_empty() {
        return Settled::Closed;
    }
    let is_json = answer.content_type.split(';').next().is_some_and(|kind| kind.trim() == "application/json");
    let Some(body) = is_json.then(|| serde_json::from_str::<Value>(answer.body).ok()).flatten() else {
        return Settled::Trouble;
    };
    match body["response_action"].as_str() {
        Some("clear") => Settled::Closed,
        Some("errors") => {
            let errors: Option<BTreeMap<String, String>> = serde_json::from_value(body["errors"].clone()).ok();
            let at_inputs = |errors: &BTreeMap<String, String>| {
                !errors.is_empty() && errors.keys().all(|id| inputs(view).any(|(_, block_id, _)| block_id == id))
            };
            errors.filter(at_inputs).map_or(Settled::Trouble, Settled::Errors)
        }
        None if body == json!({}) => Settled::Closed,
        Some(_) | None => Settled::Trouble,
    }
}
