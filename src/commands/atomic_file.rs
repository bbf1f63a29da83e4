//! Writes files whole or not at all, and replaces nothing that is not a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use linmem::safe;

/// A file that must be new exists already.
#[derive(Debug, thiserror::Error)]
#[error("{0} already exists")]
pub struct AlreadyExists(String);

/// Why there is no relative path from a folder to a file.
#[derive(Debug, thiserror::Error)]
pub enum RelativePathError {
    #[error("{path} cannot be found: {}", os_message(.error))]
    Missing { path: String, error: io::Error },
    #[error("the path {0} is not UTF-8, so no steps file can name it")]
    NotText(String),
    #[error("{file} is on another drive than {folder}")]
    OtherDrive { folder: String, file: String },
}

/// Writes a file in one step: its old contents stay until everything is written. A device or a pipe
/// cannot be replaced and is written directly.
///
/// # Errors
/// The path is a folder, or its folder cannot be written to.
pub fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let shown = printable(path);
    let cannot = || format!("cannot write {shown}");
    // A link stays a link: its target is written.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let facts = fs::metadata(&path).ok();
    if facts.as_ref().is_some_and(fs::Metadata::is_dir) {
        bail!("{shown} is a folder; name a file in it");
    }
    if facts.as_ref().is_some_and(|facts| !facts.is_file()) {
        let mut out = BufWriter::new(
            OpenOptions::new()
                .write(true)
                .open(&path)
                .with_context(cannot)?,
        );
        write(&mut out).with_context(cannot)?;
        return out.flush().with_context(cannot);
    }
    if facts
        .as_ref()
        .is_some_and(|facts| facts.permissions().readonly())
    {
        bail!("{shown} is read-only; choose another name, or make it writable");
    }
    put_in_place(&path, write, facts.as_ref(), |draft| {
        fs::rename(draft, &path)
    })
    .with_context(cannot)
}

/// Writes a new file in one step. A file that another program creates meanwhile is not replaced.
///
/// # Errors
/// [`AlreadyExists`] where something has this name, even a broken link; or the folder cannot be
/// written to.
pub fn write_new(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let exists = || AlreadyExists(printable(path));
    if fs::symlink_metadata(path).is_ok() {
        return Err(exists().into());
    }
    let done = put_in_place(path, write, None, |draft| {
        // The system refuses a link where a file was created meanwhile. A file system without links
        // gets a rename.
        match fs::hard_link(draft, path) {
            Ok(()) => fs::remove_file(draft),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            Err(_) => fs::rename(draft, path),
        }
    });
    done.map_err(
        |error| match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(ErrorKind::AlreadyExists) => exists().into(),
            _ => error.context(format!("cannot write {}", printable(path))),
        },
    )
}

/// Writes under another name, then moves the file to its place.
fn put_in_place(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
    old: Option<&fs::Metadata>,
    place: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<()> {
    let (draft, file) = draft_beside(path)?;
    set_draft(Some(draft.clone()));
    let done = fill(file, write, old).and_then(|()| Ok(place(&draft)?));
    set_draft(None);
    if done.is_err() {
        // The draft of a failed attempt is useless; the error states why it failed.
        let _ = fs::remove_file(&draft);
    }
    done
}

/// The draft that is being written.
static DRAFT: Mutex<Option<PathBuf>> = Mutex::new(None);

fn set_draft(draft: Option<PathBuf>) {
    *DRAFT.lock().unwrap_or_else(PoisonError::into_inner) = draft;
}

/// Removes the draft that is being written, before the program ends.
pub fn remove_draft() {
    let draft = DRAFT.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(draft) = draft {
        let _ = fs::remove_file(draft);
    }
}

/// Creates a new file in the same folder, so that it can be renamed into place.
fn draft_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path
        .file_name()
        .ok_or(ErrorKind::InvalidInput)?
        .to_string_lossy();
    for attempt in 0..100 {
        let draft = path.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!(
        "the folder has too many unfinished drafts of this file; delete the files \
         .{}.*.tmp",
        safe::plain(&name)
    )))
}

