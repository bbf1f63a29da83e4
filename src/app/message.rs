//! What comes into the app besides keys, and what it asks of the program around it.

use crate::protocol::{Report, Request, Rerun};
use crate::script::ast::Statement;
use crate::timeline::{Moment, Timeline};
use crate::value::Value;

/// Something that happened outside of the app.
#[derive(Debug, Clone)]
pub enum Message {
    /// A report of the session's thread.
    Session(Report),
    /// The result of [`Effect::SaveMoment`].
    MomentSaved(Result<SavedMoment, SaveMomentError>),
    /// The result of [`Effect::SaveSteps`]: a sentence about what was written.
    StepsSaved(Result<String, SaveStepsError>),
    /// Files of the session have changed: a clause about them, safe to print. `None` where they are
    /// again as they were loaded.
    FilesChanged(Option<String>),
    /// The result of [`Effect::Reload`].
    Reloaded(Result<Box<Reloaded>, ReloadError>),
    /// Something went wrong beside the session, which goes on: a sentence, safe to print.
    Warning(String),
}

/// What the program around the app must do after an update. It draws after each one anyway.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Pass a request to the session that is open.
    Session(Request),
    /// Load the files of the session again, open it, and carry over what was typed; answered by
    /// [`Message::Reloaded`]. A later one replaces an earlier one that is not answered.
    Reload(Box<Rerun>),
    /// Open a session by its index in [`super::App::sessions`], or a lesson by its index after
    /// them.
    OpenSession(usize),
    /// Write the session as a steps file; answered by [`Message::StepsSaved`].
    SaveSteps(Box<SaveSteps>),
    /// Write a report of a moment; answered by [`Message::MomentSaved`].
    SaveMoment(Box<SaveMoment>),
    /// Keep the progress of the lesson with this index in the course.
    KeepProgress(usize),
    /// Add a line to the history that later runs of the program read.
    Remember(String),
    /// Put a text on the clipboard.
    Copy(String),
    /// Report the mouse to the program, or leave it to the terminal.
    CaptureMouse(bool),
    /// Stop the program until the shell continues it.
    Suspend,
    /// Draw the whole screen again.
    Redraw,
    /// Leave the program; with `keep_frame` the last frame stays in the terminal.
    Quit {
        /// Whether the last frame stays in the terminal.
        keep_frame: bool,
    },
}

impl Effect {
    /// Passes a request to the session.
    pub(super) fn request(request: Request) -> Option<Effect> {
        Some(Effect::Session(request))
    }
}

/// A session that was opened again from its files.
#[derive(Debug, Clone)]
pub struct Reloaded {
    /// The session. The timeline has no steps yet.
    pub timeline: Timeline,
    /// A sentence about typed lines that the new session cannot have, safe to print.
    pub left_out: Option<String>,
    /// Whether the new guest was given the typed lines of the setup.
    pub has_setup: bool,
}

/// Why a session was not opened again from its files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ReloadError {
    /// The reason, on one line, safe to print.
    pub reason: String,
    /// The command that prints the rest, where there is more.
    pub rest: Option<String>,
}

/// A session to write as a steps file.
#[derive(Debug, Clone, PartialEq)]
pub struct SaveSteps {
    /// The file's name, as typed.
    pub path: String,
    /// Whether a file that exists may be replaced.
    pub replace: bool,
    /// The names and values of the inputs.
    pub inputs: Vec<(String, Value)>,
    /// The `import` and `memory` lines that were typed.
    pub setup: Vec<Statement>,
    /// Text and narration of each step after instantiation.
    pub steps: Vec<(String, Option<String>)>,
}

/// A moment to write as a report; the ending of `path` decides the format.
#[derive(Debug, Clone)]
pub struct SaveMoment {
    /// The file's name, as typed.
    pub path: String,
    /// Whether a file that exists may be replaced.
    pub replace: bool,
    /// The timeline that the moment belongs to.
    pub timeline: Timeline,
    /// The moment to write.
    pub moment: Moment,
}

/// The file that a moment was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedMoment {
    /// As typed.
    pub path: String,
}

/// Why a moment was not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SaveMomentError {
    /// The file's name, as typed.
    pub path: String,
    /// Why the file was not written.
    pub reason: NotSaved,
}

/// Why a file was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// A file of this name exists, and may not be replaced.
    #[error("a file of this name exists")]
    Exists,
    /// A sentence, safe to print.
    #[error("{0}")]
    Failed(String),
}

/// Why a steps file was not written: a sentence, safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SaveStepsError(pub String);
