//! Portcullis in a world that breaks: the real flows and the real `step` over fakes of the ports, on a paused clock.
//!
//! [`fakes`] tell single stories. [`sim::run`] plays a seed: pollers, responders, people and the world go on side by side,
//! everything is drawn from the seed, and [`oracle`] holds each effect against what is promised.

mod actors;
pub mod alarms;
mod chaos;
pub mod crossing;
pub mod fakes;
pub mod functions;
pub mod many;
pub mod mutation;
pub mod oracle;
pub mod panics;
pub mod plan;
pub mod search;
pub mod settings;
pub mod shrink;
pub mod sim;
pub mod stats;
pub mod story;
