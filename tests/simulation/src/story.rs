//! What happened, as a readable list; and its hash, by which two runs of one seed are compared.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

/// What happened in one run.
#[derive(Default)]
pub struct Story(Mutex<Told>);

#[derive(Default)]
struct Told {
    hash: DefaultHasher,
    lines: Option<Vec<String>>,
}

impl Story {
    /// A story of which the lines are kept, or only the hash.
    #[must_use]
    pub fn new(keep: bool) -> Self {
        Self(Mutex::new(Told { lines: keep.then(Vec::new), ..Told::default() }))
    }

    /// Somebody did something.
    pub fn note(&self, at: DateTime<Utc>, who: &str, what: fmt::Arguments<'_>) {
        let line = format!("{} {who:<14} {what}", at.format("%H:%M:%S%.3f"));
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.hash(&mut told.hash);
        if let Some(lines) = &mut told.lines {
            lines.push(line);
        }
    }

    /// The hash of all that was told so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).hash.finish()
    }

    /// The lines, where they are kept.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lines.clone().unwrap_or_default()
    }
}