fn fill(
    file: File,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
    old: Option<&fs::Metadata>,
) -> Result<()> {
    if let Some(old) = old {
        file.set_permissions(old.permissions())?;
    }
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush()?;
    // Otherwise a machine that stops now could leave an empty file.
    out.get_ref().sync_all()?;
    Ok(())
}

/// Returns the path of a file relative to a folder, with `/` between its parts.
///
/// # Errors
/// One of them does not exist, they are on different drives, or the path is not UTF-8.
pub fn relative_path(folder: &Path, file: &Path) -> Result<String, RelativePathError> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let real = |path: &Path| {
        fs::canonicalize(path).map_err(|error| RelativePathError::Missing {
            path: printable(path),
            error,
        })
    };
    let (from, to) = (real(folder)?, real(file)?);
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    if shared == 0 {
        return Err(RelativePathError::OtherDrive {
            folder: printable(folder),
            file: printable(file),
        });
    }
    let up = from.components().skip(shared).map(|_| Some(".."));
    let down = to
        .components()
        .skip(shared)
        .map(|part| part.as_os_str().to_str());
    let parts: Option<Vec<&str>> = up.chain(down).collect();
    Ok(parts
        .ok_or_else(|| RelativePathError::NotText(printable(&to)))?
        .join("/"))
}

/// Returns a path that is safe to print.
pub fn printable(path: &Path) -> String {
    safe::plain(&path.to_string_lossy())
}

/// Returns the message of the operating system, without its number.
pub fn os_message(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str) -> Result<()> {
        write_file(path, |out| Ok(out.write_all(text.as_bytes())?))
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        put(&path, "one").unwrap();
        put(&path, "two").unwrap();
        let broken = write_file(&path, |out| {
            out.write_all(b"thr")?;
            bail!("interrupted")
        });
        assert_eq!(
            format!("{:#}", broken.unwrap_err()),
            format!("cannot write {}: interrupted", path.display())
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_new_file_is_never_written_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let put = |text: &str| write_new(&path, |out| Ok(out.write_all(text.as_bytes())?));
        put("one").unwrap();
        assert!(put("two").unwrap_err().is::<AlreadyExists>());
        fs::remove_file(&path).unwrap();
        let late = write_new(&path, |out| {
            fs::write(&path, "someone else's")?;
            Ok(out.write_all(b"three")?)
        });
        assert!(late.unwrap_err().is::<AlreadyExists>());
        assert_eq!(fs::read_to_string(&path).unwrap(), "someone else's");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
        let broken = write_new(&folder.path().join("b.txt"), |_| bail!("interrupted"));
        assert!(format!("{:#}", broken.unwrap_err()).ends_with("b.txt: interrupted"));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nor of one that failed"
        );
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            put(folder.path(), "x")
                .unwrap_err()
                .to_string()
                .ends_with("is a folder; name a file in it")
        );
        assert!(
            put(&folder.path().join("none/a"), "x")
                .unwrap_err()
                .to_string()
                .starts_with("cannot write")
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_and_modes_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        put(&file, "one").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        put(&link, "two").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );
        put(Path::new("/dev/null"), "gone").unwrap();
    }

    #[test]
    fn a_path_is_relative_to_a_folder() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::create_dir_all(root.path().join("c/d")).unwrap();
        fs::write(root.path().join("a/x.wat"), "").unwrap();
        let path =
            |from: &str| relative_path(&root.path().join(from), &root.path().join("a/x.wat"));
        assert_eq!(path("a").unwrap(), "x.wat");
        assert_eq!(path("a/b").unwrap(), "../x.wat");
        assert_eq!(path(".").unwrap(), "a/x.wat");
        assert_eq!(path("c/d").unwrap(), "../../a/x.wat");
        assert!(
            path("missing")
                .unwrap_err()
                .to_string()
                .ends_with("missing cannot be found: no such file or directory")
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_path_that_is_not_utf8_is_refused() {
        use std::os::unix::ffi::OsStrExt;
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(std::ffi::OsStr::from_bytes(b"\xff.wat"));
        fs::write(&file, "").unwrap();
        assert!(matches!(
            relative_path(root.path(), &file),
            Err(RelativePathError::NotText(_))
        ));
    }
}
