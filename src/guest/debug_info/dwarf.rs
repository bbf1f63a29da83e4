//! The sections of debug information, its units, and the names of files in it.
//!
//! Nothing has checked these bytes. `gimli` returns an error for what is invalid. This module makes
//! sure that what is valid but repeated does not take forever: no table is read more often than an
//! honest compiler would need.

use std::sync::Arc;

use gimli::{
    DebugAbbrev, DebugInfoOffset, EndianSlice, LineProgramHeader, LittleEndian, Reader as _,
    Section as _, Unit, UnitHeader,
};

use super::super::Guest;
use super::section_ranges::SectionRanges;

pub(super) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// The longest path or name that is read from debug information, in bytes.
const MAX_TEXT: usize = 4096;

/// The largest size of the section with abbreviations, in bytes. They grow much more than any other
/// section when they are read.
const MAX_ABBREVIATIONS: usize = 16 << 20;

/// Where the units and their abbreviation tables begin.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The offsets of the units in `.debug_info`, in order.
    pub units: Vec<usize>,
    /// The offsets of the tables in `.debug_abbrev`, in order. A table ends where the next one
    /// begins.
    tables: Vec<usize>,
}

/// The debug information of a module, opened to be read.
pub(super) struct Dwarf<'a> {
    pub sections: gimli::Dwarf<Slice<'a>>,
    outline: &'a Outline,
}

impl Outline {
    /// Reads the headers of all units.
    pub fn read(guest: &Guest, sections: &SectionRanges) -> Self {
        let dwarf = load(guest, sections);
        let mut outline = Outline::default();
        let mut units = dwarf.units();
        while let Ok(Some(header)) = units.next() {
            if let Some(offset) = header.debug_info_offset() {
                outline.units.push(offset.0);
                outline.tables.push(header.debug_abbrev_offset().0);
            }
        }
        outline.tables.sort_unstable();
        outline.tables.dedup();
        outline
    }
}

fn load<'a>(guest: &'a Guest, sections: &SectionRanges) -> gimli::Dwarf<Slice<'a>> {
    gimli::DwarfSections::load(|id| {
        let range = sections.debug.get(id.name()).cloned().unwrap_or_default();
        Ok::<_, std::convert::Infallible>(guest.wasm().get(range).unwrap_or_default())
    })
    .unwrap_or_else(|never| match never {})
    .borrow(|section| EndianSlice::new(section, LittleEndian))
}

impl<'a> Dwarf<'a> {
    /// Opens the debug information of a guest. `outline` is the one that was read from it.
    pub fn open(guest: &'a Guest, sections: &SectionRanges, outline: &'a Outline) -> Self {
        Dwarf {
            sections: load(guest, sections),
            outline,
        }
    }

