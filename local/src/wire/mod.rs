//! The services' real protocols on top of the [`world`](crate::world): what the SDKs and Slack's clients speak.

pub mod aws;
mod aws_json;
pub mod drop;
pub mod dynamodb;
pub mod ec2;
pub mod lake;
pub mod lambda;
pub mod secrets;
mod server;
pub mod slack;
pub mod sts;
pub mod xml;

pub use server::Server;
