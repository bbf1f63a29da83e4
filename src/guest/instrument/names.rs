//! Names for what the rewritten module imports and exports in addition, unlike any the guest has;
//! and the name section with its indices shifted.

use std::collections::HashSet;

use wasm_encoder::NameSection;
use wasm_encoder::reencode::{Reencode, utils};
use wasmparser::{Name, NameSectionReader};

use super::Instrumenter;
use crate::guest::module_info::Description;

pub(super) const TICK_MODULE: &str = "linmem";

pub(super) struct Names {
    /// Of the imported function, in [`TICK_MODULE`].
    pub tick: String,
    /// The exports of the journal: its memory, the position in it, the last load's address.
    pub journal: String,
    pub position: String,
    pub last_load: String,
    /// By memory index: the name the guest exports it under, or a new one.
    pub memories: Vec<String>,
    /// An export, where the guest has a start function.
    pub start: Option<String>,
}

impl Names {
    pub fn new(description: &Description) -> Self {
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
        Names {
            tick: unique(&mut imported, "tick".into()),
            journal: unique(&mut exported, "linmem journal".into()),
            position: unique(&mut exported, "linmem position".into()),
            last_load: unique(&mut exported, "linmem last load".into()),
            memories,
            start: description
                .start
                .map(|_| unique(&mut exported, "linmem start".into())),
        }
    }
}

/// The name, with as many `'` behind it as it takes to be new; takes it.
fn unique(taken: &mut HashSet<String>, mut name: String) -> String {
    while taken.contains(&name) {
        name.push('\'');
    }
    taken.insert(name.clone());
    name
}

/// The name section for the shifted indices. What cannot be read of it is left out. Labels are,
/// too: the added blocks would be counted among them.
pub(super) fn shifted(
    rewriter: &mut Instrumenter<'_>,
    names: NameSectionReader<'_>,
) -> NameSection {
    let mut section = NameSection::new();
    for name in names.into_iter().map_while(Result::ok) {
        let is_kept = !matches!(name, Name::Label(_) | Name::Unknown { .. });
        // Tried on a section that is thrown away: one that was half written could not be taken
        // back.
        if is_kept
            && utils::parse_custom_name_subsection(rewriter, &mut NameSection::new(), name.clone())
                .is_ok()
        {
            let _ = rewriter.parse_custom_name_subsection(&mut section, name);
        }
    }
    section
}
