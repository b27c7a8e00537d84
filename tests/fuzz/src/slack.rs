//! Of `adapters::slack`: what reads interactions.

#[path = "../../../shared/adapters/src/slack/interaction.rs"]
pub mod interaction;
#[path = "../../../shared/adapters/src/slack/reply_url.rs"]
mod reply_url;

pub use reply_url::allowed_reply_url;
