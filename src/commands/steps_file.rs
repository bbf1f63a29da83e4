//! `:save`: writes the session on the screen as a steps file, whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use linmem::app::message::SaveSteps;
use linmem::safe;
use linmem::script::{self, SavedStep, Script};
use linmem::session::SessionConfig;
use linmem::session::files::Files;

use super::atomic_file::{self, AlreadyExists, RelativePathError, os_message, printable};

/// Where the session's module is.
pub enum Module {
    File(PathBuf),
    /// Inside the program: it is written beside the steps.
    Own {
        name: &'static str,
        bytes: &'static [u8],
    },
    /// Nowhere: it came through standard input.
    Nowhere,
}

/// Writes the session. Returns a sentence about what was written.
///
/// # Errors
/// Nothing was written; the message is safe to print.
pub fn save(config: &SessionConfig, module: &Module, save: &SaveSteps) -> Result<String> {
    let path = steps_path(&save.path)?;
    let shown = printable(&path);
    let folder = folder_of(&path);
    let root = folder.canonicalize().map_err(|error| {
        anyhow!(
            "cannot write {shown}: the folder {}: {}",
            printable(&folder),
            os_message(&error)
        )
    })?;
    if path.is_dir() {
        bail!("{shown} is a folder: name a file in it");
    }
    check_files(&config.files, save, &root)?;
    let (name, guest) = match module {
        Module::File(file) => (relative_path(&root, file)?, None),
        Module::Own { name, bytes } => ((*name).to_owned(), Some((root.join(name), *bytes))),
        Module::Nowhere => bail!(
            "the module came through standard input, so a steps file has nothing to name: open it \
             from a file, then save"
        ),
    };
    let script = config.script.with_setup(&save.setup)?;
    let text = text(&script, &name, save, !config.stdin.is_empty());
    if let Err(errors) = script::parse(&save.path, &text) {
        let first = errors.errors.first();
        let why = first
            .map(|error| error.message.as_str())
            .unwrap_or_default();
        bail!("these steps would not be a steps file that can run: {why}");
    }
    let beside = match &guest {
        Some((file, bytes)) => write_guest(file, bytes)?,
        None => String::new(),
    };
    write(&path, &text, save)?;
    let steps = match save.steps.len() {
        1 => "1 step".to_owned(),
        n => format!("{n} steps"),
    };
    Ok(format!(
        "Saved {steps} to {shown}{beside}: `linmem {shown}` opens them."
    ))
}

fn write(path: &Path, text: &str, save: &SaveSteps) -> Result<()> {
    let content = |out: &mut dyn io::Write| Ok(out.write_all(text.as_bytes())?);
    let written = if save.replace {
        atomic_file::write_file(path, content)
    } else {
        atomic_file::write_new(path, content)
    };
    written.map_err(|error| match error.is::<AlreadyExists>() {
        true => anyhow!(
            "{} already exists: `save! {}` replaces it",
            printable(path),
            safe::plain(&save.path)
        ),
        false => on_one_line(error),
    })
}

fn text(script: &Script, module: &str, save: &SaveSteps, reads_input: bool) -> String {
    let step = |(text, narration): &(String, Option<String>)| SavedStep {
        text: text.clone(),
        narration: narration.clone(),
    };
    let steps: Vec<SavedStep> = save.steps.iter().map(step).collect();
    let text = script.serialize(module, &save.inputs, &steps);
    let note = if reads_input {
        "# The guest reads its standard input: run this with --stdin PATH.\n"
    } else {
        ""
    };
    format!("{note}{text}")
}

/// Returns the file that `typed` names: with the ending `.steps`, and `~` for the home folder.
fn steps_path(typed: &str) -> Result<PathBuf> {
    let path = match (typed.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(typed),
    };
    match path
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase())
    {
        Some(ending) if ending == "steps" => Ok(path),
        None if path.file_name().is_some() && !typed.ends_with('/') => {
            Ok(path.with_extension("steps"))
        }
        None => bail!("{} is a folder: name a file in it", safe::plain(typed)),
        Some(_) => bail!(
            "{} does not end in .steps, which a steps file does",
            safe::plain(typed)
        ),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Checks that steps with `file("…")` are saved to the folder that they read from: such a file is
/// searched beside the steps file.
fn check_files(files: &Files, save: &SaveSteps, root: &Path) -> Result<()> {
    if !save.steps.iter().any(|(text, _)| text.contains("file(")) {
        return Ok(());
    }
    match files {
        Files::Folder(folder) => {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            if folder.canonicalize().is_ok_and(|folder| folder == root) {
                return Ok(());
            }
            bail!(
                "these steps read files with file(\"…\"), which are searched beside the steps: save \
                 into {}",
                printable(folder)
            )
        }
        Files::BuiltIn(_) | Files::InMemory(_) => {
            bail!("these steps read files that are inside the program, so they cannot be saved")
        }
    }
}

/// Returns the path by which steps in `folder` name the module.
fn relative_path(folder: &Path, module: &Path) -> Result<String> {
    atomic_file::relative_path(folder, module).map_err(|error| match error {
        RelativePathError::Missing { path, error } => anyhow!(
            "the module {path} cannot be found any more: {}",
            os_message(&error)
        ),
        error => anyhow!("the steps cannot name the module: {error}"),
    })
}

/// Writes a module of the program's own beside the steps. A different file of this name stays.
/// Returns what to add to the sentence about the steps.
fn write_guest(file: &Path, bytes: &[u8]) -> Result<String> {
    match atomic_file::write_new(file, |out| Ok(out.write_all(bytes)?)) {
        Ok(()) => {
            let name = file
                .file_name()
                .map(|name| printable(Path::new(name)))
                .unwrap_or_default();
            Ok(format!(", and its module {name} beside it"))
        }
        Err(error) if error.is::<AlreadyExists>() => match fs::read(file) {
            Ok(found) if found == bytes => Ok(String::new()),
            _ => bail!(
                "{} already exists and is another module: save into another folder",
                printable(file)
            ),
        },
        Err(error) => Err(on_one_line(error)),
    }
}

/// Returns an error whose message includes the cause.
fn on_one_line(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<io::Error>() {
        Some(cause) => anyhow!("{error}: {}", os_message(cause)),
        None => anyhow!("{error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_end_in_steps() {
        assert_eq!(steps_path("a").unwrap(), Path::new("a.steps"));
        assert_eq!(steps_path("b/a.steps").unwrap(), Path::new("b/a.steps"));
        for bad in ["a.wasm", "a.md", "", "b/", ".."] {
            assert!(steps_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_module_is_named_from_where_the_steps_are() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/m.wasm"), b"").unwrap();
        assert_eq!(
            relative_path(&root, &root.join("a/m.wasm")).unwrap(),
            "a/m.wasm"
        );
        assert_eq!(
            relative_path(&root.join("a/b"), &root.join("a/m.wasm")).unwrap(),
            "../m.wasm"
        );
        assert!(
            relative_path(&root, &root.join("none.wasm"))
                .unwrap_err()
                .to_string()
                .contains("cannot be found")
        );
    }
}
