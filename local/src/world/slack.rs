//! Placeholder.

/// Placeholder.
#[derive(Debug, Default)]
pub struct Slack {}
