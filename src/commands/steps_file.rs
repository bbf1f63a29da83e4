//! `:save`: the session on the screen as a steps file, written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use linmem::app::prompt::SaveSteps;
use linmem::safe;
use linmem::script::{self, SavedStep, Script};
use linmem::session::SessionConfig;
use linmem::session::files::Files;

use super::atomic_file::{self, NoWay, Taken, plainly, shown};

/// Where the session's module is.
pub enum Module {
    File(PathBuf),
    /// Inside the program: it is written beside the steps.
    Own {
        name: &'static str,
        bytes: &'static [u8],
    },
    /// It came through standard input and is nowhere.
    Nowhere,
}

/// Writes the session; the sentence says what was written, or why nothing was.
pub fn save(opening: &SessionConfig, module: &Module, save: &SaveSteps) -> Result<String, String> {
    let path = path_of(&save.path)?;
    let shown = shown(&path);
    let folder = folder_of(&path);
    let root = folder.canonicalize().map_err(|error| {
        format!(
            "cannot write {shown}: the folder {}: {}",
            atomic_file::shown(&folder),
            plainly(&error)
        )
    })?;
    if path.is_dir() {
        return Err(format!("{shown} is a folder: name a file in it"));
    }
    check_files(&opening.files, save, &root)?;
    let (name, guest) = match module {
        Module::File(file) => (way(&root, file)?, None),
        Module::Own { name, bytes } => ((*name).to_owned(), Some((root.join(name), *bytes))),
        Module::Nowhere => {
            return Err(
                "the module came through standard input, so a steps file has nothing to name: \
                 open it from a file, then save"
                    .into(),
            );
        }
    };
    let script = opening
        .script
        .described(&save.setup)
        .map_err(|errors| errors.to_string())?;
    let text = text(&script, &name, save, !opening.stdin.is_empty());
    if let Err(errors) = script::parse(&save.path, &text) {
        let why = errors
            .errors
            .first()
            .map(|e| e.message.clone())
            .unwrap_or_default();
        return Err(format!(
            "these steps would not be a steps file that can run: {why}"
        ));
    }
    let beside = match &guest {
        Some((file, bytes)) => write_guest(file, bytes)?,
        None => String::new(),
    };
    let put = |out: &mut dyn io::Write| Ok(out.write_all(text.as_bytes())?);
    let written = if save.force {
        atomic_file::write_file(&path, put)
    } else {
        atomic_file::write_new(&path, put)
    };
    written.map_err(|error| match error.is::<Taken>() {
        true => format!(
            "{shown} is there already: `save! {}` writes over it",
            safe::plain(&save.path)
        ),
        false => why(&error),
    })?;
    let steps = linmem::text::count(save.steps.len(), "step");
    Ok(format!(
        "Saved {steps} to {shown}{beside}: `linmem {shown}` opens them."
    ))
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

/// The file that a person means: with the ending of a steps file, `~` being home.
fn path_of(typed: &str) -> Result<PathBuf, String> {
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
        None => Err(format!(
            "{} is a folder: name a file in it",
            safe::plain(typed)
        )),
        Some(_) => Err(format!(
            "{} does not end in .steps, which a steps file does",
            safe::plain(typed)
        )),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// `file("…")` reads below the steps file's folder: steps that use it can only be saved where they
/// were.
fn check_files(files: &Files, save: &SaveSteps, root: &Path) -> Result<(), String> {
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
            Err(format!(
                "these steps read files with file(\"…\"), which are looked for beside the steps: \
                 save into {}",
                shown(folder)
            ))
        }
        Files::BuiltIn(_) => Err(
            "these steps read files that are inside the program, so they cannot be saved".into(),
        ),
    }
}

/// The way from a folder to the module.
fn way(folder: &Path, module: &Path) -> Result<String, String> {
    atomic_file::way(folder, module).map_err(|error| match error {
        NoWay::Missing { path, error } => format!(
            "the module {path} cannot be found any more: {}",
            plainly(&error)
        ),
        error => format!("the steps cannot name the module: {error}"),
    })
}

/// Puts a module of the program's own beside the steps; what is there and different stays.
fn write_guest(file: &Path, bytes: &[u8]) -> Result<String, String> {
    match atomic_file::write_new(file, |out| Ok(out.write_all(bytes)?)) {
        Ok(()) => {
            let name = file
                .file_name()
                .map(|name| shown(Path::new(name)))
                .unwrap_or_default();
            Ok(format!(", and its module {name} beside it"))
        }
        Err(error) if error.is::<Taken>() => match fs::read(file) {
            Ok(found) if found == bytes => Ok(String::new()),
            _ => Err(format!(
                "{} is there already and is another module: save into another folder",
                shown(file)
            )),
        },
        Err(error) => Err(why(&error)),
    }
}

/// Why a file was not written.
fn why(error: &anyhow::Error) -> String {
    match error.downcast_ref::<io::Error>() {
        Some(cause) => format!("{error}: {}", plainly(cause)),
        None => format!("{error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_end_in_steps() {
        assert_eq!(path_of("a").unwrap(), Path::new("a.steps"));
        assert_eq!(path_of("b/a.steps").unwrap(), Path::new("b/a.steps"));
        for bad in ["a.wasm", "a.md", "", "b/", ".."] {
            assert!(path_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_module_is_named_from_where_the_steps_are() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/m.wasm"), b"").unwrap();
        assert_eq!(way(&root, &root.join("a/m.wasm")).unwrap(), "a/m.wasm");
        assert_eq!(
            way(&root.join("a/b"), &root.join("a/m.wasm")).unwrap(),
            "../m.wasm"
        );
        assert!(
            way(&root, &root.join("none.wasm"))
                .unwrap_err()
                .contains("cannot be found")
        );
    }
}
