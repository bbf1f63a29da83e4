//! Sessions of small guests, through the library.

use std::path::Path;

use crate::guest::Guest;
use crate::script;
use crate::session::files::Files;
use crate::session::limits::{CancelHandle, Limits};
use crate::session::{Session, SessionConfig};
use crate::timeline::Timeline;

/// The text module and the steps of the standard session.
pub const STANDARD_GUEST: &str = include_str!("../../guest/wasm_is_cool.wat");
/// The steps of the standard session.
pub const STANDARD_STEPS: &str = include_str!("../../guest/wasm_is_cool.steps");

/// Loads the guest of a text module.
///
/// # Panics
/// Panics with the error where `text` is not a module that can be run.
#[track_caller]
pub fn guest(text: &str) -> Guest {
    Guest::from_bytes("test.wat", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the configuration of a session that runs `steps` on `guest`, with the default limits and
/// without inputs, files and standard input.
///
/// # Panics
/// Panics with the errors where `steps` cannot be parsed.
#[track_caller]
pub fn config(guest: Guest, steps: &str) -> SessionConfig {
    SessionConfig {
        title: "test".into(),
        script: script::parse("test.steps", steps).unwrap_or_else(|errors| panic!("{errors}")),
        guest,
        files: Files::BuiltIn(&[]),
        input_overrides: Vec::new(),
        limits: Limits::default(),
        control: CancelHandle::default(),
        stdin: Default::default(),
        compiled: Default::default(),
    }
}

/// Returns the configuration of the session in the steps file or Markdown file at `path`, with the
/// module that it names.
///
/// # Panics
/// Panics with the error where a file cannot be used.
pub fn file_config(path: &Path) -> SessionConfig {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let script = script::parse(&name, &text).unwrap_or_else(|errors| panic!("{errors}"));
    let folder = path.parent().unwrap_or(Path::new(""));
    let module = folder.join(script.module().expect("the file names a module"));
    SessionConfig {
        title: name.into_owned(),
        files: Files::Folder(folder.to_owned()),
        script,
        ..config(
            Guest::load(&module).unwrap_or_else(|error| panic!("{error}")),
            "",
        )
    }
}

/// Returns the configuration of the standard session.
pub fn standard_config() -> SessionConfig {
    let guest = STANDARD_GUEST.as_bytes();
    let guest = Guest::from_bytes("wasm_is_cool.wat", guest).unwrap_or_else(|e| panic!("{e}"));
    SessionConfig {
        title: "wasm_is_cool".into(),
        limits: without_time_limit(),
        ..config(guest, STANDARD_STEPS)
    }
}

/// Returns the default limits without one for the time: a busy machine must not fail a test.
pub fn without_time_limit() -> Limits {
    Limits {
        max_time: None,
        ..Limits::default()
    }
}

/// Opens a session.
///
/// # Panics
/// Panics with the error where the session cannot be opened.
#[track_caller]
pub fn open(config: SessionConfig) -> (Session, Timeline) {
    Session::open(config).unwrap_or_else(|error| panic!("{error}"))
}

/// Opens a session and runs it to its end.
///
/// # Panics
/// Panics with the error where the session cannot be opened.
#[track_caller]
pub fn run(config: SessionConfig) -> Timeline {
    let (mut session, mut timeline) = open(config);
    session.run_to_end(&mut timeline);
    timeline
}
