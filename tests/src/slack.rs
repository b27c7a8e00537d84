//! What people see in Slack, and what they click.

use chrono::Utc;
use local::{
    system::{Clicked, Submitted, seed::CHANNEL},
    world::slack::{Args, Interaction, Message, Typed, View},
};
use serde_json::{Value, json};

use crate::{Story, lock};

/// A card as it stands in the channel.
#[derive(Clone, Debug)]
pub struct Card {
    /// The message's `ts`.
    pub ts: String,
    /// The request that it shows, as its metadata says.
    pub request: Option<String>,
    /// What notifications get.
    pub text: String,
    /// The header without its emoji.
    pub header: String,
    /// Every text of it, in one.
    pub seen: String,
    /// The `action_id`s of its buttons.
    pub buttons: Vec<String>,
}

impl Card {
    fn of(message: &Message) -> Self {
        let header = message.blocks.iter().find(|block| block["type"] == "header");
        let header = header.and_then(|block| block["text"]["text"].as_str()).unwrap_or_default();
        let elements = message
            .blocks
            .iter()
            .filter(|block| block["type"] == "actions")
            .flat_map(|block| block["elements"].as_array().cloned().unwrap_or_default());
        let action = |button: Value| button["action_id"].as_str().map(str::to_owned);
        Self {
            ts: message.ts.to_string(),
            request: message
                .metadata
                .as_ref()
                .and_then(|metadata| metadata["event_payload"]["requestid"].as_str().map(str::to_owned)),
            text: message.text.clone(),
            header: header.split_once(' ').map_or(header, |(_, words)| words).to_owned(),
            seen: message.seen().join("\n"),
            buttons: elements.filter_map(action).collect(),
        }
    }
}

impl Story {
    /// Every card in the channel, oldest first.
    #[must_use]
    pub fn cards(&self) -> Vec<Card> {
        lock(&self.system.world.slack).messages(CHANNEL).into_iter().map(Card::of).collect()
    }

    /// The only card in the channel.
    ///
    /// # Panics
    /// There is none, or there are more.
    #[must_use]
    pub fn card(&self) -> Card {
        let cards = self.cards();
        assert_eq!(cards.len(), 1, "one card\n{cards:#?}\n{}", self.log());
        cards.into_iter().next().expect("one card")
    }

    /// The texts in the only card's thread.
    #[must_use]
    pub fn thread(&self) -> Vec<String> {
        let card = self.card();
        let slack = lock(&self.system.world.slack);
        slack.thread(CHANNEL, &card.ts).iter().map(|message| message.seen().join("\n")).collect()
    }

    /// Somebody clicks a button of the only card; Slack has to be content with the answer.
    ///
    /// # Panics
    /// The card has no such button, or the answer is no 200 within 3 s.
    pub async fn click(&self, user: &str, action_id: &str) -> Clicked {
        let card = self.card();
        self.click_on(user, &card, action_id).await
    }

    /// Somebody clicks a button of a card; Slack has to be content with the answer.
    ///
    /// # Panics
    /// The card has no such button, or the answer is no 200 within 3 s.
    pub async fn click_on(&self, user: &str, card: &Card, action_id: &str) -> Clicked {
        let clicked = self.system.click(user, &card.ts, action_id).await;
        let clicked = clicked.unwrap_or_else(|error| panic!("{error}\n{card:#?}\n{}", self.log()));
        let Clicked { status, took, .. } = &clicked;
        assert!(
            clicked.accepted(),
            "Slack shows an error: it wants 200 within 3 s, and had {status} after {took:?}\n{clicked:?}\n{}",
            self.log()
        );
        clicked
    }

    /// What somebody sees on their screen and clicks now; to be delivered later by [`Story::deliver_click`].
    ///
    /// # Panics
    /// The only card has no such button.
    #[must_use]
    pub fn press(&self, user: &str, action_id: &str) -> Interaction {
        self.press_on(user, &self.card(), action_id)
    }

    /// As [`Story::press`], on one card of several.
    ///
    /// # Panics
    /// The card has no such button.
    #[must_use]
    pub fn press_on(&self, user: &str, card: &Card, action_id: &str) -> Interaction {
        let mut slack = lock(&self.system.world.slack);
        slack.click(Utc::now(), user, CHANNEL, &card.ts, None, action_id).expect("a button")
    }

    /// Slack delivers a click or a submission, signed now. Gives the status.
    ///
    /// # Panics
    /// The gateway does not answer.
    pub async fn deliver_click(&self, click: &Interaction) -> u16 {
        self.send(click).await.status().as_u16()
    }

    /// Slack delivers a submission, signed now. Gives the answer.
    ///
    /// # Panics
    /// The gateway does not answer, or not in JSON.
    pub async fn deliver(&self, submission: &Interaction) -> Value {
        self.send(submission).await.json().await.expect("JSON")
    }

    async fn send(&self, interaction: &Interaction) -> reqwest::Response {
        self.system.send(interaction).await.expect("an answer")
    }

    /// Somebody deletes the only card, by the `response_url` of a click.
    ///
    /// # Panics
    /// Slack refuses it.
    pub fn delete_card(&self) {
        let click = self.press(crate::BOB, "console");
        let url = click.response_url();
        let path = url.find("/actions/").map_or(url, |at| &url[at..]);
        let args = Args::from_json(json!({ "delete_original": true }));
        lock(&self.system.world.slack).respond(Utc::now(), path, &args).expect("the card is deleted");
    }

    /// Somebody clicks "Deny with reason…" on the only card, and sees the modal; its id.
    ///
    /// # Panics
    /// Slack is not content with the answer, or they do not see one modal.
    pub async fn ask_reason(&self, user: &str) -> String {
        self.click(user, "deny_reason").await;
        match &self.modals(user)[..] {
            [modal] => modal.id.clone(),
            others => panic!("one modal\n{others:#?}\n{}", self.log()),
        }
    }

    /// The modals that somebody sees, oldest first.
    #[must_use]
    pub fn modals(&self, user: &str) -> Vec<View> {
        lock(&self.system.world.slack).views().iter().filter(|view| view.user == user).cloned().collect()
    }

    /// Somebody writes a reason into a modal and submits it; Slack has to understand the answer.
    ///
    /// # Panics
    /// There is no such modal, Slack's client holds the text back, or the answer makes no sense to Slack.
    pub async fn submit(&self, user: &str, view_id: &str, reason: &str) -> Submitted {
        let submitted = self.system.submit(user, view_id, &typed(reason)).await;
        let submitted = submitted.unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
        assert!(
            submitted.accepted(),
            "Slack shows an error: it wants an answer that it understands within 3 s, and had {} after {:?}\n{submitted:?}\n{}",
            submitted.status,
            submitted.took,
            self.log()
        );
        submitted
    }

    /// What was whispered to somebody, oldest first.
    #[must_use]
    pub fn whispers(&self, user: &str) -> Vec<String> {
        let slack = lock(&self.system.world.slack);
        slack.whispers(user).iter().map(|whisper| whisper.seen().join("\n")).collect()
    }
}

/// A reason in the modal's only input.
#[must_use]
pub fn typed(reason: &str) -> Typed {
    [("reason".to_owned(), [("text".to_owned(), reason.to_owned())].into())].into()
}
