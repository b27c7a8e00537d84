//! Which files a replay reads, and their bytes: folders are walked, gzip is told by its content.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

use super::problem::Problem;

/// The endings of the files that are taken from a folder. A file that is named itself may be called anything.
pub(super) const ENDINGS: [&str; 6] = ["json", "gz", "jsonl", "ndjson", "log", "txt"];

/// How much is read at once.
const BUFFER: usize = 1 << 20;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// A file or a folder.
    Path(PathBuf),
    /// Standard input: `-`.
    Stdin,
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    File { path: PathBuf, bytes: u64 },
    Stdin,
}

impl Source {
    /// As messages name it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Stdin => "standard input".to_owned(),
        }
    }

    /// How many bytes it has on the disk; 0 where that is not known.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::File { bytes, .. } => *bytes,
            Self::Stdin => 0,
        }
    }

    /// Its text, unpacked if it is gzip. `read` counts the bytes as they lie on the disk.
    pub(super) fn open(&self, read: &Arc<AtomicU64>) -> io::Result<Box<dyn BufRead>> {
        let bytes: Box<dyn Read> = match self {
            Self::File { path, .. } => Box::new(File::open(path)?),
            Self::Stdin => Box::new(io::stdin()),
        };
        unpacked(Counted { bytes, read: Arc::clone(read) })
    }
}

fn unpacked(bytes: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut bytes = BufReader::with_capacity(BUFFER, bytes);
    // A pipe may give a single byte at first; what is pushed back is read again.
    let mut begin = Vec::new();
    bytes.by_ref().take(GZIP.len() as u64).read_to_end(&mut begin)?;
    let is_gzip = begin == GZIP;
    let whole = io::Cursor::new(begin).chain(bytes);
    Ok(if is_gzip { Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole))) } else { Box::new(whole) })
}

struct Counted<R> {
    bytes: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The files behind the inputs, each once, in the order of their paths; and the inputs that are none.
pub(super) fn find(inputs: &[Input]) -> (Vec<Source>, Vec<Problem>) {
    // By their real path, so that a file that is named twice is read once.
    let (mut files, mut problems) = (BTreeMap::new(), Vec::new());
    let mut stdin = false;
    for input in inputs {
        match input {
            Input::Stdin => stdin = true,
            Input::Path(path) => {
                let before = (files.len(), problems.len());
                add(path, &mut files, &mut problems);
                if path.is_dir() && before == (files.len(), problems.len()) && !holds_any(path, &files) {
                    let endings = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
                    problems
                        .push(Problem::of_file(path, format!("this folder holds no file that ends with {endings}")));
                }
            }
        }
    }
    let mut sources: Vec<Source> = files.into_values().collect();
    sources.sort_by_key(Source::name);
    sources.extend(stdin.then_some(Source::Stdin));
    problems.sort();
    (sources, problems)
}

fn holds_any(folder: &Path, files: &BTreeMap<PathBuf, Source>) -> bool {
    folder.canonicalize().is_ok_and(|folder| files.keys().any(|file| file.starts_with(&folder)))
}

fn add(path: &Path, files: &mut BTreeMap<PathBuf, Source>, problems: &mut Vec<Problem>) {
    let found = fs::metadata(path).and_then(|about| {
        if about.is_dir() {
            return walk(path, files, problems);
        }
        // A pipe has no real path.
        let itself = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let named = Source::File { path: path.to_owned(), bytes: about.len() };
        // Of several names the first in order, so that the order of the inputs makes no difference.
        let kept = files.entry(itself).or_insert_with(|| named.clone());
        if named.name() < kept.name() {
            *kept = named;
        }
        Ok(())
    });
    if let Err(error) = found {
        problems.push(Problem::of_file(path, format!("it can't be opened: {error}")));
    }
}

/// Adds the files of a folder and of those in it. A link to a folder is not followed: it may lead in a circle.
fn walk(folder: &Path, files: &mut BTreeMap<PathBuf, Source>, problems: &mut Vec<Problem>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let is_link_to_folder = kind.is_symlink() && path.is_dir();
        if kind.is_dir() || (has_ending(&path) && !is_link_to_folder) {
            add(&path, files, problems);
        }
    }
    Ok(())
}

fn has_ending(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}
