//! The session behind the screen: what keys ask of it becomes orders for its thread, and what the thread reports becomes
//! messages for the app.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Instant;

use linmem::app::save::{self, Refused};
use linmem::app::{Message, Progress};
use linmem::report;
use linmem::session::files::Files;
use linmem::session::worker::{Report, Worker};
use linmem::session::{OpenError, Opening};
use linmem::terminal::{Host, Open, Waker};
use linmem::timeline::{Moment, Outcome, Timeline};

use crate::cli::SessionArgs;

use super::builtin::{LESSONS, SESSIONS};
use super::{load, output, progress, run};

pub struct SessionHost {
    /// The session that is open, as it was before any input was changed on the screen.
    opening: Opening,
    args: SessionArgs,
    worker: Option<Worker>,
    /// The lesson that is open, and how many steps it has.
    lesson: Option<usize>,
    planned: usize,
    /// New inputs on trial: the old run stays until their session is open.
    trial: Option<Worker>,
    waker: Option<Waker>,
    /// When the running step was asked for, and the stores of all steps before it.
    begun: (Instant, u64),
    /// As told last.
    told: Progress,
    /// Messages that no thread sent.
    own: VecDeque<Message>,
}

impl SessionHost {
    /// For a session, or a lesson by its place among them.
    pub fn new(opening: Opening, lesson: Option<usize>, args: SessionArgs) -> Self {
        SessionHost {
            opening,
            args,
            worker: None,
            lesson,
            planned: 0,
            trial: None,
            waker: None,
            begun: (Instant::now(), 0),
            told: Progress::default(),
            own: VecDeque::new(),
        }
    }

    fn start(&mut self, opening: Opening) -> Option<Worker> {
        let waker = self.waker.clone();
        let wake = move || {
            if let Some(waker) = &waker {
                waker.wake();
            }
        };
        match Worker::start(opening, wake) {
            Ok(worker) => Some(worker),
            Err(error) => {
                self.say(Message::OpenFailed(format!("the system gives no thread for the guest: {error}")));
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

    fn fresh(&self, sets: Vec<(String, String)>) -> Opening {
        Opening { sets, control: Default::default(), ..self.opening.clone() }
    }

    /// Remembers a lesson whose last step ran well.
    fn note_progress(&mut self, report: &Report) {
        match report {
            Report::Opened(timeline) => self.planned = timeline.planned.len(),
            Report::Step(step) if step.index.saturating_add(1) == self.planned && step.outcome == Outcome::Ok => {
                if let Some(lesson) = self.lesson.and_then(|lesson| LESSONS.get(lesson)) {
                    progress::finish(lesson.name);
                }
            }
            _ => {}
        }
    }

    fn next_of_trial(&mut self) -> Option<Message> {
        match self.trial.as_ref()?.next_report()? {
            Report::OpenFailed(OpenError::Inputs(refused)) => {
                self.trial = None;
                Some(Message::InputsRefused(refused))
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
            Open::Inputs(sets) => {
                let opening = self.fresh(sets);
                self.trial = self.start(opening);
            }
            Open::Session(index) => {
                let lesson = index.checked_sub(SESSIONS.len());
                // What was said of one session's module, inputs and standard input does not hold for another.
                let args = SessionArgs { module: None, sets: Vec::new(), stdin: None, ..self.args.clone() };
                let opening = match (SESSIONS.get(index), lesson) {
                    (Some(session), _) => load::built_in(session, &args),
                    (None, lesson) => load::lesson(lesson.unwrap_or(0), &args),
                };
                match opening {
                    Ok(opening) => {
                        self.opening = opening;
                        self.lesson = lesson;
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
        if let Some(worker) = &self.worker {
            worker.cancel();
        }
    }

    fn save(&mut self, path: &str, replace: bool, timeline: &Timeline, moment: Moment) -> Result<(), Refused> {
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
        let is_built_in = matches!(self.opening.files, Files::BuiltIn(_)) && self.args.module.is_none();
        let options = report::Options {
            format,
            until: Some(moment),
            module: run::module_line(timeline, Some(file), is_built_in),
            again: run::again(&self.args),
            ..report::Options::default()
        };
        let written = output::write_file(file, |out| Ok(report::write(timeline, &options, out)?));
        written.map_err(|error| Refused::Failed(format!("{error:#}; nothing was saved")))
    }

    fn next_message(&mut self) -> Option<Message> {
        if let Some(message) = self.own.pop_front() {
            return Some(message);
        }
        if let Some(message) = self.next_of_trial() {
            return Some(message);
        }
        let worker = self.worker.as_ref()?;
        if let Some(report) = worker.next_report() {
            self.note_progress(&report);
            return Some(message(report));
        }
        let (since, before) = self.begun;
        let progress = Progress { seconds: since.elapsed().as_secs(), stores: worker.stores().saturating_sub(before) };
        (progress != std::mem::replace(&mut self.told, progress)).then_some(Message::Progress(progress))
    }
}

fn message(report: Report) -> Message {
    match report {
        Report::Opened(timeline) => Message::Opened(timeline),
        Report::Step(step) => Message::Step(step),
        Report::Ended => Message::Ended,
        Report::OpenFailed(error) => Message::OpenFailed(error.to_string()),
        Report::Broke => Message::OpenFailed(
            "the session stopped by a mistake in linmem or in its engine; the steps shown are as they were recorded. \
             `linmem run` on the same file prints what happened"
                .into(),
        ),
    }
}
