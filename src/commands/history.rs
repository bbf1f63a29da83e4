//! The lines typed with `:`, kept from one run to the next in the platform's state folder. Errors are
//! ignored: no session depends on the history.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use linmem::safe;

use super::{folders, input_file};

/// The most lines that are read.
const MOST: usize = 1000;
/// The most bytes of the file that are read; a longer file is shortened.
const LONGEST: u64 = 1 << 20;

fn file() -> Option<PathBuf> {
    Some(folders::state()?.join("history"))
}

/// Returns the lines of earlier runs, the oldest first.
pub fn read() -> Vec<String> {
    file().map(|file| read_from(&file)).unwrap_or_default()
}

/// Adds a line for later runs.
pub fn remember(line: &str) {
    if let Some(file) = file() {
        append(&file, line);
    }
}

fn read_from(file: &Path) -> Vec<String> {
    if !input_file::is_regular(file) {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.chars().filter(|c| !safe::is_unsafe(*c)).collect())
        .filter(|line: &String| !line.is_empty())
        .collect();
    let old = lines.len().saturating_sub(MOST);
    let lines = lines.into_iter().skip(old).collect::<Vec<_>>();
    if old > MOST || bytes.len() as u64 == LONGEST {
        let _ = fs::write(file, lines.join("\n") + "\n");
    }
    lines
}

fn append(file: &Path, line: &str) {
    if file.exists() && !input_file::is_regular(file) {
        return;
    }
    let opened = || File::options().append(true).create(true).open(file);
    let file = opened().or_else(|_| {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        opened()
    });
    if let Ok(mut file) = file {
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_their_order_and_without_controls() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/er/history");
        assert!(read_from(&file).is_empty());
        append(&file, "call f()");
        append(&file, "write 1, \"\u{1b}[2J\"");
        assert_eq!(read_from(&file), ["call f()", "write 1, \"[2J\""]);
        for n in 0..3000 {
            append(&file, &format!("let x = {n}"));
        }
        let lines = read_from(&file);
        assert_eq!(
            (lines.len(), lines.last().unwrap().as_str()),
            (MOST, "let x = 2999")
        );
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), MOST);
    }
}
