//! Exports every memory, table and global of a module, so that a test can compare each.

use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// The ids of the sections that follow the exports: start, elements, data count, code, data.
const AFTER_EXPORTS: [u8; 5] = [8, 9, 12, 10, 11];

/// Exports the memories, tables and globals of a valid module that have no export. A module that
/// exports all of them is returned unchanged.
pub fn with_all_exports(wasm: &[u8]) -> wasmparser::Result<Vec<u8>> {
    let mut counts = [
        (ExportKind::Memory, 0),
        (ExportKind::Table, 0),
        (ExportKind::Global, 0),
    ];
    let mut exports = ExportSection::new();
    let mut named: Vec<(ExportKind, u32)> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        TypeRef::Memory(_) => counts[0].1 += 1,
                        TypeRef::Table(_) => counts[1].1 += 1,
                        TypeRef::Global(_) => counts[2].1 += 1,
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(section) => counts[0].1 += section.count(),
            Payload::TableSection(section) => counts[1].1 += section.count(),
            Payload::GlobalSection(section) => counts[2].1 += section.count(),
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    exports.export(export.name, kind(export.kind), export.index);
                    named.push((kind(export.kind), export.index));
                }
            }
            _ => {}
        }
    }
    let hidden = counts
        .iter()
        .flat_map(|(kind, count)| (0..*count).map(|index| (*kind, index)));
    let hidden: Vec<_> = hidden.filter(|item| !named.contains(item)).collect();
    if hidden.is_empty() {
        return Ok(wasm.to_vec());
    }
    for (kind, index) in hidden {
        exports.export(&format!("exposed {kind:?} {index}"), kind, index);
    }
    with_exports(wasm, &exports)
}

/// Returns the module with `exports` as its export section.
fn with_exports(wasm: &[u8], exports: &ExportSection) -> wasmparser::Result<Vec<u8>> {
    let mut module = Module::new();
    let mut is_written = false;
    for payload in Parser::new(0).parse_all(wasm) {
        let Some((id, range)) = payload?.as_section() else {
            continue;
        };
        if !is_written && AFTER_EXPORTS.contains(&id) {
            module.section(exports);
            is_written = true;
        }
        match id {
            7 => {
                module.section(exports);
                is_written = true;
            }
            _ => {
                module.section(&RawSection {
                    id,
                    data: &wasm[range.start as usize..range.end as usize],
                });
            }
        }
    }
    if !is_written {
        module.section(exports);
    }
    Ok(module.finish())
}

fn kind(kind: ExternalKind) -> ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}
