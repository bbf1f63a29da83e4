//! Where the parts of a module are that printing and debug information need, found once.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{KnownCustom, Name, NameSectionReader, Parser, Payload};

use super::super::{ExternType, Guest};

/// The largest size of names of things other than functions and locals that are given to the
/// printer, in bytes.
const MAX_OTHER_NAMES: usize = 64 << 10;

/// Ranges are offsets from the start of the module, in bytes.
#[derive(Debug, Default)]
pub(super) struct SectionRanges {
    /// The contents of the type section.
    pub types: Range<usize>,
    /// The types of the module's own functions, in order.
    pub type_of: Vec<u32>,
    /// By function, the name that calls of it are printed with.
    pub function_names: HashMap<u32, String>,
    /// By function, the map of its local names, as encoded.
    pub local_names: HashMap<u32, Range<usize>>,
    /// The names of globals, memories, types and so on: the number of the subsection, and its
    /// contents.
    pub other_names: Vec<(u8, Range<usize>)>,
    /// The sections whose names begin with `.debug_`, the first of each name.
    pub debug: HashMap<String, Range<usize>>,
}

impl SectionRanges {
    /// Finds the sections of a module.
    pub fn read(guest: &Guest) -> Self {
        let mut sections = SectionRanges::default();
        for payload in Parser::new(0).parse_all(guest.wasm()).map_while(Result::ok) {
            match payload {
                Payload::TypeSection(section) => sections.types = range(section.range()),
                Payload::FunctionSection(section) => {
                    sections.type_of = section.into_iter().map_while(Result::ok).collect();
                }
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Name(names) => sections.read_names(names),
                    _ if section.name().starts_with(".debug_") => {
                        let data = range(section.data_offset()..section.range().end);
                        sections.debug.entry(section.name().into()).or_insert(data);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        sections.name_functions(guest);
        sections
    }

    fn read_names(&mut self, names: NameSectionReader<'_>) {
        let mut bytes_left = MAX_OTHER_NAMES;
        for name in names.into_iter().map_while(Result::ok) {
            let (id, map) = match name {
                Name::Local(map) => {
                    let known = map.into_iter().map_while(Result::ok);
                    self.local_names
                        .extend(known.map(|of| (of.index, range(of.names.range()))));
                    continue;
                }
                // A map that cannot be read to its end would make the printer give up.
                Name::Type(map) => (4, map),
                Name::Table(map) => (5, map),
                Name::Memory(map) => (6, map),
                Name::Global(map) => (7, map),
                Name::Element(map) => (8, map),
                Name::Data(map) => (9, map),
                Name::Tag(map) => (11, map),
                _ => continue,
            };
            let bytes = range(map.range());
            if let Some(left) = bytes_left.checked_sub(bytes.len())
                && map.into_iter().all(|naming| naming.is_ok())
            {
                bytes_left = left;
                self.other_names.push((id, bytes));
            }
        }
    }

    /// Finds what [`Guest::function_name`] finds, for all functions at once.
    fn name_functions(&mut self, guest: &Guest) {
        let named = guest
            .0
            .description
            .function_names
            .iter()
            .filter(|(_, name)| !name.is_empty());
        self.function_names = named.map(|(index, name)| (*index, name.clone())).collect();
        for export in guest
            .exports()
            .iter()
            .filter(|export| matches!(export.ty, ExternType::Func(_)))
        {
            self.function_names
                .entry(export.index)
                .or_insert_with(|| export.name.clone());
        }
        let imported = guest
            .imports()
            .iter()
            .filter(|import| matches!(import.ty, ExternType::Func(_)));
        for (index, import) in (0..).zip(imported) {
            let name = || format!("{}.{}", import.module, import.name);
            self.function_names.entry(index).or_insert_with(name);
        }
    }
}

fn range(range: Range<u64>) -> Range<usize> {
    let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    place(range.start)..place(range.end)
}
