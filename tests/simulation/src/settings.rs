//! What the environment says of a run.

use std::env;

/// A number that a variable names, if it is set.
///
/// # Errors
/// It is not a number.
pub fn number(name: &str) -> Result<Option<u64>, String> {
    let Ok(text) = env::var(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("{name}={text} is not a number"))
}
