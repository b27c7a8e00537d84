//! The ports on AWS and Slack: the only users of SDK types and wire structs.
//!
//! Each adapter implements one trait of [`shared::ports`] and knows no other adapter. What the adapters on AWS have in
//! common (configuration, roles, what an error means) is in [`aws`].

pub mod aws;
pub mod dynamodb;
pub mod ec2;
pub mod lake;
pub mod secrets;
pub mod slack;
pub mod start;
