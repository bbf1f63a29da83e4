//! The texts that debug information names, found below the module's folder and nowhere else.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::dwarf::SourcePath;
use super::text;
use crate::safe;
use crate::source::{Listing, ListingKind};

/// Largest file that is shown, in bytes.
pub(super) const LARGEST: usize = 4 << 20;

/// Most bytes of all files together.
const MOST: usize = 64 << 20;

/// Longest path that is shown, in characters.
const LONGEST_PATH: usize = 400;

/// Folders of libraries' sources on the machines that build them. A part of a path through one of
/// these, as `src/lib.rs`, would find the guest's own file of that name.
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

/// What has been looked for so far.
#[derive(Debug, Default)]
pub(super) struct Files {
    root: Option<Root>,
    known: HashMap<String, Found>,
    read: HashMap<PathBuf, Option<Arc<Listing>>>,
    size: usize,
}

/// The module's folder.
#[derive(Debug, Clone)]
struct Root {
    /// As people call it, from the file system's root.
    named: PathBuf,
    /// Without links.
    real: PathBuf,
}

/// What is known of a file.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Its path, relative to the module's folder where it lies below it; safe to print.
    pub shown: Arc<str>,
    pub listing: Option<Arc<Listing>>,
}

impl Files {
    pub fn find(&mut self, folder: Option<&Path>, path: &SourcePath) -> Found {
        if let Some(found) = self.known.get(&path.full) {
            return found.clone();
        }
        if let (None, Some(folder)) = (&self.root, folder) {
            self.root = Root::new(folder);
        }
        let found = self.look(path);
        self.known.insert(path.full.clone(), found.clone());
        found
    }

    fn look(&mut self, path: &SourcePath) -> Found {
        let Some(root) = self.root.clone() else {
            return Found {
                shown: shown(&path.full),
                listing: None,
            };
        };
        let below = root.below(&path.full);
        for candidate in candidates(below.as_deref(), path) {
            if let Some(listing) = self.open(&root, &candidate) {
                return Found {
                    shown: listing.title.as_str().into(),
                    listing: Some(listing),
                };
            }
        }
        let below = below.as_deref().and_then(Path::to_str);
        Found {
            shown: shown(below.unwrap_or(&path.full)),
            listing: None,
        }
    }

    fn open(&mut self, root: &Root, candidate: &Path) -> Option<Arc<Listing>> {
        // No component leads up, but a link may.
        let file = root.real.join(candidate).canonicalize().ok()?;
        let below = file.strip_prefix(&root.real).ok()?;
        if let Some(known) = self.read.get(&file) {
            return known.clone();
        }
        let title = shown(&below.to_string_lossy()).to_string();
        let text = read(&file).filter(|text| self.size.saturating_add(text.len()) <= MOST);
        let listing = text.map(|text| {
            self.size = self.size.saturating_add(text.len());
            Arc::new(Listing {
                kind: ListingKind::Source,
                title,
                first_line: 1,
                lines: text::lines(&text),
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

    /// The path from this folder on, where it lies below it.
    fn below(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        let below = [&self.real, &self.named]
            .into_iter()
            .find_map(|root| path.strip_prefix(root).ok());
        below.map(Path::to_path_buf)
    }
}

/// Where below the module's folder the file may be, best first: where it says it is, where it was
/// in the folder the compiler ran in, and then whatever part of its path leads somewhere. None
/// leads up.
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
    // A pipe would wait for ever.
    if !std::fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(file)
        .ok()?
        .take(LARGEST as u64 + 1)
        .read_to_string(&mut text)
        .ok()?;
    (text.len() <= LARGEST).then_some(text)
}

pub(super) fn shown(path: &str) -> Arc<str> {
    safe::cut(path, LONGEST_PATH).into()
}
