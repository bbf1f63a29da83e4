//! `linmem record`: runs a host with the recorder, prints the recorder, or checks a recording.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, IsTerminal, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow, bail};
use linmem::hostlog::{self, FIRST_BYTES, HostLog, JAVASCRIPT_RECORDER, Limits, PYTHON_RECORDER};
use linmem::safe;
use linmem::session::recorded_host::{Translation, TranslationOptions, translate};
use linmem::text::count;

use crate::cli::{HostLanguage, RecordArgs, SessionArgs};

use super::atomic_file::{self, os_message, printable};
use super::{compile_cache, folders, input_file, interrupt};

/// The variable of the environment that names the recorder's file.
const OUTPUT_VARIABLE: &str = "LINMEM_RECORD";

/// The variable that makes the recorder compare all of memory at each crossing.
const EXACT_VARIABLE: &str = "LINMEM_RECORD_EXACT";

pub fn record(args: &RecordArgs) -> Result<ExitCode> {
    match (&args.check, args.script) {
        (Some(path), _) => check(path),
        (None, Some(language)) => {
            let recorder = match language {
                HostLanguage::Javascript => JAVASCRIPT_RECORDER,
                HostLanguage::Python => PYTHON_RECORDER,
            };
            io::stdout().lock().write_all(recorder.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        (None, None) => run(args),
    }
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

/// Replaces this process by the host, so that its output, its exit status and its signals are its own.
fn run(args: &RecordArgs) -> Result<ExitCode> {
    let Some((program, rest)) = args.command.split_first() else {
        bail!("name the command to record after `--`, such as: linmem record -- node app.mjs")
    };
    let output = match &args.output {
        Some(path) => path.clone(),
        None => default_output(program, rest),
    };
    let output = std::path::absolute(&output)
        .with_context(|| format!("cannot write {}", printable(&output)))?;
    remove_recordings(&output)?;
    let recorders =
        Recorders::write().context("cannot write the recorder to a folder of its own")?;
    let mut command = Command::new(program);
    command
        .args(rest)
        .env(OUTPUT_VARIABLE, &output)
        .env("NODE_OPTIONS", node_options(&recorders.javascript))
        .env("PYTHONPATH", python_path(&recorders.python_folder));
    if args.exact {
        command.env(EXACT_VARIABLE, "1");
    }
    if io::stderr().is_terminal() {
        // The host's own output is more important than this line.
        let _ = writeln!(io::stderr(), "linmem records to {}", printable(&output));
    }
    let error = command.exec();
    let shown = safe::plain(&program.to_string_lossy());
    bail!("cannot run {shown}: {}", os_message(&error))
}

/// Returns the name of the recording: that of the script, else of the program, with another ending.
fn default_output(program: &OsStr, args: &[OsString]) -> PathBuf {
    let is_option = |arg: &&OsString| arg.as_bytes().starts_with(b"-");
    let script = args.iter().find(|arg| !is_option(arg));
    let named = script.map_or(program, OsString::as_os_str);
    let stem = Path::new(named).file_stem().unwrap_or(OsStr::new("app"));
    let mut name = stem.to_owned();
    name.push(".hostlog");
    name.into()
}

/// Removes an earlier recording of this name, with those of its threads and child processes.
fn remove_recordings(output: &Path) -> Result<()> {
    if let Some(folder) = output.parent()
        && !folder.is_dir()
    {
        bail!("there is no folder {}", printable(folder));
    }
    let stem = output.file_stem().unwrap_or_default();
    for number in 1.. {
        let path = match number {
            1 => output.to_path_buf(),
            number => {
                let mut name = stem.to_owned();
                name.push(format!(".{number}"));
                if let Some(ending) = output.extension() {
                    name.push(".");
                    name.push(ending);
                }
                output.with_file_name(name)
            }
        };
        match is_replaceable(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && number > 1 => break,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Ok(true) => {
                let shown = printable(&path);
                fs::remove_file(&path)
                    .map_err(|e| anyhow!("cannot replace {shown}: {}", os_message(&e)))?;
            }
            Ok(false) if number > 1 => break,
            Ok(false) => bail!(
                "{} already exists and is not a recording; name another file with -o",
                printable(&path)
            ),
            Err(error) => bail!(
                "cannot replace {}: {}",
                printable(&path),
                os_message(&error)
            ),
        }
    }
    Ok(())
}

/// Returns the name of a recording on the screen.
pub fn title(file: &Path) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    safe::plain(&name.to_string_lossy())
}

/// Derives the steps of a recording. The names of files with its data begin with `file_prefix`.
pub fn replay(file: &Path, args: &SessionArgs, file_prefix: &str) -> Result<Translation> {
    let log = read(file)?;
    let options = TranslationOptions {
        name: title(file),
        instance: args.instance,
        limits: args.limits.limits(),
        control: interrupt::control(),
        file_prefix: file_prefix.to_owned(),
        compiled: compile_cache::shared(),
    };
    Ok(translate(log, &options)?)
}

/// Returns whether a file begins as a recording does.
pub fn is_recording(path: &Path) -> io::Result<bool> {
    Ok(first_bytes(path)?.is_some_and(|start| start == FIRST_BYTES))
}

/// Returns whether a file can be replaced by a recording: it is one, or it is empty.
fn is_replaceable(path: &Path) -> io::Result<bool> {
    Ok(first_bytes(path)?.is_some_and(|start| start.is_empty() || start == FIRST_BYTES))
}

/// Returns the first bytes of a regular file, and `None` for anything else.
fn first_bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut start = Vec::new();
    File::open(path)?
        .take(FIRST_BYTES.len() as u64)
        .read_to_end(&mut start)?;
    Ok(Some(start))
}

/// The recorders in the person's cache folder. The host and its child processes load them.
struct Recorders {
    /// The file that Node loads.
    javascript: PathBuf,
    /// The folder in which Python finds `sitecustomize.py`, and nothing else.
    python_folder: PathBuf,
}

impl Recorders {
    /// Writes the recorders where they are not there already.
    fn write() -> Result<Self> {
        let cache = folders::cache().context("this system names no folder for caches")?;
        let javascript = cache.join(concat!("recorder-", env!("CARGO_PKG_VERSION"), ".cjs"));
        let python_folder = cache.join(concat!("recorder-python-", env!("CARGO_PKG_VERSION")));
        write_recorder(&javascript, JAVASCRIPT_RECORDER)?;
        write_recorder(&python_folder.join("sitecustomize.py"), PYTHON_RECORDER)?;
        Ok(Self {
            javascript,
            python_folder,
        })
    }
}

fn write_recorder(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|error| anyhow!("{}: {}", printable(folder), os_message(&error)))?;
    }
    if fs::read(path).is_ok_and(|found| found == text.as_bytes()) {
        return Ok(());
    }
    atomic_file::write_file(path, |out| Ok(out.write_all(text.as_bytes())?))?;
    Ok(())
}

