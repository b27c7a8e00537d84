//! A stream of JSON cut into the values that may be records, one at a time.
//!
//! CloudTrail's files in S3 are one object `{"Records": [...]}`, mostly on a single line, of any size: its elements are
//! handed out as they come and the whole is never held. Lone values, one a line or over several, and the elements of a list
//! are handed out the same way. Only brackets and strings are looked at here; whoever takes a piece parses it.

use std::io::{self, BufRead};

/// The longest value that is held. CloudTrail's own limit for a record is far below (1 MB).
const LONGEST: usize = 64 << 20;

/// The byte order mark that some tools put before UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A place in a text, counted from 1; the column in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A value's text, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) at: Position,
    /// Whether it is an element of `Records`.
    pub(super) listed: bool,
}

/// Where a text is no JSON, or can't be read on, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) at: Position,
    pub(super) why: String,
    /// Whether nothing can be read after it.
    last: bool,
}

impl Broken {
    pub(super) fn new(at: Position, why: impl Into<String>) -> Self {
        Self { at, why: why.into(), last: false }
    }
}

/// Where the next piece begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// Outside of everything.
    Top,
    /// A list; `wrapped` if it is that of `{"Records": [...]}`.
    List { wrapped: bool, first: bool },
    /// What follows the list of `Records` in its object.
    Rest,
    /// There is nothing more.
    End,
}

/// Cuts a text into pieces.
pub(super) struct Pieces<R> {
    reader: R,
    within: Within,
    at: Position,
    begun: bool,
}

/// How the scan of a value ended.
enum Scanned {
    Whole,
    /// It is the object around a list of records; the list has begun.
    Wrapper,
}

impl<R: BufRead> Pieces<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, within: Within::Top, at: Position { line: 1, column: 1 }, begun: false }
    }

    /// The next byte that is no white space, not consumed.
    fn peek(&mut self) -> Result<Option<u8>, Broken> {
        loop {
            let buffer = self.reader.fill_buf().map_err(|error| unread(self.at, &error))?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let mut passed = 0;
            while let Some(byte) = buffer.get(passed) {
                if !byte.is_ascii_whitespace() && (self.begun || !self.at.is_mark(*byte)) {
                    break;
                }
                self.at.pass(*byte);
                passed += 1;
            }
            let found = buffer.get(passed).copied();
            self.reader.consume(passed);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn bump(&mut self, byte: u8) {
        self.at.pass(byte);
        self.reader.consume(1);
    }

    fn broken(&self, why: impl Into<String>) -> Broken {
        Broken::new(self.at, why)
    }

    fn step(&mut self) -> Result<Option<Piece>, Broken> {
        loop {
            let Some(byte) = self.peek()? else {
                let within = std::mem::replace(&mut self.within, Within::End);
                return match within {
                    Within::Top | Within::End => Ok(None),
                    Within::List { .. } | Within::Rest => Err(self.broken("it ends before its brackets are closed")),
                };
            };
            let begun = std::mem::replace(&mut self.begun, true);
            match (self.within, byte) {
                (Within::End, _) => return Ok(None),
                (Within::Top, b'[') => {
                    self.bump(byte);
                    self.within = Within::List { wrapped: false, first: true };
                }
                (Within::Top, b'{') => {
                    if let Some(piece) = self.piece(false)? {
                        return Ok(Some(piece));
                    }
                }
                (Within::Top, _) if !begun => {
                    self.within = Within::End;
                    return Err(self.broken("it is no JSON: it begins neither with { nor with ["));
                }
                (Within::Top, _) => {
                    let broken = self.broken("a record was expected here, which begins with {");
                    self.skip_to_an_object()?;
                    return Err(broken);
                }
                (Within::List { wrapped, .. }, b']') => {
                    self.bump(byte);
                    self.within = if wrapped { Within::Rest } else { Within::Top };
                }
                (Within::List { wrapped, first: false }, b',') => {
                    self.bump(byte);
                    self.within = Within::List { wrapped, first: true };
                }
                (Within::List { wrapped, first: true }, _) => {
                    self.within = Within::List { wrapped, first: false };
                    return self.piece(wrapped);
                }
                (Within::List { wrapped, first: false }, _) => {
                    let broken = self.broken("a comma or ] was expected here");
                    self.within = Within::List { wrapped, first: true };
                    self.skip_to_an_object()?;
                    return Err(broken);
                }
                (Within::Rest, _) => {
                    self.rest()?;
                    self.within = Within::Top;
                }
            }
        }
    }

    /// The value that begins here; `None` if it turned out to be the object around `Records`.
    fn piece(&mut self, listed: bool) -> Result<Option<Piece>, Broken> {
        let at = self.at;
        let mut text = Vec::new();
        match self.scan(&mut text) {
            Ok(Scanned::Whole) => {}
            Ok(Scanned::Wrapper) => {
                self.within = Within::List { wrapped: true, first: true };
                return Ok(None);
            }
            Err(broken) if broken.last => return Err(broken),
            Err(broken) => {
                if let Within::List { first, .. } = &mut self.within {
                    *first = true;
                }
                self.skip_to_an_object()?;
                return Err(broken);
            }
        }
        match String::from_utf8(text) {
            Ok(text) => Ok(Some(Piece { text, at, listed })),
            Err(_) => Err(Broken::new(at, "the record that begins here is not UTF-8")),
        }
    }

    /// What follows the list in the object around it, to its closing bracket.
    fn rest(&mut self) -> Result<(), Broken> {
        let mut scan = Scan { depth: 1, ..Scan::default() };
        scan.run(&mut self.reader, &mut self.at, &mut Vec::new(), Lone::No).map(|_| ())
    }

    fn scan(&mut self, text: &mut Vec<u8>) -> Result<Scanned, Broken> {
        let lone = if self.within == Within::Top { Lone::Yes } else { Lone::No };
        Scan::default().run(&mut self.reader, &mut self.at, text, lone)
    }

    /// After something broken: passes over everything until a line begins with an object.
    fn skip_to_an_object(&mut self) -> Result<(), Broken> {
        loop {
            let buffer = self.reader.fill_buf().map_err(|error| unread(self.at, &error))?;
            let Some(byte) = buffer.first().copied() else {
                self.within = Within::End;
                return Ok(());
            };
            if byte == b'{' && self.at.column == 1 {
                return Ok(());
            }
            self.bump(byte);
        }
    }
}

impl<R: BufRead> Iterator for Pieces<R> {
    type Item = Result<Piece, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.within == Within::End {
            return None;
        }
        let stepped = self.step();
        if stepped.as_ref().is_err_and(|broken| broken.last) {
            self.within = Within::End;
        }
        stepped.transpose()
    }
}

