//! What the commands that answer questions about a run have in common: they run the session once, to
//! its end, and write to standard output.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use linmem::answers::AnswerError;
use linmem::report;
use linmem::session::SessionConfig;
use linmem::timeline::Timeline;

use crate::cli::{AppearanceArgs, SessionArgs};

use super::theme::wants_color;
use super::{interrupt, load, run};

/// Runs a session, and calls `answer` with what was recorded. How a run ended that did not end well is
/// printed on standard error. An interrupted run is not answered about.
///
/// # Errors
/// The session cannot be used, or those of `answer`. That nobody reads the output is none.
pub fn about_run(
    file: Option<&Path>,
    args: &SessionArgs,
    answer: impl FnOnce(&Timeline) -> Result<()>,
) -> Result<ExitCode> {
    about_session(load::opening(file, args)?, answer)
}

/// Runs a session that is loaded, and calls `answer` as [`about_run`] does.
///
/// # Errors
/// As those of [`about_run`].
pub fn about_session(
    opening: SessionConfig,
    answer: impl FnOnce(&Timeline) -> Result<()>,
) -> Result<ExitCode> {
    let timeline = run::complete(opening)?;
    let interrupt = interrupt::listen();
    interrupt.end_at_once();
    if timeline.interrupted || interrupt.is_received() {
        let why = match timeline.interrupted {
            true => report::problem(&timeline, false).unwrap_or_default(),
            // The signal came just after the last step.
            false => "interrupted".to_owned(),
        };
        // Standard error is the last resort.
        let _ = writeln!(io::stderr(), "{why}; nothing was answered");
        return Ok(ExitCode::from(interrupt.exit_status()));
    }
    if let Some(ending) = report::ending(&timeline) {
        let _ = writeln!(io::stderr(), "the run {ending}");
    }
    run::unless_left(answer(&timeline))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the error of a question on the command line, where the moment is that of `--at`.
pub fn refused(error: AnswerError) -> anyhow::Error {
    match error {
        AnswerError::NoSuchMoment(error) => run::no_such_moment(error),
        error => error.into(),
    }
}

/// Writes a report of an answer to standard output.
///
/// # Errors
/// Those of standard output.
pub fn print(
    format: report::Format,
    appearance: &AppearanceArgs,
    write: impl FnOnce(&report::Options, &mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let options = report::Options {
        format,
        color: wants_color(appearance.color, io::stdout().is_terminal()),
        ascii: appearance.ascii,
        ..report::Options::default()
    };
    let mut out = BufWriter::new(io::stdout().lock());
    write(&options, &mut out)?;
    Ok(out.flush()?)
}
