//! Notices that files of a session have changed since they were loaded.
//!
//! The files are examined a few times in a second. Notifications of the system are not used: an
//! editor replaces a file by another one, which has a watch of its own, and network folders and
//! many container mounts send none. A session has a handful of files, so this costs next to
//! nothing.
//!
//! A change counts when the file was the same for a while, so that a half-written one is not
//! loaded. It counts only if the contents differ, so that a build which writes the same again does
//! not.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use linmem::safe;
use linmem::script;

use crate::cli::SessionArgs;

use super::load::{self, BUILT_IN};
use super::{input_file, record};

/// How often files are examined.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// How long a file must stay the same until its change counts.
const SETTLE: Duration = Duration::from_millis(200);

/// The files of a session, as they were when it was loaded.
#[derive(Debug, Clone, Default)]
pub struct WatchedFiles(Vec<WatchedFile>);

#[derive(Debug, Clone)]
struct WatchedFile {
    path: PathBuf,
    /// The contents that were loaded; `None` where there was no file.
    loaded: Option<blake3::Hash>,
    /// The contents that were noticed last.
    noticed: Option<blake3::Hash>,
    /// The metadata of the contents that were noticed last.
    settled: Option<Stamp>,
    /// Metadata that differs from that, and when it was first read.
    unsettled: Option<(Option<Stamp>, Instant)>,
}

/// The metadata by which a file that may have changed is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    /// The device and the number of the file there.
    file: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
    /// The time of the last change of the metadata, in seconds and nanoseconds. A program that sets
    /// the time of modification cannot set this one.
    changed: (i64, i64),
}

impl Stamp {
    /// Returns `None` where there is no such file.
    fn of(path: &Path) -> Option<Stamp> {
        let facts = path.metadata().ok().filter(Metadata::is_file)?;
        Some(Stamp {
            file: (facts.dev(), facts.ino()),
            length: facts.len(),
            modified: facts.modified().ok(),
            changed: (facts.ctime(), facts.ctime_nsec()),
        })
    }
}

impl WatchedFiles {
    /// Returns the files of the session that `file` and `args` name: the file itself, its module,
    /// and the files that it names in `file("…")`. Call this before the session is loaded, so that
    /// no change is missed.
    pub fn of_session(file: Option<&Path>, args: &SessionArgs) -> WatchedFiles {
        let mut paths = paths_of(file, args);
        paths.sort();
        paths.dedup();
        // A pipe or a device can be read only once.
        paths.retain(|path| input_file::is_regular(path) || !path.exists());
        WatchedFiles(paths.into_iter().map(WatchedFile::new).collect())
    }

    /// Examines all files. Returns whether one has come to rest with other contents than those that
    /// were noticed before.
    pub fn examine(&mut self, now: Instant) -> bool {
        let noticed = self.0.iter_mut().map(|file| file.examine(now));
        noticed.fold(false, |any, is_new| any | is_new)
    }

    /// Returns the files whose contents differ from those that were loaded.
    pub fn changed(&self) -> impl Iterator<Item = &Path> {
        let changed = self.0.iter().filter(|file| file.noticed != file.loaded);
        changed.map(|file| file.path.as_path())
    }

    /// Returns a clause such as `guest.wasm has changed`; `None` where nothing has. It is safe to
    /// print.
    pub fn describe_changes(&self) -> Option<String> {
        let changed: Vec<&Path> = self.changed().collect();
        match changed.as_slice() {
            [] => None,
            [path] => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                let name = safe::plain(&name.to_string_lossy());
                Some(format!("{} has changed", safe::cut(&name, 40)))
            }
            several => Some(format!("{} files have changed", several.len())),
        }
    }
}

impl WatchedFile {
    fn new(path: PathBuf) -> WatchedFile {
        // The metadata is read first: a change while the contents are read is noticed later.
        let settled = Stamp::of(&path);
        let loaded = settled.and_then(|_| hash(&path).ok());
        WatchedFile {
            path,
            loaded,
            noticed: loaded,
            settled,
            unsettled: None,
        }
    }

    fn examine(&mut self, now: Instant) -> bool {
        let stamp = Stamp::of(&self.path);
        if stamp == self.settled {
            self.unsettled = None;
            return false;
        }
        let since = match self.unsettled {
            Some((unsettled, since)) if unsettled == stamp => since,
            _ => {
                self.unsettled = Some((stamp, now));
                return false;
            }
        };
        // A file that is gone is probably being replaced.
        if now.duration_since(since) < SETTLE || stamp.is_none() {
            return false;
        }
        let Ok(contents) = hash(&self.path) else {
            return false;
        };
        (self.settled, self.unsettled) = (stamp, None);
        self.noticed.replace(contents) != Some(contents)
    }
}

/// Returns the hash of a file's contents.
fn hash(path: &Path) -> io::Result<blake3::Hash> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize()),
            count => hasher.update(buffer.get(..count).unwrap_or_default()),
        };
    }
}

/// Returns the paths of the files of a session, as far as they can be known before it runs.
fn paths_of(file: Option<&Path>, args: &SessionArgs) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = args.module.iter().map(|path| without_core(path)).collect();
    paths.extend(args.stdin.clone().filter(|path| !load::is_stdin(path)));
    let Some(file) = file.filter(|path| !load::is_stdin(path)) else {
        return paths;
    };
    paths.push(without_core(file));
    let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
    if let Some(script) = script_in(file) {
        let named = script.module().filter(|path| !path.starts_with(BUILT_IN));
        let module = named.filter(|_| args.module.is_none());
        paths.extend(module.map(|path| without_core(&folder.join(path))));
        paths.extend(script.files().iter().map(|path| folder.join(path)));
    }
    paths
}