/// Returns the folders in which Python looks for modules, with that of the recorder first.
fn python_path(recorder: &Path) -> OsString {
    let mut path = recorder.as_os_str().to_owned();
    if let Some(others) = std::env::var_os("PYTHONPATH")
        && !others.is_empty()
    {
        path.push(":");
        path.push(others);
    }
    path
}

/// Returns the options of Node with the one that loads the recorder before the app, also into workers.
fn node_options(recorder: &Path) -> OsString {
    let mut options = std::env::var_os("NODE_OPTIONS").unwrap_or_default();
    if !options.is_empty() {
        options.push(" ");
    }
    // Node takes a quoted value in these options, with backslashes before quotes and backslashes.
    options.push("--require=\"");
    let mut escaped = Vec::new();
    for byte in recorder.as_os_str().as_bytes() {
        if b"\"\\".contains(byte) {
            escaped.push(b'\\');
        }
        escaped.push(*byte);
    }
    options.push(OsStr::from_bytes(&escaped));
    options.push("\"");
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_named_after_the_script() {
        let name = |command: &[&str]| {
            let command: Vec<OsString> = command.iter().map(OsString::from).collect();
            let (program, args) = command.split_first().unwrap();
            default_output(program, args)
        };
        assert_eq!(
            name(&["node", "--test", "src/app.mjs", "x"]),
            Path::new("app.hostlog")
        );
        assert_eq!(name(&["/usr/bin/tool"]), Path::new("tool.hostlog"));
    }

    #[test]
    fn the_recorder_is_named_in_quotes() {
        let options = node_options(Path::new("/a b/\"é.cjs"));
        let options = options.to_string_lossy();
        assert!(
            options.ends_with("--require=\"/a b/\\\"é.cjs\""),
            "{options}"
        );
    }
}
