//! Two runs side by side: where they first differ, who wrote the bytes that differ, and how the runs go on.

mod json;

use std::io;

use crate::report::common::guest_header::short_sha256;
use crate::report::common::options::{Format, Options};
use crate::report::common::{hex_dump, summary};
use crate::safe;
use crate::text::{TextWriter, count, list};
use crate::timeline::{
    ByteSide, Comparison, Divergence, Event, FieldChange, FirstByte, FirstStore, Mismatch, Moment,
    Rest, Status, Timeline, What, Write, Writer, field_differences,
};
use crate::value::{Hex, Value};
use crate::wasm_types::memory_size;

/// The names of the sides, in order.
const SIDES: [&str; 2] = ["A", "B"];

/// Columns of a label before a side's name.
const LABEL: usize = 13;

/// Characters of a statement and of a value that are shown before it is cut.
const STATEMENT: usize = 160;
const VALUE: usize = 100;

/// Later steps that are named.
const STEPS: usize = 12;

/// Fields that are listed.
const FIELDS: usize = 12;

/// Bytes of one write that are shown.
const BYTES: usize = 8;

/// Columns of prose.
const PROSE: usize = 96;

/// Writes a comparison of two runs, as text or as `linmem.diff/1` (`docs/diff.md`).
///
/// # Errors
/// Those of `out`.
pub fn write_comparison(
    timelines: [&Timeline; 2],
    comparison: &Comparison,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match options.format {
        Format::Json => json::write(timelines, comparison, out),
        _ => write_text(timelines, comparison, options, out),
    }
}

fn write_text(
    timelines: [&Timeline; 2],
    comparison: &Comparison,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = TextWriter::new(out, options.ascii, options.color);
    write_sides(&mut out, timelines)?;
    out.line("")?;
    match (&comparison.divergence, &comparison.rest) {
        (Some(parting), Some(rest)) => {
            write_parting(&mut out, timelines, parting)?;
            out.line("")?;
            write_rest(&mut out, timelines, parting, rest)?;
        }
        _ => write_same(&mut out, timelines[0], comparison)?,
    }
    out.finish()
}

/// Writes the session and the module of each side.
fn write_sides(out: &mut TextWriter, timelines: [&Timeline; 2]) -> io::Result<()> {
    let titles = timelines.map(|timeline| safe::plain(&timeline.title));
    let widths = titles.each_ref().map(|title| title.chars().count());
    let widest = widths.into_iter().max().unwrap_or(0);
    for ((side, title), timeline) in SIDES.iter().zip(&titles).zip(timelines) {
        let guest = &timeline.guest;
        out.line(&format!(
            "{side}  {title:widest$}  {}, {}, sha256 {}",
            safe::plain(&guest.path),
            count(guest.bytes, "byte"),
            short_sha256(guest)
        ))?;
    }
    Ok(())
}

fn write_same(
    out: &mut TextWriter,
    timeline: &Timeline,
    comparison: &Comparison,
) -> io::Result<()> {
    let [steps, _] = comparison.steps;
    out.paragraph(
        &format!(
            "same: {}, with the same results, memory and findings on both sides.",
            count(steps, "step")
        ),
        0,
        PROSE,
    )?;
    match timeline.status() {
        Status::Ok => Ok(()),
        _ => out.line(&format!("both {}", summary::closing_line(timeline, steps))),
    }
}

/// Writes what differs at the step where the runs part.
fn write_parting(
    out: &mut TextWriter,
    timelines: [&Timeline; 2],
    parting: &Divergence,
) -> io::Result<()> {
    let step = parting.step;
    let mut kinds: Vec<&str> = parting
        .parts
        .iter()
        .map(|part| part.what.as_str())
        .collect();
    kinds.dedup();
    let headline = match parting.parts.first() {
        Some(part) if part.what == What::Step => format!("Only one side has a step {step}."),
        _ => format!(
            "The runs first differ at step {step}: {}.",
            list::and(&kinds)
        ),
    };
    out.line(&out.bold(&headline))?;
    write_statements(out, timelines, step)?;
    out.line("")?;
    write_parts(out, &parting.parts)?;
    if let Some(store) = &parting.store {
        write_first_store(out, step, store)?;
    }
    if let Some(byte) = &parting.byte {
        write_first_byte(out, byte, parting)?;
        write_fields(out, timelines, step)?;
        out.line("")?;
        hex_dump::write_both_sides(out, timelines, step, byte.address)?;
    }
    Ok(())
}

