//! The description as JSON, `linmem.inspect/1`.
//!
//! `docs/json.md` describes every key, and a test compares the two. Keys are only ever added. Names
//! are exactly those of the module; characters that would act on a terminal are written as `\u`
//! escapes.

use std::io;

use serde_json::{Value, json};

use super::Inspection;
use crate::guest::abi::{Arg, ExportRole, Recognised};
use crate::guest::{DataSegment, Export, FunctionSignature, Import, Memory};
use crate::safe;
use crate::wasm_types::MemoryType;

/// Writes the description of a module.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(inspection: &Inspection<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    safe::json::write_pretty(&document(inspection), &mut *out)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn document(inspection: &Inspection<'_>) -> Value {
    let (guest, layout, abi) = (inspection.guest, &inspection.layout, &inspection.abi);
    let recorded = guest.default_memory();
    json!({
        "schema": "linmem.inspect/1",
        "path": guest.name(),
        "bytes": guest.given_bytes().len(),
        "sha256": inspection.sha256,
        "form": if guest.text().is_some() { "text" } else { "binary" },
        "imports": guest.imports().iter().map(import).collect::<Vec<_>>(),
        "exports": guest.exports().iter().zip(&abi.roles)
            .map(|(export, role)| self::export(export, role, inspection)).collect::<Vec<_>>(),
        "start_function": guest.start().map(|index| guest.function_name(index)),
        "memories": guest.memories().iter().map(memory).collect::<Vec<_>>(),
        "recorded_memory": recorded.as_ref().ok().copied().flatten(),
        "not_recorded_because": recorded.as_ref().err().map(ToString::to_string),
        "data_segments": guest.data_segments().iter().map(data_segment).collect::<Vec<_>>(),
        "layout": { "data": layout.data, "stack": layout.stack, "heap": layout.heap },
        "features": inspection.features,
        "lacking": guest.unsupported_features(),
        "producers": inspection.metadata.producers,
        "debug": inspection.metadata.debug,
        "custom_sections": inspection.metadata.sections,
        "abi": abi.families.iter().map(family).collect::<Vec<_>>(),
        "work": abi.work.iter().filter_map(|index| Some(&guest.exports().get(*index)?.name))
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

fn export(export: &Export, role: &ExportRole, inspection: &Inspection<'_>) -> Value {
    let is_function = export.ty.as_func().is_some();
    let args = || {
        role.args
            .iter()
            .map(|arg: &Arg| arg.as_str())
            .collect::<Vec<_>>()
    };
    json!({
        "name": export.name,
        "kind": export.ty.kind().as_str(),
        "type": export.ty.to_string(),
        "looks_like": role.role.as_str(),
        "why": role.why,
        "args": is_function.then(args),
        "params": is_function.then_some(&role.params),
        "declared": inspection.declared.get(&export.name).filter(|_| is_function).map(declared),
    })
}

fn declared(signature: &FunctionSignature) -> Value {
    let params = signature.params.iter();
    json!({
        "text": signature.text,
        "name": signature.name,
        "params": params.map(|param| json!({ "name": param.name, "type": param.type_text }))
            .collect::<Vec<_>>(),
        "result": signature.result_text,
    })
}

fn memory(memory: &Memory) -> Value {
    let imported = memory.imported.as_ref();
    json!({
        "limits": limits(&memory.ty),
        "exported_as": memory.exported_as,
        "imported": imported.map(|(module, name)| json!({ "module": module, "name": name })),
    })
}

fn limits(ty: &MemoryType) -> Value {
    json!({ "pages": ty.min, "max": ty.max, "shared": ty.shared, "is_64": ty.is_64 })
}

fn data_segment(segment: &DataSegment) -> Value {
    json!({
        "index": segment.index,
        "memory": segment.memory,
        "start": segment.offset.resolve(|_| None),
        "bytes": segment.bytes.len(),
    })
}

fn family(found: &Recognised) -> Value {
    json!({
        "family": found.family.as_str(),
        "confidence": found.confidence.as_str(),
        "reasons": found.reasons,
    })
}
