//! The two binaries as they ship, end to end over the wire: every service is a stand-in on its real protocol.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its story breaks")]

mod believed;
mod crashes;
mod decisions;
mod deployed;
mod many_rules;
mod modes;
mod modifications;
mod reading;
mod reasons;
mod responder;
mod reverts;
mod secrets;
mod slack_down;
mod start;
mod unreadable;
mod windows;
mod withdrawals;
