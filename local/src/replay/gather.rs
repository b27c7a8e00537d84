//! Files -> the records that ingest has to see. Everything else is counted and dropped as it comes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicU64},
};

use serde_json::Value;

use super::{
    history::Aside,
    inputs::Source,
    item::{Item, is_another_event},
    problem::{Problem, Skipped},
    split::{Broken, Piece, Pieces, Position},
};

/// How many problems of one file are told one by one.
const TOLD_PROBLEMS: usize = 20;

/// What the files hold.
#[derive(Default)]
pub(super) struct Gathered {
    /// The records that may open or close ingress, each text once, in the order of their texts.
    pub(super) texts: BTreeSet<String>,
    /// What other records tell besides.
    pub(super) asides: Vec<Aside>,
    /// Files that were opened.
    pub(super) files: u64,
    /// CloudTrail records, whatever they are about.
    pub(super) records: u64,
    /// Those that were dropped as another event.
    pub(super) others: u64,
    /// How many of the records may open or close ingress.
    pub(super) relevant: u64,
    /// The earliest and the latest `eventTime`, as CloudTrail writes it.
    pub(super) times: Option<(String, String)>,
    /// What was passed over: by file and reason, how many values.
    pub(super) skipped: BTreeMap<(String, Skipped), u64>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

impl Gathered {
    /// Reads one file to its end, or to where it can't be read on. `read` counts its bytes on the disk; `tell` is called
    /// after each value.
    pub(super) fn read(&mut self, source: &Source, read: &Arc<AtomicU64>, tell: &mut dyn FnMut(&Self)) {
        let name = source.name();
        let opened = match source.open(read) {
            Ok(opened) => opened,
            Err(error) => {
                let why = format!("it can't be opened: {error}");
                self.problems.push(Problem { file: name, line: None, column: None, why });
                return;
            }
        };
        self.files += 1;
        let (mut values, mut broken) = (0_u64, 0);
        for piece in Pieces::new(opened) {
            values += 1;
            if let Err(Broken { at, why, .. }) = piece.and_then(|piece| self.take(&name, piece)) {
                broken += 1;
                if broken <= TOLD_PROBLEMS {
                    self.problems.push(Problem::at(&name, at, why));
                }
            }
            tell(self);
        }
        if let Some(more) = broken.checked_sub(TOLD_PROBLEMS).filter(|more| *more > 0) {
            let why = format!("{more} more places in this file can't be read");
            self.problems.push(Problem { file: name.clone(), line: None, column: None, why });
        }
        if values == 0 {
            self.skip(&name, Skipped::Empty);
        }
    }

    fn take(&mut self, file: &str, piece: Piece) -> Result<(), Broken> {
        let value = parsed(&piece)?;
        if piece.listed && !value.is_object() {
            return Err(Broken::new(piece.at, "this element of Records is no record"));
        }
        match Item::of(piece.text, value, piece.listed) {
            Item::Skipped(why) => self.skip(file, why),
            Item::Record { text, value } => self.record(text, &value),
        }
        Ok(())
    }

    fn record(&mut self, text: String, record: &Value) {
        self.records += 1;
        if let Some(time) = record.get("eventTime").and_then(Value::as_str) {
            self.saw(time);
        }
        if is_another_event(record) {
            self.others += 1;
            self.asides.extend(Aside::of(record));
        } else {
            self.relevant += u64::from(self.texts.insert(text));
        }
    }

    /// Times in CloudTrail's own form, to the second and in UTC, are in order as texts.
    fn saw(&mut self, time: &str) {
        let is_usual = time.len() == "2026-11-20T10:00:00Z".len() && time.ends_with('Z');
        match &mut self.times {
            _ if !is_usual => {}
            None => self.times = Some((time.to_owned(), time.to_owned())),
            Some((first, _)) if time < first.as_str() => time.clone_into(first),
            Some((_, last)) if time > last.as_str() => time.clone_into(last),
            Some(_) => {}
        }
    }

    fn skip(&mut self, file: &str, why: Skipped) {
        *self.skipped.entry((file.to_owned(), why)).or_default() += 1;
    }
}

/// The value of a piece; an error tells its place in the file.
fn parsed(piece: &Piece) -> Result<Value, Broken> {
    // `FromStr`, and not `from_str`: it is compiled with serde_json, which is optimized also where we are not.
    piece.text.parse::<Value>().map_err(|error| {
        let at = match error.line() {
            0 | 1 => Position { line: piece.at.line, column: piece.at.column + error.column().saturating_sub(1) },
            line => Position { line: piece.at.line + line - 1, column: error.column() },
        };
        let said = error.to_string();
        let why = said.split(" at line ").next().unwrap_or(&said);
        Broken::new(at, format!("this record is no JSON: {why}"))
    })
}

/// Reads all files, in order.
pub(super) fn gather(sources: &[Source], read: &Arc<AtomicU64>, mut tell: impl FnMut(usize, &Gathered)) -> Gathered {
    let mut gathered = Gathered::default();
    for (done, source) in sources.iter().enumerate() {
        gathered.read(source, read, &mut |gathered| tell(done, gathered));
    }
    gathered
}
