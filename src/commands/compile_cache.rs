//! The compiled modules that are kept from one start to the next: `linmem cache`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use linmem::session::compiled::{CacheFolder, CompiledGuests, FolderError};
use linmem::text;

use crate::cli::CacheArgs;

use super::atomic_file::printable;
use super::folders;

/// The most bytes of all compiled modules together.
const MAX_BYTES: u64 = 2 << 30;

/// What all sessions of this process share.
static SHARED: OnceLock<CompiledGuests> = OnceLock::new();

/// Returns the compiled modules of this process, and those of the folder if it is used.
pub fn shared() -> CompiledGuests {
    SHARED.get_or_init(CompiledGuests::default).clone()
}

/// Uses the folder with compiled modules from now on. One that others may write to is not used, and a
/// warning gives the reason. Where there can be no folder, nothing is kept.
pub fn use_folder() {
    let Some(path) = path() else { return };
    match CacheFolder::open(&path, MAX_BYTES) {
        Ok(folder) => {
            SHARED.get_or_init(|| CompiledGuests::in_folder(folder));
        }
        Err(FolderError::Io { .. }) => {}
        Err(error) => {
            // Standard error is the last resort.
            let _ = writeln!(
                io::stderr(),
                "warning: compiled modules are not kept: {error}"
            );
        }
    }
}

/// Prints where compiled modules are kept, or removes them.
pub fn cache(args: &CacheArgs) -> Result<ExitCode> {
    let Some(path) = path() else {
        bail!("this system names no folder for caches; set XDG_CACHE_HOME or HOME")
    };
    let mut out = io::stdout().lock();
    let shown = printable(&path);
    let folder = CacheFolder::open(&path, MAX_BYTES)?;
    let usage = match args.clear {
        true => folder
            .clear()
            .with_context(|| format!("cannot empty {shown}"))?,
        false => folder
            .usage()
            .with_context(|| format!("cannot read {shown}"))?,
    };
    let modules = text::count(usage.entries, "compiled module");
    let size = text::size(usage.bytes);
    match args.clear {
        true => writeln!(out, "{shown}: removed {modules}, {size}")?,
        false => writeln!(
            out,
            "{shown}: {modules}, {size} of at most {}",
            text::size(MAX_BYTES)
        )?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the folder, which may not exist.
fn path() -> Option<PathBuf> {
    Some(folders::cache()?.join("compiled"))
}
