//! Files to replay, and what came of it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use local::replay::{Input, Look, Replayed, read};
use tempfile::TempDir;

/// A folder of files.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Replays all of it. Paths are told from the folder on.
    pub(crate) fn replay(&self) -> Replayed {
        self.named(read(&[Input::Path(self.path().to_owned())]).unwrap())
    }

    /// Files are named by their place in the folder, so that a snapshot does not hold a temporary name.
    pub(crate) fn named(&self, mut replayed: Replayed) -> Replayed {
        let from = format!("{}/", self.path().display());
        for problem in &mut replayed.problems {
            problem.file = problem.file.replace(&from, "");
        }
        for passed in &mut replayed.skipped {
            passed.file = passed.file.replace(&from, "");
        }
        replayed
    }
}

/// What came of one file.
pub(crate) fn replay_one(name: &str, bytes: impl AsRef<[u8]>) -> Replayed {
    let folder = Folder::new();
    folder.file(name, bytes);
    folder.replay()
}

pub(crate) fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// The table and the summary, as a file or a pipe gets them.
pub(crate) fn text(replayed: &Replayed) -> String {
    shown(replayed, Look::PLAIN)
}

pub(crate) fn shown(replayed: &Replayed, look: Look) -> String {
    let mut out = Vec::new();
    replayed.print(look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn json(replayed: &Replayed) -> String {
    let mut out = Vec::new();
    replayed.json(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What was opened and what became of it, a line each.
pub(crate) fn fates(replayed: &Replayed) -> Vec<String> {
    let text = text(replayed);
    let lines = text.lines().skip(1).take_while(|line| !line.is_empty());
    // The first five columns are the same in every story here but for the time and the name.
    lines
        .map(|line| {
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).skip(4).collect::<Vec<_>>().join(" | ")
        })
        .collect()
}
