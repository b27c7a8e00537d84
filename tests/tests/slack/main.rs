//! The Slack adapter on the wire: the client that ships, against the stand-in's Web API, webhooks and `response_url`s.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its story breaks")]

mod bot;
mod click;
mod office;
mod reasons;
mod secrets;
mod webhook;
