//! The source of instructions: the text and the line that an instruction comes from.
//!
//! `line_table` and `inlined_frames` read debug information, and trust only what it states about
//! functions that are in the module. `source_files` finds the texts that it names below the folder
//! of the module. `types` finds the types, functions and variables that it describes. `disassembly` prints instructions that have no such text. Everything is read on
//! demand and then kept. Debug information is not a part of the module: what cannot be read of it
//! is ignored.

mod access;
mod demangle;
mod disassembly;
mod dwarf;
mod inlined_frames;
mod line_table;
mod printable;
mod section_ranges;
mod source_files;
mod types;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::Guest;
use crate::source::{Frame, Listing, ListingKind, Place};
use disassembly::{Disassembly, PrintedInstruction};
use dwarf::{Dwarf, Outline, SourcePath};
use inlined_frames::{Call, InlinedFrames};
use line_table::{LineInfo, LineTable};
use section_ranges::SectionRanges;
use source_files::{FoundFile, SourceFiles};
use types::TypeIndex;

pub use access::Access;
pub(super) use access::access_at;
pub(super) use demangle::readable;
pub use types::{DebugTypes, FunctionSignature, GlobalVariable, Language, Parameter, TypeName};

/// What was found of a guest's source so far.
#[derive(Debug, Default)]
pub(super) struct Sources {
    sections: OnceLock<SectionRanges>,
    outline: OnceLock<Outline>,
    types: OnceLock<TypeIndex>,
    debug: OnceLock<Debug>,
    text: OnceLock<Option<Arc<Listing>>>,
    disassembly: Mutex<Disassembly>,
    files: Mutex<SourceFiles>,
}

/// The debug information of a module.
#[derive(Debug)]
struct Debug {
    lines: LineTable,
    frames: Mutex<InlinedFrames>,
}

/// The source of an instruction in debug information.
struct DebugSource {
    source: Option<Arc<str>>,
    /// The text to be shown, and the line in it.
    text: Option<(Arc<Listing>, u32)>,
    inlined: Vec<Frame>,
}

impl Sources {
    /// Returns the source of the instruction at an offset from the start of the module.
    pub fn locate(&self, guest: &Guest, offset: u64) -> Place {
        let printed = guest.function_at(offset).and_then(|function| {
            let sections = self.sections(guest);
            lock(&self.disassembly).instruction_at(guest, sections, function, offset)
        });
        let debug = self.debug_source(guest, offset).unwrap_or(DebugSource {
            source: None,
            text: None,
            inlined: Vec::new(),
        });
        let (instruction, printed) = match printed {
            Some(PrintedInstruction {
                instruction,
                listing,
                line,
            }) => (instruction, Some((listing, line))),
            None => ("unknown instruction".into(), None),
        };
        let (listing, line) = debug.text.or(printed).unzip();
        Place {
            instruction,
            source: debug.source,
            listing,
            line: line.unwrap_or(0),
            inlined: debug.inlined,
        }
    }

    fn debug_source(&self, guest: &Guest, offset: u64) -> Option<DebugSource> {
        let bodies = &guest.0.description.bodies;
        let address = offset.checked_sub(bodies.code_start())?;
        let debug = self.debug(guest);
        let known = debug.lines.at(address)?;
        if let Some(line) = self.line_of_text(guest, &known) {
            let text = self.text(guest).filter(|text| text.line(line).is_some());
            let source = Some(format!("{}:{line}", file_name(guest.name())).into());
            return Some(DebugSource {
                source,
                text: text.map(|text| (text, line)),
                inlined: Vec::new(),
            });
        }
        let open = || Dwarf::open(guest, self.sections(guest), self.outline(guest));
        let calls = lock(&debug.frames).at(open, bodies, known.unit, address);
        let own = known.line.map(|(path, line)| (path.clone(), line));
        Some(self.find_texts(guest.0.folder.as_deref(), own, calls))
    }

    /// Finds the texts of the line and the calls. The text to be shown is that of the innermost
    /// function whose file is found, because the file of a library seldom is.
    fn find_texts(
        &self,
        folder: Option<&Path>,
        own: Option<(SourcePath, u32)>,
        calls: Vec<Call>,
    ) -> DebugSource {
        let mut files = lock(&self.files);
        let mut text = None;
        let mut find = |(path, line): (SourcePath, u32)| -> Arc<str> {
            let FoundFile { title, listing } = files.find(folder, &path);
            text = text
                .take()
                .or_else(|| Some((listing.filter(|text| text.line(line).is_some())?, line)));
            format!("{title}:{line}").into()
        };
        let source = own.map(&mut find);
        let mut at = source.clone();
        let inlined = calls.into_iter().map(|call| {
            let from = call.from.map(&mut find);
            Frame {
                function: call.function,
                source: std::mem::replace(&mut at, from),
            }
        });
        let inlined: Vec<Frame> = inlined.collect();
        // An instruction that the compiler made up has no line. The call that was inlined has one.
        let source = source.or_else(|| inlined.iter().find_map(|frame| frame.source.clone()));
        DebugSource {
            source,
            text,
            inlined,
        }
    }

    /// Returns the line in the text module itself. A text module may contain a binary one that was
    /// made from something else; then the line is not in it.
    fn line_of_text(&self, guest: &Guest, known: &LineInfo<'_>) -> Option<u32> {
        guest.text()?;
        let (path, line) = known.line?;
        (file_name(&path.full) == file_name(guest.name())).then_some(line)
    }

    fn text(&self, guest: &Guest) -> Option<Arc<Listing>> {
        let make = || {
            let text = guest
                .text()
                .filter(|text| text.len() <= source_files::MAX_FILE)?;
            let title = file_name(guest.name()).into();
            Some(Arc::new(Listing {
                kind: ListingKind::Text,
                title,
                first_line: 1,
                lines: printable::lines(text),
            }))
        };
        self.text.get_or_init(make).clone()
    }

    fn sections(&self, guest: &Guest) -> &SectionRanges {
        self.sections.get_or_init(|| SectionRanges::read(guest))
    }

    fn outline(&self, guest: &Guest) -> &Outline {
        let sections = self.sections(guest);
        self.outline.get_or_init(|| Outline::read(guest, sections))
    }

    /// Returns the length of all debug information, in bytes.
    fn debug_size(&self, guest: &Guest) -> usize {
        let sections = &self.sections(guest).debug;
        sections.values().map(|range| range.len()).sum()
    }

    fn debug(&self, guest: &Guest) -> &Debug {
        self.debug.get_or_init(|| {
            let outline = self.outline(guest);
            let dwarf = Dwarf::open(guest, self.sections(guest), outline);
            let lines = LineTable::read(&dwarf, outline.units.len(), &guest.0.description.bodies);
            Debug {
                lines,
                frames: Mutex::new(InlinedFrames::new(self.debug_size(guest))),
            }
        })
    }

    /// Returns the names of the types in debug information.
    fn type_index(&self, guest: &Guest) -> &TypeIndex {
        self.types.get_or_init(|| {
            let outline = self.outline(guest);
            let dwarf = Dwarf::open(guest, self.sections(guest), outline);
            let bodies = &guest.0.description.bodies;
            TypeIndex::read(&dwarf, outline.units.len(), self.debug_size(guest), bodies)
        })
    }
}

/// Returns the last part of a path: the name of a text module in its own debug information, and in
/// its folder.
fn file_name(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(path)
}

/// Locks a mutex. What it guards are finished items, which are valid even if a thread panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
