//! The description as text: what the file is, what it needs and offers, its memory, how it was
//! made, what it looks like, and what to do next. Long lists are cut and say by how much.

use std::io;

use super::sheet::Sheet;
use super::{Inspection, Options, words};
use crate::guest::abi::{ExportRole, Role};
use crate::guest::{Area, DataSegment, ExternType, GuestError, Import, Memory};
use crate::safe;

/// Most lines of one list.
const MOST_IMPORTS: usize = 40;
const MOST_EXPORTS: usize = 60;
const MOST_MEMORIES: usize = 10;
const MOST_SEGMENTS: usize = 8;
const MOST_TOOLS: usize = 12;
const MOST_SECTIONS: usize = 20;

/// Longest name and type shown, in characters.
const NAME: usize = 60;
const TYPE: usize = 120;

pub(super) fn write(
    inspection: &Inspection<'_>,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut sheet = Sheet::new(options, out);
    file(&mut sheet, inspection)?;
    imports(&mut sheet, inspection)?;
    exports(&mut sheet, inspection)?;
    memory(&mut sheet, inspection)?;
    making(&mut sheet, inspection)?;
    abi(&mut sheet, inspection)?;
    next(&mut sheet, inspection)?;
    sheet.finish()
}

fn file(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let guest = inspection.guest;
    let name = sheet.strong(&safe::cut(guest.name(), 400));
    sheet.bare(&name)?;
    let given = words::bytes(guest.given_bytes().len() as u64);
    let form = match guest.text() {
        Some(_) => format!(
            "{given} of text, {} as a binary",
            words::bytes(guest.wasm().len() as u64)
        ),
        None => given,
    };
    sheet.bare(&form)?;
    sheet.bare(&format!("sha256 {}", inspection.sha256))
}

/// `… and 12 more`, where a list was cut.
fn more(sheet: &mut Sheet<'_>, count: usize, most: usize) -> io::Result<()> {
    match count.checked_sub(most).filter(|rest| *rest > 0) {
        Some(rest) => sheet.line(&format!("… and {} more; --format json has them all", rest)),
        None => Ok(()),
    }
}

fn imports(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let imports = inspection.guest.imports();
    sheet.part("imports")?;
    if imports.is_empty() {
        return sheet.line("none: it needs nothing of its host");
    }
    let row = |import: &Import| {
        let name = safe::cut(&format!("{}.{}", import.module, import.name), NAME);
        let kind = import.ty.kind();
        let ty = safe::cut(&import.ty.to_string(), TYPE);
        [
            name,
            if kind == "func" {
                ty
            } else {
                format!("{kind} {ty}")
            },
            built_in(import).into(),
        ]
    };
    let rows: Vec<[String; 3]> = imports.iter().take(MOST_IMPORTS).map(row).collect();
    sheet.rows(&rows)?;
    more(sheet, imports.len(), MOST_IMPORTS)
}

/// What this program does about an import by itself.
fn built_in(import: &Import) -> &'static str {
    match import.module.as_str() {
        "wasi_snapshot_preview1" | "wasi_unstable" => "built in",
        _ => "",
    }
}

fn exports(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let exports = inspection.guest.exports();
    sheet.part("exports")?;
    if exports.is_empty() {
        return sheet.line("none: nothing of it can be called or read by name");
    }
    let row = |(export, role): (&crate::guest::Export, &ExportRole)| {
        let ty = match &export.ty {
            ExternType::Memory(ty) => words::pages(ty.min)
                .split(',')
                .next()
                .unwrap_or_default()
                .to_string(),
            ty => safe::cut(&ty.to_string(), TYPE),
        };
        [safe::cut(&export.name, NAME), ty, looks_like(role)]
    };
    let rows: Vec<[String; 3]> = exports
        .iter()
        .zip(&inspection.abi.roles)
        .take(MOST_EXPORTS)
        .map(row)
        .collect();
    sheet.rows(&rows)?;
    more(sheet, exports.len(), MOST_EXPORTS)
}

