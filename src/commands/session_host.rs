//! The session of the screen: passes requests to its thread, and does the work on files that the
//! screen requests.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use linmem::app::dialogs::save;
use linmem::app::message::{
    NotSaved, ReloadError, SaveMoment, SaveMomentError, SaveSteps, SaveStepsError, SavedMoment,
};
use linmem::app::{Lesson, Message};
use linmem::protocol::{Report, Request, Rerun};
use linmem::report;
use linmem::session::SessionConfig;
use linmem::session::files::Files;
use linmem::session::worker::Worker;
use linmem::terminal::{Host, Waker};

use crate::cli::SessionArgs;

use super::builtin::SESSIONS;
use super::file_watch::{FileWatch, WatchedFiles};
use super::reload::{Origin, Progress, Reload};
use super::steps_file::{self, Module};
use super::{atomic_file, history, lesson_progress, load, report_options};

/// The session that is open when the screen appears.
pub struct InitialSession {
    pub opening: SessionConfig,
    /// The index of the lesson, where it is one.
    pub lesson: Option<usize>,
    /// The file that the command line names.
    pub file: Option<PathBuf>,
    /// Its files, as they were before it was loaded.
    pub files: WatchedFiles,
}

/// The open session and what it was opened from.
pub struct SessionHost {
    /// The session as it is opened, before any input is changed on the screen.
    config: SessionConfig,
    args: SessionArgs,
    /// Whether reports that are saved keep to ASCII.
    ascii: bool,
    origin: Origin,
    /// Its files, as they were when it was loaded.
    files: WatchedFiles,
    /// What watches them, and the changes that it has noticed.
    watch: Option<(FileWatch, Receiver<Option<String>>)>,
    worker: Option<Worker>,
    /// The session that is being loaded again.
    reload: Option<Reload>,
    /// Whether the person was warned that progress cannot be kept.
    has_warned: bool,
    waker: Option<Waker>,
    /// Messages that are no reports.
    messages: VecDeque<Message>,
}

impl SessionHost {
    /// Returns a host that opens `initial` when it starts.
    pub fn new(initial: InitialSession, args: SessionArgs, ascii: bool) -> Self {
        let InitialSession {
            opening,
            lesson,
            file,
            files,
        } = initial;
        let index = lesson.map_or(0, |lesson| SESSIONS.len().saturating_add(lesson));
        let origin = file.map_or(Origin::BuiltIn(index), Origin::File);
        SessionHost {
            config: opening,
            args,
            ascii,
            origin,
            files,
            watch: None,
            worker: None,
            reload: None,
            has_warned: false,
            waker: None,
            messages: VecDeque::new(),
        }
    }

    fn open(&mut self) {
        let waker = self.waker.clone();
        let wake = move || {
            if let Some(waker) = &waker {
                waker.wake();
            }
        };
        self.worker = Some(Worker::start(self.config.clone(), wake));
        self.reload = None;
        self.watch();
    }

    /// Watches the files of the session from how they were when it was loaded.
    fn watch(&mut self) {
        let (sender, changes) = channel();
        let waker = self.waker.clone();
        let report = move |changed| {
            // Where another session was opened, nobody receives it.
            let _ = sender.send(changed);
            if let Some(waker) = &waker {
                waker.wake();
            }
        };
        let watch = FileWatch::start(std::mem::take(&mut self.files), report);
        self.watch = watch.map(|watch| (watch, changes));
    }

    /// Returns the next message about the session that is loaded again.
    fn next_of_reload(&mut self) -> Option<Message> {
        match self.reload.take()?.progress(self.waker.as_ref()) {
            Progress::Pending(reload, report) => {
                self.reload = Some(reload);
                let is_shown = |report: &Report| matches!(report, Report::Compiling(_));
                report.filter(is_shown).map(Message::Session)
            }
            Progress::Opened(replacement, reloaded) => {
                (self.config, self.files) = (replacement.config, replacement.files);
                // This drops the worker of the old session, which cancels what runs there.
                self.worker = Some(replacement.worker);
                self.watch();
                Some(Message::Reloaded(Ok(reloaded)))
            }
            Progress::Failed(files, error) => {
                self.files = files;
                self.watch();
                Some(Message::Reloaded(Err(error)))
            }
        }
    }

    fn push(&mut self, message: Message) {
        self.messages.push_back(message);
        if let Some(waker) = &self.waker {
            waker.wake();
        }
    }

