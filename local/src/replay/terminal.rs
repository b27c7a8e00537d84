//! What a terminal can show: how wide it is, whether in colour, and how much room a text takes on it.

use std::{
    env,
    fs::File,
    io::{self, IsTerminal},
    process::{Command, Stdio},
};

/// How the table is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The columns of the terminal; `None` for a file or a pipe, where nothing is wrapped.
    pub columns: Option<usize>,
    /// Whether to use colour.
    pub colour: bool,
}

impl Look {
    /// For a file or a pipe.
    pub const PLAIN: Self = Self { columns: None, colour: false };

    /// For this process's standard output. Without colour where `NO_COLOR` is set (<https://no-color.org>) or the terminal
    /// has none.
    #[must_use]
    pub fn of_stdout() -> Self {
        if !io::stdout().is_terminal() {
            return Self::PLAIN;
        }
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        Self { columns: columns(), colour: set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb") }
    }
}

/// The terminal's width: `COLUMNS`, else what `stty` says. The standard library has no call for it.
fn columns() -> Option<usize> {
    if let Some(columns) = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()) {
        return Some(columns);
    }
    let terminal = File::open("/dev/tty").ok()?;
    let said = Command::new("stty").arg("size").stdin(terminal).stderr(Stdio::null()).output().ok()?;
    let size = String::from_utf8(said.stdout).ok()?;
    size.split_whitespace().nth(1)?.parse().ok().filter(|columns| *columns > 0)
}

/// A colour, by its ANSI number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
}

impl Paint {
    /// The text in this colour, if the terminal has colours.
    pub(super) fn on(self, text: &str, look: Look) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Bold => 1,
            Self::Dim => 2,
            Self::Red => 31,
            Self::Green => 32,
        };
        if look.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// How many columns a text takes. Most of what is wide is told by its block; that is enough to keep columns straight.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(char: char) -> usize {
    match u32::from(char) {
        0x300..=0x36f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text in lines of at most this width, broken at spaces; a longer word is cut.
pub(super) fn wrapped(text: &str, at: usize) -> Vec<String> {
    let at = at.max(2);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let line = lines.last_mut().map(std::mem::take).unwrap_or_default();
            let gap = usize::from(!line.is_empty());
            if width(&line) + gap + width(&word) <= at {
                replace_last(&mut lines, if gap == 1 { format!("{line} {word}") } else { word });
                break;
            }
            if !line.is_empty() {
                replace_last(&mut lines, line);
                lines.push(String::new());
                continue;
            }
            let (head, rest) = split(&word, at);
            replace_last(&mut lines, head);
            lines.push(String::new());
            word = rest;
        }
    }
    lines
}

fn replace_last(lines: &mut [String], line: String) {
    if let Some(last) = lines.last_mut() {
        *last = line;
    }
}

fn split(word: &str, at: usize) -> (String, String) {
    let mut room = at;
    let mut fits = true;
    word.chars().partition(|char| {
        fits = fits && char_width(*char) <= room;
        room = if fits { room - char_width(*char) } else { room };
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_at_spaces_and_a_long_word_is_cut() {
        assert_eq!(wrapped("removed by bert-jan 4 min later", 12), ["removed by", "bert-jan 4", "min later"]);
        assert_eq!(wrapped("arn:aws:iam::1", 5), ["arn:a", "ws:ia", "m::1"]);
        assert_eq!(wrapped("一二三 a", 5), ["一二", "三 a"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
