//! `linmem diff`: two runs, and where they differ.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use linmem::report;
use linmem::timeline::{Comparison, Timeline};

use crate::cli::{DiffArgs, DiffFormat, SessionArgs};

use super::theme::wants_color;
use super::{interrupt, load, run};

/// Compares two runs. Returns 0 where they are the same, 1 where they differ.
pub fn diff(args: &DiffArgs) -> Result<ExitCode> {
    let [a, b] = sides(args)?;
    let a = complete(&a, "A", args)?;
    let b = match a.interrupted {
        true => Timeline::default(),
        false => complete(&b, "B", args)?,
    };
    for (name, side) in [("A", &a), ("B", &b)] {
        if side.interrupted {
            let why = report::problem(side, false).unwrap_or_default();
            // Standard error is the last resort.
            let _ = writeln!(io::stderr(), "side {name} was {why}; nothing was compared");
            return Ok(ExitCode::from(interrupt::listen().exit_status()));
        }
    }
    let comparison = Comparison::of(&a, &b);
    let options = report::Options {
        format: match args.format {
            DiffFormat::Text => report::Format::Text,
            DiffFormat::Json => report::Format::Json,
        },
        color: wants_color(args.appearance.color, io::stdout().is_terminal()),
        ascii: args.appearance.ascii,
        ..report::Options::default()
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let written = report::write_comparison([&a, &b], &comparison, &options, &mut out)
        .and_then(|()| out.flush());
    run::unless_left(written.map_err(Into::into))?;
    Ok(ExitCode::from(u8::from(!comparison.is_same())))
}

struct Side {
    file: PathBuf,
    module: Option<PathBuf>,
}

/// Returns which session runs on which module.
fn sides(args: &DiffArgs) -> Result<[Side; 2]> {
    let (a, b) = match args.files.as_slice() {
        [a, b] => (a, b),
        [one] => (one, one),
        _ => bail!("expected one session or two"),
    };
    let (first, second) = match (args.modules.as_slice(), args.files.len()) {
        ([], 1) => {
            bail!("there is nothing to compare; name a second session, or give --module twice")
        }
        ([], _) => (None, None),
        // One session on its own module, and on this one.
        ([module], 1) => (None, Some(module)),
        ([module], _) => (Some(module), Some(module)),
        ([first, second], _) => (Some(first), Some(second)),
        _ => bail!(
            "--module is given {} times; two sides are compared",
            args.modules.len()
        ),
    };
    if load::is_stdin(a) && load::is_stdin(b) {
        bail!("standard input cannot be both sessions; save it as a file");
    }
    Ok([
        Side {
            file: a.clone(),
            module: first.cloned(),
        },
        Side {
            file: b.clone(),
            module: second.cloned(),
        },
    ])
}

fn complete(side: &Side, name: &str, args: &DiffArgs) -> Result<Timeline> {
    let session = SessionArgs {
        instance: None,
        module: side.module.clone(),
        sets: args.sets.clone(),
        at: None,
        limits: args.limits.clone(),
        stdin: args.stdin.clone(),
    };
    let opening = load::opening(Some(&side.file), &session);
    opening
        .and_then(run::complete)
        .with_context(|| format!("side {name} cannot be run"))
}
