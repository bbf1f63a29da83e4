//! Which lessons were finished: a small file in the platform's folder for state, one name a line.
//! Whatever else stands in it is let be. A file that cannot be read or written costs the check
//! marks and nothing else.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};

use linmem::app::Lesson;

use super::atomic_file;
use super::builtin::{BuiltIn, LESSONS};

/// The most of the file that is read, in bytes.
const MOST: u64 = 64 << 10;

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

/// Adds a lesson's name, unless it is there; the sentence says why that was not possible.
pub fn finish(name: &str) -> Result<(), String> {
    let Some(path) = path() else { return Ok(()) };
    add(&path, name).map_err(|error| {
        let (shown, why) = (atomic_file::shown(&path), atomic_file::plainly(&error));
        format!(
            "That this lesson is finished will be forgotten when you leave: cannot write {shown}: \
             {why}."
        )
    })
}

/// Under `$XDG_STATE_HOME` or what stands for it; under the data folder on a platform without one.
fn path() -> Option<PathBuf> {
    let strategy = choose_base_strategy().ok()?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Some(folder.join("linmem").join("lessons"))
}

fn names(path: &Path) -> BTreeSet<String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
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
    // At the end, behind a line break of its own: what stands there may not end in one.
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
    fn names_are_added_once_and_garbage_is_let_be() {
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
