//! `linmem exercise [NAME]`: the list of exercises, or the files of one to mend; and the checks of
//! `linmem test --exercise NAME FILE…`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use linmem::session::SessionConfig;
use linmem::{safe, terminal, text};

use crate::cli::{ExerciseArgs, SessionArgs};

use super::builtin::{BuiltIn, with_own_guest};
use super::file_watch::WatchedFiles;
use super::session_host::InitialSession;
use super::{atomic_file, load, theme, tui};

/// An exercise to mend.
pub struct Exercise {
    /// Its name, the steps file that a person gets, and the files beside it.
    pub session: BuiltIn,
    /// What is appended to the steps that a person mended; empty where the guest is to be mended,
    /// which the steps of the exercise check.
    check: &'static str,
}

impl Exercise {
    /// Returns whether the guest is to be mended, and not the steps.
    fn mends_guest(&self) -> bool {
        self.check.is_empty()
    }

    /// Returns the name of the file to mend.
    fn file_to_mend(&self) -> &'static str {
        match (self.mends_guest(), self.session.files.first()) {
            (true, Some((module, _))) => module,
            _ => self.session.steps.0,
        }
    }
}

macro_rules! exercise {
    ($name:literal, $description:literal, $check:expr) => {
        Exercise {
            session: with_own_guest!("exercises", $name, ".steps", $name, $description),
            check: $check,
        }
    };
    (guest $name:literal, $description:literal) => {
        exercise!($name, $description, "")
    };
    (steps $name:literal, $description:literal) => {
        exercise!(
            $name,
            $description,
            include_str!(concat!("../../guest/exercises/", $name, ".check"))
        )
    };
}

/// The exercises, the easiest first.
pub const EXERCISES: &[Exercise] = &[
    exercise!(steps "length", "the right length: read all that the guest returned"),
    exercise!(steps "encoded", "bytes, not characters: the length of a text"),
    exercise!(steps "stride", "an index in bytes: change one number of four"),
    exercise!(steps "stale", "a stale view: read where the text is now"),
    exercise!(steps "once", "free once: a block with two users"),
    exercise!(guest "overrun", "one byte too many: repair the guest's set_name"),
    exercise!(guest "bounds", "the end of an array: repair the guest's get"),
    exercise!(guest "twice", "an allocator that returns a block twice"),
    exercise!(guest "area", "a return area on the wrong side of the stack pointer"),
    exercise!(steps "balance", "an overrun on purpose: set the balance by a name"),
];

pub fn exercise(args: &ExerciseArgs) -> Result<ExitCode> {
    let Some(name) = &args.name else {
        return list(args);
    };
    let exercise = find(name)?;
    let files = write_files(exercise, args.force)?;
    let (steps, _) = exercise.session.steps;
    let (mend, name) = (exercise.file_to_mend(), exercise.session.name);
    if shows_screen(args) {
        let file = PathBuf::from(steps);
        let files = WatchedFiles::of_session(Some(&file), &args.screen.session);
        let initial = InitialSession {
            files,
            opening: load::opening(Some(&file), &args.screen.session)?,
            lesson: None,
            file: Some(file),
        };
        return tui::play(initial, &args.screen);
    }
    let mut out = io::stdout().lock();
    for file in files {
        writeln!(out, "wrote {}", atomic_file::printable(&file))?;
    }
    writeln!(
        out,
        "\nMend {mend}; its first lines name the task.\n  look    linmem {steps}\n  check   linmem \
         test --exercise {name} {mend}"
    )?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns whether the exercise is shown on the terminal.
pub fn shows_screen(args: &ExerciseArgs) -> bool {
    args.name.is_some() && terminal::is_usable() && args.screen.session.stdin.is_none()
}

fn list(args: &ExerciseArgs) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let [bold, plain] = theme::bold(args.screen.appearance.color, out.is_terminal());
    for exercise in EXERCISES {
        let BuiltIn {
            name, description, ..
        } = exercise.session;
        writeln!(out, "  {bold}{name:<9}{plain} {description}")?;
    }
    writeln!(
        out,
        "\nlinmem exercise NAME writes the files of one into this folder and opens them.\nlinmem \
         test --exercise NAME FILE checks the mended file."
    )?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns an exercise by its name.
pub fn find(name: &str) -> Result<&'static Exercise> {
    let names = || EXERCISES.iter().map(|exercise| exercise.session.name);
    let wanted = name.trim().to_ascii_lowercase();
    let found = EXERCISES
        .iter()
        .find(|exercise| exercise.session.name == wanted);
    match (found, text::nearest(&wanted, names())) {
        (Some(exercise), _) => Ok(exercise),
        (None, Some(nearest)) => bail!(
            "there is no exercise {}; did you mean `{nearest}`?",
            safe::quoted(name, 60)
        ),
        (None, None) => bail!(
            "there is no exercise {}; `linmem exercise` lists them",
            safe::quoted(name, 60)
        ),
    }
}

/// Writes the files of an exercise into the current folder. Nothing is written where one exists,
/// unless `force` replaces it.
fn write_files(exercise: &Exercise, force: bool) -> Result<Vec<PathBuf>> {
    let folder = Path::new("");
    match exercise.session.existing_file(folder) {
        Some(file) if !force => bail!(
            "{} exists; `linmem {}` opens it, and --force writes the exercise anew",
            atomic_file::printable(&file),
            exercise.session.steps.0
        ),
        _ => exercise.session.write_into(folder),
    }
}

/// Returns the session that checks a mended file.
///
/// # Errors
/// The file is of another kind than the one to mend, or cannot be used.
pub fn grading(exercise: &Exercise, file: &Path, args: &SessionArgs) -> Result<SessionConfig> {
    let ending = file.extension().and_then(|ending| ending.to_str());
    let is_module = matches!(ending, Some("wat" | "wasm"));
    let name = exercise.session.name;
    if is_module != exercise.mends_guest() {
        let kind = match exercise.mends_guest() {
            true => "a .wat or .wasm module",
            false => "a .steps or .md file",
        };
        bail!(
            "{} is not what is mended in the exercise {name}: give {kind}",
            safe::plain(&file.to_string_lossy())
        );
    }
    if exercise.mends_guest() {
        let args = SessionArgs {
            module: Some(file.to_path_buf()),
            ..args.clone()
        };
        return load::built_in(&exercise.session, &args);
    }
    load::with_check(file, exercise.check, exercise.session.files, args)
}
