//! Two runs side by side as a document: where they part, who wrote what, and how they go on.

mod json;

use std::fmt::Write as _;
use std::io;

use crate::report::common::options::{Format, Options};
use crate::report::common::{both_sides, summary, writer_label};
use crate::safe;
use crate::text::TextWriter;
use crate::timeline::{
    ByteSide, Comparison, Divergence, Event, FirstByte, FirstStore, Growth, Mismatch, Rest, Status,
    Timeline, What, Writer,
};
use crate::value::Value;
use crate::wasm_types::memory_size;

/// The sides' names, in their order.
const SIDES: [&str; 2] = ["A", "B"];

/// Columns of what stands before a side's name.
const LABEL: usize = 13;

/// Characters of a statement and of a value that are shown before it is cut.
const STATEMENT: usize = 160;
const VALUE: usize = 100;

/// Steps behind the parting that are named.
const STEPS: usize = 12;

/// Bytes shown of one write.
const BYTES: usize = 8;

/// Columns of prose.
const TOLD: usize = 96;

/// Writes what two runs have in common and where they part, as text or as `linmem.diff/1`
/// (`docs/diff.md`). Fails only where `out` does.
pub fn write_comparison(
    timelines: [&Timeline; 2],
    comparison: &Comparison,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match options.format {
        Format::Json => json::write(timelines, comparison, out),
        _ => text(timelines, comparison, options, out),
    }
}

fn text(
    timelines: [&Timeline; 2],
    comparison: &Comparison,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut paper = TextWriter::new(out, options.ascii, options.color);
    let titles = timelines.map(|timeline| safe::plain(&timeline.title));
    let wide = titles
        .iter()
        .map(|title| title.chars().count())
        .max()
        .unwrap_or(0);
    for ((side, title), timeline) in SIDES.iter().zip(&titles).zip(timelines) {
        let guest = &timeline.guest;
        let print = safe::plain(&guest.sha256.chars().take(12).collect::<String>());
        let pad = wide - title.chars().count();
        let told = format!(
            "{}, {}, sha256 {print}",
            safe::plain(&guest.path),
            writer_label::counted(guest.bytes)
        );
        paper.line(&format!("{side}  {title}{:pad$}  {told}", ""))?;
    }
    paper.line("")?;
    match (&comparison.parting, &comparison.rest) {
        (Some(parting), Some(rest)) => {
            parted(&mut paper, timelines, parting)?;
            paper.line("")?;
            afterwards(&mut paper, timelines, parting, rest)?;
        }
        _ => same(&mut paper, timelines, comparison)?,
    }
    paper.finish()
}

fn same(
    paper: &mut TextWriter,
    timelines: [&Timeline; 2],
    comparison: &Comparison,
) -> io::Result<()> {
    let steps = match comparison.steps[0] {
        1 => "same: 1 step".to_string(),
        n => format!("same: {n} steps"),
    };
    let ended = summary::closing(timelines[0], comparison.steps[0]);
    paper.paragraph(
        &format!("{steps}, with the same results, memory and findings on both sides."),
        0,
        TOLD,
    )?;
    match timelines[0].status() {
        Status::Ok => Ok(()),
        _ => paper.line(&format!("both {ended}")),
    }
}

fn parted(
    paper: &mut TextWriter,
    timelines: [&Timeline; 2],
    parting: &Divergence,
) -> io::Result<()> {
    let mut kinds: Vec<&str> = parting.parts.iter().map(|part| part.what.word()).collect();
    kinds.dedup();
    let what = summed(&kinds);
    let headline = match parting.parts.first() {
        Some(Mismatch {
            what: What::Step, ..
        }) => format!("Only one side has a step {}.", parting.step),
        _ => format!("They part at step {}: {what}.", parting.step),
    };
    paper.line(&paper.bold(&headline))?;
    statements(paper, timelines, parting.step)?;
    paper.line("")?;
    parts(paper, &parting.parts)?;
    if let Some(store) = &parting.store {
        first_store(paper, parting.step, store)?;
    }
    if let Some(byte) = &parting.byte {
        first_byte(paper, byte, parting)?;
        paper.line("")?;
        both_sides(paper, timelines, parting.step, byte.address)?;
    }
    Ok(())
}

/// The step's statement, once where both have the same.
fn statements(paper: &mut TextWriter, timelines: [&Timeline; 2], step: usize) -> io::Result<()> {
    let told = timelines.map(|timeline| {
        let record = timeline.step(step)?;
        let text = if record.text.is_empty() {
            record.kind.word()
        } else {
            &record.text
        };
        Some((safe::cut(text, STATEMENT), record.line))
    });
    let line = |line: &Option<u32>| {
        line.map(|line| format!("  (line {line})"))
            .unwrap_or_default()
    };
    match &told {
        [Some((a, at)), Some((b, other))] if a == b => {
            let lines = match (at, other) {
                (Some(x), Some(y)) if x != y => format!("  (lines {x} and {y})"),
                _ => line(at),
            };
            paper.line(&format!("  {step}  {a}{lines}"))
        }
        _ => {
            for (side, told) in SIDES.iter().zip(&told) {
                let told = told
                    .as_ref()
                    .map(|(text, at)| format!("{text}{}", line(at)));
                paper.line(&format!(
                    "  {side} {step}  {}",
                    told.as_deref().unwrap_or("has no such step")
                ))?;
            }
            Ok(())
        }
    }
}

fn parts(paper: &mut TextWriter, parts: &[Mismatch]) -> io::Result<()> {
    for part in parts
        .iter()
        .filter(|part| !matches!(part.what, What::Memory | What::Step))
    {
        sides(
            paper,
            &label(part),
            part.sides
                .each_ref()
                .map(|side| told(part.what, side.as_ref())),
        )?;
    }
    Ok(())
}

