//! Rows of memory as a hex dump of at most a hundred columns. Changed bytes are in brackets; `-`
//! marks memory before a step, and `+` memory after it.
//!
//! ```text
//!         ptr ▸ + 00000400 │ 44 69 64 20 79 6f 75 20 ┊ 6b 6e 6f 77[20 57 61 73]│Did you know Was│
//! ```

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;

use crate::report::common::moment_view::MomentView;
use crate::safe;
use crate::text::{TextWriter, count, fit, width};
use crate::timeline::{Image, Line, Outcome, Row, Span, StepKind, StepRecord, Timeline, rows};

/// Bytes in a row.
pub(in crate::report) const ROW: u64 = 16;

/// Rows that are shown of one step.
const MOST_ROWS: usize = 6;

/// Columns for the names of pointers and regions, with the sign after them.
const LABEL: usize = 13;

/// Bytes of a window of memory: before the byte that it is about, and in all.
const WINDOW_BEFORE: u64 = 64;
const WINDOW: u64 = 320;

/// Writes the rows that a step changed, read or failed at.
pub(in crate::report) fn write_step(
    out: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
) -> io::Result<()> {
    let Some(touched) = TouchedRows::of_step(record) else {
        return Ok(());
    };
    let dump = HexDump::of_step(timeline, record);
    let mut expected = None;
    for address in &touched.rows {
        if expected.is_some_and(|next| next != *address) {
            out.line(&format!("{:>width$}", "…", width = LABEL + 4))?;
        }
        dump.write_row(out, *address)?;
        expected = address.checked_add(ROW);
    }
    let noun = match record.changes.is_empty() {
        true => "more byte",
        false => "more changed byte",
    };
    match touched.hidden_rows {
        0 => Ok(()),
        rows => out.line(&format!(
            "{:LABEL$}   … and {} in {}",
            "",
            count(touched.hidden_bytes, noun),
            count(rows, "row")
        )),
    }
}

/// Writes the same rows as a difference of two files: each line begins with its sign, and the rows
/// above and below are shown too.
pub(in crate::report) fn write_diff(
    out: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
) -> io::Result<()> {
    let Some(touched) = TouchedRows::of_step(record) else {
        return Ok(());
    };
    let dump = HexDump::of_step(timeline, record);
    let mut expected = None;
    for address in with_neighbours(&touched.rows, record.memory.len()) {
        if expected.is_some_and(|next| next != address) {
            out.line("  …")?;
        }
        dump.write_diff_row(out, address)?;
        expected = address.checked_add(ROW);
    }
    match touched.hidden_rows {
        0 => Ok(()),
        rows => out.line(&format!(
            "  … and {} in {}",
            count(touched.hidden_bytes, "more byte"),
            count(rows, "more row")
        )),
    }
}

/// Writes memory at a moment of a step, around the bytes that it is about. The bytes that differ
/// from before the step or child are in brackets.
pub(in crate::report) fn write_window(
    out: &mut TextWriter,
    timeline: &Timeline,
    view: &MomentView,
) -> io::Result<()> {
    let (record, image) = (view.record, &view.after);
    let dump = HexDump {
        before: view.before.clone(),
        after: image.clone(),
        ..HexDump::of_step(timeline, record)
    };
    let address = view
        .focus()
        .map(|focus| focus.start)
        .or(record.changes.first().map(|change| change.start))
        .or(record
            .pointers
            .iter()
            .map(|pointer| pointer.address)
            .find(|address| *address < image.len()))
        .unwrap_or(0)
        .min(image.len().saturating_sub(1));
    let from = row_start(address.saturating_sub(WINDOW_BEFORE));
    let to = from.saturating_add(WINDOW).min(image.len());
    dump.write_range(out, from..to)
}

/// Writes the rows of a range of memory at a moment of a step. The bytes that differ from before the
/// step are in brackets.
pub(in crate::report) fn write_range(
    out: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
    image: &Image,
    range: Range<u64>,
) -> io::Result<()> {
    let dump = HexDump {
        after: image.clone(),
        ..HexDump::of_step(timeline, record)
    };
    dump.write_range(out, range)
}

