//! Loads the session that the command line names.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail};
use linmem::guest::{Component, Guest};
use linmem::safe;
use linmem::script::{self, Script};
use linmem::session::SessionConfig;
use linmem::session::files::Files;

use crate::cli::SessionArgs;

use super::builtin::{BuiltIn, LESSONS, SESSIONS};
use super::{compile_cache, input_file, interrupt, record};

/// The most bytes of a steps file.
pub const MAX_SCRIPT: u64 = 16 << 20;

/// The most bytes of a module.
const MAX_MODULE: u64 = 256 << 20;

/// The most bytes of standard input for a guest.
const MAX_INPUT: u64 = 64 << 20;

/// How much memory all that is recorded of a lesson takes at most by default, in bytes.
const LESSON_HISTORY: u64 = 256 << 20;

/// The prefix of a module's name that ships inside the program.
pub const BUILT_IN: &str = "builtin:";

/// Returns whether a path means linmem's own standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Loads `file` with the settings of the command line; without a file, the default session.
pub fn opening(file: Option<&Path>, args: &SessionArgs) -> Result<SessionConfig> {
    match file {
        None => match SESSIONS.first() {
            Some(session) => built_in(session, args),
            None => bail!("no session ships inside the program"),
        },
        Some(file) => from_file(file, args),
    }
}

/// Loads a session that ships inside the program.
pub fn built_in(session: &BuiltIn, args: &SessionArgs) -> Result<SessionConfig> {
    let (name, text) = session.steps;
    let script = script::parse(name, text)?;
    let files = Files::BuiltIn(session.files);
    assemble(session.name.to_string(), script, files, args)
}

/// Loads a session inside the program by its index, or a lesson by its index after them.
pub fn by_index(index: usize, args: &SessionArgs) -> Result<SessionConfig> {
    match (SESSIONS.get(index), index.checked_sub(SESSIONS.len())) {
        (Some(session), _) => built_in(session, args),
        (None, Some(index)) => lesson(index, args),
        (None, None) => bail!("there is no session {index}"),
    }
}

/// Returns the path of a core module of a component, by its number; the path of a module as it is
/// without a number.
pub fn core_module(module: &Path, core: Option<usize>) -> PathBuf {
    match core {
        Some(number) => {
            let mut path = module.as_os_str().to_owned();
            path.push(format!("#{number}"));
            path.into()
        }
        None => module.to_path_buf(),
    }
}

/// Loads a lesson by its index.
pub fn lesson(index: usize, args: &SessionArgs) -> Result<SessionConfig> {
    let Some(lesson) = LESSONS.get(index) else {
        bail!("there is no lesson {}", index.saturating_add(1))
    };
    let mut config = built_in(lesson, args)?;
    config.title = format!("lesson {} of {}", index + 1, LESSONS.len());
    if args.limits.max_history.0.is_none() {
        config.limits.max_history = LESSON_HISTORY;
    }
    Ok(config)
}

fn from_file(file: &Path, args: &SessionArgs) -> Result<SessionConfig> {
    let shown = safe::plain(&file.to_string_lossy());
    let is_stdin = is_stdin(file);
    if is_stdin && args.stdin.as_deref().is_some_and(self::is_stdin) {
        bail!(
            "standard input cannot be both the session and what the guest reads; name a file for \
             one of them"
        );
    }
    if Component::is_core_module(file) {
        let guest = Guest::load_known(file, is_known)?;
        let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
        let script = script::parse(&shown, "")?;
        return finish(shown, script, guest, Files::Folder(folder), args);
    }
    if !is_stdin && record::is_recording(file).unwrap_or_default() {
        return recording(file, args);
    }
    let bytes = read(file, &shown)?;
    let folder = if is_stdin {
        PathBuf::new()
    } else {
        file.parent().map(Path::to_path_buf).unwrap_or_default()
    };
    if is_module(file, &bytes) {
        let guest = match is_stdin {
            true => Guest::from_bytes(&shown, &bytes)?,
            false => Guest::known_from_bytes_in(&folder, &shown, bytes, is_known)?,
        };
        let script = script::parse(&shown, "")?;
        return finish(shown, script, guest, Files::Folder(folder), args);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bail!(not_utf8_message(&shown, &error)),
    };
    let script = script::parse(if is_stdin { "-" } else { &shown }, &text)?;
    let title = match file.file_name() {
        _ if is_stdin => "standard input".to_string(),
        Some(name) => safe::plain(&name.to_string_lossy()),
        None => shown,
    };
    assemble(title, script, Files::Folder(folder), args)
}

