//! `linmem test`: many sessions, one line each and a summary.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use linmem::report;

use crate::cli::TestArgs;

use super::{load, run};

pub fn test(args: &TestArgs) -> Result<ExitCode> {
    let (mut passed, mut failed, mut unusable) = (0, 0, 0);
    let mut out = io::stdout().lock();
    for file in &args.files {
        let shown = linmem::safe::plain(&file.to_string_lossy());
        match load::opening(Some(file), &args.session).and_then(run::complete) {
            Ok(timeline) => {
                writeln!(out, "{}", report::summary_line(&timeline, &shown, args.deny.warnings()))?;
                match report::problem(&timeline, args.deny.warnings()) {
                    None => passed += 1,
                    Some(_) => failed += 1,
                }
            }
            Err(error) => {
                unusable += 1;
                writeln!(out, "ERROR {shown}  cannot be run")?;
                out.flush()?;
                crate::print_error(&error);
            }
        }
        out.flush()?;
    }
    let total = args.files.len();
    let plural = if total == 1 { "" } else { "s" };
    write!(out, "{total} session{plural}: {passed} ok, {failed} failed")?;
    if unusable > 0 {
        write!(out, ", {unusable} cannot be run")?;
    }
    writeln!(out)?;
    out.flush()?;
    Ok(ExitCode::from(match (failed, unusable) {
        (0, 0) => 0,
        (_, 0) => 1,
        _ => 2,
    }))
}
