//! The two binaries as they ship, end to end over the wire: every service is a stand-in on its real protocol.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its story breaks")]

mod decisions;
mod modifications;
mod reading;
mod reverts;
mod slack_down;
mod unreadable;
mod withdrawals;
