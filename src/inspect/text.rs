//! The description as text: what the file is, what it imports and exports, its memory, how it was
//! made, which convention it follows, and what to do next.
//!
//! Long lists are cut, and the text counts what is left out.

use std::io;

use super::writer::MarginWriter;
use super::{Inspection, Options, paths};
use crate::guest::abi::{ExportRole, Role};
use crate::guest::{Area, DataSegment, Export, GuestError, Import, Memory};
use crate::safe;
use crate::text::{count, list};
use crate::wasm_types::{ExternKind, ExternType, MemoryType, memory_size};

/// Most lines of each list.
const MOST_IMPORTS: usize = 40;
const MOST_EXPORTS: usize = 60;
const MOST_MEMORIES: usize = 10;
const MOST_SEGMENTS: usize = 8;
const MOST_TOOLS: usize = 12;
const MOST_SECTIONS: usize = 20;

/// Most memories that the message about several of them names.
const MOST_CHOICES: usize = 5;

/// Characters of a path, of a name and of a type that are shown before it is cut.
const PATH: usize = 400;
const NAME: usize = 60;
const TYPE: usize = 120;

/// Columns of a part of memory and its addresses: remarks about it begin after them.
const PLACE: usize = 27;

/// Writes the description of a module.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(
    inspection: &Inspection<'_>,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = MarginWriter::new(options, out);
    write_file(&mut out, inspection)?;
    write_imports(&mut out, inspection)?;
    write_exports(&mut out, inspection)?;
    write_memories(&mut out, inspection)?;
    write_features(&mut out, inspection)?;
    write_producers(&mut out, inspection)?;
    write_debug_info(&mut out, inspection)?;
    write_custom_sections(&mut out, inspection)?;
    write_abi(&mut out, inspection)?;
    write_next(&mut out, inspection)?;
    out.finish()
}

fn write_file(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let guest = inspection.guest;
    out.edge(&safe::cut(guest.name(), PATH), true)?;
    let bytes = |bytes: &[u8]| count(bytes.len(), "byte");
    let form = match guest.text() {
        Some(_) => format!(
            "{} of text, {} as a binary",
            bytes(guest.given_bytes()),
            bytes(guest.wasm())
        ),
        None => bytes(guest.given_bytes()),
    };
    out.edge(&form, false)?;
    out.edge(&format!("sha256 {}", inspection.sha256), false)
}

/// Writes how many of `count` items come after the first `most`, if any.
fn write_more(out: &mut MarginWriter<'_>, count: usize, most: usize) -> io::Result<()> {
    match count.saturating_sub(most) {
        0 => Ok(()),
        more => out.line(&format!("… and {more} more; --format json has them all")),
    }
}

fn write_imports(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let imports = inspection.guest.imports();
    out.part("imports")?;
    if imports.is_empty() {
        return out.line("none: the module needs nothing from its host");
    }
    let row = |import: &Import| {
        let name = safe::cut(&format!("{}.{}", import.module, import.name), NAME);
        let ty = safe::cut(&import.ty.to_string(), TYPE);
        let ty = match import.ty.kind() {
            ExternKind::Func => ty,
            kind => format!("{kind} {ty}"),
        };
        [name, ty, built_in(import).into()]
    };
    let rows: Vec<[String; 3]> = imports.iter().take(MOST_IMPORTS).map(row).collect();
    out.table(&rows)?;
    write_more(out, imports.len(), MOST_IMPORTS)
}

/// Returns a remark about an import that this program defines.
fn built_in(import: &Import) -> &'static str {
    match import.module.as_str() {
        "wasi_snapshot_preview1" | "wasi_unstable" => "built in",
        _ => "",
    }
}

fn write_exports(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let exports = inspection.guest.exports();
    out.part("exports")?;
    if exports.is_empty() {
        return out.line("none: a host can neither call nor read anything by name");
    }
    let row = |(export, role): (&Export, &ExportRole)| {
        let ty = match &export.ty {
            ExternType::Memory(ty) => count(ty.min, "page"),
            ty => safe::cut(&ty.to_string(), TYPE),
        };
        [safe::cut(&export.name, NAME), ty, role_remark(role)]
    };
    let rows: Vec<[String; 3]> = exports
        .iter()
        .zip(&inspection.abi.roles)
        .take(MOST_EXPORTS)
        .map(row)
        .collect();
    out.table(&rows)?;
    write_more(out, exports.len(), MOST_EXPORTS)?;
    write_declared(out, inspection)
}

/// Writes how the source declares the exported functions, in the order of the exports.
fn write_declared(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let exports = inspection.guest.exports().iter();
    let declared: Vec<&str> = exports
        .filter(|export| matches!(export.ty, ExternType::Func(_)))
        .filter_map(|export| inspection.declared.get(&export.name))
        .map(|signature| signature.text.as_str())
        .collect();
    if declared.is_empty() {
        return Ok(());
    }
    out.subpart("in source");
    for text in declared.iter().take(MOST_EXPORTS) {
        out.text(text, 4)?;
    }
    write_more(out, declared.len(), MOST_EXPORTS)
}

