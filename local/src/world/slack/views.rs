//! `views.open`: a modal, in exchange for a trigger.

use std::collections::BTreeMap;

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
    /// The view as it was opened; every block has a `block_id`, every input an `action_id`.
    pub view: Value,
    /// What the app answered to a submission: `block_id` and text.
    pub errors: BTreeMap<String, String>,
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
        let mut view = view;
        if let Some(blocks) = view["blocks"].as_array_mut() {
            let sent = std::mem::take(blocks);
            *blocks = self.named(sent);
        }
        let opened = View { id, user, view, errors: BTreeMap::new() };
        let shown = self.view_json(&opened);
        self.views.push(opened);
        Ok(json!({"ok": true, "view": shown}))
    }

    /// The view as the API and the interaction payload show it.
    pub(super) fn view_json(&self, opened: &View) -> Value {
        let mut shown = opened.view.clone();
        for (field, unless_sent) in [
            ("callback_id", json!("")),
            ("private_metadata", json!("")),
            ("close", Value::Null),
            ("submit", Value::Null),
            ("clear_on_close", json!(false)),
            ("notify_on_close", json!(false)),
        ] {
            if shown.get(field).is_none() {
                shown[field] = unless_sent;
            }
        }
        shown["id"] = json!(opened.id);
        shown["team_id"] = json!(self.team_id);
        shown["app_id"] = json!(self.app_id);
        shown["app_installed_team_id"] = json!(self.team_id);
        shown["bot_id"] = json!(self.bot_id);
        shown["root_view_id"] = json!(opened.id);
        shown["previous_view_id"] = Value::Null;
        shown["external_id"] = json!("");
        shown["state"] = json!({"values": {}});
        shown["hash"] = json!(format!("{}.1", opened.id));
        shown
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
