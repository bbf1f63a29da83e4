//! `linmem run`: one session from start to end, and its transcript.

use std::ffi::OsStr;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use linmem::javascript::{self, Interface, ModuleSource};
use linmem::report;
use linmem::session::files::Files;
use linmem::session::{OpenError, Session, SessionConfig};
use linmem::timeline::{At, NoSuchMoment, Timeline};

use crate::cli::{AppearanceArgs, Cli, ColorWhen, Format, RunArgs};

use super::theme::{self, wants_color};
use super::{
    asciicast, atomic_file, compile_progress, input_file, interrupt, load, record, report_options,
};

pub fn run(args: &RunArgs) -> Result<ExitCode> {
    let format = match args.format {
        Format::Text => Some(report::Format::Text),
        Format::Json => Some(report::Format::Json),
        Format::Markdown => Some(report::Format::Markdown),
        Format::Html => Some(report::Format::Html),
        Format::Svg => Some(report::Format::Svg),
        Format::Cast => None,
        Format::Steps => return write_steps(args),
        Format::Javascript => return write_javascript(args),
    };
    let opening = load::opening(args.file.as_deref(), &args.session)?;
    let is_built_in = matches!(opening.files, Files::BuiltIn(_)) && args.session.module.is_none();
    let timeline = complete(opening)?;
    if let (true, Some(path)) = (timeline.interrupted, &args.output) {
        refuse_partial(&timeline, path);
        return Ok(exit_code(&timeline, false));
    }
    let to_terminal = args.output.is_none() && io::stdout().is_terminal();
    let options = options(
        format.unwrap_or(report::Format::Text),
        &timeline,
        args.session.at.as_ref(),
        &args.appearance,
        to_terminal,
    )?;
    let options = report::Options {
        stores: args.stores,
        module: report_options::module_line(&timeline, args.output.as_deref(), is_built_in),
        again: report_options::again(&args.session),
        ..options
    };
    write_output(args.output.as_deref(), &mut |out| match format {
        Some(_) => Ok(report::write(&timeline, &options, out)?),
        None => {
            // A recording is the same on every machine.
            let has_color = args.appearance.color != ColorWhen::Never;
            let theme = theme::with_color(&args.appearance, has_color);
            let until = options.until;
            Ok(asciicast::write(&timeline, until, args.size, &theme, out)?)
        }
    })?;
    Ok(exit_code(&timeline, args.deny.warnings()))
}

/// Writes a session as a module of JavaScript. The session runs first, because its inputs and how it
/// ends are those of any other run.
fn write_javascript(args: &RunArgs) -> Result<ExitCode> {
    let opening = load::opening(args.file.as_deref(), &args.session)?;
    let (mut script, guest) = (opening.script.clone(), opening.guest.clone());
    script.resolve_types(&mut guest.debug_types())?;
    let timeline = complete(opening)?;
    if let (true, Some(path)) = (timeline.interrupted, &args.output) {
        refuse_partial(&timeline, path);
        return Ok(exit_code(&timeline, false));
    }
    let inputs = timeline.inputs.iter();
    let source = ModuleSource {
        script: &script,
        inputs: inputs
            .map(|input| (input.name.clone(), input.value.clone()))
            .collect(),
        interface: Interface::of(&timeline.guest),
        wasm: guest.wasm(),
        title: timeline.title.clone(),
    };
    let module = javascript::module(&source);
    write_output(args.output.as_deref(), &mut |out| {
        Ok(out.write_all(module.as_bytes())?)
    })?;
    Ok(exit_code(&timeline, args.deny.warnings()))
}