/// Loads a steps file with further statements after it. Its module and its files are `files`.
pub fn with_check(
    file: &Path,
    check: &str,
    files: &'static [(&'static str, &'static [u8])],
    args: &SessionArgs,
) -> Result<SessionConfig> {
    let shown = safe::plain(&file.to_string_lossy());
    let text = match String::from_utf8(read(file, &shown)?) {
        Ok(text) => text,
        Err(error) => bail!(not_utf8_message(&shown, &error)),
    };
    let is_markdown = file.extension().is_some_and(|ending| ending == "md");
    let whole = match is_markdown {
        true => format!("{text}\n\n```steps\n{check}```\n"),
        false => format!("{text}\n{check}"),
    };
    let script = script::parse(&shown, &whole)?;
    assemble(shown, script, Files::BuiltIn(files), args)
}

/// Reads a steps file and its guest, without running anything.
pub fn text_and_guest(file: &Path) -> Result<(String, Guest)> {
    let shown = safe::plain(&file.to_string_lossy());
    let text = match String::from_utf8(read(file, &shown)?) {
        Ok(text) => text,
        Err(error) => bail!(not_utf8_message(&shown, &error)),
    };
    let script = script::parse(&shown, &text)?;
    let Some(path) = script.module() else {
        bail!("{shown} names no module; begin it with a line such as: module \"guest.wasm\"")
    };
    let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
    let guest = Files::Folder(folder)
        .module(path)
        .with_context(|| format!("{shown} names a module that cannot be used"))?;
    Ok((text, guest))
}

/// Loads a recording of a host as a session.
fn recording(file: &Path, args: &SessionArgs) -> Result<SessionConfig> {
    let replay = record::replay(file, args, "")?;
    let files = Files::InMemory(replay.files.into());
    let guest = match &args.module {
        Some(path) => Guest::load(path)?,
        None => replay.guest,
    };
    finish(record::title(file), replay.script, guest, files, args)
}

/// Loads a steps file for its types, and the module that it names, if any.
pub fn for_types(file: &Path) -> Result<(Script, Option<Guest>)> {
    let shown = safe::plain(&file.to_string_lossy());
    let text = match String::from_utf8(read(file, &shown)?) {
        Ok(text) => text,
        Err(error) => bail!(not_utf8_message(&shown, &error)),
    };
    let script = script::parse(if is_stdin(file) { "-" } else { &shown }, &text)?;
    let guest = match script.module() {
        None => None,
        Some(path) if path.starts_with(BUILT_IN) => Some(built_in_module(path)?),
        Some(path) => {
            let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
            let _notice = input_file::notice_of_wait(&folder.join(path));
            Some(Files::Folder(folder).module(path)?)
        }
    };
    Ok((script, guest))
}