/// A role with what is known besides; nothing where the type says it all.
pub(super) fn looks_like(role: &ExportRole) -> String {
    let words = match role.role {
        Role::Function | Role::Value => String::new(),
        Role::Answer => "answers, takes nothing".into(),
        Role::Action => "takes and answers nothing".into(),
        role => role.to_string(),
    };
    let known = if role.role == Role::Function && !role.params.is_empty() {
        safe::cut(&format!("takes {}", role.params.join(", ")), TYPE)
    } else {
        role.why.clone()
    };
    match (words.is_empty(), known.is_empty()) {
        (_, true) => words,
        (true, false) => known,
        (false, false) => format!("{words}: {known}"),
    }
}

fn memory(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let guest = inspection.guest;
    let memories = guest.memories();
    sheet.part("memory")?;
    if memories.is_empty() {
        sheet.text(
            "none: there are no bytes to watch; calls and their results are shown all the same",
            0,
        )?;
    }
    for (at, memory) in memories.iter().enumerate().take(MOST_MEMORIES) {
        let which = if memories.len() > 1 {
            format!("{at}: ")
        } else {
            String::new()
        };
        sheet.text(
            &format!("{which}{}{}", words::limits(&memory.ty), called(memory)),
            2,
        )?;
    }
    more(sheet, memories.len(), MOST_MEMORIES)?;
    areas(sheet, inspection)?;
    if !memories.is_empty() {
        sheet.text(&recorded(inspection), 0)?;
    }
    if let Some(start) = guest.start() {
        sheet.text(
            &format!(
                "start function: {}, run at once",
                guest.function_name(start)
            ),
            2,
        )?;
    }
    Ok(())
}

/// `; exported as "memory"`
fn called(memory: &Memory) -> String {
    let mut out = String::new();
    if let Some((module, name)) = &memory.imported {
        out.push_str(&format!(
            "; imported as {}",
            safe::cut(&format!("{module}.{name}"), NAME)
        ));
    }
    if let Some(name) = memory.exported_as.first() {
        out.push_str(&format!("; exported as {}", safe::quoted(name, NAME)));
    } else if memory.imported.is_none() {
        out.push_str("; not exported");
    }
    out
}

fn areas(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let layout = &inspection.layout;
    for (name, area) in [
        ("data", &layout.data),
        ("stack", &layout.stack),
        ("heap", &layout.heap),
    ] {
        if let Some(area) = area {
            sheet.text(&format!("{name:<7}{:<20}{}", span(area), area.known_by), 27)?;
        }
    }
    let segments = inspection.guest.data_segments();
    for segment in segments.iter().take(MOST_SEGMENTS) {
        sheet.text(&placed(segment, inspection), 27)?;
    }
    more(sheet, segments.len(), MOST_SEGMENTS)
}

/// `0x400..0x800`, or as much of it as is known.
fn span(area: &Area) -> String {
    match (area.start, area.end) {
        (Some(start), Some(end)) => format!("{start:#x}..{end:#x}"),
        (Some(start), None) => format!("from {start:#x}"),
        (None, Some(end)) => format!("up to {end:#x}"),
        (None, None) => "somewhere".into(),
    }
}

fn placed(segment: &DataSegment, inspection: &Inspection<'_>) -> String {
    let len = segment.bytes.len() as u64;
    let start = segment.offset.resolve(|_| None);
    let at = match start {
        Some(start) => format!("{start:#x}..{:#x}", start.saturating_add(len)),
        None => "an imported place".into(),
    };
    let named = inspection
        .layout
        .segments
        .iter()
        .find(|known| known.index == segment.index);
    let name = named
        .and_then(|known| known.name.as_ref())
        .map(|name| format!(", {name}"))
        .unwrap_or_default();
    let memory = if segment.memory == 0 {
        String::new()
    } else {
        format!(", in memory {}", segment.memory)
    };
    format!(
        "{:<7}{at:<20}data segment {}, {}{name}{memory}",
        "bytes",
        segment.index,
        words::bytes(len)
    )
}

