//! How far the reading is, on a terminal and for large inputs only; erased at the end.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use shared::domain::thousands::grouped;

use super::{gather::Gathered, inputs::Source, words::number};

/// Smaller inputs are read before anybody looks.
const LARGE: u64 = 8 << 20;

const EVERY: Duration = Duration::from_millis(100);

/// The clock is looked at once in so many values.
const LOOK_EVERY: u64 = 256;

/// Back to the begin of the line, and erase it.
const ERASE: &str = "\r\u{1b}[K";

/// The line that says how far the reading is.
pub(super) struct Progress {
    shown: bool,
    files: u64,
    bytes: u64,
    begun: Instant,
    next: Instant,
    values: u64,
}

impl Progress {
    /// `on_terminal`: standard error is one.
    pub(super) fn new(sources: &[Source], on_terminal: bool) -> Self {
        let bytes: u64 = sources.iter().map(Source::bytes).sum();
        let unknown = sources.contains(&Source::Stdin);
        let begun = Instant::now();
        Self {
            shown: on_terminal && (bytes > LARGE || unknown),
            files: number(sources.len()),
            bytes,
            begun,
            next: begun + EVERY,
            values: 0,
        }
    }

    /// After each value.
    pub(super) fn tell(&mut self, done: usize, gathered: &Gathered, read: &Arc<AtomicU64>) {
        self.values += 1;
        if !self.shown || !self.values.is_multiple_of(LOOK_EVERY) || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + EVERY;
        let of = if self.bytes == 0 { String::new() } else { format!(" of {}", megabytes(self.bytes)) };
        self.write(&format!(
            "{ERASE}{} of {} files, {}{of}, {} records, {}",
            grouped(number(done)),
            grouped(self.files),
            megabytes(read.load(Ordering::Relaxed)),
            grouped(gathered.records),
            self.speed(read)
        ));
    }

    /// Erases the line, and says how fast it was.
    pub(super) fn done(&self, gathered: &Gathered, read: &Arc<AtomicU64>) {
        if self.shown {
            let (took, bytes) = (self.begun.elapsed().as_secs_f64(), megabytes(read.load(Ordering::Relaxed)));
            let records = grouped(gathered.records);
            self.write(&format!("{ERASE}{records} records, {bytes} in {took:.1} s: {}\n", self.speed(read)));
        }
    }

    /// Of bytes as they lie on the disk.
    fn speed(&self, read: &AtomicU64) -> String {
        let bytes = read.load(Ordering::Relaxed) as f64;
        format!("{:.1} MB/s", bytes / 1e6 / self.begun.elapsed().as_secs_f64().max(1e-6))
    }

    fn write(&self, text: &str) {
        let mut out = io::stderr().lock();
        // It only informs; a terminal that is gone needs no information.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