/// Writes a recording of a host as a steps file, with its module and its data beside it.
fn write_steps(args: &RunArgs) -> Result<ExitCode> {
    let (Some(file), Some(output)) = (&args.file, &args.output) else {
        bail!("--format steps writes files: name a recording, and a steps file with --output")
    };
    if !record::is_recording(file).unwrap_or_default() {
        let shown = atomic_file::printable(file);
        bail!("{shown} is not a recording of a host, and only one can be written as a steps file")
    }
    let Some(stem) = output.file_stem().and_then(OsStr::to_str) else {
        bail!("the steps file needs a name in UTF-8, as it names its module")
    };
    let replay = record::replay(file, &args.session, &format!("{stem}-"))?;
    if interrupt::is_received() {
        let shown = atomic_file::printable(output);
        bail!("interrupted while the recording was replayed; {shown} was not written");
    }
    let module = format!("{stem}-guest.wasm");
    let text = replay.steps_file(&module);
    let module = (module, replay.guest.given_bytes().to_vec());
    let files: Vec<(PathBuf, Vec<u8>)> = std::iter::once(module)
        .chain(replay.files)
        .map(|(name, bytes)| (output.with_file_name(name), bytes))
        .collect();
    // Only the steps file itself is named by the person, so nothing else is replaced.
    if let Some((other, _)) = files.iter().find(|(path, bytes)| is_other(path, bytes)) {
        bail!(
            "{} already exists and is another file; name another steps file",
            atomic_file::printable(other)
        );
    }
    for (path, bytes) in &files {
        atomic_file::write_file(path, |out| Ok(out.write_all(bytes)?))?;
    }
    atomic_file::write_file(output, |out| Ok(out.write_all(text.as_bytes())?))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns whether something with this path exists that does not have these bytes.
fn is_other(path: &Path, bytes: &[u8]) -> bool {
    path.symlink_metadata().is_ok()
        && !(input_file::is_regular(path) && std::fs::read(path).is_ok_and(|found| found == bytes))
}

/// Prints the transcript: `linmem [FILE]` without a terminal.
pub fn transcript(cli: &Cli) -> Result<ExitCode> {
    transcript_of(
        load::opening(cli.file.as_deref(), &cli.screen.session)?,
        cli.screen.session.at.as_ref(),
        &cli.screen.appearance,
    )
}

/// Prints the text transcript of a session.
pub fn transcript_of(
    opening: SessionConfig,
    at: Option<&At>,
    appearance: &AppearanceArgs,
) -> Result<ExitCode> {
    let timeline = complete(opening)?;
    let options = options(
        report::Format::Text,
        &timeline,
        at,
        appearance,
        io::stdout().is_terminal(),
    )?;
    write_output(None, &mut |out| {
        Ok(report::write(&timeline, &options, out)?)
    })?;
    Ok(exit_code(&timeline, false))
}

/// Runs a session to its end, or to the signal that interrupts it. The timeline has what was recorded
/// until then; a second signal ends the program.
pub fn complete(opening: SessionConfig) -> Result<Timeline> {
    let opened = {
        let _progress = compile_progress::show(opening.guest.name(), &opening.control);
        Session::open(opening)
    };
    let (mut session, mut timeline) = match opened {
        Err(OpenError::Cancelled(timeline)) => return Ok(*timeline),
        opened => opened?,
    };
    session.run_to_end(&mut timeline);
    Ok(timeline)
}

fn options(
    format: report::Format,
    timeline: &Timeline,
    at: Option<&At>,
    appearance: &AppearanceArgs,
    to_terminal: bool,
) -> Result<report::Options> {
    let until = at
        .map(|at| timeline.resolve(at).map_err(no_such_moment))
        .transpose()?;
    Ok(report::Options {
        format,
        until: until.map(|resolved| resolved.moment),
        child: until.and_then(|resolved| resolved.child),
        color: wants_color(appearance.color, to_terminal),
        ascii: appearance.ascii,
        ..report::Options::default()
    })
}

/// Returns the error of `--at`.
pub fn no_such_moment(error: NoSuchMoment) -> anyhow::Error {
    anyhow!("--at {error}")
}

/// Writes to a file, or to standard output without one.
pub fn write_output(
    path: Option<&Path>,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    match path {
        Some(path) => atomic_file::write_file(path, write),
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            unless_left(write(&mut out).and_then(|()| Ok(out.flush()?)))
        }
    }
}

/// Turns the error of output whose reader has left into a success: the reader has read enough, and the
/// exit status is that of the run.
pub fn unless_left(written: Result<()>) -> Result<()> {
    match written {
        Err(error) if crate::is_broken_pipe(&error) => Ok(()),
        written => written,
    }
}

/// Prints that the report of an interrupted run does not replace a file.
pub fn refuse_partial(timeline: &Timeline, path: &Path) {
    let why = report::problem(timeline, false).unwrap_or_default();
    // Standard error is the last resort.
    let _ = writeln!(
        io::stderr(),
        "{why}; {} was not written",
        atomic_file::printable(path)
    );
}

/// Returns 0 for a session that ran well, 1 for one with a problem, and that of the signal for one
/// that was interrupted.
pub fn exit_code(timeline: &Timeline, deny_warnings: bool) -> ExitCode {
    if timeline.interrupted {
        ExitCode::from(interrupt::listen().exit_status())
    } else if report::problem(timeline, deny_warnings).is_some() {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    }
}
