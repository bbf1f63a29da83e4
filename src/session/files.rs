//! Where a session's files are: the folder of its steps file, or the program itself.

use std::path::{Path, PathBuf};

use crate::guest::{Guest, GuestError};
use crate::script::eval::FileError;

/// The largest file that `file("…")` reads, in bytes.
const LARGEST: u64 = 256 << 20;

/// A place that a session's module and files are read from.
#[derive(Debug, Clone)]
pub enum Files {
    Folder(PathBuf),
    /// Names and contents that ship inside the program.
    BuiltIn(&'static [(&'static str, &'static [u8])]),
}

impl Files {
    /// Loads the module that a steps file names. A module may lie anywhere: it is only ever run as
    /// a guest.
    ///
    /// # Errors
    /// When there is no such file or it is not a module the engine can run.
    pub fn module(&self, path: &str) -> Result<Guest, GuestError> {
        match self {
            Files::Folder(folder) => Guest::load(&folder.join(path)),
            Files::BuiltIn(files) => match files.iter().find(|(name, _)| *name == path) {
                Some((name, bytes)) => Guest::from_bytes(name, bytes),
                None => Guest::load(Path::new(path)),
            },
        }
    }

    /// Reads a file for `file("…")`: below the folder only, also where a link leads out of it.
    ///
    /// # Errors
    /// A sentence, safe to print.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let path_string = || path.to_owned();
        match self {
            Files::BuiltIn(files) => files
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| FileError::NotBuiltIn(path_string())),
            Files::Folder(folder) => {
                let outside = || FileError::OutsideFolder(path_string());
                if Path::new(path).is_absolute() {
                    return Err(outside());
                }
                let cannot = |error: std::io::Error| FileError::unreadable(path, &error);
                let root = root_of(folder).canonicalize().map_err(cannot)?;
                let file = root.join(path).canonicalize().map_err(cannot)?;
                if !file.starts_with(&root) {
                    return Err(outside());
                }
                let facts = std::fs::metadata(&file).map_err(cannot)?;
                if !facts.is_file() {
                    return Err(FileError::NotAFile(path_string()));
                }
                if facts.len() > LARGEST {
                    return Err(FileError::TooLarge {
                        path: path_string(),
                        size: facts.len(),
                        limit: LARGEST,
                    });
                }
                std::fs::read(&file).map_err(cannot)
            }
        }
    }
}

fn root_of(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_below_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("a"), b"1").unwrap();
        std::fs::write(dir.path().join("secret"), b"2").unwrap();
        let files = Files::Folder(inner.clone());
        assert_eq!(files.read("a").unwrap(), b"1");
        let refusal = |path: &str| files.read(path).unwrap_err().to_string();
        assert!(refusal("../secret").contains("leads out"));
        assert!(refusal(dir.path().join("secret").to_str().unwrap()).contains("leads out"));
        assert!(refusal("missing").contains("cannot read"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path().join("secret"), inner.join("link")).unwrap();
            assert!(refusal("link").contains("leads out"));
        }
    }
}