/// Writes the row of `address` and its neighbours after a step of two runs, `A` and `B`. The bytes
/// that differ are in brackets; a row that is the same in both runs is written once.
pub(in crate::report) fn write_both_sides(
    out: &mut TextWriter,
    timelines: [&Timeline; 2],
    step: usize,
    address: u64,
) -> io::Result<()> {
    let [a, b] = timelines;
    let (Some(record_a), Some(record_b)) = (a.step(step), b.step(step)) else {
        return Ok(());
    };
    // What counts as changed here is what differs from the other side.
    let dump_a = HexDump {
        before: record_b.memory.clone(),
        ..HexDump::of_step(a, record_a)
    };
    let dump_b = HexDump {
        before: record_a.memory.clone(),
        ..HexDump::of_step(b, record_b)
    };
    let end = record_a.memory.len().max(record_b.memory.len());
    let first = row_start(address).saturating_sub(ROW);
    let rows = (0..3).filter_map(|i| first.checked_add(i * ROW));
    for address in rows.filter(|address| *address < end) {
        let row_a = Row::read(&dump_a.after, address, ROW);
        let row_b = Row::read(&dump_b.after, address, ROW);
        if row_a == row_b {
            out.line(&dump_a.line(out, ' ', &row_a))?;
        } else {
            out.line(&dump_a.line(out, 'A', &row_a))?;
            out.line(&dump_b.line(out, 'B', &row_b))?;
        }
    }
    Ok(())
}

/// Returns the addresses of the rows that show a moment of a step, in order, each with the row
/// above and below.
///
/// They are rows that the step changed, read or failed at, and that of the first byte of `written`,
/// which is the last event. Memory ends at `end`.
pub(in crate::report) fn rows_of_moment(view: &MomentView) -> Vec<u64> {
    let (record, end) = (view.record, view.after.len());
    let (written, focus) = (view.written(), view.focus().unwrap_or_default());
    let mut rows = TouchedRows::new(record, focus, end).rows;
    rows.extend(written.map(|span| row_start(span.start)));
    with_neighbours(&rows, end).into_iter().collect()
}

/// Returns the address of the row that holds the byte at `address`.
pub(in crate::report) fn row_start(address: u64) -> u64 {
    address / ROW * ROW
}

/// Returns the number of hex digits of an address in a memory of `len` bytes.
pub(in crate::report) fn address_digits(len: u64) -> usize {
    if len > 1 << 32 { 16 } else { 8 }
}

/// Returns a byte as one character that is safe to print.
pub(in crate::report) fn glyph(byte: u8) -> char {
    match byte {
        0 => '⋄',
        0x20..=0x7e => char::from(byte),
        0x80.. => '×',
        _ => '•',
    }
}

/// Returns rows with those above and below, as far as they are in a memory that ends at `end`.
fn with_neighbours(rows: &[u64], end: u64) -> BTreeSet<u64> {
    rows.iter()
        .flat_map(|row| [row.checked_sub(ROW), Some(*row), row.checked_add(ROW)])
        .flatten()
        .filter(|row| *row < end)
        .collect()
}

/// The rows of a step that are shown, and how much is not.
struct TouchedRows {
    /// Addresses in order: the rows of the focus, and as many others from the lowest on as there
    /// may be.
    rows: Vec<u64>,
    hidden_rows: u64,
    hidden_bytes: u64,
}

impl TouchedRows {
    /// Returns the rows that a step changed, read or failed at; `None` for any other step.
    fn of_step(record: &StepRecord) -> Option<Self> {
        let has_rows = !record.changes.is_empty()
            || record.kind == StepKind::Read
            || record.outcome != Outcome::Ok;
        let focus = record.focus.unwrap_or_default();
        has_rows.then(|| TouchedRows::new(record, focus, record.memory.len()))
    }

    /// Returns the rows that a step changed, or else those of `focus` in a memory that ends at
    /// `end`.
    fn new(record: &StepRecord, focus: Span, end: u64) -> Self {
        let changes = &record.changes;
        if !changes.is_empty() {
            let rows = choose(changes.rows(), focus);
            let in_row = |row: &u64| changes.bytes_within(whole_row(*row));
            return TouchedRows {
                hidden_rows: changes.rows().count() as u64 - rows.len() as u64,
                hidden_bytes: changes.bytes() - rows.iter().map(in_row).sum::<u64>(),
                rows,
            };
        }
        let inside = Span {
            start: focus.start,
            len: focus.end().min(end).saturating_sub(focus.start),
        };
        let all = (row_start(inside.start)..inside.end()).step_by(ROW as usize);
        let row_count = match inside.len {
            0 => 0,
            _ => (row_start(inside.end() - 1) - row_start(inside.start)) / ROW + 1,
        };
        let rows = choose(all.take_while(|_| inside.len > 0), focus);
        TouchedRows {
            hidden_rows: row_count - rows.len() as u64,
            hidden_bytes: inside.len - bytes_in_rows(inside, &rows),
            rows,
        }
    }
}