fn unread(at: Position, error: &io::Error) -> Broken {
    Broken { at, why: format!("it can't be read on: {error}"), last: true }
}

impl Position {
    fn pass(&mut self, byte: u8) {
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
    }

    /// Whether a byte here is one of the byte order mark.
    fn is_mark(self, byte: u8) -> bool {
        self.line == 1 && MARK.get(self.column - 1) == Some(&byte)
    }
}

/// Whether a value stands by itself: only then it may be the object around `Records`, and only then a line that begins with
/// an object is the next value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lone {
    Yes,
    No,
}

/// What was seen of `"Records": [` so far.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Seen {
    #[default]
    Nothing,
    Key,
    Colon,
}

/// The scan of one value.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    seen: Seen,
}

/// What a byte means to the scan.
enum Step {
    /// It belongs to the value.
    On,
    /// It is the value's last.
    Last,
    /// The value ended before it.
    Before,
    /// It begins the list of records.
    Records,
    /// The value is broken.
    Broken(&'static str),
}

impl Scan {
    fn run(
        &mut self,
        reader: &mut impl BufRead,
        at: &mut Position,
        text: &mut Vec<u8>,
        lone: Lone,
    ) -> Result<Scanned, Broken> {
        let begun = *at;
        loop {
            let buffer = reader.fill_buf().map_err(|error| unread(*at, &error))?;
            if buffer.is_empty() {
                return match self.depth {
                    0 if !self.in_string && !text.is_empty() => Ok(Scanned::Whole),
                    _ => {
                        let begun = format!("line {}, column {}", begun.line, begun.column);
                        let why = format!("it ends in the middle of what begins in {begun}");
                        Err(Broken { at: *at, why, last: true })
                    }
                };
            }
            let (mut taken, mut from) = (0, 0);
            let mut ended = Step::On;
            // Indexed, since this loop is what a replay does most of its time, in builds that optimize nothing too.
            while taken < buffer.len() {
                let byte = buffer[taken];
                if self.in_string && byte != b'"' && byte != b'\\' && byte >= b' ' && !self.escaped {
                    taken += 1;
                    at.column += 1;
                    continue;
                }
                if byte == b'"' && self.in_string && !self.escaped && self.depth == 1 && lone == Lone::Yes {
                    // The text so far is needed to tell which key this ends.
                    text.extend_from_slice(buffer.get(from..taken).unwrap_or_default());
                    from = taken;
                }
                ended = self.step(byte, *at, text, lone);
                match ended {
                    Step::On => {
                        taken += 1;
                        at.pass(byte);
                    }
                    Step::Last | Step::Records => {
                        taken += 1;
                        at.pass(byte);
                        break;
                    }
                    Step::Before | Step::Broken(_) => break,
                }
            }
            text.extend_from_slice(buffer.get(from..taken).unwrap_or_default());
            reader.consume(taken);
            match ended {
                Step::On if text.len() > LONGEST => {
                    let why = format!("a value of more than {} MB is no record", LONGEST >> 20);
                    return Err(Broken { at: begun, why, last: true });
                }
                Step::On => {}
                Step::Last | Step::Before => return Ok(Scanned::Whole),
                Step::Records => return Ok(Scanned::Wrapper),
                Step::Broken(why) => return Err(Broken::new(*at, why)),
            }
        }
    }

    fn step(&mut self, byte: u8, at: Position, text: &[u8], lone: Lone) -> Step {
        if self.in_string {
            return self.in_string(byte, text);
        }
        let seen = std::mem::take(&mut self.seen);
        match byte {
            b'{' if at.column == 1 && self.depth > 0 && lone == Lone::Yes => {
                return Step::Broken("a new record begins here, and the one before has no end");
            }
            b'[' if seen == Seen::Colon && lone == Lone::Yes => return Step::Records,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth == 0 => return Step::Before,
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    return Step::Last;
                }
            }
            b'"' => self.in_string = true,
            b':' if seen == Seen::Key => self.seen = Seen::Colon,
            b',' if self.depth == 0 => return Step::Before,
            byte if byte.is_ascii_whitespace() && self.depth == 0 => return Step::Before,
            byte if byte.is_ascii_whitespace() => self.seen = seen,
            _ => {}
        }
        Step::On
    }

    fn in_string(&mut self, byte: u8, text: &[u8]) -> Step {
        match byte {
            b'\n' => return Step::Broken("a text without an end: a line ends in the middle of it"),
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => {
                self.in_string = false;
                let is_key = self.depth == 1 && text.ends_with(b"\"Records") && !text.ends_with(b"\\\"Records");
                self.seen = if is_key { Seen::Key } else { Seen::Nothing };
                if self.depth == 0 {
                    return Step::Last;
                }
            }
            _ => {}
        }
        Step::On
    }
}

#[cfg(test)]
mod tests;
