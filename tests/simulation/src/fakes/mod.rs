//! The four ports over the same [`World`](local::world::World) that serves behind the real wire, for tests on a paused clock.
//!
//! A call takes effect at once and wholly, or fails as a switch of the world says: service `store`, `chat`, `firewall` or
//! `source`, operation as the port's method is called. [`Hook`] is awaited before and after every call, so that a test can
//! stop, delay or kill a flow anywhere.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its story breaks")]

mod chat;
mod firewall;
mod outside;
mod people;
mod reasons;
mod run;
mod source;
mod stops;
mod store;
mod watched;

pub use self::{
    chat::WorldChat,
    firewall::WorldFirewall,
    outside::{Hook, Late, Lost, Made, Moment, NoHook, Outside, PortCall, Witness},
    people::ssh,
    run::{BOB, CAROL, MALLORY, Portcullis, Run},
    source::WorldSource,
    store::MemoryStore,
};
