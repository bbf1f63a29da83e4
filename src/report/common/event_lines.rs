//! A step unfolded into its events, one line each, written as they are read: a step may have
//! millions.
//!
//! ```text
//!   2  0x40d  1 byte   00 → 57  │⋄│ → │W│  guest $add_wasm_is_cool, wasm_is_cool.wat:25
//! ```

use std::fmt::{Display, Write as _};
use std::io;

use super::{hex_dump, writer_label};
use crate::text::TextWriter;
use crate::timeline::{Event, Growth, StepRecord, Write};

/// Bytes shown of one write before it is cut.
const BYTES: usize = 16;

/// Columns of `8 bytes`.
const WIDTH: usize = 7;

/// Columns that a write of 8 bytes takes, before and after. Lines are aligned up to here.
const ALIGNED: usize = 2 * (8 * 3 - 1) + 3 + 2 * 10 + 5;

/// Writes the step's events in order, and the store that trapped. Writes nothing for a step without
/// any.
pub(in crate::report) fn unfold(
    paper: &mut TextWriter,
    record: &StepRecord,
    indent: usize,
) -> io::Result<()> {
    let events = record.events.len();
    let attempted = record
        .trap
        .as_ref()
        .and_then(|trap| trap.attempt)
        .filter(|attempt| attempt.is_store);
    if events > 0 {
        paper.line(&format!(
            "{:indent$}{events} event{}:",
            "",
            if events == 1 { "" } else { "s" }
        ))?;
    }
    let mut lines = Lines::new(record, indent + 2);
    for (index, event) in record.events.iter().enumerate() {
        paper.line(lines.of(index + 1, &event))?;
    }
    match attempted {
        Some(_) => paper.line(lines.attempted(record)),
        None => Ok(()),
    }
}

/// One event of a step, by its number from 1; `None` where there is none.
pub(in crate::report) fn line(record: &StepRecord, number: usize, indent: usize) -> Option<String> {
    let event = record.events.get(number.checked_sub(1)?)?;
    Some(Lines::new(record, indent).of(number, &event).to_string())
}

/// How many of the guest's stores are not told one by one, in a line; `None` where all are.
pub(in crate::report) fn not_told_apart(record: &StepRecord) -> Option<String> {
    let StepRecord {
        stores,
        stores_recorded: recorded,
        ..
    } = record;
    (stores > recorded).then(|| {
        format!(
            "{recorded} of {stores} stores recorded one by one; the rest as a difference of \
             memory."
        )
    })
}

/// Makes the lines of one step, in the same text again and again. Columns become wider, never
/// narrower.
struct Lines {
    line: String,
    indent: usize,
    /// Columns of the event's number, the address, the width and the bytes.
    number: usize,
    address: usize,
    width: usize,
    bytes: usize,
}

impl Lines {
    fn new(record: &StepRecord, indent: usize) -> Self {
        let number = record.events.len().to_string().len();
        let address = format!("{:#x}", record.memory.len()).len();
        Lines {
            line: String::new(),
            indent,
            number,
            address,
            width: WIDTH,
            bytes: 0,
        }
    }

    fn of(&mut self, number: usize, event: &Event) -> &str {
        self.begin(number);
        match event {
            Event::Write(write) => self.write(write),
            Event::Growth(growth) => self.growth(growth),
        }
        &self.line
    }

    fn begin(&mut self, number: impl Display) {
        self.line.clear();
        let _ = write!(
            self.line,
            "{:indent$}{number:>width$}  ",
            "",
            indent = self.indent,
            width = self.number
        );
    }

    fn place(&mut self, address: u64, len: u64) {
        let _ = write!(self.line, "{address:<#width$x}  ", width = self.address);
        let from = self.line.len();
        let _ = write!(self.line, "{len} byte{}", if len == 1 { "" } else { "s" });
        self.width = self.width.max(self.line.len() - from);
        let pad = self.width - (self.line.len() - from) + 2;
        self.pad(pad);
    }

    fn write(&mut self, write: &Write) {
        self.place(write.start, write.after.len() as u64);
        let columns = self.before_and_after(write);
        if columns <= ALIGNED {
            self.bytes = self.bytes.max(columns);
        }
        self.pad(self.bytes.saturating_sub(columns) + if columns == 0 { 0 } else { 2 });
        writer_label::push(&mut self.line, &write.writer);
        if write.is_difference {
            self.line.push_str(", as a difference");
        }
    }

    /// The bytes in hex and as text, before and after. Returns how many columns that takes.
    fn before_and_after(&mut self, write: &Write) -> usize {
        let shown = write.after.len().min(BYTES);
        let (Some(before), Some(after)) = (write.before.get(..shown), write.after.get(..shown))
        else {
            return 0;
        };
        if shown == 0 {
            return 0;
        }
        let cut = if write.after.len() > shown { "…" } else { "" };
        self.hex(before);
        self.line.push_str(cut);
        self.line.push_str(" → ");
        self.hex(after);
        self.line.push_str(cut);
        self.line.push_str("  │");
        self.line
            .extend(before.iter().map(|byte| hex_dump::glyph(*byte)));
        self.line.push_str("│ → │");
        self.line
            .extend(after.iter().map(|byte| hex_dump::glyph(*byte)));
        self.line.push('│');
        let (hex, text) = (3 * shown - 1, shown + 2);
        2 * (hex + text) + 2 * cut.chars().count() + 2 * 3 + 2
    }

    fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: [char; 16] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
        ];
        for (i, byte) in bytes.iter().enumerate() {
            if i > 0 {
                self.line.push(' ');
            }
            self.line
                .extend([byte >> 4, byte & 15].map(|nibble| DIGITS[usize::from(nibble)]));
        }
    }

    fn growth(&mut self, growth: &Growth) {
        let Growth { before, after, by } = growth;
        let s = if *after == 1 { "" } else { "s" };
        let _ = write!(self.line, "memory grew from {before} to {after} page{s}  ");
        writer_label::push(&mut self.line, by);
    }

    /// The store that trapped: where it went for, and that it wrote nothing.
    fn attempted(&mut self, record: &StepRecord) -> &str {
        self.begin('-');
        let Some((trap, attempt)) = record
            .trap
            .as_ref()
            .and_then(|trap| Some((trap, trap.attempt?)))
        else {
            return &self.line;
        };
        self.place(attempt.address, attempt.len);
        self.line.push_str("attempted, nothing was written: ");
        self.line.push_str(&attempt.reach());
        if let Some(frame) = trap.chain.first() {
            self.line.push_str("  guest ");
            writer_label::push_function(&mut self.line, &frame.function);
            writer_label::push_place(&mut self.line, frame.source.as_deref(), frame.offset);
        }
        &self.line
    }

    fn pad(&mut self, blanks: usize) {
        self.line.extend(std::iter::repeat_n(' ', blanks));
    }
}
