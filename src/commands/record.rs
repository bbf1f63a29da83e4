//! `linmem record`: checks a recording of a host.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use linmem::hostlog::{self, HostLog, Limits};
use linmem::safe;
use linmem::text::count;

use crate::cli::RecordArgs;

use super::input_file;

pub fn record(args: &RecordArgs) -> Result<ExitCode> {
    check(&args.check)
}

/// Reads a recording. Errors name the file and the line.
pub fn read(path: &Path) -> Result<HostLog> {
    let shown = safe::plain(&path.to_string_lossy());
    let _notice = input_file::notice_of_wait(path);
    let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
    hostlog::read(BufReader::new(file), &Limits::default())
        .with_context(|| format!("{shown} is not a recording that can be used"))
}

fn check(path: &Path) -> Result<ExitCode> {
    let log = read(path)?;
    let shown = safe::plain(&path.to_string_lossy());
    let cut = match log.is_cut {
        true => "; its last line was cut and is left out",
        false => "",
    };
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{shown}: {}, {}, {}{cut}",
        count(log.modules.len() as u64, "module"),
        count(log.instances.len() as u64, "instance"),
        count(log.crossings(), "crossing"),
    )?;
    Ok(ExitCode::SUCCESS)
}