    /// Returns where the module of the open session is.
    fn module(&self) -> Module {
        let named = self.config.script.module();
        if let Some(path) = &self.args.module {
            return Module::File(path.clone());
        }
        match (&self.config.files, named, self.origin.file()) {
            (Files::BuiltIn(files), Some(path), _) => {
                match files.iter().find(|(name, _)| *name == path) {
                    Some((name, bytes)) => Module::Own { name, bytes },
                    None => Module::File(PathBuf::from(path)),
                }
            }
            (Files::Folder(folder), Some(path), _) => Module::File(folder.join(path)),
            (_, None, Some(file)) if !load::is_stdin(file) => Module::File(file.to_path_buf()),
            _ => Module::Nowhere,
        }
    }

    fn write_moment(&self, save: &SaveMoment) -> Result<(), NotSaved> {
        let file = Path::new(&save.path);
        let exists = || file.symlink_metadata().is_ok_and(|facts| !facts.is_dir());
        if !save.replace && exists() {
            return Err(NotSaved::Exists);
        }
        let format = match save::ending(&save.path) {
            Some("svg") => report::Format::Svg,
            Some("html") => report::Format::Html,
            Some("md") => report::Format::Markdown,
            Some("json") => report::Format::Json,
            _ => report::Format::Text,
        };
        let is_built_in =
            matches!(self.config.files, Files::BuiltIn(_)) && self.args.module.is_none();
        let timeline = &save.timeline;
        let options = report::Options {
            format,
            until: Some(save.moment),
            module: report_options::module_line(timeline, Some(file), is_built_in),
            again: report_options::again(&self.args),
            ascii: self.ascii,
            ..report::Options::default()
        };
        let written =
            atomic_file::write_file(file, |out| Ok(report::write(timeline, &options, out)?));
        written.map_err(|error| NotSaved::Failed(format!("{error:#}; nothing was saved")))
    }
}

impl Host for SessionHost {
    fn start(&mut self, waker: Waker) {
        self.waker = Some(waker);
        self.open();
    }

    fn open_session(&mut self, index: usize) {
        // Module, inputs and standard input of one session do not apply to another.
        let args = SessionArgs {
            module: None,
            sets: Vec::new(),
            stdin: None,
            ..self.args.clone()
        };
        let origin = Origin::BuiltIn(index);
        match origin.load(&args) {
            Ok(config) => {
                self.files = origin.watched_files(&args);
                self.config = config;
                (self.origin, self.args) = (origin, args);
                self.open();
            }
            Err(error) => self.push(Message::Session(Report::OpenFailed(format!("{error:#}")))),
        }
    }

    fn reload(&mut self, typed: Rerun) {
        let waker = self.waker.clone();
        match Reload::start(&self.origin, &self.args, &self.config, typed, waker) {
            Ok(reload) => self.reload = Some(reload),
            Err(error) => self.push(Message::Reloaded(Err(ReloadError {
                reason: format!("the system gives no thread for it: {error}"),
                rest: None,
            }))),
        }
    }

    fn send(&mut self, request: Request) {
        if let Some(worker) = &mut self.worker {
            worker.send(request);
        }
    }

    fn save_steps(&mut self, save: &SaveSteps) {
        let saved = steps_file::save(&self.config, &self.module(), save);
        let result = saved.map_err(|error| SaveStepsError(format!("{error:#}")));
        self.push(Message::StepsSaved(result));
    }

    fn save_moment(&mut self, save: &SaveMoment) {
        let path = save.path.clone();
        let result = match self.write_moment(save) {
            Ok(()) => Ok(SavedMoment { path }),
            Err(reason) => Err(SaveMomentError { path, reason }),
        };
        self.push(Message::MomentSaved(result));
    }

    fn remember(&mut self, line: &str) {
        history::remember(line);
    }

    fn keep_progress(&mut self, lesson: &Lesson) {
        if let Err(error) = lesson_progress::keep(lesson)
            && !std::mem::replace(&mut self.has_warned, true)
        {
            self.push(Message::Warning(error.to_string()));
        }
    }

    fn next_message(&mut self) -> Option<Message> {
        if let Some(message) = self.messages.pop_front() {
            return Some(message);
        }
        if let Some(message) = self.next_of_reload() {
            return Some(message);
        }
        if let Some(changed) = self.watch.as_ref().and_then(|(_, c)| c.try_recv().ok()) {
            return Some(Message::FilesChanged(changed));
        }
        Some(Message::Session(self.worker.as_mut()?.next_report()?))
    }
}
