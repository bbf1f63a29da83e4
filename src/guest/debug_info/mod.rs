//! Source beside the memory: which text an instruction stands in, and on which line.
//!
//! `lines` and `frames` read what debug information says and believe it only about functions that
//! are really in the module; `files` finds the texts it names below the module's folder;
//! `disassembly` prints instructions where no text is found. All of it is made when first asked for
//! and then kept. What cannot be read is silently no source: debug information is a help, never a
//! part of the module.

mod access;
mod disassembly;
mod dwarf;
mod files;
mod frames;
mod lines;
mod names;
mod sections;
mod text;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::Guest;
use crate::source::{Frame, Listing, ListingKind, Place};
use disassembly::{Disassembly, Spot};
use dwarf::{Dwarf, Outline, SourcePath};
use files::{Files, Found};
use frames::{Call, Frames};
use lines::{Known, Lines};
use sections::Sections;

pub use access::Access;
pub(super) use access::access_at;
pub(super) use names::readable;

/// What has been found out about a guest's source so far.
#[derive(Debug, Default)]
pub(super) struct Sources {
    sections: OnceLock<Sections>,
    debug: OnceLock<Debug>,
    text: OnceLock<Option<Arc<Listing>>>,
    disassembly: Mutex<Disassembly>,
    files: Mutex<Files>,
}

/// The module's debug information.
#[derive(Debug)]
struct Debug {
    outline: Outline,
    lines: Lines,
    frames: Mutex<Frames>,
}

/// Where an instruction stands, as debug information has it.
struct Told {
    source: Option<Arc<str>>,
    /// The text to show, and the line in it.
    text: Option<(Arc<Listing>, u32)>,
    inlined: Vec<Frame>,
}

impl Sources {
    pub fn place(&self, guest: &Guest, offset: u64) -> Place {
        let spot = guest.function_at(offset).and_then(|function| {
            let sections = self.sections(guest);
            unpoisoned(&self.disassembly).spot(guest, sections, function, offset)
        });
        let told = self.told(guest, offset).unwrap_or(Told {
            source: None,
            text: None,
            inlined: Vec::new(),
        });
        let (instruction, printed) = match spot {
            Some(Spot {
                instruction,
                listing,
                line,
            }) => (instruction, Some((listing, line))),
            None => ("unknown instruction".into(), None),
        };
        let (listing, line) = told.text.or(printed).unzip();
        Place {
            instruction,
            source: told.source,
            listing,
            line: line.unwrap_or(0),
            inlined: told.inlined,
        }
    }

    fn told(&self, guest: &Guest, offset: u64) -> Option<Told> {
        let bodies = &guest.0.description.bodies;
        let address = offset.checked_sub(bodies.code())?;
        let debug = self.debug(guest);
        let known = debug.lines.at(address)?;
        if let Some(line) = self.line_of_text(guest, &known) {
            let text = self.text(guest).filter(|text| text.line(line).is_some());
            let source = Some(format!("{}:{line}", last(guest.name())).into());
            return Some(Told {
                source,
                text: text.map(|text| (text, line)),
                inlined: Vec::new(),
            });
        }
        let open = || Dwarf::open(guest, self.sections(guest), &debug.outline);
        let calls = unpoisoned(&debug.frames).at(open, bodies, known.unit, address);
        let own = known.line.map(|(path, line)| (path.clone(), line));
        Some(self.tell(guest.0.folder.as_deref(), own, calls))
    }

    /// The text shown is that of the innermost function whose file is found: a library's seldom is.
    fn tell(
        &self,
        folder: Option<&Path>,
        own: Option<(SourcePath, u32)>,
        calls: Vec<Call>,
    ) -> Told {
        let mut files = unpoisoned(&self.files);
        let mut text = None;
        let mut show = |(path, line): (SourcePath, u32)| -> Arc<str> {
            let Found { shown, listing } = files.find(folder, &path);
            text = text
                .take()
                .or_else(|| Some((listing.filter(|text| text.line(line).is_some())?, line)));
            format!("{shown}:{line}").into()
        };
        let source = own.map(&mut show);
        let mut at = source.clone();
        let inlined = calls.into_iter().map(|call| {
            let from = call.from.map(&mut show);
            Frame {
                function: call.function,
                source: std::mem::replace(&mut at, from),
            }
        });
        let inlined: Vec<Frame> = inlined.collect();
        // An instruction that the compiler made up has no line, but what it was inlined into was
        // called on one.
        let source = source.or_else(|| inlined.iter().find_map(|frame| frame.source.clone()));
        Told {
            source,
            text,
            inlined,
        }
    }

    /// The line in the text module itself. A text module may hold a binary one that was made from
    /// something else.
    fn line_of_text(&self, guest: &Guest, known: &Known<'_>) -> Option<u32> {
        guest.text()?;
        let (path, line) = known.line?;
        (last(&path.full) == last(guest.name())).then_some(line)
    }

    fn text(&self, guest: &Guest) -> Option<Arc<Listing>> {
        let make = || {
            let text = guest.text().filter(|text| text.len() <= files::LARGEST)?;
            let title = last(guest.name()).into();
            Some(Arc::new(Listing {
                kind: ListingKind::Text,
                title,
                first_line: 1,
                lines: text::lines(text),
            }))
        };
        self.text.get_or_init(make).clone()
    }

    fn sections(&self, guest: &Guest) -> &Sections {
        self.sections.get_or_init(|| Sections::read(guest))
    }

    fn debug(&self, guest: &Guest) -> &Debug {
        self.debug.get_or_init(|| {
            let sections = self.sections(guest);
            let outline = Outline::read(guest, sections);
            let dwarf = Dwarf::open(guest, sections, &outline);
            let lines = Lines::read(&dwarf, outline.units.len(), &guest.0.description.bodies);
            let size = sections.debug.values().map(|range| range.len()).sum();
            Debug {
                outline,
                lines,
                frames: Mutex::new(Frames::new(size)),
            }
        })
    }
}

/// A path's last part: what a text module is called in its own debug information, and in its
/// folder.
fn last(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(path)
}

/// What a lock guards here is only a store of finished things, whole at any time.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