/// Chooses among the addresses of rows, which are in order: those of the focus, and others from the
/// lowest on. Reads no more of them than it needs.
fn choose(rows: impl Iterator<Item = u64> + Clone, focus: Span) -> Vec<u64> {
    let focus_start = row_start(focus.start);
    let focus_end = focus.end().max(focus_start.saturating_add(1));
    let is_near = |row: &u64| (focus_start..focus_end).contains(row);
    let near = rows.clone().take_while(|row| *row < focus_end);
    let mut chosen: Vec<u64> = near.filter(is_near).take(MOST_ROWS).collect();
    let far = rows.filter(|row| !is_near(row));
    chosen.extend(far.take(MOST_ROWS - chosen.len()));
    chosen.sort_unstable();
    chosen
}

fn whole_row(start: u64) -> Span {
    Span { start, len: ROW }
}

fn bytes_in_rows(span: Span, rows: &[u64]) -> u64 {
    let bytes = rows.iter().map(|row| {
        let end = row.saturating_add(ROW).min(span.end());
        end.saturating_sub((*row).max(span.start))
    });
    bytes.sum()
}

/// Names of pointers and regions with their addresses. They are safe to print.
pub(in crate::report) struct RowNames(Vec<(u64, String)>);

impl RowNames {
    /// Makes the names safe to print.
    pub(in crate::report) fn new(names: impl IntoIterator<Item = (u64, String)>) -> Self {
        let names = names.into_iter();
        RowNames(
            names
                .map(|(address, name)| (address, safe::plain(&name)))
                .collect(),
        )
    }

    /// Returns the names of addresses in the row that begins at `row`, joined by commas; empty
    /// where there are none.
    pub(in crate::report) fn in_row(&self, row: u64) -> String {
        let row = whole_row(row);
        let names = self.0.iter().filter(|(address, _)| row.contains(*address));
        let names: Vec<&str> = names.map(|(_, name)| name.as_str()).collect();
        names.join(", ")
    }
}

/// Memory before and after a step, with the names of its addresses.
struct HexDump {
    before: Image,
    after: Image,
    names: RowNames,
    /// Hex digits of an address.
    digits: usize,
}

impl HexDump {
    fn of_step(timeline: &Timeline, record: &StepRecord) -> Self {
        let mut names: Vec<(u64, String)> = Vec::new();
        for pointer in &record.pointers {
            names.push((pointer.address, pointer.name.clone()));
            if let Some(old) = pointer.moved_from {
                names.push((old, format!("old {}", pointer.name)));
            }
        }
        let spans = timeline.spans_at(record.index).into_iter();
        names.extend(
            spans
                .filter(|named| !named.released)
                .map(|named| (named.span.start, named.name)),
        );
        HexDump {
            before: timeline.memory_before(record.index),
            after: record.memory.clone(),
            names: RowNames::new(names),
            digits: address_digits(record.memory.len()),
        }
    }

    /// Writes the rows of a range. The bytes that differ are in brackets.
    fn write_range(&self, out: &mut TextWriter, range: Range<u64>) -> io::Result<()> {
        let has_name = |address| !self.names.in_row(address).is_empty();
        let (from, to) = (range.start, range.end);
        for line in rows(&self.after, &[&self.before], from, to, ROW, has_name) {
            match line {
                Line::Row(row) => out.line(&self.line(out, ' ', &row))?,
                Line::Squeezed { .. } => out.line(&format!("{:LABEL$}   *", ""))?,
            }
        }
        Ok(())
    }

    fn is_changed(&self, address: u64) -> bool {
        self.before.byte(address).unwrap_or(0) != self.after.byte(address).unwrap_or(0)
    }

