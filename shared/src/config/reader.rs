//! Reads tables of TOML and collects every error on the way, where serde would stop at the first.

use std::cell::RefCell;
use std::fmt;

use toml::{Table, Value};

use super::error::{ConfigError, Place, Problem};
use super::secret::{SecretRef, looks_like_secret};

/// The errors found so far, and the references to secrets that could be read in spite of them.
#[derive(Default)]
pub(super) struct Errors {
    errors: RefCell<Vec<ConfigError>>,
    secrets: RefCell<Vec<(String, SecretRef)>>,
}

impl Errors {
    pub(super) fn add(&self, key: &Key, problem: Problem) {
        self.add_at(Place::Key(key.to_string()), problem);
    }

    pub(super) fn add_at(&self, place: Place, problem: Problem) {
        self.errors.borrow_mut().push(ConfigError { place, problem });
    }

    pub(super) fn note_secret(&self, key: &Key, secret: &SecretRef) {
        self.secrets.borrow_mut().push((key.to_string(), secret.clone()));
    }

    pub(super) fn into_parts(self) -> (Vec<ConfigError>, Vec<(String, SecretRef)>) {
        (self.errors.into_inner(), self.secrets.into_inner())
    }
}

/// The dotted path of a key. Parts that TOML wants quoted are quoted; one that looks like a secret is not shown.
#[derive(Clone)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn root() -> Self {
        Self(String::new())
    }

    pub(super) fn child(&self, name: &str) -> Self {
        let bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let name = match (looks_like_secret(name), bare) {
            (true, _) => "\"***\"".to_owned(),
            (false, true) => name.to_owned(),
            (false, false) => format!("{name:?}"),
        };
        if self.0.is_empty() { Self(name) } else { Self(format!("{}.{name}", self.0)) }
    }

    pub(super) fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A type that the value of a key can be read as.
pub(super) trait Setting: Sized {
    /// What belongs there, in words and with its form: it follows "set it to".
    const EXPECTED: &'static str;

    /// The value, or nothing once every error in it has been added.
    fn read(key: &Key, value: &Value, errors: &Errors) -> Option<Self>;
}

/// Reads a text and parses it. A text that looks like a secret is refused without being shown.
pub(super) fn read_text<T: Setting, E: fmt::Display>(
    key: &Key,
    value: &Value,
    errors: &Errors,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let Value::String(text) = value else {
        errors.add(key, Problem::NotText { found: type_of(value), expected: T::EXPECTED });
        return None;
    };
    if looks_like_secret(text) {
        errors.add(key, Problem::HoldsSecret);
        return None;
    }
    parse(text).map_err(|error| errors.add(key, Problem::Invalid(error.to_string()))).ok()
}

impl Setting for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(key: &Key, value: &Value, errors: &Errors) -> Option<Self> {
        if let Value::Boolean(value) = value {
            return Some(*value);
        }
        errors.add(key, Problem::WrongType { found: type_of(value), expected: Self::EXPECTED });
        None
    }
}

/// Every item is read, so that each bad one is reported.
impl<T: Setting> Setting for Vec<T> {
    const EXPECTED: &'static str = "a list, as [\"...\", \"...\"]";

    fn read(key: &Key, value: &Value, errors: &Errors) -> Option<Self> {
        let Value::Array(items) = value else {
            errors.add(key, Problem::WrongType { found: type_of(value), expected: Self::EXPECTED });
            return None;
        };
        let items: Vec<Option<T>> =
            items.iter().enumerate().map(|(index, item)| T::read(&key.item(index), item, errors)).collect();
        items.into_iter().collect()
    }
}

/// A table while it is read: what was asked for is known, what is left over at the end is an unknown key.
pub(super) struct Section<'e> {
    key: Key,
    left: Table,
    known: Vec<&'static str>,
    errors: &'e Errors,
}

impl<'e> Section<'e> {
    /// Reads a table. `read` must ask for every key before it gives up, or the rest would be taken for unknown.
    pub(super) fn read<T>(
        key: Key,
        table: Table,
        errors: &'e Errors,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut section = Self { key, left: table, known: Vec::new(), errors };
        let value = read(&mut section);
        let known = format!("the keys here are {}", section.known.join(", "));
        for name in section.left.keys() {
            errors.add(&section.key.child(name), Problem::Unknown { known: known.clone() });
        }
        value
    }

    /// Whether the key is there and was not read yet.
    pub(super) fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// Adds an error of this section's key `name`.
    pub(super) fn refuse(&self, name: &str, problem: Problem) {
        self.errors.add(&self.key.child(name), problem);
    }

    /// The value of a key that has no default.
    pub(super) fn required<T: Setting>(&mut self, name: &'static str) -> Option<T> {
        let value = self.optional(name)?;
        if value.is_none() {
            self.refuse(name, Problem::Missing { expected: T::EXPECTED });
        }
        value
    }

    /// The value of a key, or its default: written, and read, as in the file.
    pub(super) fn or<T: Setting>(&mut self, name: &'static str, default: impl Into<Value>) -> Option<T> {
        let value = self.take(name).unwrap_or_else(|| default.into());
        T::read(&self.key.child(name), &value, self.errors)
    }

    /// The value of a key that may be absent (`Some(None)`). Nothing where there is an error.
    pub(super) fn optional<T: Setting>(&mut self, name: &'static str) -> Option<Option<T>> {
        match self.take(name) {
            None => Some(None),
            Some(value) => T::read(&self.key.child(name), &value, self.errors).map(Some),
        }
    }

    /// A table below this one. An absent one is read as an empty one: its keys have defaults or are missing.
    pub(super) fn section<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'e>) -> Option<T>,
    ) -> Option<T> {
        let table = self.table(name)?.unwrap_or_default();
        Section::read(self.key.child(name), table, self.errors, read)
    }

    /// A table below this one that may be absent (`Some(None)`).
    pub(super) fn optional_section<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'e>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.table(name)? {
            None => Some(None),
            Some(table) => Section::read(self.key.child(name), table, self.errors, read).map(Some),
        }
    }

    /// A table that somebody else reads: that it is one is all that matters here.
    pub(super) fn elsewhere(&mut self, name: &'static str) -> Option<()> {
        self.table(name).map(|_| ())
    }

    /// The entries of a table whose keys are the user's own. `read` is called for every entry, good or bad.
    pub(super) fn entries<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&Key, &str, &Value, &Errors) -> Option<T>,
    ) -> Option<Vec<T>> {
        let table = self.table(name)?.unwrap_or_default();
        let key = self.key.child(name);
        let entries: Vec<Option<T>> =
            table.iter().map(|(name, value)| read(&key.child(name), name, value, self.errors)).collect();
        entries.into_iter().collect()
    }

    fn table(&mut self, name: &'static str) -> Option<Option<Table>> {
        match self.take(name) {
            None => Some(None),
            Some(Value::Table(table)) => Some(Some(table)),
            Some(
                other @ (Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_)),
            ) => {
                self.refuse(name, Problem::WrongType { found: type_of(&other), expected: "a table, as [name]" });
                None
            }
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name)
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
