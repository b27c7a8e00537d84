//! The cards, held against the examples that fix their layout, against snapshots, and against Slack's limits.

mod checker;
mod examples;
mod fixture;
mod hostile;
mod reasons;
mod stories;