/// Returns the message for a file that is not UTF-8, with the first line that is not.
fn not_utf8_message(shown: &str, error: &FromUtf8Error) -> String {
    let (before, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let byte = rest
        .first()
        .map(|byte| format!(" (byte {byte:02x})"))
        .unwrap_or_default();
    format!(
        "{shown} is neither a module nor a steps file: line {line} is not UTF-8 text{byte}; save \
         it as UTF-8"
    )
}

/// Returns whether this program validated and compiled a module before; see [`Guest::load_known`].
fn is_known(sha256: &[u8; 32]) -> bool {
    compile_cache::shared().has_entry(sha256)
}

fn assemble(
    title: String,
    script: Script,
    files: Files,
    args: &SessionArgs,
) -> Result<SessionConfig> {
    let guest = match (&args.module, script.module()) {
        (Some(path), _) => {
            let _notice = input_file::notice_of_wait(path);
            Guest::load_known(path, is_known)?
        }
        (None, Some(path)) if path.starts_with(BUILT_IN) => built_in_module(path)?,
        (None, Some(path)) => {
            let _notice = match &files {
                Files::Folder(folder) => input_file::notice_of_wait(&folder.join(path)),
                Files::BuiltIn(_) | Files::InMemory(_) => None,
            };
            files.known_module(path, is_known).with_context(|| {
                format!(
                    "{} names a module that cannot be used",
                    safe::plain(&script.source.name)
                )
            })?
        }
        (None, None) => {
            let name = if script.source.name == "-" {
                title
            } else {
                safe::plain(&script.source.name)
            };
            bail!(
                "{name} names no module; begin it with a line such as: module \"guest.wasm\" (or \
                 give --module PATH)"
            )
        }
    };
    finish(title, script, guest, files, args)
}

/// Loads a module such as `builtin:wasm_is_cool.wat`, by which a report about one of the program's own
/// sessions runs anywhere.
fn built_in_module(path: &str) -> Result<Guest> {
    let name = path.strip_prefix(BUILT_IN).unwrap_or(path);
    let mut files = SESSIONS
        .iter()
        .chain(LESSONS)
        .flat_map(|session| session.files);
    match files.find(|(known, _)| *known == name) {
        Some((name, bytes)) => Ok(Guest::from_bytes(name, bytes)?),
        None => bail!(
            "no module named {} ships inside the program",
            safe::quoted(name, 100)
        ),
    }
}

fn finish(
    title: String,
    script: Script,
    guest: Guest,
    files: Files,
    args: &SessionArgs,
) -> Result<SessionConfig> {
    Ok(SessionConfig {
        title,
        script,
        guest,
        files,
        input_overrides: args.sets.clone(),
        limits: args.limits.limits(),
        control: interrupt::control(),
        stdin: args
            .stdin
            .as_deref()
            .map(guest_input)
            .transpose()?
            .unwrap_or_default(),
        compiled: compile_cache::shared(),
    })
}

/// Returns the standard input for the guest. linmem's own standard input can be read only once, so
/// that it is kept for later sessions.
fn guest_input(path: &Path) -> Result<Arc<[u8]>> {
    static OWN: OnceLock<Arc<[u8]>> = OnceLock::new();
    if !is_stdin(path) {
        let shown = safe::plain(&path.to_string_lossy());
        let _notice = input_file::notice_of_wait(path);
        let file = File::open(path)
            .with_context(|| format!("cannot read {shown}, which --stdin names"))?;
        return read_input(file, &shown);
    }
    if let Some(read) = OWN.get() {
        return Ok(Arc::clone(read));
    }
    let read = read_input(std::io::stdin(), "standard input")?;
    Ok(Arc::clone(OWN.get_or_init(|| read)))
}

fn read_input(from: impl Read, shown: &str) -> Result<Arc<[u8]>> {
    let mut bytes = Vec::new();
    input_file::read_at_most(from, MAX_INPUT, &mut bytes)
        .with_context(|| format!("cannot read {shown}"))?;
    if bytes.len() as u64 > MAX_INPUT {
        bail!(
            "{shown} is larger than {} MiB, the limit for the standard input of a guest",
            MAX_INPUT >> 20
        );
    }
    Ok(bytes.into())
}

/// Returns whether a file is a module, by its first bytes or by its ending.
pub fn is_module(file: &Path, bytes: &[u8]) -> bool {
    let named = file
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("wasm") || e.eq_ignore_ascii_case("wat"));
    named || bytes.starts_with(b"\0asm")
}

/// Reads a session or a module, from standard input or a file. A steps file has a lower limit than a
/// module.
fn read(file: &Path, shown: &str) -> Result<Vec<u8>> {
    if is_stdin(file) {
        return read_from(&mut std::io::stdin().lock(), false, "standard input");
    }
    let facts = match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("there is no file {shown}")
        }
        facts => facts.with_context(|| format!("cannot read {shown}"))?,
    };
    if facts.is_dir() {
        bail!("{shown} is a folder; name a .steps, .md, .wasm or .wat file in it");
    }
    let _notice = input_file::notice_of_wait(file);
    let mut open = File::open(file).with_context(|| format!("cannot read {shown}"))?;
    read_from(&mut open, is_module(file, &[]), shown)
}

fn read_from(from: &mut impl Read, is_named_module: bool, shown: &str) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read {shown}");
    let mut bytes = Vec::new();
    input_file::read_at_most(&mut *from, MAX_SCRIPT, &mut bytes).with_context(cannot)?;
    let is_longer = |bytes: &[u8], most: u64| bytes.len() as u64 > most;
    let is_module = is_named_module || bytes.starts_with(b"\0asm");
    if is_module && is_longer(&bytes, MAX_SCRIPT) {
        input_file::read_at_most(from, MAX_MODULE, &mut bytes).with_context(cannot)?;
    }
    let (what, most) = match is_module {
        true => ("a module", MAX_MODULE),
        false => ("a steps file", MAX_SCRIPT),
    };
    if is_longer(&bytes, most) {
        bail!(
            "{shown} is larger than {} MiB, the limit for {what}; name a smaller file",
            most >> 20
        );
    }
    Ok(bytes)
}
