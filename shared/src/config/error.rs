//! What is wrong in a configuration: every error of it, each with its key.

use std::fmt;

use super::secret::SecretRef;

/// Every error of a configuration, in the order of its sections. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    file: String,
    errors: Vec<ConfigError>,
    secrets: Vec<(String, SecretRef)>,
}

impl ConfigErrors {
    pub(super) fn new(errors: Vec<ConfigError>, secrets: Vec<(String, SecretRef)>) -> Self {
        Self { file: "config.toml".to_owned(), errors, secrets }
    }

    /// The same errors, printed with the path of the file that they are in. Without it they are printed as of
    /// `config.toml`.
    #[must_use]
    pub fn in_file(self, path: &std::path::Path) -> Self {
        Self { file: path.display().to_string(), ..self }
    }

    /// The errors, one by one.
    #[must_use]
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }

    /// The references to secrets that could be read in spite of the errors, each with its key, so that a secret that is
    /// missing is reported together with them.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, &SecretRef)> {
        self.secrets.iter().map(|(key, secret)| (key.clone(), secret)).collect()
    }
}

/// One line an error: file, place, what is wrong and what to do.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: {error}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// One error of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// Where it is.
    pub place: Place,
    /// What is wrong, and what to do.
    pub problem: Problem,
}

/// Where in a configuration an error is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The dotted path of a key, as `timing.poll_every` or `approvers.users[1]`.
    Key(String),
    /// A place in a text that is not TOML. Both count from 1; columns count characters.
    Line {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Line { line, column } => write!(f, "line {line}, column {column}"),
        }
    }
}

/// What is wrong with a key or with the text. No variant holds a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is not TOML.
    #[error("is not TOML: {0}")]
    Syntax(String),
    /// No such key.
    #[error("there is no such key; {known}")]
    Unknown {
        /// The keys that there are, in words.
        known: String,
    },
    /// A key without a default is not there.
    #[error("is missing; set it to {expected}")]
    Missing {
        /// What belongs there.
        expected: &'static str,
    },
    /// A value of another type where a text belongs.
    #[error("is {found}; set it to {expected}, in quotes")]
    NotText {
        /// What is there, as "an integer".
        found: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// A value of another type.
    #[error("is {found}; set it to {expected}")]
    WrongType {
        /// What is there, as "an integer".
        found: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// A value of the right type that does not have the form.
    #[error("{0}")]
    Invalid(String),
    /// The text begins like a Slack token or a webhook's URL. It is not shown.
    #[error(
        "holds what looks like a secret (not shown here); remove it, have it replaced where it was issued, and write a \
         reference instead, as secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE"
    )]
    HoldsSecret,
    /// Valid by itself, but not together with other keys.
    #[error("{0}")]
    Conflict(String),
}
