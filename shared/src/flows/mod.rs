//! What Portcullis does, step by step: the only callers of the ports.
//!
//! Every flow may be killed at any await and run again: what it has not finished is due, and the next tick finishes it.

pub mod ask;
pub mod context;
pub mod decide;
pub mod due;
pub mod elsewhere;
pub mod ingest;
mod list;
pub mod look;
mod pace;
pub mod post;
mod refused;
pub mod reopen;
pub mod report;
pub mod resolve;
pub mod revert;
pub mod revoke;
pub mod update;
pub mod watch;
pub mod withdraw;
