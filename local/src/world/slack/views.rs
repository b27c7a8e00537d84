//! `views.open`: a modal, in exchange for a trigger.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{ApiError, Args, Slack, blocks};

/// How long a `trigger_id` can be exchanged.
const LIFETIME: TimeDelta = TimeDelta::seconds(3);

#[derive(Clone, Debug)]
pub(super) struct Trigger {
    user: String,
    expires_at: DateTime<Utc>,
    exchanged: bool,
}

/// A modal that somebody sees.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// `V...`.
    pub id: String,
    /// Who sees it.
    pub user: String,
    /// The view as it was opened.
    pub view: Value,
}

impl Slack {
    pub(super) fn open_view(&mut self, now: DateTime<Utc>, args: &Args) -> Result<Value, ApiError> {
        let trigger_id = args.required("trigger_id")?;
        let view = args.structure("view").ok().flatten().ok_or_else(|| ApiError::missing("view"))?;
        let trigger = self.triggers.get_mut(&trigger_id).ok_or(ApiError::Refused("invalid_trigger_id"))?;
        if now >= trigger.expires_at {
            return Err(ApiError::Refused("expired_trigger_id"));
        }
        if trigger.exchanged {
            return Err(ApiError::Refused("exchanged_trigger_id"));
        }
        let errors = blocks::check_view(&view);
        if !errors.is_empty() {
            return Err(ApiError::InvalidArguments(errors));
        }
        trigger.exchanged = true;
        let user = trigger.user.clone();
        let id = format!("V{:010}", self.make_id().number);
        self.views.push(View { id: id.clone(), user, view: view.clone() });
        let mut shown = view;
        shown["id"] = json!(id);
        shown["team_id"] = json!(self.team_id);
        shown["app_id"] = json!(self.app_id);
        shown["bot_id"] = json!(self.bot_id);
        Ok(json!({"ok": true, "view": shown}))
    }

    /// Makes the `trigger_id` of a click.
    pub(super) fn make_trigger(&mut self, now: DateTime<Utc>, user: &str) -> String {
        let made = self.make_id();
        let id = format!("{}.{}.{}", made.number, now.timestamp(), made.letters);
        let trigger = Trigger { user: user.to_owned(), expires_at: now + LIFETIME, exchanged: false };
        self.triggers.insert(id.clone(), trigger);
        id
    }
}
