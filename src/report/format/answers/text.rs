//! Answers as text.
//!
//! ```text
//! 0x400..0x40c, 12 bytes, after step 7: last written by
//!   3.1  0x400  12 bytes  00 00 … → 44 69 …  host
//!        line 6: write ptr, text
//! ```

use std::io;

use crate::answers::{Direction, FieldRow, FoundTouch, MemoryPart, Run, Writers};
use crate::report::common::child_lines;
use crate::report::common::event_lines::WriteLines;
use crate::report::common::hex_dump;
use crate::report::common::options::Options;
use crate::report::common::step_view::{self, StepView};
use crate::safe;
use crate::text::{TextWriter, count, width};
use crate::timeline::{At, Moment, Span, StepRecord, Timeline, Touch, Write};
use crate::wasm_types::memory_size;

/// Columns before a write.
const INDENT: usize = 2;

/// The widest column of paths or types, in columns of the terminal.
const FIELD: usize = 40;

/// Characters of a statement that are shown before it is cut.
const STATEMENT: usize = 240;

/// Characters of a path that are shown before it is cut.
const PATH: usize = 120;

pub(super) fn write_writers(
    writers: &Writers,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = TextWriter::new(out, options.ascii, options.color);
    let mut lines = Writes::new(writers.timeline, writers.moment);
    let mut runs = writers.runs();
    for (index, run) in runs.by_ref().take(writers.most_runs).enumerate() {
        if index > 0 {
            out.line("")?;
        }
        write_run(&mut out, writers, run, &mut lines)?;
    }
    if let Some(next) = runs.next() {
        out.line("")?;
        out.line(&format!(
            "… the bytes from {:#x} on are left out; --all lists all of them",
            next.span.start
        ))?;
    }
    out.finish()
}

fn write_run(
    out: &mut TextWriter,
    writers: &Writers,
    run: Run,
    lines: &mut Writes,
) -> io::Result<()> {
    let bytes = bytes_at(writers.timeline, run.span, writers.moment);
    let mut writes = writers.writes(run);
    let Some(last) = writes.next() else {
        return out.line(&format!("{bytes}: never written; memory starts as zeros"));
    };
    out.line(&format!("{bytes}: last written by"))?;
    lines.write(out, last)?;
    for (index, touch) in writes.by_ref().take(writers.most_earlier).enumerate() {
        if index == 0 {
            out.line("before that by")?;
        }
        lines.write(out, touch)?;
    }
    match writes.next() {
        Some(_) => out.line(&format!(
            "{:INDENT$}… earlier writes are left out; --all lists all of them",
            ""
        )),
        None => Ok(()),
    }
}

pub(super) fn write_touch(
    found: &FoundTouch,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = TextWriter::new(out, options.ascii, options.color);
    let bytes = bytes_at(found.timeline, found.span, found.moment);
    let (name, time) = match found.direction {
        Direction::Next => ("next", "later"),
        Direction::Previous => ("previously", "earlier"),
    };
    match &found.touch {
        Some(touch) => {
            out.line(&format!("{bytes}: {name} written by"))?;
            let mut lines = Writes::new(found.timeline, found.moment);
            lines.write(&mut out, touch.clone())?;
        }
        None => out.line(&format!("{bytes}: no {time} write"))?,
    }
    out.finish()
}

pub(super) fn write_memory(
    memory: &MemoryPart,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = TextWriter::new(out, options.ascii, options.color);
    let MemoryPart {
        timeline,
        moment,
        image,
        span,
    } = memory;
    if let Some(record) = timeline.step(moment.step) {
        let size = memory_size(image.pages());
        let bytes = bytes_at(timeline, *span, *moment);
        out.line(&format!("{bytes}; memory is {size}"))?;
        let range = span.start..span.end();
        hex_dump::write_range(&mut out, timeline, record, image, range)?;
    }
    out.finish()
}