/// Writes a step's statement, once where both sides have the same.
fn write_statements(
    out: &mut TextWriter,
    timelines: [&Timeline; 2],
    step: usize,
) -> io::Result<()> {
    let statements = timelines.map(|timeline| {
        let record = timeline.step(step)?;
        let text = match record.text.is_empty() {
            true => record.kind.as_str(),
            false => &record.text,
        };
        Some((safe::cut(text, STATEMENT), record.line))
    });
    let place = |line: &Option<u32>| match line {
        Some(line) => format!("  (line {line})"),
        None => String::new(),
    };
    match &statements {
        [Some((a, line_a)), Some((b, line_b))] if a == b => {
            let place = match (line_a, line_b) {
                (Some(x), Some(y)) if x != y => format!("  (lines {x} and {y})"),
                _ => place(line_a),
            };
            out.line(&format!("  {step}  {a}{place}"))
        }
        sides => {
            for (side, statement) in SIDES.iter().zip(sides) {
                let statement = match statement {
                    Some((text, line)) => format!("{text}{}", place(line)),
                    None => "has no such step".into(),
                };
                out.line(&format!("  {side} {step}  {statement}"))?;
            }
            Ok(())
        }
    }
}

/// Writes what differs besides memory.
fn write_parts(out: &mut TextWriter, parts: &[Mismatch]) -> io::Result<()> {
    let parts = parts.iter();
    for part in parts.filter(|part| !matches!(part.what, What::Memory | What::Step)) {
        let sides = part.sides.each_ref();
        let sides = sides.map(|side| side_value(part.what, side.as_ref()));
        write_labelled(out, &label(part), sides)?;
    }
    Ok(())
}

fn label(part: &Mismatch) -> String {
    let what = part.what.as_str();
    match (part.what, &part.name) {
        (What::Binding, Some(name)) => safe::cut(name, STATEMENT),
        (_, Some(name)) => format!("{what} {}", safe::cut(name, STATEMENT)),
        (_, None) => what.to_string(),
    }
}

/// Returns a value as the steps language writes it, but outcomes, errors and findings without
/// quotes.
fn side_value(what: What, value: Option<&Value>) -> String {
    match (what, value) {
        (_, None) => "none".into(),
        (What::Outcome | What::Trap | What::Error, Some(Value::Text(text))) => {
            safe::cut(text, STATEMENT)
        }
        (What::Findings, Some(Value::List(found))) => {
            let texts = found.iter().map(|value| match value {
                Value::Text(text) => safe::cut(text, STATEMENT),
                other => other.brief(VALUE),
            });
            texts.collect::<Vec<_>>().join(", ")
        }
        (What::Binding, Some(Value::Int(n))) if *n > 255 => format!("{n}, {n:#x}"),
        (_, Some(value)) => value.brief(VALUE),
    }
}

/// Writes a line for each side after a label. A label that is too long for its column gets a line
/// of its own.
fn write_labelled(out: &mut TextWriter, label: &str, sides: [String; 2]) -> io::Result<()> {
    let mut label = label;
    if label.chars().count() >= LABEL {
        out.line(&format!("  {label}"))?;
        label = "";
    }
    for (side, value) in SIDES.iter().zip(sides) {
        out.line(&format!("  {label:LABEL$}{side}  {value}"))?;
        label = "";
    }
    Ok(())
}

fn write_first_store(out: &mut TextWriter, step: usize, store: &FirstStore) -> io::Result<()> {
    let sides = store.sides.each_ref().map(|side| match side {
        Some(Event::Write(write)) => write_line(write),
        Some(Event::Growth(growth)) => format!(
            "memory grew from {} to {}  {}",
            growth.before,
            memory_size(growth.after),
            full_label(&growth.by)
        ),
        None => "writes nothing more in this step".into(),
    });
    write_labelled(out, &format!("store {step}.{}", store.number), sides)
}

/// Returns a write as `0x414 ← 20 57… 12 bytes in all  guest $copy, demo.wat:25`.
fn write_line(write: &Write) -> String {
    let bytes: Vec<String> = write
        .after
        .iter()
        .take(BYTES)
        .map(|byte| Hex(&[*byte]).to_string())
        .collect();
    let more = match write.after.len() {
        ..=BYTES => String::new(),
        len => format!("… {} in all", count(len, "byte")),
    };
    let (start, bytes) = (write.start, bytes.join(" "));
    format!("{start:#x} ← {bytes}{more}  {}", full_label(&write.writer))
}

/// Returns a writer with the offset of its instruction, also where the source is known:
/// `guest $add_wasm_is_cool, wasm_is_cool.wat:45, @0x97`.
fn full_label(by: &Writer) -> String {
    match by {
        Writer::Guest {
            source: Some(_),
            offset: Some(offset),
            ..
        } => format!("{}, @{offset:#x}", by.label()),
        _ => by.label().to_string(),
    }
}

