//! Stories of the flows on a paused clock: the ports' fakes over the world, no wire, no real waiting.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its story breaks")]

mod crashing;
mod deciding;
mod elsewhere;
mod modifying;
mod posting;
mod reasons;
mod reverting;
mod updating;
mod watching;
mod withdrawing;
