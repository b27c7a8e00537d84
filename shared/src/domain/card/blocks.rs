//! Block Kit, as far as the cards use it. Every mrkdwn is `verbatim`, so that Slack links nothing by itself.

use serde_json::{Value, json};

use super::{limits, text};
use crate::domain::{
    change::Place,
    ids::{Region, RequestId},
    request::Request,
};

/// The last part of the `block_id` of the buttons on a card that says that Portcullis only watches.
const WATCHING: &str = "watching";

/// Whether a click with this `block_id` comes from a card that said that Portcullis only watches.
#[must_use]
pub fn is_watching(block_id: &str) -> bool {
    block_id.rsplit_once('.').is_some_and(|(_, part)| part == WATCHING)
}

/// Blocks of one version of a card; every `block_id` is new at each version.
pub(super) struct Blocks<'a> {
    id: &'a RequestId,
    version: u32,
    blocks: Vec<Value>,
}

impl<'a> Blocks<'a> {
    pub(super) fn of(request: &'a Request) -> Self {
        Self { id: &request.change.id, version: request.version, blocks: Vec::new() }
    }

    fn block_id(&self, part: &str) -> String {
        format!("{}.{}.{part}", self.id, self.version)
    }

    /// A header; nothing that others chose may be in it.
    pub(super) fn header(mut self, header: &str) -> Self {
        let header = text::cut_escaped(header, limits::HEADER);
        self.blocks.push(json!({ "type": "header", "block_id": self.block_id("header"), "text": plain_text(&header) }));
        self
    }

    pub(super) fn section(mut self, part: &str, mrkdwn: &str) -> Self {
        self.blocks.push(json!({ "type": "section", "block_id": self.block_id(part), "text": self::mrkdwn(mrkdwn) }));
        self
    }

    /// A section if there is something to say.
    pub(super) fn maybe_section(self, part: &str, mrkdwn: Option<String>) -> Self {
        match mrkdwn {
            Some(mrkdwn) => self.section(part, &mrkdwn),
            None => self,
        }
    }

    /// Several sections of one part: `rules`, `rules.2`, ...
    pub(super) fn sections(self, part: &str, texts: &[String]) -> Self {
        texts.iter().enumerate().fold(self, |blocks, (at, text)| {
            if at == 0 { blocks.section(part, text) } else { blocks.section(&format!("{part}.{}", at + 1), text) }
        })
    }

    pub(super) fn fields(mut self, part: &str, fields: &[String]) -> Self {
        let fields: Vec<Value> = fields.iter().map(|field| mrkdwn(field)).collect();
        self.blocks.push(json!({ "type": "section", "block_id": self.block_id(part), "fields": fields }));
        self
    }

    /// Buttons, if there are any: Slack refuses an empty row.
    pub(super) fn actions(self, buttons: Vec<Value>) -> Self {
        self.buttons("actions", buttons)
    }

    /// Buttons of a card that says that Portcullis only watches: a click tells so.
    pub(super) fn actions_watching(self, buttons: Vec<Value>) -> Self {
        self.buttons(WATCHING, buttons)
    }

    fn buttons(mut self, part: &str, buttons: Vec<Value>) -> Self {
        if !buttons.is_empty() {
            self.blocks.push(json!({ "type": "actions", "block_id": self.block_id(part), "elements": buttons }));
        }
        self
    }

    pub(super) fn context(mut self, mrkdwn: &str) -> Self {
        self.blocks.push(json!({
            "type": "context",
            "block_id": self.block_id("context"),
            "elements": [self::mrkdwn(mrkdwn)],
        }));
        self
    }

    pub(super) fn done(self) -> Vec<Value> {
        self.blocks
    }
}

pub(super) fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

pub(super) fn plain_text(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": true })
}

/// How a button looks.
#[derive(Clone, Copy)]
pub(super) enum Style {
    Plain,
    Primary,
    Danger,
}

/// What Slack asks before it sends a click.
pub(super) struct Dialog {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) confirm: &'static str,
    pub(super) deny: &'static str,
}

/// A button whose value is the request's id and nothing else.
pub(super) fn button(id: &RequestId, action: &str, label: &str, style: Style, dialog: Option<Dialog>) -> Value {
    let mut button = json!({
        "type": "button",
        "action_id": action,
        "text": plain_text(label),
        "value": id.as_str(),
    });
    match style {
        Style::Plain => {}
        Style::Primary => button["style"] = json!("primary"),
        Style::Danger => button["style"] = json!("danger"),
    }
    if let Some(dialog) = dialog {
        button["confirm"] = json!({
            "title": plain_text(&dialog.title),
            "text": plain_text(&text::cut_escaped(&dialog.text, limits::DIALOG)),
            "confirm": plain_text(dialog.confirm),
            "deny": plain_text(dialog.deny),
            "style": "danger",
        });
    }
    button
}

/// A link to the event in CloudTrail's console, if the region is known.
pub(super) fn console(id: &RequestId, place: &Place) -> Option<Value> {
    let region = place.region.as_ref()?;
    let mut link = button(id, "console", "CloudTrail event", Style::Plain, None);
    link["url"] =
        json!(format!("https://{}/cloudtrailv2/home?region={region}#/events?RequestId={id}", console_host(region)));
    Some(link)
}

/// The console of the region's partition.
fn console_host(region: &Region) -> &'static str {
    match region.as_str() {
        cn if cn.starts_with("cn-") => "console.amazonaws.cn",
        gov if gov.starts_with("us-gov-") => "console.amazonaws-us-gov.com",
        _ => "us-east-1.console.aws.amazon.com",
    }
}
