//! What a function prints, line by line.

use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    sync::watch,
};

/// The oldest lines are dropped beyond this many; the log file keeps them.
const KEPT: usize = 20_000;

/// Which stream a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A line that a sandbox of the function printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Where it was printed.
    pub stream: Stream,
    /// The line, without its end.
    pub text: String,
}

/// Every line of a function's sandboxes, in the order in which they were read.
#[derive(Debug)]
pub struct Logs {
    lines: Mutex<Vec<LogLine>>,
    file: Option<Mutex<File>>,
    changed: watch::Sender<()>,
}

impl Logs {
    /// No lines yet; with a file, what comes is appended to it as well.
    pub(super) fn new(file: Option<&Path>) -> std::io::Result<Self> {
        let open = |path| File::options().create(true).append(true).open(path).map(Mutex::new);
        Ok(Self { lines: Mutex::default(), file: file.map(open).transpose()?, changed: watch::Sender::new(()) })
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<LogLine> {
        self.lock().clone()
    }

    /// Waits for the first line (old or new) that satisfies the predicate. A line may arrive after the answer of the
    /// invocation that printed it, so a test waits for it here.
    pub async fn line(&self, wanted: impl Fn(&str) -> bool) -> LogLine {
        let mut changes = self.changed.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(line) = self.lock().iter().find(|line| wanted(&line.text)) {
                return line.clone();
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Reads a stream of a process to its end.
    pub(super) async fn follow(&self, stream: Stream, from: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(from);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).await.is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            self.push(LogLine { stream, text });
        }
    }

    fn push(&self, line: LogLine) {
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // A full disk must not stop the function: the lines stay readable here.
            let _ = writeln!(file, "{}", line.text);
        }
        let mut lines = self.lock();
        if lines.len() >= KEPT {
            lines.remove(0);
        }
        lines.push(line);
        drop(lines);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<LogLine>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