/// Writes the fields of views that differ after a step.
fn write_fields(out: &mut TextWriter, timelines: [&Timeline; 2], step: usize) -> io::Result<()> {
    let fields = fields_that_differ(timelines, step);
    for field in fields.iter().take(FIELDS) {
        let sides = [&field.before, &field.after].map(|value| value.brief(VALUE));
        write_labelled(out, &safe::cut(&field.path, STATEMENT), sides)?;
    }
    match fields.len().saturating_sub(FIELDS) {
        0 => Ok(()),
        more => out.line(&format!("  … and {}", count(more, "more field"))),
    }
}

/// Returns the fields that differ after a step, in the views of the first side and in what its debug
/// information declares.
fn fields_that_differ([a, b]: [&Timeline; 2], step: usize) -> Vec<FieldChange> {
    let (Some(record), Some(other)) = (a.step(step), b.step(step)) else {
        return Vec::new();
    };
    let (end, len) = (Moment::end_of(step), record.memory.len());
    let mut views = a.views_at(end, len);
    let mut declared = a.declared_parts_at(end, len);
    declared.retain(|part| !views.iter().any(|view| view.span == part.span));
    views.extend(declared);
    field_differences(&views, &record.memory, &other.memory)
}

fn write_first_byte(
    out: &mut TextWriter,
    byte: &FirstByte,
    parting: &Divergence,
) -> io::Result<()> {
    let label = format!("byte {:#x}", byte.address);
    write_labelled(out, &label, byte.sides.each_ref().map(byte_value))?;
    if parting.differing <= 1 {
        return Ok(());
    }
    let in_spans: u64 = parting.spans.iter().map(|span| span.len).sum();
    let places = match parting.spans.len() {
        n if n > 1 && in_spans < parting.differing => format!("{n} or more places"),
        n => count(n, "place"),
    };
    let bytes = count(parting.differing, "byte");
    out.line(&format!(
        "  {:LABEL$}{bytes} differ after this step, in {places}",
        ""
    ))
}

/// Returns a byte and its last writer:
/// `21 '!'  guest $add_wasm_is_cool, wasm_is_cool.wat:45, @0x97, step 4 store 14`.
fn byte_value(side: &ByteSide) -> String {
    let value = match side.value {
        None => return "past the end of memory".into(),
        Some(value @ 0x21..=0x7e) => format!("{value:02x} '{}'", char::from(value)),
        Some(value) => format!("{value:02x}"),
    };
    let writer = match &side.written {
        None => "never written".into(),
        Some((moment, by)) => {
            let (step, store) = (moment.step, moment.event);
            format!("{}, step {step} store {store}", full_label(by))
        }
    };
    format!("{value}  {writer}")
}

/// Writes how the runs go on after they part.
fn write_rest(
    out: &mut TextWriter,
    timelines: [&Timeline; 2],
    parting: &Divergence,
    rest: &Rest,
) -> io::Result<()> {
    for (side, timeline) in SIDES.iter().zip(timelines) {
        let closing = summary::closing_line(timeline, timeline.steps().len());
        out.line(&format!("{side} ended: {closing}"))?;
    }
    let next = parting.step.saturating_add(1);
    let steps = match (rest.both_ran, rest.differ.len()) {
        (0, _) => String::new(),
        (1, 0) => format!("Step {next} has the same results. "),
        (1, _) => format!("Step {next} differs too. "),
        (n, 0) => format!("The {n} steps after it have the same results. "),
        (n, _) => format!(
            "Of the {n} steps after it, these differ too: {}. ",
            list::first(&rest.differ, STEPS)
        ),
    };
    let memory = match rest.differing {
        0 => "Memory is the same at the end.".to_string(),
        1 => "1 byte of memory differs at the end.".to_string(),
        n => format!("{n} bytes of memory differ at the end."),
    };
    out.paragraph(&format!("{steps}{memory}"), 0, PROSE)?;
    // Where only memory differs so far, the first other effect of it is of interest.
    let is_only_memory = parting
        .parts
        .iter()
        .all(|part| matches!(part.what, What::Memory | What::Pages));
    match rest.differ.first() {
        Some(first) if is_only_memory => {
            out.line(&format!(
                "Step {first} is the first of them with another result:"
            ))?;
            write_statements(out, timelines, *first)?;
            out.line("")?;
            write_parts(out, &rest.parts)
        }
        _ => Ok(()),
    }
}
