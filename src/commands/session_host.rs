//! The session behind the screen: what keys ask of it becomes orders for its thread, and what the
//! thread reports becomes messages for the app.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Instant;

use linmem::app::dialogs::save::{self, Refused};
use linmem::app::prompt::SaveSteps;
use linmem::app::{Message, Progress, Replay};
use linmem::report;
use linmem::script::Script;
use linmem::session::files::Files;
use linmem::session::worker::{Report, Worker};
use linmem::session::{OpenError, SessionConfig};
use linmem::terminal::{Host, Open, Waker};
use linmem::timeline::{Moment, Outcome, PlannedStep, Timeline};

use crate::cli::SessionArgs;

use super::builtin::{LESSONS, SESSIONS};
use super::load::InitialSession;
use super::steps_file::{self, Module};
use super::{atomic_file, history, lesson_progress, load, report_options};

pub struct SessionHost {
    /// The session that is open, as it was before any input was changed on the screen.
    opening: SessionConfig,
    args: SessionArgs,
    ascii: bool,
    /// What was named on the command line, while it is open.
    file: Option<PathBuf>,
    worker: Option<Worker>,
    /// The lesson that is open, and how many steps it has.
    lesson: Option<usize>,
    planned: usize,
    /// Whether it was said that finished lessons cannot be remembered.
    told_forgetful: bool,
    /// New inputs, or the same steps again, on trial: the old run stays until their session is
    /// open.
    trial: Option<Worker>,
    /// The trial runs again what was recorded.
    is_replaying: bool,
    waker: Option<Waker>,
    /// When the running step was asked for, and the stores of all steps before it.
    begun: (Instant, u64),
    /// As told last.
    told: Progress,
    /// Messages that no thread sent.
    own: VecDeque<Message>,
}

impl SessionHost {
    /// A host whose saved moments keep to ASCII, or do not.
    pub fn new(initial: InitialSession, args: SessionArgs, ascii: bool) -> Self {
        let InitialSession {
            opening,
            lesson,
            file,
        } = initial;
        SessionHost {
            opening,
            args,
            ascii,
            file,
            worker: None,
            lesson,
            planned: 0,
            told_forgetful: false,
            trial: None,
            is_replaying: false,
            waker: None,
            begun: (Instant::now(), 0),
            told: Progress::default(),
            own: VecDeque::new(),
        }
    }

