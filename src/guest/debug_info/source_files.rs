//! Finds the source files that debug information names, below the folder of the module and nowhere
//! else.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::dwarf::SourcePath;
use super::printable;
use crate::safe;
use crate::source::{Listing, ListingKind};

/// The largest file that is read, in bytes.
pub(super) const MAX_FILE: usize = 4 << 20;

/// The largest size of all files together, in bytes.
const MAX_ALL_FILES: usize = 64 << 20;

/// The longest path that is kept, in characters.
const MAX_PATH: usize = 400;

/// Folders that contain the sources of libraries on the machines that build these. The end of a
/// path through one of them, as `src/lib.rs`, would match the guest's own file of that name.
const LIBRARIES: [&str; 9] = [
    ".cargo",
    ".rustup",
    "rustc",
    "rustlib",
    "library",
    "wasi-libc",
    "emscripten",
    "emsdk",
    "node_modules",
];

/// The files that were searched for so far.
#[derive(Debug, Default)]
/// The files that debug information names, each with what was found.
pub(super) struct SourceFiles {
    root: Option<Root>,
    known: HashMap<String, FoundFile>,
    read: HashMap<PathBuf, Option<Arc<Listing>>>,
    size: usize,
}

/// The folder of the module.
#[derive(Debug, Clone)]
struct Root {
    /// The absolute path as the person named it.
    named: PathBuf,
    /// The path without symbolic links.
    real: PathBuf,
}

/// What was found of a file.
#[derive(Debug, Clone)]
pub(super) struct FoundFile {
    /// Its path, relative to the folder of the module if it is below it; safe to print.
    pub title: Arc<str>,
    /// Its text; `None` if it was not found or is too large.
    pub listing: Option<Arc<Listing>>,
}

impl SourceFiles {
    /// Searches for a file, unless that was done before. `folder` is that of the module.
    pub fn find(&mut self, folder: Option<&Path>, path: &SourcePath) -> FoundFile {
        if let Some(found) = self.known.get(&path.full) {
            return found.clone();
        }
        if let (None, Some(folder)) = (&self.root, folder) {
            self.root = Root::new(folder);
        }
        let found = self.search(path);
        self.known.insert(path.full.clone(), found.clone());
        found
    }

    fn search(&mut self, path: &SourcePath) -> FoundFile {
        let Some(root) = self.root.clone() else {
            return FoundFile {
                title: printable_path(&path.full),
                listing: None,
            };
        };
        let below = root.below(&path.full);
        for candidate in candidates(below.as_deref(), path) {
            if let Some(listing) = self.open(&root, &candidate) {
                return FoundFile {
                    title: listing.title.as_str().into(),
                    listing: Some(listing),
                };
            }
        }
        let below = below.as_deref().and_then(Path::to_str);
        FoundFile {
            title: printable_path(below.unwrap_or(&path.full)),
            listing: None,
        }
    }

    fn open(&mut self, root: &Root, candidate: &Path) -> Option<Arc<Listing>> {
        // No component of the candidate leads upwards, but a symbolic link may.
        let file = root.real.join(candidate).canonicalize().ok()?;
        let below = file.strip_prefix(&root.real).ok()?;
        if let Some(known) = self.read.get(&file) {
            return known.clone();
        }
        let title = printable_path(&below.to_string_lossy()).to_string();
        let text = read(&file).filter(|text| self.size.saturating_add(text.len()) <= MAX_ALL_FILES);
        let listing = text.map(|text| {
            self.size = self.size.saturating_add(text.len());
            Arc::new(Listing {
                kind: ListingKind::Source,
                title,
                first_line: 1,
                lines: printable::lines(&text),
            })
        });
        self.read.insert(file, listing.clone());
        listing
    }
}

impl Root {
    fn new(folder: &Path) -> Option<Self> {
        Some(Root {
            named: std::path::absolute(folder).ok()?,
            real: folder.canonicalize().ok()?,
        })
    }

    /// Returns the rest of a path that is below this folder.
    fn below(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        let below = [&self.real, &self.named]
            .into_iter()
            .find_map(|root| path.strip_prefix(root).ok());
        below.map(Path::to_path_buf)
    }
}

/// Returns the paths below the module's folder where a file may be, best first: the path that debug
/// information names, the path relative to the folder in which the compiler ran, and then every end
/// of the path. None of them leads upwards.
fn candidates(below: Option<&Path>, path: &SourcePath) -> Vec<PathBuf> {
    let parts: Vec<&str> = path
        .full
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let is_library = parts.iter().any(|part| LIBRARIES.contains(part));
    let first = if is_library {
        parts.len()
    } else {
        parts.len().saturating_sub(32)
    };
    let ends = (first..parts.len())
        .filter_map(|start| parts.get(start..))
        .map(|parts| parts.iter().collect());
    let stays = |path: &PathBuf| {
        path.components()
            .all(|part| matches!(part, Component::Normal(_)))
    };
    below
        .map(Path::to_path_buf)
        .into_iter()
        .chain([PathBuf::from(&path.relative)])
        .chain(ends)
        .filter(stays)
        .collect()
}

fn read(file: &Path) -> Option<String> {
    // Opening a pipe would wait forever.
    if !std::fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(file)
        .ok()?
        .take(MAX_FILE as u64 + 1)
        .read_to_string(&mut text)
        .ok()?;
    (text.len() <= MAX_FILE).then_some(text)
}

fn printable_path(path: &str) -> Arc<str> {
    safe::cut(path, MAX_PATH).into()
}