/// Returns an export's role with what is known besides; nothing where its type shows all of it.
fn role_remark(role: &ExportRole) -> String {
    let name = match role.role {
        Role::Function | Role::Value => String::new(),
        Role::Answer => "takes nothing, returns a value".into(),
        Role::Action => "takes and returns nothing".into(),
        role => role.to_string(),
    };
    let known = if role.role == Role::Function && !role.params.is_empty() {
        safe::cut(&format!("takes {}", role.params.join(", ")), TYPE)
    } else {
        role.why.clone()
    };
    match (name.is_empty(), known.is_empty()) {
        (_, true) => name,
        (true, false) => known,
        (false, false) => format!("{name}: {known}"),
    }
}

fn write_memories(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let guest = inspection.guest;
    let memories = guest.memories();
    out.part("memory")?;
    if memories.is_empty() {
        out.text(
            "none: there are no bytes to show; calls and their results are shown nevertheless",
            0,
        )?;
    }
    for (index, memory) in memories.iter().enumerate().take(MOST_MEMORIES) {
        let index = match memories.len() {
            1 => String::new(),
            _ => format!("{index}: "),
        };
        out.text(
            &format!("{index}{}{}", limits(&memory.ty), links(memory)),
            2,
        )?;
    }
    write_more(out, memories.len(), MOST_MEMORIES)?;
    write_layout(out, inspection)?;
    if !memories.is_empty() {
        out.text(&recorded(inspection), 0)?;
    }
    if let Some(start) = guest.start() {
        let name = guest.function_name(start);
        out.text(
            &format!("start function: {name}, called at instantiation"),
            2,
        )?;
    }
    Ok(())
}

/// Returns a memory's size and how far it may grow.
fn limits(ty: &MemoryType) -> String {
    let mut text = memory_size(ty.min);
    match ty.max {
        Some(max) if max == ty.min => text.push_str("; it cannot grow"),
        Some(max) => text.push_str(&format!("; may grow to {}", memory_size(max))),
        None => text.push_str("; no limit of its own"),
    }
    if ty.shared {
        text.push_str("; shared between threads");
    }
    if ty.is_64 {
        text.push_str("; 64-bit addresses");
    }
    text
}

/// Returns how a memory is imported and exported: `; exported as "memory"`.
fn links(memory: &Memory) -> String {
    let mut text = String::new();
    if let Some((module, name)) = &memory.imported {
        let name = safe::cut(&format!("{module}.{name}"), NAME);
        text.push_str(&format!("; imported as {name}"));
    }
    if let Some(name) = memory.exported_as.first() {
        text.push_str(&format!("; exported as {}", safe::quoted(name, NAME)));
    } else if memory.imported.is_none() {
        text.push_str("; not exported");
    }
    text
}

/// Writes where data, stack and heap are, and what the module puts into memory.
fn write_layout(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let layout = &inspection.layout;
    for (name, area) in [
        ("data", &layout.data),
        ("stack", &layout.stack),
        ("heap", &layout.heap),
    ] {
        if let Some(area) = area {
            let line = format!("{name:<7}{:<20}{}", addresses(area), area.known_by);
            out.text(&line, PLACE)?;
        }
    }
    let segments = inspection.guest.data_segments();
    for segment in segments.iter().take(MOST_SEGMENTS) {
        out.text(&data_segment(segment, inspection), PLACE)?;
    }
    write_more(out, segments.len(), MOST_SEGMENTS)
}

/// Returns the addresses of an area, as far as they are known: `0x400..0x800`.
fn addresses(area: &Area) -> String {
    match (area.start, area.end) {
        (Some(start), Some(end)) => format!("{start:#x}..{end:#x}"),
        (Some(start), None) => format!("from {start:#x}"),
        (None, Some(end)) => format!("up to {end:#x}"),
        (None, None) => "address unknown".into(),
    }
}

/// Returns a line about a data segment: `bytes  0x400..0x40c  data segment 0, 12 bytes, .rodata`.
fn data_segment(segment: &DataSegment, inspection: &Inspection<'_>) -> String {
    let len = segment.bytes.len() as u64;
    let addresses = match segment.offset.resolve(|_| None) {
        Some(start) => format!("{start:#x}..{:#x}", start.saturating_add(len)),
        None => "address imported".into(),
    };
    let known = inspection.layout.segments.iter();
    let name = known
        .filter(|known| known.index == segment.index)
        .find_map(|known| known.name.as_ref())
        .map(|name| format!(", {name}"))
        .unwrap_or_default();
    let memory = match segment.memory {
        0 => String::new(),
        memory => format!(", in memory {memory}"),
    };
    format!(
        "{:<7}{addresses:<20}data segment {}, {}{name}{memory}",
        "bytes",
        segment.index,
        count(len, "byte")
    )
}