    fn wake(&self) -> impl Fn() + Send + Sync + Clone + 'static {
        let waker = self.waker.clone();
        move || {
            if let Some(waker) = &waker {
                waker.wake();
            }
        }
    }

    fn start(&mut self, opening: SessionConfig) -> Option<Worker> {
        match Worker::start(opening, self.wake()) {
            Ok(worker) => Some(worker),
            Err(error) => {
                self.say(Message::OpenFailed(format!(
                    "the system gives no thread for the guest: {error}"
                )));
                None
            }
        }
    }

    fn say(&mut self, message: Message) {
        self.own.push_back(message);
        if let Some(waker) = &self.waker {
            waker.wake();
        }
    }

    fn fresh(&self, sets: Vec<(String, String)>) -> SessionConfig {
        SessionConfig {
            sets,
            control: Default::default(),
            ..self.opening.clone()
        }
    }

    /// Remembers a lesson whose last step ran well.
    fn note_progress(&mut self, report: &Report) {
        match report {
            Report::Opened(timeline) => self.planned = timeline.planned.len(),
            Report::Step(step)
                if step.index.saturating_add(1) == self.planned && step.outcome == Outcome::Ok =>
            {
                if let Some(lesson) = self.lesson.and_then(|lesson| LESSONS.get(lesson))
                    && let Err(why) = lesson_progress::finish(lesson.name)
                    && !std::mem::replace(&mut self.told_forgetful, true)
                {
                    self.say(Message::Complaint(why));
                }
            }
            _ => {}
        }
    }

    /// The same guest with the steps of a branch.
    fn with_plan(
        &self,
        sets: Vec<(String, String)>,
        plan: &[PlannedStep],
        setup: &[String],
    ) -> Result<SessionConfig, String> {
        let steps: Vec<(Option<u32>, &str)> = plan
            .iter()
            .map(|step| (step.line, step.text.as_str()))
            .collect();
        let arranged = self
            .opening
            .script
            .described(setup)
            .and_then(|script| script.arranged(&steps));
        let script: Script = arranged.map_err(|errors| errors.to_string())?;
        Ok(SessionConfig {
            script,
            ..self.fresh(sets)
        })
    }

    /// Where the module of the open session is.
    fn module(&self) -> Module {
        let named = self.opening.script.module();
        if let Some(path) = &self.args.module {
            return Module::File(path.clone());
        }
        match (&self.opening.files, named, &self.file) {
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

    fn next_of_trial(&mut self) -> Option<Message> {
        match self.trial.as_ref()?.next_report()? {
            Report::OpenFailed(OpenError::Inputs(refused)) => {
                self.trial = None;
                Some(Message::InputsRefused(refused))
            }
            Report::Again(step) => Some(Message::Again(step.saturating_add(1))),
            report @ (Report::Differs { .. } | Report::ReplayStopped) => {
                self.trial = None;
                Some(message(report))
            }
            Report::OpenFailed(error) if self.is_replaying => {
                self.trial = None;
                Some(Message::NotReplayed(Some(error.to_string())))
            }
            report @ Report::OpenFailed(_) => {
                // The guest that was there before still is.
                self.trial = None;
                Some(message(report))
            }
            report @ Report::Broke if self.is_replaying => {
                self.trial = None;
                match message(report) {
                    Message::OpenFailed(why) => Some(Message::NotReplayed(Some(why))),
                    other => Some(other),
                }
            }
            report => {
                self.note_progress(&report);
                self.worker = self.trial.take();
                Some(message(report))
            }
        }
    }
}

impl Host for SessionHost {
    fn set_waker(&mut self, waker: Waker) {
        self.waker = Some(waker);
        let opening = self.fresh(self.opening.sets.clone());
        self.worker = self.start(opening);
    }

    fn open(&mut self, which: Open) {
        match which {
            Open::Inputs {
                inputs,
                plan,
                setup,
            } => {
                self.is_replaying = false;
                match self.with_plan(inputs, &plan, &setup) {
                    Ok(opening) => self.trial = self.start(opening),
                    Err(why) => self.say(Message::OpenFailed(why)),
                }
            }
            Open::Session(index) => {
                let lesson = index.checked_sub(SESSIONS.len());
                // What was said of one session's module, inputs and standard input does not hold
                // for another.
                let args = SessionArgs {
                    module: None,
                    sets: Vec::new(),
                    stdin: None,
                    ..self.args.clone()
                };
                let opening = match (SESSIONS.get(index), lesson) {
                    (Some(session), _) => load::built_in(session, &args),
                    (None, lesson) => load::lesson(lesson.unwrap_or(0), &args),
                };
                match opening {
                    Ok(opening) => {
                        self.opening = opening;
                        self.lesson = lesson;
                        (self.file, self.args) = (None, args);
                        self.trial = None;
                        let opening = self.fresh(Vec::new());
                        self.worker = self.start(opening);
                    }
                    Err(error) => self.say(Message::OpenFailed(format!("{error:#}"))),
                }
            }
        }
    }

    fn advance(&mut self) {
        if let Some(worker) = &self.worker {
            self.begun = (Instant::now(), worker.stores());
            worker.advance();
        }
    }

    fn cancel(&mut self) {
        if let Some(worker) = self
            .trial
            .as_ref()
            .filter(|_| self.is_replaying)
            .or(self.worker.as_ref())
        {
            worker.cancel();
        }
    }

    fn insert(&mut self, statement: String) {
        if let Some(worker) = &self.worker {
            self.begun = (Instant::now(), worker.stores());
            worker.insert(statement);
        }
    }

    fn replay(&mut self, replay: Replay) {
        let started = self
            .with_plan(replay.inputs, &replay.plan, &replay.setup)
            .and_then(|opening| {
                let worker = Worker::replay(opening, replay.records, self.wake());
                worker.map_err(|error| format!("the system gives no thread for the guest: {error}"))
            });
        match started {
            Ok(worker) => {
                self.begun = (Instant::now(), 0);
                (self.trial, self.is_replaying) = (Some(worker), true);
            }
            Err(why) => self.say(Message::NotReplayed(Some(why))),
        }
    }

    fn save_steps(&mut self, save: &SaveSteps) {
        let result = steps_file::save(&self.opening, &self.module(), save);
        self.say(Message::StepsSaved(result));
    }

    fn remember(&mut self, line: &str) {
        history::remember(line);
    }

    fn save(
        &mut self,
        path: &str,
        replace: bool,
        timeline: &Timeline,
        moment: Moment,
    ) -> Result<(), Refused> {
        let file = Path::new(path);
        if !replace && file.symlink_metadata().is_ok_and(|facts| !facts.is_dir()) {
            return Err(Refused::Taken(path.to_owned()));
        }
        let format = match save::ending(path) {
            Some("svg") => report::Format::Svg,
            Some("html") => report::Format::Html,
            Some("md") => report::Format::Markdown,
            Some("json") => report::Format::Json,
            _ => report::Format::Text,
        };
        let is_built_in =
            matches!(self.opening.files, Files::BuiltIn(_)) && self.args.module.is_none();
        let options = report::Options {
            format,
            until: Some(moment),
            module: report_options::module_line(timeline, Some(file), is_built_in),
            again: report_options::again(&self.args),
            ascii: self.ascii,
            ..report::Options::default()
        };
        let written =
            atomic_file::write_file(file, |out| Ok(report::write(timeline, &options, out)?));
        written.map_err(|error| Refused::Failed(format!("{error:#}; nothing was saved")))
    }

    fn next_message(&mut self) -> Option<Message> {
        if let Some(message) = self.own.pop_front() {
            return Some(message);
        }
        if let Some(message) = self.next_of_trial() {
            return Some(message);
        }
        if let Some(report) = self.worker.as_ref().and_then(Worker::next_report) {
            self.note_progress(&report);
            return Some(message(report));
        }
        let worker = self
            .trial
            .as_ref()
            .filter(|_| self.is_replaying)
            .or(self.worker.as_ref())?;
        let (since, before) = self.begun;
        let progress = Progress {
            seconds: since.elapsed().as_secs(),
            stores: worker.stores().saturating_sub(before),
        };
        (progress != std::mem::replace(&mut self.told, progress))
            .then_some(Message::Progress(progress))
    }
}

fn message(report: Report) -> Message {
    match report {
        Report::Opened(timeline) => Message::Opened(timeline),
        Report::Step(step) => Message::Step(step),
        Report::Ended => Message::Ended,
        Report::Inserted(step) => Message::Inserted(step),
        Report::Refused(why) => Message::Refused(why),
        Report::Again(step) => Message::Again(step.saturating_add(1)),
        Report::Replayed => Message::Replayed,
        Report::Differs { step, how } => Message::NotReplayed(Some(format!(
            "not run: step {step} did something else when it ran again: {how}. What was recorded \
             is shown as it was"
        ))),
        Report::ReplayStopped => Message::NotReplayed(None),
        Report::OpenFailed(error) => Message::OpenFailed(error.to_string()),
        Report::Broke => Message::OpenFailed(
            "the session stopped by a mistake in linmem or in its engine; the steps shown are as \
             they were recorded. `linmem run` on the same file prints what happened"
                .into(),
        ),
    }
}
