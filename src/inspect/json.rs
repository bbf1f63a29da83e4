//! `linmem.inspect/1`. `docs/json.md` describes every key, and a test holds the two together. Keys
//! are only ever added. Names stand in it exactly as they are; characters that a terminal would act
//! on are written as `\u` escapes.

use std::io;

use serde_json::{Value, json};

use super::Inspection;
use crate::guest::abi::{Arg, ExportRole, Recognised};
use crate::guest::{Area, Export, ExternType, Import, MemoryType};
use crate::safe;

pub(super) fn write(inspection: &Inspection<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(&document(inspection))?;
    let mut safe = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c != '\n' && safe::is_unsafe(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units).iter() {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    out.write_all(safe.as_bytes())?;
    out.flush()
}

fn document(inspection: &Inspection<'_>) -> Value {
    let guest = inspection.guest;
    let recorded = guest.default_memory();
    let debug = &inspection.metadata.debug;
    json!({
        "schema": "linmem.inspect/1",
        "path": guest.name(),
        "bytes": guest.given_bytes().len(),
        "sha256": inspection.sha256,
        "form": if guest.text().is_some() { "text" } else { "binary" },
        "imports": guest.imports().iter().map(import).collect::<Vec<_>>(),
        "exports": guest.exports().iter().zip(&inspection.abi.roles).map(export).collect::<Vec<_>>(),
        "start_function": guest.start().map(|index| guest.function_name(index)),
        "memories": guest.memories().iter().map(|memory| json!({
            "limits": limits(&memory.ty),
            "exported_as": memory.exported_as,
            "imported": memory.imported.as_ref().map(|(module, name)| json!({ "module": module, "name": name })),
        })).collect::<Vec<_>>(),
        "recorded_memory": recorded.as_ref().ok().copied().flatten(),
        "not_recorded_because": recorded.as_ref().err().map(ToString::to_string),
        "data_segments": guest.data_segments().iter().map(|segment| json!({
            "index": segment.index,
            "memory": segment.memory,
            "start": segment.offset.resolve(|_| None),
            "bytes": segment.bytes.len(),
        })).collect::<Vec<_>>(),
        "layout": json!({
            "data": inspection.layout.data.as_ref().map(area),
            "stack": inspection.layout.stack.as_ref().map(area),
            "heap": inspection.layout.heap.as_ref().map(area),
        }),
        "features": inspection.features,
        "lacking": guest.lacking(),
        "producers": inspection.metadata.producers.iter().map(|producer| json!({
            "field": producer.field,
            "name": producer.name,
            "version": producer.version,
        })).collect::<Vec<_>>(),
        "debug": json!({
            "text": debug.text,
            "dwarf": debug.dwarf,
            "names": debug.names,
            "source_map": debug.source_map,
            "external": debug.external,
        }),
        "custom_sections": inspection.metadata.sections.iter().map(|section| json!({
            "name": section.name,
            "bytes": section.bytes,
        })).collect::<Vec<_>>(),
        "abi": inspection.abi.families.iter().map(family).collect::<Vec<_>>(),
        "work": inspection.abi.work.iter().filter_map(|at| guest.exports().get(*at)).map(|export| &export.name)
            .collect::<Vec<_>>(),
    })
}

fn import(import: &Import) -> Value {
    json!({
        "module": import.module,
        "name": import.name,
        "kind": import.ty.kind().as_str(),
        "type": import.ty.to_string(),
    })
}

fn export((export, role): (&Export, &ExportRole)) -> Value {
    let is_function = matches!(export.ty, ExternType::Func(_));
    json!({
        "name": export.name,
        "kind": export.ty.kind().as_str(),
        "type": export.ty.to_string(),
        "looks_like": role.role.key(),
        "why": role.why,
        "args": is_function.then(|| role.args.iter().map(|arg: &Arg| arg.key()).collect::<Vec<_>>()),
        "params": is_function.then_some(&role.params),
    })
}

fn limits(ty: &MemoryType) -> Value {
    json!({ "pages": ty.min, "max": ty.max, "shared": ty.shared, "is_64": ty.is_64 })
}

fn area(area: &Area) -> Value {
    json!({ "start": area.start, "end": area.end, "known_by": area.known_by })
}

fn family(found: &Recognised) -> Value {
    json!({ "family": found.family.key(), "confidence": found.confidence.key(), "reasons": found.reasons })
}
