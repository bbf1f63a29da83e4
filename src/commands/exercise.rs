//! `linmem exercise [NAME]`: the list of exercises, or the files of one to mend; and the checks of
//! `linmem test --exercise NAME FILE…`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use linmem::session::SessionConfig;
use linmem::{safe, terminal, text};

use crate::cli::{ExerciseArgs, SessionArgs};

use super::builtin::BuiltIn;
use super::load::{self, InitialSession};
use super::theme::wants_color;
use super::{atomic_file, tui};

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

    /// Returns the files that a person gets, with their contents.
    fn files(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> + '_ {
        let (steps, text) = self.session.steps;
        let files = self.session.files.iter().copied();
        files.chain([(steps, text.as_bytes())])
    }
}

macro_rules! exercise {
    ($name:literal, $description:literal, $check:expr) => {
        Exercise {
            session: BuiltIn {
                name: $name,
                description: $description,
                steps: (
                    concat!($name, ".steps"),
                    include_str!(concat!("../../guest/exercises/", $name, ".steps")),
                ),
                files: &[(
                    concat!($name, ".wat"),
                    include_bytes!(concat!("../../guest/exercises/", $name, ".wat")),
                )],
            },
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
    write_files(exercise, args.force)?;
    let (steps, _) = exercise.session.steps;
    let (mend, name) = (exercise.file_to_mend(), exercise.session.name);
    if terminal::is_usable() && args.session.stdin.is_none() {
        let file = PathBuf::from(steps);
        let initial = InitialSession {
            opening: load::opening(Some(&file), &args.session)?,
            lesson: None,
            file: Some(file),
        };
        return tui::play(
            initial,
            &args.session,
            &args.appearance,
            !args.mouse.no_mouse,
        );
    }
    let mut out = io::stdout().lock();
    for (file, _) in exercise.files() {
        writeln!(out, "wrote {file}")?;
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
    args.name.is_some() && terminal::is_usable() && args.session.stdin.is_none()
}

fn list(args: &ExerciseArgs) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let is_bold = wants_color(args.appearance.color, out.is_terminal());
    let (bold, plain) = match is_bold {
        true => ("\x1b[1m", "\x1b[0m"),
        false => ("", ""),
    };
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
fn write_files(exercise: &Exercise, force: bool) -> Result<()> {
    let taken = exercise
        .files()
        .find(|(file, _)| Path::new(file).symlink_metadata().is_ok());
    if let (Some((file, _)), false) = (taken, force) {
        bail!(
            "{file} exists; `linmem {}` opens it, and --force writes the exercise anew",
            exercise.session.steps.0
        );
    }
    for (file, contents) in exercise.files() {
        let write = |out: &mut dyn Write| Ok(out.write_all(contents)?);
        atomic_file::write_file(Path::new(file), write)
            .with_context(|| format!("cannot write {file}"))?;
    }
    Ok(())
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
