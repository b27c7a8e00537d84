//! The two binaries as they ship, end to end over the wire: every service is a stand-in on its real protocol.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its story breaks")]

mod decisions;
