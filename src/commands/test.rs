//! `linmem test`: many sessions, one line each and a summary.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use linmem::report::{self, Case, Verdict};
use linmem::{safe, text};

use crate::cli::TestArgs;

use super::exercise::Exercise;
use super::{atomic_file, exercise, interrupt, load, run};

pub fn test(args: &TestArgs) -> Result<ExitCode> {
    let exercise = args.exercise.as_deref().map(exercise::find).transpose()?;
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
    let count = |is: fn(&Verdict) -> bool| cases.iter().filter(|case| is(&case.verdict)).count();
    let passed = count(|verdict| matches!(verdict, Verdict::Passed));
    let failed = count(|verdict| matches!(verdict, Verdict::Failed { .. }));
    let unusable = count(|verdict| matches!(verdict, Verdict::Unusable { .. }));
    let interrupted = count(|verdict| matches!(verdict, Verdict::Interrupted { .. }));
    let sessions = text::count(cases.len(), "session");
    let mut summary = format!("{sessions}: {passed} ok, {failed} failed");
    if unusable > 0 {
        summary.push_str(&format!(", {unusable} cannot be run"));
    }
    if interrupted > 0 {
        summary.push_str(&format!(", {interrupted} interrupted or not run"));
    }
    print_line(&mut out, &summary)?;
    if let Some(path) = &args.junit {
        write_junit(path, &cases)?;
    }
    if interrupt.is_received() {
        return Ok(ExitCode::from(interrupt.exit_status()));
    }
    Ok(ExitCode::from(match (failed, unusable) {
        (0, 0) => 0,
        (_, 0) => 1,
        _ => 2,
    }))
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
