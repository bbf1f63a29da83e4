//! The folder with compiled guests. The code in it runs, so only a folder is used that nobody but its
//! owner can write to.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::safe;

/// The ending of an entry's file.
const ENDING: &str = ".compiled";

/// The ending of a file that is being written.
const DRAFT_ENDING: &str = ".draft";

/// The largest file that is read, in bytes.
const MAX_ENTRY: u64 = 1 << 30;

/// The age of a draft whose writer must have ended.
const DRAFT_AGE: Duration = Duration::from_secs(3600);

/// A folder that only this user can read and write.
#[derive(Debug)]
pub struct CacheFolder {
    path: PathBuf,
    /// How many bytes all entries may have.
    max_bytes: u64,
}

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be made or read.
    #[error("the folder {path} cannot be used: {error}")]
    Io {
        /// The path, safe to print.
        path: String,
        /// The error of the system.
        error: io::Error,
    },
    /// Something else has this name.
    #[error("{0} is not a folder; move it away")]
    NotFolder(String),
    /// Another user owns the folder.
    #[error("the folder {0} belongs to another user, who could put code there; move it away")]
    NotOwn(String),
    /// Other users may write to the folder, or read it.
    #[error(
        "other users have access to the folder {path} (mode {mode:o}), and code is run from there; \
         allow only yourself: chmod 700 {path}"
    )]
    Open {
        /// The path, safe to print.
        path: String,
        /// The permissions.
        mode: u32,
    },
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// How many compiled guests there are.
    pub entries: usize,
    /// How many bytes they have together, unfinished ones included.
    pub bytes: u64,
}

/// A file of the folder.
struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    is_draft: bool,
}

impl CacheFolder {
    /// Opens a folder, and creates it with mode 700 if it does not exist. All entries together may
    /// have `max_bytes`.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be made, or if anybody but this user may use it.
    pub fn open(path: &Path, max_bytes: u64) -> Result<CacheFolder, FolderError> {
        let shown = || safe::plain(&path.to_string_lossy());
        let failed = |error| FolderError::Io {
            path: shown(),
            error,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .or_else(|error| match error.kind() {
                ErrorKind::AlreadyExists => Ok(()),
                _ => Err(failed(error)),
            })?;
        // A link could be replaced by whoever owns the folder that it is in.
        let facts = fs::symlink_metadata(path).map_err(failed)?;
        if !facts.is_dir() {
            return Err(FolderError::NotFolder(shown()));
        }
        if facts.uid() != rustix::process::geteuid().as_raw() {
            return Err(FolderError::NotOwn(shown()));
        }
        let mode = facts.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(FolderError::Open {
                path: shown(),
                mode,
            });
        }
        Ok(CacheFolder {
            path: path.to_owned(),
            max_bytes,
        })
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the files of the entries whose names begin like this.
    pub(super) fn files_beginning_with(&self, beginning: &str) -> impl Iterator<Item = File> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let entries = entries.filter(move |entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(beginning) && name.ends_with(ENDING)
        });
        entries.filter_map(|entry| Some(open_entry(&entry.path())?.0))
    }

    /// Returns the file of an entry with its length, and notes that it was used; `None` if there is
    /// none.
    pub(super) fn read(&self, name: &str) -> Option<(File, u64)> {
        let (file, length) = open_entry(&self.file(name))?;
        // What is used least recently is removed first.
        let _ = file.set_modified(SystemTime::now());
        Some((file, length))
    }

    /// Writes an entry in one step, and removes others if all together are too large. Where that
    /// fails, the folder is as before.
    pub(super) fn write(&self, name: &str, parts: &[&[u8]]) {
        let size = parts.iter().map(|part| part.len() as u64).sum();
        if size > self.max_bytes.min(MAX_ENTRY) {
            return;
        }
        self.shrink_to(self.max_bytes.saturating_sub(size));
        let draft = self.draft(name);
        let written = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                for part in parts {
                    file.write_all(part)?;
                }
                file.sync_all()
            })
            .and_then(|()| fs::rename(&draft, self.file(name)));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
    }

    /// Returns how much there is.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be read.
    pub fn usage(&self) -> io::Result<CacheUse> {
        let entries = self.entries()?;
        Ok(CacheUse {
            entries: entries.iter().filter(|entry| !entry.is_draft).count(),
            bytes: entries.iter().map(|entry| entry.bytes).sum(),
        })
    }

    /// Removes all entries, and returns what there was. Other files stay.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be removed.
    pub fn clear(&self) -> io::Result<CacheUse> {
        let before = self.usage()?;
        for entry in self.entries()? {
            match fs::remove_file(&entry.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(before)
    }

    /// Removes drafts of writers that have ended, and then what was used least recently, until all
    /// entries together have at most `bytes`.
    fn shrink_to(&self, bytes: u64) {
        let Ok(mut entries) = self.entries() else {
            return;
        };
        let is_old = |entry: &Entry| entry.used.elapsed().is_ok_and(|age| age > DRAFT_AGE);
        entries.retain(|entry| {
            let is_dead = entry.is_draft && is_old(entry);
            !is_dead || fs::remove_file(&entry.path).is_err()
        });
        entries.sort_by_key(|entry| entry.used);
        let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        for entry in entries.iter().filter(|entry| !entry.is_draft) {
            if total <= bytes {
                break;
            }
            if fs::remove_file(&entry.path).is_ok() {
                total = total.saturating_sub(entry.bytes);
            }
        }
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        for file in fs::read_dir(&self.path)? {
            let file = file?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            let is_draft = name.ends_with(DRAFT_ENDING);
            // Another process may remove a file meanwhile.
            let (true, Ok(facts)) = (is_draft || name.ends_with(ENDING), file.metadata()) else {
                continue;
            };
            if facts.is_file() {
                found.push(Entry {
                    path: file.path(),
                    bytes: facts.len(),
                    used: facts.modified()?,
                    is_draft,
                });
            }
        }
        Ok(found)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}{ENDING}"))
    }

    /// Returns a name that no other thread or process uses.
    fn draft(&self, name: &str) -> PathBuf {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        self.path
            .join(format!("{name}.{process}-{count}{DRAFT_ENDING}"))
    }
}