/// What of the guest's memories a session sees.
fn recorded(inspection: &Inspection<'_>) -> String {
    let guest = inspection.guest;
    match (guest.default_memory(), guest.memories()) {
        _ if !guest.unsupported_features().is_empty() => {
            "linmem cannot run it, so nothing can be recorded".into()
        }
        (Err(GuestError::WhichMemory { choices, .. }), _) => format!(
            "linmem records one memory: say which in the steps file, with `memory NAME`, of {}",
            choices
                .iter()
                .take(5)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ")
        ),
        (Ok(Some(_)), [_]) => "linmem records every store to it, and who made it".into(),
        (Ok(Some(at)), _) => {
            format!(
                "linmem records every store to memory {at}; `memory NAME` in the steps file \
                 chooses another"
            )
        }
        _ => "linmem records none of it".into(),
    }
}

fn making(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    sheet.part("features")?;
    match inspection.features.as_slice() {
        [] => sheet.text("none beyond the first version of WebAssembly", 0)?,
        features => sheet.text(&features.join(", "), 0)?,
    }
    if !inspection.guest.unsupported_features().is_empty() {
        let lacking = inspection.guest.unsupported_features().join(", ");
        sheet.text(&format!("linmem's engine cannot run: {lacking}"), 2)?;
    }
    made_by(sheet, inspection)?;
    debug(sheet, inspection)?;
    let sections = &inspection.makeup.sections;
    if sections.is_empty() {
        return Ok(());
    }
    sheet.part_of_it("custom");
    let words: Vec<String> = sections
        .iter()
        .take(MOST_SECTIONS)
        .map(|section| {
            format!(
                "{} ({})",
                safe::cut(&section.name, NAME),
                words::bytes(section.bytes)
            )
        })
        .collect();
    sheet.text(&words.join(", "), 0)?;
    more(sheet, sections.len(), MOST_SECTIONS)
}

fn made_by(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let producers = &inspection.makeup.producers;
    sheet.part_of_it("made by");
    if producers.is_empty() {
        return sheet.line("it does not say");
    }
    for producer in producers.iter().take(MOST_TOOLS) {
        let version = safe::cut(&producer.version, NAME);
        let field = safe::cut(&producer.field, NAME);
        sheet.text(
            &format!("{} {version} ({field})", safe::cut(&producer.name, NAME)).replace("  ", " "),
            2,
        )?;
    }
    more(sheet, producers.len(), MOST_TOOLS)
}

fn debug(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let debug = &inspection.makeup.debug;
    sheet.part_of_it("debug");
    let mut known = Vec::new();
    if debug.text {
        known.push("the text itself: stores are shown on its lines".to_string());
    }
    if debug.dwarf {
        known.push("DWARF: stores are shown on lines of the source".into());
    }
    if debug.names > 0 {
        known.push(format!(
            "names of {}",
            words::many(debug.names as u64, "function")
        ));
    }
    if let Some(at) = &debug.source_map {
        known.push(format!(
            "a source map at {}, which linmem does not read",
            safe::quoted(at, NAME)
        ));
    }
    if let Some(at) = &debug.external {
        known.push(format!(
            "DWARF split off to {}, which linmem does not read",
            safe::quoted(at, NAME)
        ));
    }
    if known.is_empty() {
        known.push("none: stores are shown in the instructions, by their offset".into());
    }
    known.iter().try_for_each(|line| sheet.text(line, 2))
}

fn abi(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    sheet.part("ABI")?;
    let families = &inspection.abi.families;
    for found in families {
        sheet.text(
            &format!("{} {}, because", found.confidence, found.family),
            2,
        )?;
        for reason in &found.reasons {
            sheet.item(reason)?;
        }
    }
    if families.is_empty() {
        sheet.text(
            "nothing recognised: no export or import looks like a known way to pass bytes",
            0,
        )?;
    }
    Ok(())
}

fn next(sheet: &mut Sheet<'_>, inspection: &Inspection<'_>) -> io::Result<()> {
    let guest = inspection.guest;
    sheet.part("next")?;
    if !guest.unsupported_features().is_empty() {
        return sheet.text(
            "build it without what the engine cannot run, named above, and try again",
            0,
        );
    }
    let path = words::shell(guest.name());
    let steps = words::shell(&format!("{}.steps", words::module_name(guest.name())));
    sheet.line(&format!("linmem init {path} > {steps}"))?;
    sheet.line(&format!("linmem {path}"))
}