pub(super) fn write_fields(
    memory: &MemoryPart,
    rows: &[FieldRow],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = TextWriter::new(out, options.ascii, options.color);
    let bytes = bytes_at(memory.timeline, memory.span, memory.moment);
    out.line(&bytes)?;
    let longest = |text: fn(&FieldRow) -> &str| {
        let widths = rows.iter().map(|row| width(text(row)));
        widths.max().unwrap_or_default().min(FIELD)
    };
    let (path, ty) = (longest(|row| &row.path), longest(|row| &row.ty));
    for row in rows {
        let FieldRow { span, .. } = row;
        let pad = |text: &str, columns: usize| " ".repeat(columns.saturating_sub(width(text)));
        out.line(&format!(
            "{:indent$}{:<8}  {:>4}  {}{}  {}{}  {}",
            "",
            format!("{:#x}", span.start),
            span.len,
            row.path,
            pad(&row.path, path),
            row.ty,
            pad(&row.ty, ty),
            row.value,
            indent = INDENT,
        ))?;
    }
    out.finish()
}

/// Returns a range and a moment: `0x400..0x40c, 12 bytes, after step 7`.
fn bytes_at(timeline: &Timeline, span: Span, moment: Moment) -> String {
    let record = timeline.step(moment.step);
    let when = record.map_or_else(String::new, |record| step_view::when(record, moment));
    match span.len {
        1 => format!("{:#x}, {when}", span.start),
        len => format!(
            "{:#x}..{:#x}, {}, {when}",
            span.start,
            span.end(),
            count(len, "byte")
        ),
    }
}

/// Writes the lines of writes, each with the same columns.
struct Writes<'a> {
    timeline: &'a Timeline,
    lines: WriteLines,
    /// Columns of a moment.
    moment: usize,
}

impl<'a> Writes<'a> {
    /// Creates a writer for writes up to a moment. Columns are wide enough for most.
    fn new(timeline: &'a Timeline, until: Moment) -> Self {
        let moment = until.step.to_string().len() + 3;
        let memory_len = timeline.memory_after(until.step).len();
        Writes {
            timeline,
            lines: WriteLines::new(moment, memory_len, INDENT),
            moment,
        }
    }

    /// Writes a write as far as it is to the bytes in question, and its step.
    fn write(&mut self, out: &mut TextWriter, touch: Touch) -> io::Result<()> {
        let moment = touch.moment;
        let at = At::from(moment).to_string();
        let part = Write {
            start: touch.part.start,
            before: touch.before.into(),
            after: touch.after.into(),
            writer: touch.writer,
            is_difference: touch.is_difference,
        };
        out.line(self.lines.line(&at, &part))?;
        match self.timeline.step(moment.step) {
            Some(record) => {
                let indent = INDENT + self.moment.max(at.len()) + 2;
                out.line(&format!("{:indent$}{}", "", step_line(record)))?;
                match record.children.innermost(moment.event) {
                    Some(part) => out.line(&format!("{:indent$}{}", "", part_line(record, part))),
                    None => Ok(()),
                }
            }
            None => Ok(()),
        }
    }
}

/// Returns the part of a step in which a write was made: `in 4/2/1: write 0x400, "hello"`.
fn part_line(record: &StepRecord, part: usize) -> String {
    let line = record.children.get(part).map(child_lines::line);
    let line = line.unwrap_or_default();
    format!("in {}: {line}", record.child_label(part))
}

/// Returns where a step is written, and its statement: `line 6: write ptr, text`.
fn step_line(record: &StepRecord) -> String {
    let statement = StepView(record).statement(STATEMENT);
    let line = record.line.map(|line| format!("line {line}: "));
    let host = record.host.as_ref().map(|host| {
        let file = safe::cut(&host.place.file, PATH);
        format!(" ({file}:{})", host.place.line)
    });
    format!(
        "{}{statement}{}",
        line.unwrap_or_default(),
        host.unwrap_or_default()
    )
}
