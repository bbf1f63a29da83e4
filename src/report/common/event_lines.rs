//! The events of a step, one line each. They are written as they are read, because a step may have
//! millions.
//!
//! ```text
//!   2  0x40d  1 byte   00 → 57  │⋄│ → │W│  guest $add_wasm_is_cool, wasm_is_cool.wat:25
//! ```

use std::fmt::{Display, Write as _};
use std::io;

use super::hex_dump;
use crate::text::{TextWriter, count, plural};
use crate::timeline::{CodeLabel, Event, Growth, StepRecord, Write};

/// Bytes of one write that are shown before it is cut.
const BYTES: usize = 16;

/// Columns of `8 bytes`.
const WIDTH: usize = 7;

/// Columns that a write of 8 bytes takes, before and after. Writers are aligned up to here.
const ALIGNED: usize = 2 * (8 * 3 - 1) + 3 + 2 * 10 + 5;

/// Writes the events of a step in order, and the store that trapped. Writes nothing for a step
/// without either.
pub(in crate::report) fn write(
    out: &mut TextWriter,
    record: &StepRecord,
    indent: usize,
) -> io::Result<()> {
    let events = record.events.len();
    if events > 0 {
        out.line(&format!("{:indent$}{}:", "", count(events, "event")))?;
    }
    let mut lines = EventLines::new(record, indent + 2);
    for (number, event) in (1..).zip(record.events.iter()) {
        out.line(lines.event(number, &event))?;
    }
    match lines.attempted_store(record) {
        Some(line) => out.line(line),
        None => Ok(()),
    }
}

/// Returns the line of event `number`, counted from 1; `None` where there is no such event.
pub(in crate::report) fn line(record: &StepRecord, number: usize, indent: usize) -> Option<String> {
    let event = record.events.get(number.checked_sub(1)?)?;
    Some(
        EventLines::new(record, indent)
            .event(number, &event)
            .to_string(),
    )
}

/// Makes the lines of writes in any steps, with columns of `label` characters for the moment of each.
pub(in crate::report) struct WriteLines(EventLines);

impl WriteLines {
    pub(in crate::report) fn new(label: usize, memory_len: u64, indent: usize) -> Self {
        WriteLines(EventLines::with_columns(label, memory_len, indent))
    }

    /// Returns the line of a write. `label` is its moment.
    pub(in crate::report) fn line(&mut self, label: &str, write: &Write) -> &str {
        self.0.begin(label);
        self.0.push_write(write);
        &self.0.line
    }
}

/// Returns a line about stores that were not recorded one by one; `None` where all were.
pub(in crate::report) fn unrecorded_stores(record: &StepRecord) -> Option<String> {
    let (stores, recorded) = (record.stores, record.stores_recorded);
    (stores > recorded).then(|| {
        format!(
            "{recorded} of {stores} stores recorded one by one; the rest as a difference of \
             memory."
        )
    })
}

/// Makes the lines of one step, each in the same buffer. Columns become wider, never narrower.
struct EventLines {
    line: String,
    indent: usize,
    /// Columns of an event's number, address, length and bytes.
    number: usize,
    address: usize,
    length: usize,
    bytes: usize,
}

impl EventLines {
    fn new(record: &StepRecord, indent: usize) -> Self {
        let number = record.events.len().to_string().len();
        EventLines::with_columns(number, record.memory.len(), indent)
    }

    fn with_columns(number: usize, memory_len: u64, indent: usize) -> Self {
        EventLines {
            line: String::new(),
            indent,
            number,
            address: format!("{memory_len:#x}").len(),
            length: WIDTH,
            bytes: 0,
        }
    }

    fn event(&mut self, number: usize, event: &Event) -> &str {
        self.begin(number);
        match event {
            Event::Write(write) => self.push_write(write),
            Event::Growth(growth) => self.push_growth(growth),
        }
        &self.line
    }

    fn begin(&mut self, number: impl Display) {
        self.line.clear();
        let (indent, width) = (self.indent, self.number);
        self.push(format_args!("{:indent$}{number:>width$}  ", ""));
    }

    fn push(&mut self, text: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.line, "{text}");
    }

    fn push_blanks(&mut self, blanks: usize) {
        self.line.extend(std::iter::repeat_n(' ', blanks));
    }

    fn push_span(&mut self, address: u64, len: u64) {
        let width = self.address;
        self.push(format_args!("{address:<#width$x}  "));
        let from = self.line.len();
        self.push(format_args!("{len} byte{}", plural(&len)));
        let length = self.line.len() - from;
        self.length = self.length.max(length);
        self.push_blanks(self.length - length + 2);
    }

    fn push_write(&mut self, write: &Write) {
        self.push_span(write.start, write.after.len() as u64);
        let columns = self.push_before_and_after(write);
        if columns <= ALIGNED {
            self.bytes = self.bytes.max(columns);
        }
        let gap = if columns == 0 { 0 } else { 2 };
        self.push_blanks(self.bytes.saturating_sub(columns) + gap);
        self.push(write.writer.label());
        if write.is_difference {
            self.line.push_str(", as a difference");
        }
    }

    /// Adds the bytes before and after, in hex and as text. Returns the columns that they take.
    fn push_before_and_after(&mut self, write: &Write) -> usize {
        let shown = write.after.len().min(BYTES);
        let (Some(before), Some(after)) = (write.before.get(..shown), write.after.get(..shown))
        else {
            return 0;
        };
        if shown == 0 {
            return 0;
        }
        let cut = if write.after.len() > shown { "…" } else { "" };
        self.push_hex(before);
        self.push(format_args!("{cut} → "));
        self.push_hex(after);
        self.push(format_args!("{cut}  │"));
        self.push_glyphs(before);
        self.line.push_str("│ → │");
        self.push_glyphs(after);
        self.line.push('│');
        let (hex, text) = (3 * shown - 1, shown + 2);
        2 * (hex + text) + 2 * cut.chars().count() + 2 * 3 + 2
    }

    fn push_hex(&mut self, bytes: &[u8]) {
        for (i, byte) in bytes.iter().enumerate() {
            if i > 0 {
                self.line.push(' ');
            }
            let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
            self.line.extend(digits.into_iter().flatten());
        }
    }

    fn push_glyphs(&mut self, bytes: &[u8]) {
        self.line.extend(bytes.iter().copied().map(hex_dump::glyph));
    }

    fn push_growth(&mut self, growth: &Growth) {
        let Growth { before, after, by } = growth;
        let pages = count(*after, "page");
        self.push(format_args!(
            "memory grew from {before} to {pages}  {}",
            by.label()
        ));
    }

    /// Returns the line of the store that trapped: the bytes that it was for, and that it wrote
    /// nothing.
    fn attempted_store(&mut self, record: &StepRecord) -> Option<&str> {
        let trap = record.trap.as_ref()?;
        let attempt = trap.attempt.filter(|attempt| attempt.is_store)?;
        self.begin('-');
        self.push_span(attempt.address, attempt.len);
        self.push(format_args!(
            "attempted, nothing was written: {}",
            attempt.reach()
        ));
        if let Some(frame) = trap.chain.first() {
            let code = CodeLabel {
                function: Some(&frame.function),
                source: frame.source.as_deref(),
                offset: frame.offset,
            };
            self.push(format_args!("  guest {code}"));
        }
        Some(&self.line)
    }
}
