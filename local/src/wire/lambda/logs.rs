//! What a function prints, line by line.

use std::{
    fmt,
    fs::File,
    io::Write,
    path::Path,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
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

/// Names the secret that a text holds, if it holds one.
pub type Tells = Box<dyn Fn(&str) -> Option<&'static str> + Send + Sync>;

/// Every line of a function's sandboxes, in the order in which they were read.
pub struct Logs {
    lines: Mutex<Vec<LogLine>>,
    file: Option<Mutex<File>>,
    changed: watch::Sender<()>,
    tells: OnceLock<Tells>,
    leaks: Mutex<Vec<String>>,
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("lines", &self.lines).finish_non_exhaustive()
    }
}

impl Logs {
    /// No lines yet; with a file, what comes is appended to it as well.
    pub(super) fn new(file: Option<&Path>) -> std::io::Result<Self> {
        let open = |path| File::options().create(true).append(true).open(path).map(Mutex::new);
        Ok(Self {
            lines: Mutex::default(),
            file: file.map(open).transpose()?,
            changed: watch::Sender::new(()),
            tells: OnceLock::new(),
            leaks: Mutex::default(),
        })
    }

    /// Holds every line that comes from now on against the secrets that `tells` knows. To be called once, before the first
    /// line.
    pub fn watch_for_secrets(&self, tells: Tells) {
        // A second watch would be for the same secrets.
        let _ = self.tells.set(tells);
    }

    /// The lines so far that told a secret, each after what it told; also those that were dropped since.
    pub fn leaks(&self) -> Vec<String> {
        self.leaks.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        if let Some(told) = self.tells.get().and_then(|tells| tells(&line.text)) {
            self.leaks.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{told}: {}", line.text));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_tells_a_secret_is_remembered_also_when_it_is_dropped() {
        let logs = Logs::new(None).unwrap();
        logs.watch_for_secrets(Box::new(|line| line.contains("hush").then_some("a token")));
        let lines = format!("before\nit is hush\n{}", "after\n".repeat(KEPT));
        logs.follow(Stream::Err, lines.as_bytes()).await;
        assert!(logs.lines().iter().all(|line| line.text == "after"));
        assert_eq!(logs.leaks(), ["a token: it is hush"]);
    }
}