    /// Returns the header of a unit, by its number in the outline.
    pub fn header(&self, unit: usize) -> Option<UnitHeader<Slice<'a>>> {
        self.sections
            .unit_header(DebugInfoOffset(*self.outline.units.get(unit)?))
            .ok()
    }

    /// Returns the number of the unit that contains an entry of `.debug_info`.
    pub fn unit_around(&self, entry: usize) -> Option<usize> {
        self.outline
            .units
            .partition_point(|unit| *unit <= entry)
            .checked_sub(1)
    }

    /// Returns the abbreviations of a unit.
    pub fn abbreviations(
        &self,
        header: &UnitHeader<Slice<'a>>,
    ) -> Option<Arc<gimli::Abbreviations>> {
        let start = header.debug_abbrev_offset();
        let next = self
            .outline
            .tables
            .partition_point(|table| *table <= start.0);
        let section = self.sections.debug_abbrev.reader().slice();
        let end = self
            .outline
            .tables
            .get(next)
            .copied()
            .unwrap_or(section.len());
        if section.len() > MAX_ABBREVIATIONS {
            return None;
        }
        let table = DebugAbbrev::new(section.get(..end)?, LittleEndian);
        table.abbreviations(start).ok().map(Arc::new)
    }

    /// Returns a unit with its line program.
    pub fn unit(
        &self,
        header: UnitHeader<Slice<'a>>,
        abbreviations: Arc<gimli::Abbreviations>,
    ) -> Option<Unit<Slice<'a>>> {
        Unit::new_with_abbreviations(&self.sections, header, abbreviations).ok()
    }

    /// Returns the path of a file, by its number in the unit's line table.
    pub fn path(
        &self,
        unit: &Unit<Slice<'a>>,
        header: &LineProgramHeader<Slice<'a>>,
        file: u64,
    ) -> Option<SourcePath> {
        let entry = header.file(file)?;
        let text = |value| {
            let text = self.sections.attr_string(unit, value).ok()?;
            (text.len() <= MAX_TEXT).then(|| text.to_string_lossy().into_owned())
        };
        let file = text(entry.path_name())?;
        let folder = unit
            .comp_dir
            .filter(|dir| dir.len() <= MAX_TEXT)
            .map(|dir| dir.to_string_lossy().into_owned());
        let folder = folder.unwrap_or_default();
        // Folder 0 is the one in which the compiler ran.
        let below = match entry.directory_index() {
            0 => None,
            _ => entry.directory(header).and_then(text),
        };
        Some(SourcePath::new(
            &folder,
            below.as_deref().unwrap_or_default(),
            &file,
        ))
    }

    /// Returns a string that an attribute of a unit has.
    pub fn string(
        &self,
        unit: &Unit<Slice<'a>>,
        value: gimli::AttributeValue<Slice<'a>>,
    ) -> Option<String> {
        let text = self.sections.attr_string(unit, value).ok()?;
        (text.len() <= MAX_TEXT).then(|| text.to_string_lossy().into_owned())
    }
}

/// The path of a file in debug information. Both forms are without `.` and, where possible, `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SourcePath {
    /// The path with the folder in which the compiler ran.
    pub full: String,
    /// The path without that folder; the same as `full` if the file is not below it.
    pub relative: String,
}

impl SourcePath {
    fn new(compiled_in: &str, folder: &str, file: &str) -> Self {
        let inner = normalize(&join(folder, file));
        let compiled_in = normalize(compiled_in);
        let full = normalize(&join(&compiled_in, &inner));
        let below = full
            .strip_prefix(&compiled_in)
            .and_then(|rest| rest.strip_prefix('/'));
        let relative = below
            .filter(|_| !compiled_in.is_empty())
            .unwrap_or(&inner)
            .to_string();
        SourcePath { full, relative }
    }
}

/// Appends a path to a folder, unless it is absolute.
fn join(folder: &str, path: &str) -> String {
    match folder {
        _ if is_absolute(path) => path.into(),
        "" => path.into(),
        _ => format!("{folder}/{path}"),
    }
}

/// Returns whether a path is absolute, on Unix or on Windows.
fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\'])
        || path
            .get(1..3)
            .is_some_and(|rest| rest == ":\\" || rest == ":/")
}

/// Removes empty parts, `.` and, where possible, `..` from a path.
fn normalize(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_to_the_folder_the_compiler_ran_in() {
        let rows = [
            ("/p", "src", "lib.rs", "/p/src/lib.rs", "src/lib.rs"),
            ("/p", "/q/./x", "a.c", "/q/x/a.c", "/q/x/a.c"),
            ("/p", "", "/p/a.c", "/p/a.c", "a.c"),
            ("/p/b", "../a", "a.c", "/p/a/a.c", "../a/a.c"),
            ("", "src", "lib.rs", "src/lib.rs", "src/lib.rs"),
            (".", "", "a.wat", "a.wat", "a.wat"),
            ("guest", "", "a.wat", "guest/a.wat", "a.wat"),
            (
                "",
                "",
                "../../etc/passwd",
                "../../etc/passwd",
                "../../etc/passwd",
            ),
            ("/p", "", "C:\\x\\a.c", "C:\\x\\a.c", "C:\\x\\a.c"),
        ];
        for (compiled_in, folder, file, full, relative) in rows {
            let path = SourcePath::new(compiled_in, folder, file);
            assert_eq!(
                (path.full.as_str(), path.relative.as_str()),
                (full, relative)
            );
        }
    }
}
