//! Debug information as bytes: the sections of it, its units, and what a file is called in it.
//!
//! Nobody has checked these bytes. `gimli` answers an error for what makes no sense; here it is
//! seen to that what makes sense once too often does not take for ever: no table is read twice as
//! often as an honest compiler would want it.

use std::sync::Arc;

use gimli::{
    DebugAbbrev, DebugInfoOffset, EndianSlice, LineProgramHeader, LittleEndian, Reader as _,
    Section as _, Unit, UnitHeader,
};

use super::super::Guest;
use super::sections::Sections;

pub(super) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Longest path or name that is taken from debug information, in bytes.
const LONGEST: usize = 4096;

/// Most bytes of abbreviations. They grow much larger than any other section when read.
const MOST_ABBREVIATIONS: usize = 16 << 20;

/// Where the units and the tables they share begin.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// In `.debug_info`, in order.
    pub units: Vec<usize>,
    /// In `.debug_abbrev`, in order. A table ends where the next one begins.
    tables: Vec<usize>,
}

/// The debug information of a module, opened to be read.
pub(super) struct Dwarf<'a> {
    pub sections: gimli::Dwarf<Slice<'a>>,
    outline: &'a Outline,
}

impl Outline {
    pub fn read(guest: &Guest, sections: &Sections) -> Self {
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

fn load<'a>(guest: &'a Guest, sections: &Sections) -> gimli::Dwarf<Slice<'a>> {
    gimli::DwarfSections::load(|id| {
        let range = sections.debug.get(id.name()).cloned().unwrap_or_default();
        Ok::<_, std::convert::Infallible>(guest.wasm().get(range).unwrap_or_default())
    })
    .unwrap_or_else(|never| match never {})
    .borrow(|section| EndianSlice::new(section, LittleEndian))
}

impl<'a> Dwarf<'a> {
    pub fn open(guest: &'a Guest, sections: &Sections, outline: &'a Outline) -> Self {
        Dwarf {
            sections: load(guest, sections),
            outline,
        }
    }

    pub fn header(&self, unit: usize) -> Option<UnitHeader<Slice<'a>>> {
        self.sections
            .unit_header(DebugInfoOffset(*self.outline.units.get(unit)?))
            .ok()
    }

    /// The number of the unit that an entry lies in.
    pub fn unit_around(&self, entry: usize) -> Option<usize> {
        self.outline
            .units
            .partition_point(|unit| *unit <= entry)
            .checked_sub(1)
    }

    /// A unit with its abbreviations, but without its line program.
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
        if section.len() > MOST_ABBREVIATIONS {
            return None;
        }
        let table = DebugAbbrev::new(section.get(..end)?, LittleEndian);
        table.abbreviations(start).ok().map(Arc::new)
    }

    pub fn unit(
        &self,
        header: UnitHeader<Slice<'a>>,
        abbreviations: Arc<gimli::Abbreviations>,
    ) -> Option<Unit<Slice<'a>>> {
        Unit::new_with_abbreviations(&self.sections, header, abbreviations).ok()
    }

    /// What the unit's line table calls a file of this number.
    pub fn path(
        &self,
        unit: &Unit<Slice<'a>>,
        header: &LineProgramHeader<Slice<'a>>,
        file: u64,
    ) -> Option<SourcePath> {
        let entry = header.file(file)?;
        let text = |value| {
            let text = self.sections.attr_string(unit, value).ok()?;
            (text.len() <= LONGEST).then(|| text.to_string_lossy().into_owned())
        };
        let file = text(entry.path_name())?;
        let folder = unit
            .comp_dir
            .filter(|dir| dir.len() <= LONGEST)
            .map(|dir| dir.to_string_lossy().into_owned());
        let folder = folder.unwrap_or_default();
        // Folder 0 is the one the compiler ran in.
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

    /// A name in the debug information's own text.
    pub fn text(
        &self,
        unit: &Unit<Slice<'a>>,
        value: gimli::AttributeValue<Slice<'a>>,
    ) -> Option<String> {
        let text = self.sections.attr_string(unit, value).ok()?;
        (text.len() <= LONGEST).then(|| text.to_string_lossy().into_owned())
    }
}

/// What debug information calls a file. Both without `.` and, as far as that can be told, `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SourcePath {
    pub full: String,
    /// Without the folder the compiler ran in; the same as `full` where it does not lie below it.
    pub relative: String,
}

impl SourcePath {
    fn new(compiled_in: &str, folder: &str, file: &str) -> Self {
        let inner = tidy(&join(folder, file));
        let compiled_in = tidy(compiled_in);
        let full = tidy(&join(&compiled_in, &inner));
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

fn join(folder: &str, path: &str) -> String {
    match folder {
        _ if is_absolute(path) => path.into(),
        "" => path.into(),
        _ => format!("{folder}/{path}"),
    }
}

/// Also as Windows writes it, wherever this runs.
fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\'])
        || path
            .get(1..3)
            .is_some_and(|rest| rest == ":\\" || rest == ":/")
}

fn tidy(path: &str) -> String {
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
    fn a_path_is_told_from_the_folder_the_compiler_ran_in() {
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
