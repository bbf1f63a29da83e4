//! Which lessons were finished: a small file in the platform's state folder, one name per line.
//! Other lines in it stay as they are. Without the file only the check marks are missing.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};

use anyhow::{Result, anyhow};
use linmem::app::Lesson;

use super::atomic_file;
use super::builtin::{BuiltIn, LESSONS};
use super::input_file;

/// The most bytes of the file that are read.
const MAX_BYTES: u64 = 64 << 10;

/// Returns the lessons, as the screen lists them.
pub fn lessons() -> Vec<Lesson> {
    let finished = finished();
    let lesson = |lesson: &BuiltIn| Lesson {
        name: lesson.name.into(),
        description: lesson.description.into(),
        finished: finished.contains(lesson.name),
    };
    LESSONS.iter().map(lesson).collect()
}

/// Returns the names in the file.
fn finished() -> BTreeSet<String> {
    path().map(|path| names(&path)).unwrap_or_default()
}

/// Adds a lesson's name, unless it is there.
///
/// # Errors
/// The file cannot be written; the message is a sentence for the screen.
pub fn finish(name: &str) -> Result<()> {
    let Some(path) = path() else { return Ok(()) };
    add(&path, name).map_err(|error| {
        let (shown, why) = (
            atomic_file::printable(&path),
            atomic_file::os_message(&error),
        );
        anyhow!(
            "This lesson will not be marked as finished next time: cannot write {shown}: {why}."
        )
    })
}

/// Returns the file's path, in the state folder or, on a platform without one, in the data folder.
fn path() -> Option<PathBuf> {
    let strategy = choose_base_strategy().ok()?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Some(folder.join("linmem").join("lessons"))
}

fn names(path: &Path) -> BTreeSet<String> {
    if !input_file::is_regular(path) {
        return BTreeSet::new();
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    if read.is_err() {
        return BTreeSet::new();
    }
    String::from_utf8_lossy(&bytes)
        .lines()
        .map(|line| line.trim().to_owned())
        .collect()
}

fn add(path: &Path, name: &str) -> std::io::Result<()> {
    if names(path).contains(name) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if path.exists() && !input_file::is_regular(path) {
        return Err(std::io::Error::other("it is not a file"));
    }
    // The file may not end in a line break, so that the name brings its own.
    let is_new = fs::metadata(path).map_or(true, |facts| facts.len() == 0);
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let line = if is_new {
        format!("{name}\n")
    } else {
        format!("\n{name}\n")
    };
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_added_once_and_other_lines_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join("lessons");
        assert_eq!(names(&path), BTreeSet::new());
        add(&path, "bytes").unwrap();
        add(&path, "bytes").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "bytes\n");
        fs::write(&path, b"\xff\xfe\0 garbage\n  bytes \r\nno line break").unwrap();
        assert!(names(&path).contains("bytes"));
        add(&path, "strings").unwrap();
        assert!(fs::read(&path).unwrap().starts_with(b"\xff\xfe\0 garbage"));
        assert!(
            ["bytes", "strings", "no line break"]
                .iter()
                .all(|name| names(&path).contains(*name))
        );
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(
            names(&path).is_empty() && add(&path, "bytes").is_err(),
            "a folder in its place"
        );
    }
}