/// Returns which of the guest's memories a session records.
fn recorded(inspection: &Inspection<'_>) -> String {
    let guest = inspection.guest;
    match (guest.default_memory(), guest.memories()) {
        _ if !guest.unsupported_features().is_empty() => {
            "linmem cannot run this module, so nothing can be recorded".into()
        }
        (Err(GuestError::WhichMemory { choices, .. }), _) => format!(
            "linmem records one memory: choose it with `memory NAME` in the steps file, from {}",
            list::first(choices, MOST_CHOICES)
        ),
        (Ok(Some(_)), [_]) => {
            "linmem records every store to it, and the writer of each byte".into()
        }
        (Ok(Some(index)), _) => format!(
            "linmem records every store to memory {index}; `memory NAME` in the steps file chooses \
             another one"
        ),
        _ => "linmem does not record it".into(),
    }
}

fn write_features(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    out.part("features")?;
    match inspection.features.as_slice() {
        [] => out.text("none that came after WebAssembly 1.0", 0)?,
        features => out.text(&features.join(", "), 0)?,
    }
    match inspection.guest.unsupported_features() {
        [] => Ok(()),
        lacking => out.text(
            &format!("linmem's engine cannot run: {}", lacking.join(", ")),
            2,
        ),
    }
}

fn write_producers(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let producers = &inspection.metadata.producers;
    out.subpart("made by");
    if producers.is_empty() {
        return out.line("not stated in the module");
    }
    for producer in producers.iter().take(MOST_TOOLS) {
        let [name, version, field] =
            [&producer.name, &producer.version, &producer.field].map(|text| safe::cut(text, NAME));
        // Many tools give no version.
        out.text(&format!("{name} {version} ({field})").replace("  ", " "), 2)?;
    }
    write_more(out, producers.len(), MOST_TOOLS)
}

fn write_debug_info(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let debug = &inspection.metadata.debug;
    out.subpart("debug");
    let mut known = Vec::new();
    if debug.text {
        known.push("the text itself: each store is shown at its line".to_string());
    }
    if debug.dwarf {
        known.push("DWARF: each store is shown at its line of the source".into());
    }
    if debug.names > 0 {
        known.push(format!("names of {}", count(debug.names, "function")));
    }
    if let Some(path) = &debug.source_map {
        let path = safe::quoted(path, NAME);
        known.push(format!("a source map, {path}, which linmem does not read"));
    }
    if let Some(path) = &debug.external {
        let path = safe::quoted(path, NAME);
        known.push(format!(
            "DWARF in another file, {path}, which linmem does not read"
        ));
    }
    if known.is_empty() {
        known.push("none: each store is shown at its instruction, by its offset".into());
    }
    known.iter().try_for_each(|line| out.text(line, 2))
}

fn write_custom_sections(
    out: &mut MarginWriter<'_>,
    inspection: &Inspection<'_>,
) -> io::Result<()> {
    let sections = &inspection.metadata.sections;
    if sections.is_empty() {
        return Ok(());
    }
    out.subpart("custom");
    let listed: Vec<String> = sections
        .iter()
        .take(MOST_SECTIONS)
        .map(|section| {
            let name = safe::cut(&section.name, NAME);
            format!("{name} ({})", count(section.bytes, "byte"))
        })
        .collect();
    out.text(&listed.join(", "), 0)?;
    write_more(out, sections.len(), MOST_SECTIONS)
}

fn write_abi(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    out.part("ABI")?;
    let families = &inspection.abi.families;
    for found in families {
        let guess = format!("{} {}, because", found.confidence, found.family);
        out.text(&guess, 2)?;
        for reason in &found.reasons {
            out.item(reason)?;
        }
    }
    if families.is_empty() {
        out.text(
            "not recognised: no export and no import looks like a known way to pass bytes",
            0,
        )?;
    }
    Ok(())
}

fn write_next(out: &mut MarginWriter<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let guest = inspection.guest;
    out.part("next")?;
    if !guest.unsupported_features().is_empty() {
        return out.text(
            "build the module without the features that the engine cannot run, and try again",
            0,
        );
    }
    let path = paths::shell(guest.name());
    let steps = paths::shell(&format!("{}.steps", paths::module_name(guest.name())));
    out.line(&format!("linmem init {path} > {steps}"))?;
    out.line(&format!("linmem {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_in_pages_and_bytes() {
        let ty = MemoryType {
            min: 1,
            max: Some(1),
            is_64: true,
            shared: true,
        };
        assert_eq!(
            limits(&ty),
            "1 page, 64 KiB; it cannot grow; shared between threads; 64-bit addresses"
        );
    }
}
