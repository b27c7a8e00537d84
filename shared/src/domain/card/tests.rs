//! The cards, held against the examples that fix their layout, against snapshots, and against Slack's limits.

mod asking;
mod checker;
mod endings;
mod examples;
mod fixture;
mod hostile;
mod reasons;
mod recorded;
mod refused;
mod stories;
