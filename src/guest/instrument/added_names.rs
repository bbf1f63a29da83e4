//! The names of what is imported and exported in addition, different from all that the guest has;
//! and its name section with shifted indices.

use std::collections::HashSet;

use wasm_encoder::NameSection;
use wasm_encoder::reencode::{Reencode, utils};
use wasmparser::{Name, NameSectionReader};

use crate::guest::module_info::Description;

/// The module of the imported function.
pub(super) const TICK_MODULE: &str = "linmem";

/// The names of added imports and exports.
pub(super) struct AddedNames {
    /// The imported function, in [`TICK_MODULE`].
    pub tick: String,
    /// The private memory that holds the journal.
    pub journal: String,
    /// The global with the position in the journal.
    pub position: String,
    /// The global with the address operand of the last load.
    pub last_load: String,
    /// The global with the stack pointer of the recorded memory, if it is known.
    pub stack_pointer: Option<String>,
    /// The global with the position in the records of an allocator's calls.
    pub calls_position: String,
    /// By memory index: the first name under which the guest exports it, or a new one.
    pub memories: Vec<String>,
    /// By table index: the first name under which the guest exports it, or a new one.
    pub tables: Vec<String>,
    /// By table index: the function that sets an element, where the table needs one.
    pub table_setters: Vec<String>,
    /// The start function, if the guest has one.
    pub start: Option<String>,
}

impl AddedNames {
    /// Chooses names that the guest does not use.
    pub fn new(description: &Description, has_stack_pointer: bool) -> Self {
        let imported = description
            .imports
            .iter()
            .filter(|import| import.module == TICK_MODULE);
        let mut imported: HashSet<String> = imported.map(|import| import.name.clone()).collect();
        let mut exported: HashSet<String> = description
            .exports
            .iter()
            .map(|export| export.name.clone())
            .collect();
        let memories = (0u32..)
            .zip(&description.memories)
            .map(|(index, memory)| match memory.exported_as.first() {
                Some(name) => name.clone(),
                None => unique(&mut exported, format!("linmem memory {index}")),
            })
            .collect();
        let tables = (0u32..)
            .zip(&description.tables)
            .map(|(index, _)| match description.exported_table(index) {
                Some(name) => name.to_owned(),
                None => unique(&mut exported, format!("linmem table {index}")),
            })
            .collect();
        let table_setters = (0u32..)
            .zip(&description.tables)
            .map(|(index, _)| unique(&mut exported, format!("linmem set table {index}")))
            .collect();
        AddedNames {
            tick: unique(&mut imported, "tick".into()),
            journal: unique(&mut exported, "linmem journal".into()),
            position: unique(&mut exported, "linmem position".into()),
            last_load: unique(&mut exported, "linmem last load".into()),
            stack_pointer: has_stack_pointer
                .then(|| unique(&mut exported, "linmem stack pointer".into())),
            calls_position: unique(&mut exported, "linmem calls position".into()),
            memories,
            tables,
            table_setters,
            start: description
                .start
                .map(|_| unique(&mut exported, "linmem start".into())),
        }
    }
}

/// Appends `'` to the name until it is not taken, and adds it to those taken.
fn unique(taken: &mut HashSet<String>, mut name: String) -> String {
    while taken.contains(&name) {
        name.push('\'');
    }
    taken.insert(name.clone());
    name
}

/// Returns the name section for the shifted indices. Subsections that cannot be read are left out,
/// and so are the names of labels, because added blocks would be counted among these.
pub(super) fn shifted(
    instrumenter: &mut impl Reencode,
    names: NameSectionReader<'_>,
) -> NameSection {
    let mut section = NameSection::new();
    for name in names.into_iter().map_while(Result::ok) {
        let is_kept = !matches!(name, Name::Label(_) | Name::Unknown { .. });
        // A first try writes to a section that is dropped, because a subsection that fails halfway
        // could not be removed.
        if is_kept
            && utils::parse_custom_name_subsection(
                instrumenter,
                &mut NameSection::new(),
                name.clone(),
            )
            .is_ok()
        {
            let _ = instrumenter.parse_custom_name_subsection(&mut section, name);
        }
    }
    section
}
