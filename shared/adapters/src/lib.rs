//! The ports on AWS and Slack: the only users of SDK types and wire structs.

pub mod slack;
