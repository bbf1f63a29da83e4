//! What in a module needs a feature that the engine does not have.

use wasmparser::{FunctionBody, Parser, Payload};

use super::validation::validate_around_bodies;
use super::{RUNS, UNSUPPORTED, instructions};

/// Returns what in a module needs the first of these features first, as a phrase such as `function 12`;
/// `None` if it is not known.
/// `bodies` are those that are not valid without that, with the numbers of their functions.
pub(super) fn first_need(
    wasm: &[u8],
    names: &[String],
    bodies: &[(u32, FunctionBody<'_>)],
) -> Option<Need> {
    let mut needed = names.iter().filter_map(|name| {
        let known = UNSUPPORTED.iter().find(|(_, known)| known == name);
        known.map(|(feature, _)| *feature)
    });
    let feature = needed.next()?;
    let others = needed.fold(RUNS, |others, feature| others | feature);
    let offset = match validate_around_bodies(wasm, others) {
        Ok(_) => return instructions::first_with(bodies, feature).map(Need::Function),
        Err(error) => error.offset(),
    };
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let mut sections = payloads.filter_map(|payload| section_items(&payload));
    sections.find_map(|(kind, offsets)| {
        let end = offsets.last()?;
        let last = offsets.iter().rev().find(|start| **start <= offset)?;
        // The types of a group begin where the group does; the first of them is named.
        let number = offsets.partition_point(|start| start < last);
        (offset < *end).then_some(Need::Item(kind, number))
    })
}

/// What in a module needs a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::guest) enum Need {
    /// A function, by its number among those that the module defines.
    Function(u32),
    /// An item of a section, by its number there.
    Item(&'static str, usize),
}

/// Returns where the items of a section begin, and where the last one ends; `None` for a section
/// without features of its own.
fn section_items(payload: &Payload<'_>) -> Option<(&'static str, Vec<u64>)> {
    macro_rules! items {
        ($kind:literal, $reader:expr) => {{
            let reader = $reader.clone();
            let end = reader.range().end;
            let starts = reader.into_iter_with_offsets().map_while(Result::ok);
            let starts = starts.map(|(offset, _)| offset);
            Some(($kind, starts.chain([end]).collect()))
        }};
    }
    match payload {
        Payload::TypeSection(reader) => {
            let groups = reader
                .clone()
                .into_iter_with_offsets()
                .map_while(Result::ok);
            let starts = groups.flat_map(|(offset, group)| group.into_types().map(move |_| offset));
            Some(("type", starts.chain([reader.range().end]).collect()))
        }
        Payload::ImportSection(reader) => items!("import", reader),
        Payload::TableSection(reader) => items!("table", reader),
        Payload::MemorySection(reader) => items!("memory", reader),
        Payload::TagSection(reader) => items!("tag", reader),
        Payload::GlobalSection(reader) => items!("global", reader),
        Payload::ElementSection(reader) => items!("element segment", reader),
        Payload::DataSection(reader) => items!("data segment", reader),
        _ => None,
    }
}
