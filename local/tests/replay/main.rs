//! A history is replayed: from files, in whatever form and order they come, to what would have been asked.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod broken;
mod certain;
mod formats;
mod process;
mod records;
mod shown;
mod support;
