//! Files that the program writes: whole or not at all, and never over something that is no file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use linmem::safe;

/// Writes a file in one go: what was there before stays until everything has been written. A device or a pipe, which
/// cannot be replaced, is written as it is.
///
/// # Errors
/// The path is a folder, or the folder it lies in cannot be written to.
pub fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let shown = safe::plain(&path.to_string_lossy());
    let cannot = || format!("cannot write {shown}");
    // A link stays a link: what it leads to is written.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let facts = fs::metadata(&path).ok();
    if facts.as_ref().is_some_and(fs::Metadata::is_dir) {
        bail!("{shown} is a folder; name a file in it");
    }
    if facts.as_ref().is_some_and(|facts| !facts.is_file()) {
        let mut out = BufWriter::new(OpenOptions::new().write(true).open(&path).with_context(cannot)?);
        write(&mut out).with_context(cannot)?;
        return out.flush().with_context(cannot);
    }
    if facts.as_ref().is_some_and(|facts| facts.permissions().readonly()) {
        bail!("{shown} may not be written to; choose another name, or make it writable");
    }
    let (draft, file) = draft_beside(&path).with_context(cannot)?;
    let done = fill(file, write, facts.as_ref()).and_then(|()| Ok(fs::rename(&draft, &path)?));
    if done.is_err() {
        // What is left of a failed try is of no use to anyone; the error says why it failed.
        let _ = fs::remove_file(&draft);
    }
    done.with_context(cannot)
}

/// A new file in the same folder, so that it can be renamed into place.
fn draft_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..100 {
        let draft = path.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

fn fill(file: File, write: impl FnOnce(&mut dyn Write) -> Result<()>, old: Option<&fs::Metadata>) -> Result<()> {
    if let Some(old) = old {
        file.set_permissions(old.permissions())?;
    }
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush()?;
    Ok(())
}

/// The way from a folder to a file, with `/` between its parts; `None` where one of them is not there, or no way leads
/// from one to the other.
pub fn way(folder: &Path, file: &Path) -> Option<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (from, to) = (fs::canonicalize(folder).ok()?, fs::canonicalize(file).ok()?);
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return None;
    }
    let up = from.components().skip(shared).map(|_| "..".to_string());
    let down = to.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    Some(up.chain(down).collect::<Vec<_>>().join("/"))
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
        assert_eq!(format!("{:#}", broken.unwrap_err()), format!("cannot write {}: interrupted", path.display()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_folder_is_refused_and_said_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        assert!(put(folder.path(), "x").unwrap_err().to_string().ends_with("is a folder; name a file in it"));
        assert!(put(&folder.path().join("none/a"), "x").unwrap_err().to_string().starts_with("cannot write"));
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
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        put(Path::new("/dev/null"), "gone").unwrap();
    }

    #[test]
    fn the_way_to_a_file_is_told_from_a_folder() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::create_dir_all(root.path().join("c/d")).unwrap();
        fs::write(root.path().join("a/x.wat"), "").unwrap();
        let way = |from: &str| way(&root.path().join(from), &root.path().join("a/x.wat"));
        assert_eq!(way("a").as_deref(), Some("x.wat"));
        assert_eq!(way("a/b").as_deref(), Some("../x.wat"));
        assert_eq!(way(".").as_deref(), Some("a/x.wat"));
        assert_eq!(way("c/d").as_deref(), Some("../../a/x.wat"));
        assert_eq!(way("missing"), None);
    }
}
