//! `linmem init`: a first steps file. What the exports suggest is tried once, without files and for a
//! short time. A step that fails becomes a comment with the reason, so that the file runs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use linmem::guest::Guest;
use linmem::inspect::draft::Draft;
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::{Session, SessionConfig};
use linmem::timeline::{Finding, Outcome, Severity, StepRecord};

use crate::cli::InitArgs;

use super::atomic_file::{self, AlreadyExists};
use super::compile_cache;
use super::compile_progress;
use super::input_file;
use super::load::core_module;

/// The limits of a trial: enough to see whether a first call works.
const LONGEST_CALL: Duration = Duration::from_secs(1);
const MOST_STORES: u64 = 100_000;
const MAX_HISTORY: u64 = 64 << 20;

/// The most steps that become comments before the rest is left as it is.
const MAX_TRIALS: usize = 24;

pub fn init(args: &InitArgs) -> Result<ExitCode> {
    if let Some(path) = args
        .output
        .as_deref()
        .filter(|path| path.symlink_metadata().is_ok())
    {
        return Err(refusal(path));
    }
    let _notice = input_file::notice_of_wait(&args.module);
    let module = core_module(&args.module, args.core);
    let guest = Guest::load(&module)?;
    let mut draft = Draft::new(&guest, &module_line(&module, args.output.as_deref()));
    try_out(&mut draft, &guest, args.max_memory)?;
    match &args.output {
        Some(path) => {
            let written =
                atomic_file::write_new(path, |out| Ok(out.write_all(draft.text().as_bytes())?));
            written.map_err(|error| {
                if error.is::<AlreadyExists>() {
                    refusal(path)
                } else {
                    error
                }
            })?;
        }
        None => {
            let mut out = io::stdout().lock();
            out.write_all(draft.text().as_bytes())?;
            out.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn refusal(path: &Path) -> anyhow::Error {
    let shown = atomic_file::printable(path);
    anyhow::anyhow!("{shown} already exists; choose another name or delete it")
}

/// Returns the module's path relative to the folder of the steps file, or the path as given where that
/// cannot be found.
fn module_line(module: &Path, output: Option<&Path>) -> String {
    let given = || module.to_string_lossy().into_owned();
    let Some(output) = output.filter(|_| module.is_relative()) else {
        return given();
    };
    let folder = output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    atomic_file::relative_path(folder, module).unwrap_or_else(|_| given())
}

/// Runs the draft until it ends well; steps that fail become comments. A program that ends with an
/// exit code is expected to do so.
fn try_out(draft: &mut Draft, guest: &Guest, max_memory: u64) -> Result<()> {
    for _ in 0..MAX_TRIALS {
        match run(&draft.text(), guest, max_memory)? {
            None => return Ok(()),
            Some(Failure {
                line: Some(line),
                why,
            }) if exit_code(&why).is_some_and(|code| draft.expect_trap(line, code)) => {}
            Some(Failure {
                line: Some(line),
                why,
            }) if draft
                .comment_out(line, &format!("linmem ran this step, and it failed: {why}")) => {}
            Some(Failure { why, .. }) => {
                draft.add_remark(&format!(
                    "linmem ran this draft, and the guest did not start: {why}"
                ));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Returns the part of a message that is the exit code of a program: `exit code 1`.
fn exit_code(why: &str) -> Option<&str> {
    let code = why.get(why.find("exit code ")?..)?;
    let end = code
        .char_indices()
        .skip("exit code ".len())
        .find(|(_, c)| !c.is_ascii_digit() && *c != '-');
    code.get(..end.map_or(code.len(), |(at, _)| at))
}

/// A step that failed.
struct Failure {
    line: Option<u32>,
    why: String,
}

fn run(text: &str, guest: &Guest, max_memory: u64) -> Result<Option<Failure>> {
    let script =
        script::parse("draft.steps", text).context("the steps file that was guessed is not one")?;
    let control = CancelHandle::default();
    let _progress = compile_progress::show(guest.name(), &control);
    let opened = Session::open(SessionConfig {
        title: String::new(),
        script,
        guest: guest.clone(),
        files: Files::Folder(PathBuf::new()),
        input_overrides: Vec::new(),
        limits: Limits {
            max_memory,
            max_time: Some(LONGEST_CALL),
            max_stores: MOST_STORES,
            max_history: MAX_HISTORY,
        },
        control,
        stdin: Arc::default(),
        compiled: compile_cache::shared(),
    });
    let mut session = match opened {
        Ok((session, _)) => session,
        Err(error) => bail!(error),
    };
    while let Some(step) = session.advance() {
        if let Some(why) = problem(&step) {
            return Ok(Some(Failure {
                line: step.line,
                why,
            }));
        }
    }
    Ok(None)
}

/// Returns why a step counts as failed, in one sentence.
fn problem(step: &StepRecord) -> Option<String> {
    let error = step
        .findings
        .iter()
        .find(|finding| finding.severity() == Severity::Error && !finding.claimed);
    if step.outcome == Outcome::Ok && error.is_none() {
        return None;
    }
    let message = step
        .error
        .as_deref()
        .or(error.map(|finding: &Finding| finding.message.as_str()));
    let first = message
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default();
    let word = if step.outcome == Outcome::Ok {
        "failed"
    } else {
        step.outcome.as_str()
    };
    Some(if first.is_empty() {
        word.into()
    } else {
        format!("{word}, {first}")
    })
}
