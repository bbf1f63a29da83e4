//! `linmem run`: one session from start to end, and its transcript.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use linmem::report;
use linmem::session::limits::Control;
use linmem::session::{Opening, Session};
use linmem::timeline::{Moment, Timeline};

use crate::cli::{At, Cli, Format, LookArgs, RunArgs};

use super::{load, wants_color};

pub fn run(args: &RunArgs) -> Result<ExitCode> {
    let timeline = complete(load::opening(args.file.as_deref(), &args.session)?)?;
    let format = match args.format {
        Format::Text => report::Format::Text,
        Format::Json => report::Format::Json,
    };
    let to_terminal = args.output.is_none() && io::stdout().is_terminal();
    let options = options(format, &timeline, args.session.at, &args.look, to_terminal)?;
    let options = report::Options { stores: args.stores, ..options };
    match &args.output {
        Some(path) => write_file(path, &timeline, &options)?,
        None => write_stdout(&timeline, &options)?,
    }
    Ok(exit_code(&timeline, args.deny.warnings()))
}

/// `linmem [FILE]` where there is no terminal to draw on: the text transcript.
pub fn transcript(cli: &Cli) -> Result<ExitCode> {
    transcript_of(load::opening(cli.file.as_deref(), &cli.session)?, cli.session.at, &cli.look)
}

/// The text transcript of a session.
pub fn transcript_of(opening: Opening, at: Option<At>, look: &LookArgs) -> Result<ExitCode> {
    let timeline = complete(opening)?;
    let options = options(report::Format::Text, &timeline, at, look, io::stdout().is_terminal())?;
    write_stdout(&timeline, &options)?;
    Ok(exit_code(&timeline, false))
}

/// Runs a session to its end. Ctrl-c cancels the running call, so that what was recorded is still shown; a second one
/// ends the program.
pub fn complete(opening: Opening) -> Result<Timeline> {
    let control = opening.control.clone();
    heed_interrupt(&control);
    let (mut session, mut timeline) = Session::open(opening)?;
    while !control.is_cancelled() {
        match session.advance() {
            Some(step) => timeline.push(step),
            None => break,
        }
    }
    Ok(timeline)
}

fn heed_interrupt(control: &Control) {
    use signal_hook::consts::SIGINT;
    // Without the handler ctrl-c ends the program at once, which is no worse than the system's default.
    let _ = signal_hook::flag::register_conditional_shutdown(SIGINT, 130, control.flag());
    let _ = signal_hook::flag::register(SIGINT, control.flag());
}

fn options(
    format: report::Format,
    timeline: &Timeline,
    at: Option<At>,
    look: &LookArgs,
    to_terminal: bool,
) -> Result<report::Options> {
    let until = match at {
        Some(At { step, .. }) if step >= timeline.steps().len() => {
            let last = timeline.steps().len().saturating_sub(1);
            bail!("--at {step}: the session ran steps 0 to {last}")
        }
        Some(At { step, store: Some(store) }) => Some(Moment { step, event: store }),
        Some(At { step, store: None }) => Some(Moment::end_of(step)),
        None => None,
    };
    Ok(report::Options {
        format,
        until,
        color: wants_color(look, to_terminal),
        ascii: look.ascii,
        ..report::Options::default()
    })
}

fn write_stdout(timeline: &Timeline, options: &report::Options) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    report::write(timeline, options, &mut out)?;
    out.flush()?;
    Ok(())
}

fn write_file(path: &Path, timeline: &Timeline, options: &report::Options) -> Result<()> {
    let shown = linmem::safe::plain(&path.to_string_lossy());
    let cannot = || format!("cannot write {shown}");
    let mut out = BufWriter::new(File::create(path).with_context(cannot)?);
    report::write(timeline, options, &mut out).with_context(cannot)?;
    out.flush().with_context(cannot)
}

/// 0 all well, 1 something is wrong with the session's run.
fn exit_code(timeline: &Timeline, deny_warnings: bool) -> ExitCode {
    if report::problem(timeline, deny_warnings).is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
