//! Placeholder.

/// Placeholder.
#[derive(Debug, Default)]
pub struct Ec2 {}