    /// Writes a row after the step, and before it where any changed byte was not zero.
    fn write_row(&self, out: &mut TextWriter, address: u64) -> io::Result<()> {
        let addresses = (0..ROW).map(|i| address.saturating_add(i));
        let changed: Vec<u64> = addresses.filter(|at| self.is_changed(*at)).collect();
        if changed
            .iter()
            .any(|at| self.before.byte(*at).unwrap_or(0) != 0)
        {
            out.line(&self.line(out, '-', &Row::read(&self.before, address, ROW)))?;
        }
        let sign = if changed.is_empty() { ' ' } else { '+' };
        out.line(&self.line(out, sign, &Row::read(&self.after, address, ROW)))
    }

    /// Writes a row that stays the same once, and any other before and after the step.
    fn write_diff_row(&self, out: &mut TextWriter, address: u64) -> io::Result<()> {
        let names = self.names.in_row(address);
        let names = match names.is_empty() {
            true => names,
            false => format!(" ◂ {names}"),
        };
        let digits = self.digits;
        let mut line = |sign: char, image: &Image, names: &str| {
            let bytes = self.bytes(out, &Row::read(image, address, ROW));
            out.line(&format!("{sign} {address:0digits$x} {bytes}{names}"))
        };
        if (0..ROW).any(|i| self.is_changed(address.saturating_add(i))) {
            line('-', &self.before, "")?;
            line('+', &self.after, &names)
        } else {
            line(' ', &self.after, &names)
        }
    }

    /// Returns a line with names, sign, address and bytes. A row before the step has no names.
    fn line(&self, out: &TextWriter, sign: char, row: &Row) -> String {
        let mut label = String::new();
        let names = self.names.in_row(row.address);
        if sign != '-' && !names.is_empty() {
            label = format!("{} ▸", fit(&names, LABEL - 2, '~'));
        }
        let blanks = LABEL.saturating_sub(width(&label));
        let (address, digits, bytes) = (row.address, self.digits, self.bytes(out, row));
        format!("{:blanks$}{label} {sign} {address:0digits$x} {bytes}", "")
    }

    /// Returns the bytes of a row in hex and as text, each between bars.
    fn bytes(&self, out: &TextWriter, row: &Row) -> String {
        let changed: Vec<bool> = (0..row.bytes.len() as u64)
            .map(|i| self.is_changed(row.address.saturating_add(i)))
            .collect();
        let (hex, text) = (
            hex_column(out, row, &changed),
            text_column(out, row, &changed),
        );
        format!("│{hex}│{text}│")
    }
}

/// Returns the bytes in hex. The brackets around changed bytes take the places of the blanks
/// between bytes.
fn hex_column(out: &TextWriter, row: &Row, changed: &[bool]) -> String {
    let (on, off) = out.underline();
    let is_changed = |i: usize| changed.get(i).copied().unwrap_or(false);
    let half = row.bytes.len() / 2;
    let mut column = String::new();
    for (i, byte) in row.bytes.iter().enumerate() {
        let follows_changed = i.checked_sub(1).is_some_and(is_changed);
        let opens = is_changed(i) && !follows_changed;
        let closes = follows_changed && !is_changed(i);
        if closes {
            column.push_str(off);
        }
        if i == half {
            column.push_str(if closes { "]┊" } else { " ┊" });
        }
        column.push(match (opens, closes) {
            (true, _) => '[',
            (_, true) if i != half => ']',
            _ => ' ',
        });
        if opens {
            column.push_str(on);
        }
        column.push_str(&byte.map_or("  ".into(), |byte| format!("{byte:02x}")));
    }
    let closes = row.bytes.len().checked_sub(1).is_some_and(is_changed);
    column.push_str(if closes { off } else { "" });
    column.push(if closes { ']' } else { ' ' });
    column
}

/// Returns the bytes as text.
fn text_column(out: &TextWriter, row: &Row, changed: &[bool]) -> String {
    let (on, off) = out.underline();
    let mut column = String::new();
    let mut is_underlined = false;
    for (i, byte) in row.bytes.iter().enumerate() {
        let is_changed = changed.get(i).copied().unwrap_or(false);
        if is_changed != is_underlined {
            column.push_str(if is_changed { on } else { off });
            is_underlined = is_changed;
        }
        column.push(byte.map_or(' ', glyph));
    }
    column.push_str(if is_underlined { off } else { "" });
    column
}
