//! `replay`: a history of CloudTrail records through the functions' own ingest, and what would have been asked.
//!
//! Files are streamed ([`split`]) and everything is dropped at once that ingest would ignore as another event ([`gather`]).
//! The rest goes, in the order of events, through [`shared::flows::ingest::take`] over a table in memory and an EC2 that
//! answers from the records alone ([`offline`]). No row claims more than the records tell. Nothing is written but the page
//! that is asked for, and no network is touched.

mod ask;
mod gather;
mod history;
mod html;
mod inputs;
mod item;
mod offline;
mod print;
mod problem;
mod progress;
mod row;
mod split;
mod summary;
mod terminal;
mod words;

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
};

use serde::Serialize;

pub use self::{
    inputs::Input,
    problem::{Problem, Skipped},
    row::{Became, By, Call, Row, Rule, Since, What},
    summary::{Most, Summary, Widest},
    terminal::Look,
};
use self::{inputs::Source, progress::Progress};

/// The version of `--json`'s layout. It is raised when a field changes its meaning or goes; new ones may come.
pub const SCHEMA: u32 = 1;

/// How many problems are printed one by one.
const PRINTED_PROBLEMS: usize = 100;

/// What to replay, and how to show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Files, folders, standard input.
    pub inputs: Vec<Input>,
    /// JSON on standard output in the place of the table.
    pub json: bool,
    /// A page to write.
    pub html: Option<PathBuf>,
}

/// What a replay came to. The fields' names are those of `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The counts.
    pub summary: Summary,
    /// The changes, in the order of events.
    pub rows: Vec<Row>,
    /// What was passed over although nothing is wrong with it.
    pub skipped: Vec<Passed>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Values of a file that were passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// The file.
    pub file: String,
    /// Why.
    pub why: Skipped,
    /// How many values.
    pub count: u64,
}

/// Why there is no result at all.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The page would be written over what is to be read.
    #[error("--html {0} is one of the files to read; name another one")]
    PageIsInput(String),
    /// The timers of the flows can't be started.
    #[error("the replay can't be started: {0}")]
    Runtime(#[from] io::Error),
    /// The built-in configuration, or an item of the table in memory, is not what it was written as: a bug.
    #[error("the replay can't go on: {0}. This is a bug of Portcullis")]
    Broken(String),
    /// The page can't be written.
    #[error("the page {path} can't be written: {why}")]
    Page {
        /// Where.
        path: String,
        /// Why.
        why: io::Error,
    },
    /// The result can't be printed.
    #[error("the result can't be printed: {0}")]
    Print(io::Error),
}

/// Whether everything was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complete {
    /// All of it.
    All,
    /// Something could not be read; the rest was.
    Partly,
}

/// Replays, writes the page if one is wanted, and prints the result to standard output and the problems to standard error.
///
/// # Errors
/// There is no result, or it can't be shown.
pub fn run(options: &Options) -> Result<Complete, ReplayError> {
    let (sources, problems) = inputs::find(&options.inputs);
    if let Some(page) = &options.html {
        refuse_to_overwrite(page, &sources)?;
    }
    let mut progress = Progress::new(&sources, io::stderr().is_terminal());
    let replayed = replay(&sources, problems, &mut progress)?;
    tell(&replayed.problems);
    if let Some(page) = &options.html {
        html::write(&replayed, page).map_err(|why| ReplayError::Page { path: page.display().to_string(), why })?;
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let printed = if options.json { replayed.json(&mut out) } else { replayed.print(Look::of_stdout(), &mut out) };
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(ReplayError::Print(error)),
        // Whoever reads it has read enough.
        Ok(()) | Err(_) => {}
    }
    Ok(if replayed.problems.is_empty() { Complete::All } else { Complete::Partly })
}

/// Replays without a word.
///
/// # Errors
/// There is no result. What could not be read is in it, and no error.
pub fn read(inputs: &[Input]) -> Result<Replayed, ReplayError> {
    let (sources, problems) = inputs::find(inputs);
    replay(&sources, problems, &mut Progress::new(&sources, false))
}

fn replay(sources: &[Source], mut problems: Vec<Problem>, progress: &mut Progress) -> Result<Replayed, ReplayError> {
    let read = Arc::new(AtomicU64::new(0));
    let mut gathered = gather::gather(sources, &read, |done, gathered| progress.tell(done, gathered, &read));
    progress.done(&gathered, &read);
    let asked = ask::ask(&mut gathered)?;
    problems.append(&mut gathered.problems);
    let passed = |((file, why), count)| Passed { file, why, count };
    Ok(Replayed {
        schema: SCHEMA,
        summary: Summary::of(&gathered, &asked),
        rows: asked.rows,
        skipped: std::mem::take(&mut gathered.skipped).into_iter().map(passed).collect(),
        problems,
    })
}

impl Replayed {
    /// Writes the table and the summary.
    ///
    /// # Errors
    /// It can't be written.
    pub fn print(&self, look: Look, out: &mut dyn Write) -> io::Result<()> {
        print::print(self, look, out)
    }

    /// Writes the JSON document.
    ///
    /// # Errors
    /// It can't be written.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    /// The page.
    #[must_use]
    pub fn page(&self) -> String {
        html::page(self)
    }
}

fn tell(problems: &[Problem]) {
    let mut out = io::stderr().lock();
    for problem in problems.iter().take(PRINTED_PROBLEMS) {
        // Nothing is left to be done where even this can't be said.
        let _ = writeln!(out, "{problem}");
    }
    if let Some(more) = problems.len().checked_sub(PRINTED_PROBLEMS).filter(|more| *more > 0) {
        let _ = writeln!(out, "{more} more; --json lists them all");
    }
}

fn refuse_to_overwrite(page: &Path, sources: &[Source]) -> Result<(), ReplayError> {
    let Ok(page_itself) = page.canonicalize() else { return Ok(()) };
    let is_page = |source: &Source| match source {
        Source::File { path, .. } => path.canonicalize().is_ok_and(|path| path == page_itself),
        Source::Stdin => false,
    };
    if sources.iter().any(is_page) { Err(ReplayError::PageIsInput(page.display().to_string())) } else { Ok(()) }
}
