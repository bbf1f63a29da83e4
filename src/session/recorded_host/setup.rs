//! What comes before the first step in the script of a recording: its imports and their memory.

use std::collections::BTreeMap;

use crate::guest::{ExternType, Guest};
use crate::hostlog::{Crossed, GivenItem, Instance};
use crate::script::ast::ImportName;
use crate::session::playback::call_text::name_text;
use crate::value::Value;

/// Returns the lines for the imported memories and globals of an instance.
pub(super) fn setup_of(instance: &Instance, guest: &Guest) -> Vec<String> {
    let mut lines = Vec::new();
    for given in &instance.given {
        let (module, name) = (&given.import.module, &given.import.name);
        let shown = format!("{}.{}", name_text(module), name_text(name));
        match &given.what {
            GivenItem::Memory { pages, .. } => {
                let wanted = guest.imports().iter().find_map(|one| match &one.ty {
                    ExternType::Memory(ty) if (&one.module, &one.name) == (module, name) => {
                        Some(ty)
                    }
                    _ => None,
                });
                let most = wanted.and_then(|ty| ty.max);
                let max = most.map(|max| format!(" max {max}")).unwrap_or_default();
                let is_shared = wanted.is_some_and(|ty| ty.shared);
                let shared = if is_shared { " shared" } else { "" };
                lines.push(format!("import {shown} pages {pages}{max}{shared}"));
            }
            GivenItem::Global(Crossed::Value(value)) if *value != Value::Null => {
                lines.push(format!("import {shown} = {value}"));
            }
            GivenItem::Table {
                size: Some(size), ..
            } => lines.push(format!("import {shown} elements {size}")),
            GivenItem::Global(_) | GivenItem::Table { size: None, .. } => {}
        }
    }
    lines
}

/// Returns the number of the memory that a session of this guest shows.
pub(super) fn memory_of(instance: &Instance, guest: &Guest) -> Option<u32> {
    let index = guest.default_memory().ok().flatten()?;
    let memory = guest.memories().get(index as usize)?;
    let exported = instance
        .memories
        .iter()
        .find(|(name, _)| memory.exported_as.contains(name));
    if let Some((_, number)) = exported {
        return Some(*number);
    }
    let (module, name) = memory.imported.as_ref()?;
    instance.given.iter().find_map(|given| match given.what {
        GivenItem::Memory { memory, .. }
            if (&given.import.module, &given.import.name) == (module, name) =>
        {
            Some(memory)
        }
        _ => None,
    })
}

/// Returns the `import` lines for the calls of imports: one for the actions that most calls have, and
/// one for each other call.
pub(super) fn import_lines(
    guest: &Guest,
    imports: &BTreeMap<ImportName, Vec<Vec<String>>>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (ImportName { module, name }, calls) in imports {
        let params = guest.imports().iter().find_map(|one| match &one.ty {
            ExternType::Func(ty) if (&one.module, &one.name) == (module, name) => {
                Some(ty.params.len())
            }
            _ => None,
        });
        let params: Vec<String> = (0..params.unwrap_or_default())
            .map(|i| format!("a{i}"))
            .collect();
        let shown = format!(
            "import {}.{}({})",
            name_text(module),
            name_text(name),
            params.join(", ")
        );
        let mut counts: BTreeMap<&Vec<String>, usize> = BTreeMap::new();
        for call in calls {
            *counts.entry(call).or_default() += 1;
        }
        let usual = counts
            .iter()
            .max_by_key(|(_, count)| **count)
            .map(|(call, _)| *call);
        let line = |at: &str, actions: &[String]| {
            format!("{shown}{at} {}", actions.join(" ; "))
                .trim_end()
                .to_owned()
        };
        lines.extend(usual.map(|actions| line("", actions)));
        for (number, call) in calls.iter().enumerate() {
            if Some(call) != usual {
                lines.push(line(&format!(" at {number}"), call));
            }
        }
    }
    lines
}