/// Opens a file with an entry, and returns it with its length. A link, a device or a larger file than
/// any entry is none.
fn open_entry(path: &Path) -> Option<(File, u64)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .ok()?;
    let facts = file.metadata().ok()?;
    (facts.is_file() && facts.len() <= MAX_ENTRY).then_some((file, facts.len()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder(max_bytes: u64) -> (tempfile::TempDir, CacheFolder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = CacheFolder::open(&parent.path().join("deep/er"), max_bytes).unwrap();
        (parent, folder)
    }

    fn read(folder: &CacheFolder, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        folder.read(name)?.0.read_to_end(&mut bytes).unwrap();
        Some(bytes)
    }

    #[test]
    fn entries_come_back_and_drafts_do_not_stay() {
        let (_parent, folder) = folder(1 << 20);
        assert_eq!(read(&folder, "a"), None);
        folder.write("a", &[b"first"]);
        folder.write("a", &[b"sec", b"ond"]);
        assert_eq!(read(&folder, "a").unwrap(), b"second");
        assert_eq!(
            folder.usage().unwrap(),
            CacheUse {
                entries: 1,
                bytes: 6
            }
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(folder.clear().unwrap().entries, 1);
        assert_eq!(folder.usage().unwrap(), CacheUse::default());
    }

    #[test]
    fn what_was_used_least_recently_goes_first() {
        let (_parent, folder) = folder(25);
        let long_ago = |seconds| SystemTime::now() - Duration::from_secs(seconds);
        for (name, age) in [("a", 300), ("b", 200)] {
            folder.write(name, &[b"ten bytes."]);
            let file = File::options().write(true).open(folder.file(name)).unwrap();
            file.set_modified(long_ago(age)).unwrap();
        }
        read(&folder, "a").unwrap();
        folder.write("c", &[b"ten bytes."]);
        assert!(read(&folder, "a").is_some() && read(&folder, "c").is_some());
        assert_eq!(read(&folder, "b"), None);
        folder.write("d", &[&[0; 26]]);
        assert_eq!(read(&folder, "d"), None, "larger than all may be");
        assert_eq!(folder.usage().unwrap().entries, 2);
    }

    #[test]
    fn a_draft_of_a_process_that_was_killed_goes_after_a_while() {
        let (_parent, folder) = folder(1 << 20);
        let [old, new] = ["old", "new"].map(|name| folder.draft(name));
        fs::write(&old, b"half").unwrap();
        fs::write(&new, b"half").unwrap();
        let file = File::options().write(true).open(&old).unwrap();
        file.set_modified(SystemTime::now() - 2 * DRAFT_AGE)
            .unwrap();
        folder.write("a", &[b"whole"]);
        assert!(!old.exists() && new.exists());
    }

    #[test]
    fn a_folder_that_others_may_use_is_refused() {
        let (parent, folder) = folder(1 << 20);
        for mode in [0o755, 0o770, 0o702] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let error = CacheFolder::open(folder.path(), 1).unwrap_err().to_string();
            assert!(error.contains("chmod 700"), "{error}");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let link = parent.path().join("link");
        symlink(folder.path(), &link).unwrap();
        let error = CacheFolder::open(&link, 1).unwrap_err();
        assert!(matches!(error, FolderError::NotFolder(_)), "{error}");
    }

    #[test]
    fn an_entry_that_is_no_file_is_not_read() {
        let (_parent, folder) = folder(1 << 20);
        fs::create_dir(folder.file("a")).unwrap();
        symlink("/dev/zero", folder.file("b")).unwrap();
        assert_eq!((read(&folder, "a"), read(&folder, "b")), (None, None));
        folder.write("b", &[b"content"]);
        assert_eq!(read(&folder, "b").unwrap(), b"content");
    }
}
