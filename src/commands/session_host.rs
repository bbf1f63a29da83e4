//! The session of the screen: passes requests to its thread, and does the work on files that the
//! screen requests.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use linmem::app::dialogs::save;
use linmem::app::message::{
    NotSaved, SaveMoment, SaveMomentError, SaveSteps, SaveStepsError, SavedMoment,
};
use linmem::app::{Lesson, Message};
use linmem::protocol::{Report, Request};
use linmem::report;
use linmem::session::SessionConfig;
use linmem::session::files::Files;
use linmem::session::worker::Worker;
use linmem::terminal::{Host, Waker};

use crate::cli::SessionArgs;

use super::builtin::SESSIONS;
use super::load::InitialSession;
use super::steps_file::{self, Module};
use super::{atomic_file, history, lesson_progress, load, report_options};

/// The open session and what it was opened from.
pub struct SessionHost {
    /// The session as it is opened, before any input is changed on the screen.
    config: SessionConfig,
    args: SessionArgs,
    /// Whether reports that are saved keep to ASCII.
    ascii: bool,
    /// The file that the command line names, while it is open.
    file: Option<PathBuf>,
    worker: Option<Worker>,
    /// Whether the person was warned that progress cannot be kept.
    has_warned: bool,
    waker: Option<Waker>,
    /// Messages that are no reports.
    messages: VecDeque<Message>,
}

impl SessionHost {
    /// Returns a host that opens `initial` when it starts.
    pub fn new(initial: InitialSession, args: SessionArgs, ascii: bool) -> Self {
        let InitialSession { opening, file, .. } = initial;
        SessionHost {
            config: opening,
            args,
            ascii,
            file,
            worker: None,
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
        match (&self.config.files, named, &self.file) {
            (Files::BuiltIn(files), Some(path), _) => {
                match files.iter().find(|(name, _)| *name == path) {
                    Some((name, bytes)) => Module::Own { name, bytes },
                    None => Module::File(PathBuf::from(path)),
                }
            }
            (Files::Folder(folder), Some(path), _) => Module::File(folder.join(path)),
            (_, None, Some(file)) if !load::is_stdin(file) => Module::File(file.clone()),
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

/// Returns a session by its index among the built-in ones, or a lesson by its index after them.
fn load_session(index: usize, args: &SessionArgs) -> Result<SessionConfig> {
    match (SESSIONS.get(index), index.checked_sub(SESSIONS.len())) {
        (Some(session), _) => load::built_in(session, args),
        (None, Some(lesson)) => load::lesson(lesson, args),
        (None, None) => bail!("there is no session {index}"),
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
        match load_session(index, &args) {
            Ok(config) => {
                self.config = config;
                (self.file, self.args) = (None, args);
                self.open();
            }
            Err(error) => self.push(Message::Session(Report::OpenFailed(format!("{error:#}")))),
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
        Some(Message::Session(self.worker.as_mut()?.next_report()?))
    }
}