fn label(part: &Mismatch) -> String {
    match (part.what, &part.name) {
        (What::Binding, Some(name)) => safe::cut(name, STATEMENT),
        (what, Some(name)) => format!("{} {}", what.word(), safe::cut(name, STATEMENT)),
        (what, None) => what.word().to_string(),
    }
}

/// Values as the steps language writes them; words without quotes.
fn told(what: What, value: Option<&Value>) -> String {
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

/// Two lines, one for each side; a label too long for its column gets a line of its own.
fn sides(paper: &mut TextWriter, label: &str, told: [String; 2]) -> io::Result<()> {
    let mut label = label;
    if label.chars().count() >= LABEL {
        paper.line(&format!("  {label}"))?;
        label = "";
    }
    for (side, told) in SIDES.iter().zip(told) {
        let pad = LABEL.saturating_sub(label.chars().count());
        paper.line(&format!("  {label}{:pad$}{side}  {told}", ""))?;
        label = "";
    }
    Ok(())
}

fn first_store(paper: &mut TextWriter, step: usize, store: &FirstStore) -> io::Result<()> {
    let told = store.sides.each_ref().map(|side| match side {
        Some(Event::Write(write)) => {
            let shown = write
                .after
                .get(..write.after.len().min(BYTES))
                .unwrap_or_default();
            let hex: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            let more = match write.after.len() {
                n if n > BYTES => format!("… {} in all", writer_label::counted(n as u64)),
                _ => String::new(),
            };
            format!(
                "{:#x} ← {}{more}  {}",
                write.start,
                hex.join(" "),
                who(&write.writer)
            )
        }
        Some(Event::Growth(growth)) => {
            let Growth { before, after, by } = growth;
            format!(
                "memory grew from {before} to {}  {}",
                memory_size(*after),
                who(by)
            )
        }
        None => "writes nothing more in this step".into(),
    });
    sides(paper, &format!("store {step}.{}", store.number), told)
}

/// `guest $add_wasm_is_cool, wasm_is_cool.wat:45, @0x97`
fn who(by: &Writer) -> String {
    let mut line = String::new();
    writer_label::push(&mut line, by);
    if let Writer::Guest {
        source: Some(_),
        offset: Some(offset),
        ..
    } = by
    {
        let _ = write!(line, ", @{offset:#x}");
    }
    line
}

fn first_byte(paper: &mut TextWriter, byte: &FirstByte, parting: &Divergence) -> io::Result<()> {
    sides(
        paper,
        &format!("byte {:#x}", byte.address),
        byte.sides.each_ref().map(held),
    )?;
    if parting.differing > 1 {
        let is_cut = parting.spans.iter().map(|span| span.len).sum::<u64>() < parting.differing;
        let places = match parting.spans.len() {
            1 => "1 place".to_string(),
            n => format!("{n}{} places", if is_cut { " or more" } else { "" }),
        };
        let counted = writer_label::counted(parting.differing);
        paper.line(&format!(
            "  {:LABEL$}{counted} differ after this step, in {places}",
            ""
        ))?;
    }
    Ok(())
}

/// `21 '!'  guest $add_wasm_is_cool, wasm_is_cool.wat:45, @0x97, step 4 store 14`
fn held(held: &ByteSide) -> String {
    let Some(value) = held.value else {
        return "past the end of memory".into();
    };
    let mut line = match value {
        0x21..=0x7e => format!("{value:02x} '{}'  ", char::from(value)),
        _ => format!("{value:02x}  "),
    };
    let Some((moment, by)) = &held.written else {
        line.push_str("nobody wrote it");
        return line;
    };
    let _ = write!(
        line,
        "{}, step {} store {}",
        who(by),
        moment.step,
        moment.event
    );
    line
}

fn afterwards(
    paper: &mut TextWriter,
    timelines: [&Timeline; 2],
    parting: &Divergence,
    rest: &Rest,
) -> io::Result<()> {
    for (side, timeline) in SIDES.iter().zip(timelines) {
        paper.line(&format!(
            "{side} ended: {}",
            summary::closing(timeline, timeline.steps().len())
        ))?;
    }
    let from = parting.step.saturating_add(1);
    let line = match (rest.both_ran, rest.differ.len()) {
        (0, _) => String::new(),
        (1, 0) => format!("Step {from} gave back the same. "),
        (1, _) => format!("Step {from} differs too. "),
        (n, 0) => format!("The {n} steps behind gave back the same. "),
        (n, _) => format!(
            "Of the {n} steps behind these differ too: {}. ",
            numbers(&rest.differ)
        ),
    };
    let memory = match rest.differing {
        0 => "Memory is the same at the end.".to_string(),
        1 => "1 byte of memory differs at the end.".to_string(),
        n => format!("{n} bytes of memory differ at the end."),
    };
    paper.paragraph(&format!("{line}{memory}"), 0, TOLD)?;
    let is_told_above = parting
        .parts
        .iter()
        .any(|part| part.what != What::Memory && part.what != What::Pages);
    match rest.differ.first() {
        Some(first) if !is_told_above => {
            paper.line(&format!(
                "The first of them to give back something else is step {first}:"
            ))?;
            statements(paper, timelines, *first)?;
            paper.line("")?;
            parts(paper, &rest.parts)
        }
        _ => Ok(()),
    }
}

fn numbers(steps: &[usize]) -> String {
    let told: Vec<String> = steps.iter().take(STEPS).map(ToString::to_string).collect();
    let more = steps.len().saturating_sub(STEPS);
    if more > 0 {
        format!("{} and {more} more", told.join(", "))
    } else {
        told.join(", ")
    }
}

/// `a`, `a and b`, `a, b and c`
fn summed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_string(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