/// Returns the file of a core module such as `component.wasm#1`.
fn without_core(path: &Path) -> PathBuf {
    let file = path.to_str().and_then(|path| path.rsplit_once('#'));
    match file {
        Some((file, _)) if !path.exists() => PathBuf::from(file),
        _ => path.to_path_buf(),
    }
}

/// Returns the script in a file; `None` where it is something else, or has faults.
fn script_in(file: &Path) -> Option<script::Script> {
    if !input_file::is_regular(file)
        || load::is_module(file, &[])
        || record::is_recording(file).unwrap_or_default()
    {
        return None;
    }
    let mut bytes = Vec::new();
    let open = File::open(file).ok()?;
    input_file::read_at_most(open, load::MAX_SCRIPT, &mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    script::parse(&file.to_string_lossy(), &text).ok()
}

/// A thread that examines files. Dropping it ends the thread.
pub struct FileWatch(#[expect(dead_code, reason = "dropping it ends the thread")] Sender<()>);

impl FileWatch {
    /// Starts the thread, which calls `report` with [`WatchedFiles::describe_changes`] after each
    /// change. Returns `None` where there is nothing to watch.
    pub fn start(
        mut files: WatchedFiles,
        report: impl Fn(Option<String>) + Send + 'static,
    ) -> Option<FileWatch> {
        if files.0.is_empty() {
            return None;
        }
        let (sender, ended) = mpsc::channel::<()>();
        let watch = move || {
            while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if files.examine(Instant::now()) {
                    report(files.describe_changes());
                }
            }
        };
        let thread = thread::Builder::new().name("file watch".into());
        thread.spawn(watch).ok()?;
        Some(FileWatch(sender))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;
    use std::fs;

    fn args(words: &[&str]) -> SessionArgs {
        let cli = Cli::try_parse_from([&["linmem"], words].concat()).unwrap();
        cli.screen.session
    }

    /// A folder with a session, its module and a file that it reads.
    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a.wat", "(module)");
        write("a.bin", "1");
        write("other.wat", "(module)");
        write("a.steps", "module \"a.wat\"\nwrite 0, file(\"a.bin\")\n");
        let file = folder.path().join("a.steps");
        (folder, file)
    }

    fn names(files: &WatchedFiles) -> Vec<String> {
        let name = |file: &WatchedFile| file.path.file_name().unwrap().to_string_lossy().into();
        files.0.iter().map(name).collect()
    }

    /// Examines the files twice, `after` apart, and returns whether something was noticed.
    fn examine(files: &mut WatchedFiles, after: Duration) -> bool {
        let now = Instant::now();
        let first = files.examine(now);
        first | files.examine(now + after)
    }

    #[test]
    fn a_session_has_its_file_its_module_and_the_files_that_it_reads() {
        let (folder, file) = folder();
        let found = WatchedFiles::of_session(Some(&file), &args(&[]));
        assert_eq!(names(&found), ["a.bin", "a.steps", "a.wat"]);
        let other = folder.path().join("other.wat");
        let other = args(&["--module", other.to_str().unwrap()]);
        let found = WatchedFiles::of_session(Some(&file), &other);
        assert_eq!(names(&found), ["a.bin", "a.steps", "other.wat"]);
        let module = folder.path().join("a.wat");
        let found = WatchedFiles::of_session(Some(&module), &args(&[]));
        assert_eq!(names(&found), ["a.wat"]);
        let found = WatchedFiles::of_session(Some(Path::new("-")), &args(&[]));
        assert_eq!(names(&found), [""; 0]);
        assert_eq!(names(&WatchedFiles::of_session(None, &args(&[]))), [""; 0]);
    }

    #[test]
    fn a_change_counts_when_the_file_has_come_to_rest() {
        let (folder, file) = folder();
        let mut files = WatchedFiles::of_session(Some(&file), &args(&[]));
        assert!(!examine(&mut files, SETTLE));
        fs::write(folder.path().join("a.wat"), "(module (memory 1))").unwrap();
        assert!(!examine(&mut files, SETTLE / 2));
        assert_eq!(files.describe_changes(), None);
        fs::write(folder.path().join("a.wat"), "(module (memory 2) )").unwrap();
        assert!(!files.examine(Instant::now() + SETTLE), "it changed again");
        assert!(files.examine(Instant::now() + SETTLE * 3));
        assert_eq!(
            files.describe_changes().as_deref(),
            Some("a.wat has changed")
        );
        assert!(!examine(&mut files, SETTLE), "it is noticed once");
        fs::write(folder.path().join("a.bin"), "22").unwrap();
        assert!(examine(&mut files, SETTLE));
        assert_eq!(
            files.describe_changes().as_deref(),
            Some("2 files have changed")
        );
    }

    #[test]
    fn the_same_contents_are_no_change() {
        let (folder, file) = folder();
        let mut files = WatchedFiles::of_session(Some(&file), &args(&[]));
        let module = folder.path().join("a.wat");
        fs::remove_file(&module).unwrap();
        assert!(!examine(&mut files, SETTLE), "a removed file");
        // As an editor does: a new file is renamed to the old name.
        let draft = folder.path().join("draft");
        fs::write(&draft, "(module)").unwrap();
        fs::rename(&draft, &module).unwrap();
        assert!(
            !examine(&mut files, SETTLE),
            "a file with the same contents"
        );
        fs::write(&draft, "(module )").unwrap();
        fs::rename(&draft, &module).unwrap();
        assert!(examine(&mut files, SETTLE));
        assert_eq!(files.changed().count(), 1);
        fs::write(&module, "(module)").unwrap();
        assert!(examine(&mut files, SETTLE), "as it was loaded");
        assert_eq!(files.describe_changes(), None);
    }
}
