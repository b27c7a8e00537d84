//! Portcullis on one machine, without an AWS account and without a Slack workspace.
//!
//! [`world`] is everything outside Portcullis as plain state machines; [`wire`] puts the services' real protocols on top
//! of it, so that the very binaries that ship run against it; [`system`] starts it all; [`page`] shows it to a person.
//!
//! [`replay`] is something else: it reads a real history and asks what the functions' own ingest would have asked.

pub mod page;
pub mod replay;
pub mod system;
pub mod table;
pub mod wire;
pub mod world;
