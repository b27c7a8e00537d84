//! What could not be read, and what was passed over.

use std::{fmt, path::Path};

use serde::Serialize;

use super::{split::Position, words::plain};

/// Something that could not be read. The rest was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, as it was named or found.
    pub file: String,
    /// The line, counted from 1; absent where it is about the whole file.
    pub line: Option<usize>,
    /// The byte in the line, counted from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub why: String,
}

impl Problem {
    pub(super) fn of_file(path: &Path, why: String) -> Self {
        Self { file: path.display().to_string(), line: None, column: None, why }
    }

    pub(super) fn at(file: &str, at: Position, why: String) -> Self {
        Self { file: file.to_owned(), line: Some(at.line), column: Some(at.column), why }
    }
}

impl fmt::Display for Problem {
    /// `file:3:14: why`, without anything that a terminal would obey.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.file))?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", plain(&self.why))
    }
}

/// Why a file gave no record, or a value of it, although nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// A digest file of CloudTrail: it lists log files.
    Digest,
    /// CloudTrail Insights: they tell of unusual numbers of calls.
    Insights,
    /// An event of EventBridge that carries no CloudTrail record.
    OtherEvent,
    /// JSON that is no record.
    NoRecord,
    /// Nothing at all.
    Empty,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digest => "a CloudTrail digest",
            Self::Insights => "CloudTrail Insights, which are no calls",
            Self::OtherEvent => "an event without a CloudTrail record",
            Self::NoRecord => "JSON that is no CloudTrail record",
            Self::Empty => "no record in it",
        })
    }
}
