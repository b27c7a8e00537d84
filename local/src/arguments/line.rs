//! A command's arguments, taken apart: options as `--option value` and `--option=value`, and operands.

use std::ffi::OsString;

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Switch,
    Value,
}

/// One of the arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// `--help` or `-h`.
    Help,
    /// An option by its name; the value of a switch is empty.
    Option(&'static str, OsString),
    /// Anything else.
    Operand(OsString),
}

/// What is wrong with a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong(String);

impl Wrong {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// A name that is not known, with the one that was probably meant.
    pub(super) fn unknown(what: &str, name: &str, known: impl Iterator<Item = &'static str>) -> Self {
        let nearest = known.map(|known| (distance(name, known), known)).min();
        let near = nearest.filter(|(distance, known)| *distance <= 2 && *distance < known.len().min(name.len()));
        let meant = near.map_or_else(String::new, |(_, known)| format!("; did you mean {known}?"));
        Self(format!("there is no {what} {name}{meant}"))
    }

    /// The whole message: what is wrong, and which help to read.
    pub(super) fn said(&self, command: &str) -> String {
        let end = if self.0.ends_with('?') { "" } else { "." };
        format!("{}{end} `{command} --help` says more", self.0)
    }
}

/// The arguments of a command.
pub(super) struct Line;

impl Line {
    /// Takes the arguments apart. After `--` everything is an operand; `-` is one too.
    pub(super) fn read(arguments: Vec<OsString>, options: &[(&'static str, Kind)]) -> Result<Vec<Given>, Wrong> {
        let mut given = Vec::new();
        let mut arguments = arguments.into_iter();
        // A question for help is answered whatever else is wrong.
        let mut wrong = None;
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--") => {
                    given.extend(arguments.by_ref().map(Given::Operand));
                }
                Some("--help" | "-h") => return Ok(vec![Given::Help]),
                Some(text) if text.len() > 1 && text.starts_with('-') => match option(text, &mut arguments, options) {
                    Ok(option) => given.push(option),
                    Err(error) => wrong = wrong.or(Some(error)),
                },
                Some(_) | None => given.push(Given::Operand(argument)),
            }
        }
        wrong.map_or(Ok(given), Err)
    }
}

fn option(
    text: &str,
    rest: &mut impl Iterator<Item = OsString>,
    options: &[(&'static str, Kind)],
) -> Result<Given, Wrong> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let Some((name, kind)) = options.iter().find(|(known, _)| *known == name).copied() else {
        return Err(Wrong::unknown("option", name, options.iter().map(|(known, _)| *known)));
    };
    let value = match (kind, value) {
        (Kind::Switch, None) => Some(OsString::new()),
        (Kind::Switch, Some(_)) => return Err(Wrong::new(format!("{name} takes no value"))),
        (Kind::Value, Some(value)) => Some(OsString::from(value)).filter(|value| !value.is_empty()),
        (Kind::Value, None) => rest.next(),
    };
    value.map(|value| Given::Option(name, value)).ok_or_else(|| Wrong::new(format!("{name} needs a value")))
}

/// How many letters have to be put in, left out, replaced or swapped with the next one to get from one name to the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, here) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, there) in other.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&last, column) + usize::from(here != there);
            let mut least = replaced.min(at(&last, column + 1) + 1).min(at(&next, column) + 1);
            let is_swapped =
                row > 0 && column > 0 && one.get(row - 1) == Some(there) && other.get(column - 1) == Some(here);
            if is_swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or_default()
}
