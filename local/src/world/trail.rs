//! Placeholder.

/// Placeholder.
#[derive(Debug, Default)]
pub struct Trail {}
