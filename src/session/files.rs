//! The files of a session: those in the folder of its steps file, or those inside the program.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use crate::guest::{Guest, GuestError};
use crate::script::eval::FileError;
use crate::value::check_capacity;

/// The largest file that `file("…")` reads, in bytes: 256 MiB.
const MAX_FILE: u64 = 256 << 20;

/// The place from which a session reads its module and files.
#[derive(Debug, Clone)]
pub enum Files {
    /// A folder.
    Folder(PathBuf),
    /// The names and contents of files inside the program.
    BuiltIn(&'static [(&'static str, &'static [u8])]),
    /// The names and contents of files that are only in memory.
    InMemory(Arc<[(String, Vec<u8>)]>),
}

impl Files {
    /// Loads the module that a steps file names. A module can be in any folder, because it only
    /// ever runs as a guest.
    ///
    /// # Errors
    /// There is no such file, or it is not a module that the engine can run.
    pub fn module(&self, path: &str) -> Result<Guest, GuestError> {
        self.known_module(path, |_| false)
    }

    /// Loads the module that a steps file names, to run it. For `is_known` see
    /// [`Guest::load_known`].
    ///
    /// # Errors
    /// Those of [`Files::module`].
    pub fn known_module(
        &self,
        path: &str,
        is_known: impl FnOnce(&[u8; 32]) -> bool,
    ) -> Result<Guest, GuestError> {
        match self {
            Files::Folder(folder) => Guest::load_known(&folder.join(path), is_known),
            Files::BuiltIn(files) => match files.iter().find(|(name, _)| *name == path) {
                Some((name, bytes)) => Guest::from_bytes(name, bytes),
                None => Guest::load(Path::new(path)),
            },
            Files::InMemory(_) => Guest::load(Path::new(path)),
        }
    }

    /// Reads a file for `file("…")`: only below the folder, even through links.
    ///
    /// # Errors
    /// The file is missing, outside the folder, not a file, too large or not readable.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match self {
            Files::BuiltIn(files) => files
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| FileError::NotBuiltIn(path.to_owned())),
            Files::InMemory(files) => files
                .iter()
                .find(|(name, _)| name == path)
                .map(|(_, bytes)| bytes.clone())
                .ok_or_else(|| FileError::NotBuiltIn(path.to_owned())),
            Files::Folder(folder) => read_below(folder, path),
        }
    }
}

fn read_below(folder: &Path, path: &str) -> Result<Vec<u8>, FileError> {
    let unreadable = |error: io::Error| FileError::unreadable(path, &error);
    let outside = || FileError::OutsideFolder(path.to_owned());
    if Path::new(path).is_absolute() {
        return Err(outside());
    }
    let root = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    // A path or a link can leave the folder and return to it, so links are resolved first. `Dir`
    // then opens the result below the folder, whatever has changed on the disk since.
    let root = root.canonicalize().map_err(unreadable)?;
    let file = root.join(path).canonicalize().map_err(unreadable)?;
    let below = file.strip_prefix(&root).map_err(|_| outside())?;
    let dir = Dir::open_ambient_dir(&root, ambient_authority()).map_err(unreadable)?;
    if below.as_os_str().is_empty() {
        return Err(FileError::NotAFile(path.to_owned()));
    }
    let mut options = OpenOptions::new();
    // Without this flag, opening a named pipe would wait for its writer.
    options
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = dir.open_with(below, &options).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile(path.to_owned()));
    }
    let too_large = |size| FileError::TooLarge {
        path: path.to_owned(),
        size,
        limit: MAX_FILE,
    };
    if metadata.len() > MAX_FILE {
        return Err(too_large(metadata.len()));
    }
    let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    check_capacity(length).map_err(|error| FileError::OutOfMemory {
        path: path.to_owned(),
        error,
    })?;
    // The file may grow while it is read.
    let mut bytes = Vec::with_capacity(length);
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    match bytes.len() as u64 {
        size if size > MAX_FILE => Err(too_large(size)),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder `inner` with a file, and a file beside it.
    fn folders() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("a"), b"1").unwrap();
        std::fs::write(dir.path().join("secret"), b"2").unwrap();
        (dir, inner)
    }

    fn refusal(folder: &Path, path: &str) -> String {
        let files = Files::Folder(folder.to_owned());
        files.read(path).unwrap_err().to_string()
    }

    #[test]
    fn only_files_below_the_folder_are_read() {
        let (dir, inner) = folders();
        let files = Files::Folder(inner.clone());
        assert_eq!(files.read("a").unwrap(), b"1");
        assert_eq!(files.read("../inner/./a").unwrap(), b"1");
        assert!(refusal(&inner, "../secret").contains("leads out"));
        let absolute = dir.path().join("secret");
        assert!(refusal(&inner, absolute.to_str().unwrap()).contains("leads out"));
        assert!(refusal(&inner, "missing").contains("cannot read"));
        assert!(refusal(&inner, ".").contains("is not a file"));
        std::fs::create_dir(inner.join("folder")).unwrap();
        assert!(refusal(&inner, "folder").contains("is not a file"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_read_only_below_the_folder() {
        let (dir, inner) = folders();
        let link = |to: PathBuf, name: &str| {
            std::os::unix::fs::symlink(to, inner.join(name)).unwrap();
        };
        link(dir.path().join("secret"), "out");
        link(inner.join("a"), "in");
        assert!(refusal(&inner, "out").contains("leads out"));
        let files = Files::Folder(inner.clone());
        assert_eq!(files.read("in").unwrap(), b"1");
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_is_refused_without_waiting() {
        let (_dir, inner) = folders();
        let pipe = inner.join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(refusal(&inner, "pipe").contains("is not a file"));
    }
}
