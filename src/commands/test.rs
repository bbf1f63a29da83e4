//! `linmem test`: many sessions, one line each and a summary; with `--watch`, again and again.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use linmem::report::{self, Case, Verdict};
use linmem::{safe, text};

use crate::cli::TestArgs;

use super::exercise::Exercise;
use super::file_watch::{self, WatchedFiles};
use super::{atomic_file, exercise, interrupt, load, run};

pub fn test(args: &TestArgs) -> Result<ExitCode> {
    let exercise = args.exercise.as_deref().map(exercise::find).transpose()?;
    if args.watch {
        return watch(args, exercise);
    }
    let mut cases = Vec::new();
    let mut out = io::stdout().lock();
    let interrupt = interrupt::listen();
    for file in &args.files {
        if interrupt.is_received() {
            cases.push(not_run(file));
            continue;
        }
        cases.push(case(file, exercise, args, &mut out)?);
    }
    print_line(&mut out, &summary(&cases))?;
    if let Some(path) = &args.junit {
        write_junit(path, &cases)?;
    }
    if interrupt.is_received() {
        return Ok(ExitCode::from(interrupt.exit_status()));
    }
    Ok(ExitCode::from(exit_status(&cases)))
}

/// Runs the sessions, and runs those again whose files change, until a signal. One that comes while
/// nothing runs ends with the status of the last round.
fn watch(args: &TestArgs, exercise: Option<&Exercise>) -> Result<ExitCode> {
    if args.files.iter().any(|file| load::is_stdin(file)) {
        bail!("standard input does not change; name files, or leave --watch out")
    }
    let mut out = io::stdout().lock();
    let interrupt = interrupt::listen();
    let mut sessions: Vec<WatchedSession> = Vec::new();
    for file in &args.files {
        let files = WatchedFiles::of_session(Some(file), &args.session);
        let case = case(file, exercise, args, &mut out)?;
        sessions.push(WatchedSession { file, files, case });
    }
    loop {
        let cases: Vec<&Case> = sessions.iter().map(|session| &session.case).collect();
        print_line(&mut out, &summary(cases.iter().copied()))?;
        if interrupt.is_received() {
            return Ok(ExitCode::from(interrupt.exit_status()));
        }
        let status = exit_status(cases);
        while !wait_for_change(&mut sessions) {
            if interrupt.is_received() {
                return Ok(ExitCode::from(status));
            }
        }
        let changes = sessions.iter().filter_map(|s| s.files.describe_changes());
        let mut changes: Vec<String> = changes.collect();
        changes.dedup();
        let separator = format!("\n--- {}: {}", time_of_day(), changes.join(", "));
        print_line(&mut out, &separator)?;
        for session in &mut sessions {
            if session.files.changed().next().is_some() && !interrupt.is_received() {
                session.files = WatchedFiles::of_session(Some(session.file), &args.session);
                session.case = case(session.file, exercise, args, &mut out)?;
            }
        }
    }
}

/// A session that runs again when its files change.
struct WatchedSession<'a> {
    file: &'a Path,
    files: WatchedFiles,
    /// The result of the last run.
    case: Case,
}

/// Waits for a moment. Returns whether a file of a session has changed.
fn wait_for_change(sessions: &mut [WatchedSession]) -> bool {
    thread::sleep(file_watch::INTERVAL);
    let now = Instant::now();
    let examined = sessions
        .iter_mut()
        .map(|session| session.files.examine(now));
    // All are examined, so that files that change together are one round.
    examined.fold(false, |any, is_new| any | is_new)
        && sessions
            .iter()
            .any(|session| session.files.changed().next().is_some())
}

/// Returns the time of day, in UTC: the standard library knows no other.
fn time_of_day() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs()) % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02} UTC", seconds % 60)
}

/// Returns the line about all sessions.
fn summary<'a>(cases: impl IntoIterator<Item = &'a Case>) -> String {
    let cases: Vec<&Case> = cases.into_iter().collect();
    let count = |is: fn(&Verdict) -> bool| cases.iter().filter(|case| is(&case.verdict)).count();
    let passed = count(|verdict| matches!(verdict, Verdict::Passed));
    let failed = count(is_failed);
    let unusable = count(is_unusable);
    let interrupted = count(|verdict| matches!(verdict, Verdict::Interrupted { .. }));
    let sessions = text::count(cases.len(), "session");
    let mut summary = format!("{sessions}: {passed} ok, {failed} failed");
    if unusable > 0 {
        summary.push_str(&format!(", {unusable} cannot be run"));
    }
    if interrupted > 0 {
        summary.push_str(&format!(", {interrupted} interrupted or not run"));
    }
    summary
}

fn is_failed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Failed { .. })
}

fn is_unusable(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unusable { .. })
}

/// Returns 0 where all sessions are well, 2 where one cannot be run, else 1.
fn exit_status<'a>(cases: impl IntoIterator<Item = &'a Case>) -> u8 {
    let status = |case: &Case| match &case.verdict {
        verdict if is_unusable(verdict) => 2,
        verdict if is_failed(verdict) => 1,
        _ => 0,
    };
    cases.into_iter().map(status).max().unwrap_or(0)
}

/// Returns the case of a session that was not run because of a signal.
fn not_run(file: &Path) -> Case {
    Case {
        file: safe::plain(&file.to_string_lossy()),
        verdict: Verdict::Interrupted {
            message: "not run: the command was interrupted before".to_owned(),
        },
    }
}

/// Runs one session, or checks a mended file, and prints its line.
fn case(
    file: &Path,
    exercise: Option<&Exercise>,
    args: &TestArgs,
    out: &mut dyn Write,
) -> Result<Case> {
    let shown = safe::plain(&file.to_string_lossy());
    let opening = match exercise {
        Some(exercise) => exercise::grading(exercise, file, &args.session),
        None => load::opening(Some(file), &args.session),
    };
    // A mended file has no mistakes left.
    let denies_warnings = args.deny.warnings() || exercise.is_some();
    match opening.and_then(run::complete) {
        Ok(timeline) => {
            let mut problems: Vec<String> = report::problem(&timeline, denies_warnings)
                .into_iter()
                .collect();
            if args.lesson && problems.is_empty() {
                problems = report::lesson_problems(&timeline);
            }
            let mut problems = problems.into_iter();
            let problem = problems.next();
            let line = report::summary_line(&timeline, &shown, problem.as_deref());
            print_line(out, &line)?;
            for problem in problems {
                print_line(out, &format!("      {problem}"))?;
            }
            Ok(Case::ran(shown, &timeline, problem))
        }
        Err(_) if interrupt::is_received() => Ok(not_run(file)),
        Err(error) => {
            print_line(out, &format!("ERROR {shown}  cannot be run"))?;
            crate::print_error(&error);
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            Ok(Case {
                file: shown,
                verdict: Verdict::Unusable {
                    message: causes.join("\n"),
                },
            })
        }
    }
}

/// Prints a line at once. The sessions run on when the reader has left.
fn print_line(out: &mut dyn Write, line: &str) -> Result<()> {
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    run::unless_left(written.map_err(Into::into))
}

fn write_junit(path: &Path, cases: &[Case]) -> Result<()> {
    atomic_file::write_file(path, |mut out| Ok(report::write_junit(cases, &mut out)?))
}
