//! Loads and opens the session of the screen again from its files, while the one that is open
//! stays.
//!
//! Loading is on a thread of its own, because a module can be large and a recording of a host runs
//! its guest.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use anyhow::Result;
use linmem::app::message::{ReloadError, Reloaded};
use linmem::protocol::{Report, Rerun};
use linmem::safe;
use linmem::session::limits::CancelHandle;
use linmem::session::worker::Worker;
use linmem::session::{CarriedOver, SessionConfig};
use linmem::terminal::Waker;

use crate::cli::SessionArgs;

use super::atomic_file::printable;
use super::file_watch::WatchedFiles;
use super::{input_file, load};

/// What a session was loaded from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The file that the command line names.
    File(PathBuf),
    /// A session inside the program, by its index, or a lesson by its index after them.
    BuiltIn(usize),
}

impl Origin {
    /// Loads the session.
    pub fn load(&self, args: &SessionArgs) -> Result<SessionConfig> {
        match self {
            Origin::File(file) => load::opening(Some(file), args),
            Origin::BuiltIn(index) => load::by_index(*index, args),
        }
    }

    /// Returns the files of the session as they are now.
    pub fn watched_files(&self, args: &SessionArgs) -> WatchedFiles {
        WatchedFiles::of_session(self.file(), args)
    }

    /// Returns the file that the command line names.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Origin::File(file) => Some(file),
            Origin::BuiltIn(_) => None,
        }
    }

    /// Returns whether the session can be loaded a second time. A pipe cannot be read again.
    fn is_readable_again(&self) -> bool {
        let is_gone = |file: &Path| !load::is_stdin(file) && !file.exists();
        self.file()
            .is_none_or(|file| input_file::is_regular(file) || is_gone(file))
    }

    /// Returns the command that prints all of an error of this session.
    fn command(&self) -> Option<String> {
        let file = self.file()?;
        Some(format!("linmem run {}", printable(file)))
    }
}

/// A session that is loaded, or opened, to replace the one that is open.
pub struct Reload {
    origin: Origin,
    stage: Stage,
}

enum Stage {
    Loading(Receiver<Loaded>),
    Opening(Box<Replacement>),
}

/// The files of a session and what they give.
struct Loaded {
    files: WatchedFiles,
    config: Result<SessionConfig>,
    typed: Rerun,
}

/// A session that takes the place of the one that is open.
pub struct Replacement {
    pub files: WatchedFiles,
    /// As it was loaded, without what was carried over.
    pub config: SessionConfig,
    pub worker: Worker,
    carried: CarriedOver,
}

/// How far a session is.
pub enum Progress {
    /// It is not open yet.
    Pending(Reload, Option<Report>),
    /// It is open.
    Opened(Box<Replacement>, Box<Reloaded>),
    /// It was not opened. Its files are watched all the same.
    Failed(WatchedFiles, ReloadError),
}

impl Reload {
    /// Loads the session on a thread, which wakes the screen when it is done. `open` is the session
    /// that is open; it is used again where its file cannot be read a second time.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        origin: &Origin,
        args: &SessionArgs,
        open: &SessionConfig,
        typed: Rerun,
        waker: Option<Waker>,
    ) -> io::Result<Reload> {
        let (sender, receiver) = channel();
        let (from, args, open) = (origin.clone(), args.clone(), open.clone());
        let load = move || {
            let files = from.watched_files(&args);
            let config = match from.is_readable_again() {
                true => from.load(&args),
                false => Ok(open),
            };
            let loaded = Loaded {
                files,
                config,
                typed,
            };
            // Where another reload has replaced this one, nobody receives it.
            let _ = sender.send(loaded);
            if let Some(waker) = waker {
                waker.wake();
            }
        };
        thread::Builder::new().name("reload".into()).spawn(load)?;
        Ok(Reload {
            origin: origin.clone(),
            stage: Stage::Loading(receiver),
        })
    }

    /// Returns how far the session is, and the session itself when it is open.
    pub fn progress(self, waker: Option<&Waker>) -> Progress {
        let Reload { origin, stage } = self;
        match stage {
            Stage::Loading(receiver) => match receiver.try_recv() {
                Err(TryRecvError::Empty) => {
                    let stage = Stage::Loading(receiver);
                    Progress::Pending(Reload { origin, stage }, None)
                }
                Err(TryRecvError::Disconnected) => {
                    let error = error(&origin, "loading stopped by a mistake in linmem");
                    Progress::Failed(WatchedFiles::default(), error)
                }
                Ok(loaded) => open(origin, loaded, waker),
            },
            Stage::Opening(replacement) => finish(origin, replacement),
        }
    }
}

/// Opens a session that was loaded.
fn open(origin: Origin, loaded: Loaded, waker: Option<&Waker>) -> Progress {
    let Loaded {
        files,
        config,
        typed,
    } = loaded;
    let config = match config {
        Ok(config) => config,
        Err(found) => return Progress::Failed(files, error(&origin, &format!("{found:#}"))),
    };
    let mut with_typed = SessionConfig {
        // What cancels the session that is open must not cancel this one.
        control: CancelHandle::default(),
        ..config.clone()
    };
    let carried = with_typed.carry_over(&typed);
    let waker = waker.cloned();
    let wake = move || {
        if let Some(waker) = &waker {
            waker.wake();
        }
    };
    let stage = Stage::Opening(Box::new(Replacement {
        files,
        config,
        worker: Worker::start(with_typed, wake),
        carried,
    }));
    Progress::Pending(Reload { origin, stage }, None)
}

/// Takes the next report of a session that is being opened.
fn finish(origin: Origin, mut replacement: Box<Replacement>) -> Progress {
    let why = match replacement.worker.next_report() {
        Some(Report::Opened(timeline)) => {
            let reloaded = Reloaded {
                timeline: *timeline,
                left_out: replacement.carried.left_out.take(),
                has_setup: replacement.carried.has_setup,
            };
            return Progress::Opened(replacement, Box::new(reloaded));
        }
        Some(Report::OpenFailed(why)) => why,
        Some(Report::Broke(broke)) => broke.to_string(),
        Some(Report::InputsRefused(refusals)) => {
            let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            refusals.join("; ")
        }
        other => {
            let stage = Stage::Opening(replacement);
            return Progress::Pending(Reload { origin, stage }, other);
        }
    };
    Progress::Failed(replacement.files, error(&origin, &why))
}

/// Returns the first line of `message`, and the command that prints the rest.
fn error(origin: &Origin, message: &str) -> ReloadError {
    let mut lines = message.lines();
    ReloadError {
        reason: safe::plain(lines.next().unwrap_or_default()),
        rest: lines.next().and_then(|_| origin.command()),
    }
}
