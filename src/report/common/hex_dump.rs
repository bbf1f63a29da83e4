//! Rows of memory as a hex dump, in a hundred columns: what changed stands in brackets, `-` is
//! before and `+` after.
//!
//! ```text
//!         ptr ▸ + 00000400 │ 44 69 64 20 79 6f 75 20 ┊ 6b 6e 6f 77[20 57 61 73]│Did you know Was│
//! ```

use std::collections::BTreeSet;
use std::io;

use unicode_width::UnicodeWidthStr;

use crate::safe;
use crate::text::TextWriter;
use crate::timeline::{Image, Line, Outcome, Row, Span, StepKind, StepRecord, Timeline, rows};

/// Bytes in a row.
pub(super) const WIDTH: u64 = 16;

/// Rows shown of one step.
const MOST_ROWS: usize = 6;

/// Columns for the names of pointers and regions, the sign behind them included.
const LABEL: usize = 13;

/// Bytes shown of the window at the end: before the focus, and in all.
const WINDOW_BEFORE: u64 = 64;
const WINDOW: u64 = 320;

/// Draws what a step changed, or what it read, or where it failed.
pub(in crate::report) fn of_step(
    paper: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
) -> io::Result<()> {
    let focus = record.focus.unwrap_or(Span { start: 0, len: 0 });
    if !record.changes.is_empty() {
        let touched = touched_rows(record.changes.spans(), focus);
        return draw(paper, timeline, record, &touched, "changed byte");
    }
    if record.kind == StepKind::Read || record.outcome != Outcome::Ok {
        let end = focus.end().min(record.memory.len());
        let held = Span {
            start: focus.start,
            len: end.saturating_sub(focus.start),
        };
        let touched = touched_rows(std::iter::once(held), focus);
        return draw(paper, timeline, record, &touched, "byte");
    }
    Ok(())
}

/// Draws the rows that a step changed, before and after, with the row above and below them, each
/// line beginning with its sign, as in a difference of two files; or the rows that it read, or
/// failed at.
pub(in crate::report) fn diff(
    paper: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
) -> io::Result<()> {
    let focus = record.focus.unwrap_or(Span { start: 0, len: 0 });
    let touched = if !record.changes.is_empty() {
        touched_rows(record.changes.spans(), focus)
    } else if record.kind == StepKind::Read || record.outcome != Outcome::Ok {
        let len = focus
            .end()
            .min(record.memory.len())
            .saturating_sub(focus.start);
        touched_rows(
            std::iter::once(Span {
                start: focus.start,
                len,
            }),
            focus,
        )
    } else {
        return Ok(());
    };
    let pen = Labels::new(timeline, record);
    let around = |row: &u64| [row.checked_sub(WIDTH), Some(*row), row.checked_add(WIDTH)];
    let rows: BTreeSet<u64> = touched.rows.iter().flat_map(around).flatten().collect();
    let mut expected = None;
    for address in rows.into_iter().filter(|row| *row < record.memory.len()) {
        if expected.is_some_and(|next| next != address) {
            paper.line("  …")?;
        }
        pen.diff_row(paper, address)?;
        expected = address.checked_add(WIDTH);
    }
    match touched.hidden_rows {
        0 => Ok(()),
        rows => paper.line(&format!(
            "  … and {} more bytes in {rows} more rows",
            touched.hidden_bytes
        )),
    }
}

/// The rows that show a moment of a step: what it changed, read or failed at, `written` before all,
/// with the row above and below.
pub(in crate::report) fn rows_of_moment(
    record: &StepRecord,
    written: Option<Span>,
    end: u64,
) -> Vec<u64> {
    let focus = written
        .or(record.focus)
        .unwrap_or(Span { start: 0, len: 0 });
    let held = Span {
        start: focus.start,
        len: focus.end().min(end).saturating_sub(focus.start),
    };
    let touched = match record.changes.is_empty() {
        true => touched_rows(std::iter::once(held), focus),
        false => touched_rows(record.changes.spans(), focus),
    };
    let written = written.map(|span| row_of(span.start));
    let around = |row: &u64| [row.checked_sub(WIDTH), Some(*row), row.checked_add(WIDTH)];
    let rows: BTreeSet<u64> = touched
        .rows
        .iter()
        .chain(&written)
        .flat_map(around)
        .flatten()
        .collect();
    rows.into_iter().filter(|row| *row < end).collect()
}

/// Which rows to show of what a step touched, and how much is not shown.
struct Touched {
    /// Addresses: the rows of the focus first, then those from the lowest on; in order.
    rows: Vec<u64>,
    hidden_rows: u64,
    hidden_bytes: u64,
}

/// Chooses among the rows of spans that stand in order. Costs as many looks as there are spans,
/// however long they are.
fn touched_rows(spans: impl Iterator<Item = Span> + Clone, focus: Span) -> Touched {
    let focus_row = Span {
        start: row_of(focus.start),
        len: 1,
    };
    let focus_end = focus.end().max(focus_row.end());
    let is_near = |address: u64| address < focus_end && address >= focus_row.start;
    let (mut near, mut far) = (BTreeSet::new(), BTreeSet::new());
    let (mut count, mut bytes, mut last) = (0, 0, None);
    for span in spans.clone().filter(|s| s.len > 0) {
        let (first, end_row) = (row_of(span.start), row_of(span.end().saturating_sub(1)));
        count += (end_row - first) / WIDTH + u64::from(last != Some(first));
        bytes += span.len;
        last = Some(end_row);
        let rows = |from: u64| {
            (from.max(first)..=end_row)
                .step_by(WIDTH as usize)
                .take(MOST_ROWS)
        };
        if near.len() < MOST_ROWS {
            near.extend(rows(focus_row.start).filter(|at| is_near(*at)));
        }
        if far.len() < MOST_ROWS {
            far.extend(
                rows(first)
                    .chain(rows(row_of(focus_end.saturating_add(WIDTH - 1))))
                    .filter(|at| !is_near(*at)),
            );
        }
    }
    let mut rows: Vec<u64> = near.into_iter().take(MOST_ROWS).collect();
    rows.extend(far.into_iter().take(MOST_ROWS - rows.len()));
    rows.sort_unstable();
    let shown = |span: Span| -> u64 {
        let within = |row: &u64| {
            row.saturating_add(WIDTH)
                .min(span.end())
                .saturating_sub((*row).max(span.start))
        };
        rows.iter().map(within).sum()
    };
    let shown_bytes: u64 = spans.map(shown).sum();
    Touched {
        hidden_rows: count - rows.len() as u64,
        hidden_bytes: bytes - shown_bytes,
        rows,
    }
}

pub(super) fn row_of(address: u64) -> u64 {
    address / WIDTH * WIDTH
}

fn draw(
    paper: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
    touched: &Touched,
    noun: &str,
) -> io::Result<()> {
    let pen = Labels::new(timeline, record);
    let mut expected = None;
    for address in &touched.rows {
        if expected.is_some_and(|next| next != *address) {
            paper.line(&format!("{:>width$}", "…", width = LABEL + 4))?;
        }
        pen.rows(paper, *address, record)?;
        expected = address.checked_add(WIDTH);
    }
    let Touched {
        hidden_rows: rows,
        hidden_bytes: hidden,
        ..
    } = *touched;
    if rows > 0 {
        let plural = |n: u64| if n == 1 { "" } else { "s" };
        let (bytes_s, rows_s) = (plural(hidden), plural(rows));
        paper.line(&format!(
            "{:LABEL$}   … and {hidden} more {noun}{bytes_s} in {rows} row{rows_s}",
            ""
        ))?;
    }
    Ok(())
}

/// Draws a moment of a step: memory around `focus`, what differs from before the step in brackets.
pub(in crate::report) fn window(
    paper: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
    image: &Image,
    focus: Option<Span>,
) -> io::Result<()> {
    let pen = Labels {
        after: image.clone(),
        ..Labels::new(timeline, record)
    };
    let at = focus
        .map(|f| f.start)
        .or(record.changes.spans().next().map(|c| c.start))
        .or(record.pointers.first().map(|p| p.address))
        .unwrap_or(0)
        .min(image.len().saturating_sub(1));
    let from = at.saturating_sub(WINDOW_BEFORE) / WIDTH * WIDTH;
    let to = from.saturating_add(WINDOW).min(image.len());
    let keep = |address| !pen.label(address).is_empty();
    for line in rows(image, &[&pen.before], from, to, WIDTH, keep) {
        match line {
            Line::Row(row) => paper.line(&pen.row(paper, ' ', &row))?,
            Line::Squeezed { .. } => paper.line(&format!("{:LABEL$}   *", ""))?,
        }
    }
    Ok(())
}

/// What a row is drawn from.
pub(super) struct Labels {
    pub(super) before: Image,
    pub(super) after: Image,
    /// Names and the addresses they stand at.
    pub(super) names: Vec<(u64, String)>,
    /// Hex digits of an address.
    pub(super) digits: usize,
}

impl Labels {
    pub(super) fn new(timeline: &Timeline, record: &StepRecord) -> Self {
        let mut names: Vec<(u64, String)> = Vec::new();
        for pointer in &record.pointers {
            names.push((pointer.address, safe::plain(&pointer.name)));
            names.extend(
                pointer
                    .moved_from
                    .map(|old| (old, format!("old {}", safe::plain(&pointer.name)))),
            );
        }
        let spans = timeline.spans_at(record.index);
        names.extend(
            spans
                .iter()
                .filter(|s| !s.released)
                .map(|s| (s.span.start, safe::plain(&s.name))),
        );
        let digits = if record.memory.len() > 1 << 32 { 16 } else { 8 };
        Labels {
            before: timeline.memory_before(record.index),
            after: record.memory.clone(),
            names,
            digits,
        }
    }

    /// One row, or two where bytes were there before: before and after.
    fn rows(&self, paper: &mut TextWriter, address: u64, record: &StepRecord) -> io::Result<()> {
        let row = |image: &Image| {
            let bytes = (0..WIDTH)
                .map(|i| address.checked_add(i).and_then(|a| image.byte(a)))
                .collect();
            Row { address, bytes }
        };
        let changed = (0..WIDTH).filter(|i| self.is_changed(address.saturating_add(*i)));
        let had_bytes = changed
            .clone()
            .any(|i| self.before.byte(address.saturating_add(i)).unwrap_or(0) != 0);
        let sign = if record.changes.is_empty() || changed.count() == 0 {
            ' '
        } else {
            '+'
        };
        if had_bytes {
            paper.line(&self.row(paper, '-', &row(&self.before)))?;
        }
        paper.line(&self.row(paper, sign, &row(&self.after)))
    }

    /// One row as it stays, or two: before and after.
    fn diff_row(&self, paper: &mut TextWriter, address: u64) -> io::Result<()> {
        let is_changed = (0..WIDTH).any(|i| self.is_changed(address.saturating_add(i)));
        let names = self.names_in(address);
        let behind = if names.is_empty() {
            String::new()
        } else {
            format!(" ◂ {}", names.join(", "))
        };
        let mut line = |sign: char, image: &Image, behind: &str| {
            let bytes = (0..WIDTH)
                .map(|i| address.checked_add(i).and_then(|a| image.byte(a)))
                .collect();
            let row = Row { address, bytes };
            let changed: Vec<bool> = (0..WIDTH)
                .map(|i| self.is_changed(address.saturating_add(i)))
                .collect();
            let (hex, text) = (
                hex_column(paper, &row, &changed),
                text_column(paper, &row, &changed),
            );
            paper.line(&format!(
                "{sign} {address:0digits$x} │{hex}│{text}│{behind}",
                digits = self.digits
            ))
        };
        if is_changed {
            line('-', &self.before, "")?;
        }
        line(if is_changed { '+' } else { ' ' }, &self.after, &behind)
    }

    fn names_in(&self, address: u64) -> Vec<&str> {
        let row = Span {
            start: address,
            len: WIDTH,
        };
        self.names
            .iter()
            .filter(|(at, _)| row.contains(*at))
            .map(|(_, name)| name.as_str())
            .collect()
    }

    fn is_changed(&self, address: u64) -> bool {
        self.before.byte(address).unwrap_or(0) != self.after.byte(address).unwrap_or(0)
    }

    fn label(&self, address: u64) -> String {
        let here = self.names_in(address);
        if here.is_empty() {
            return String::new();
        }
        let mut text = String::new();
        for c in here.join(", ").chars() {
            text.push(c);
            if text.width() > LABEL - 2 {
                text.pop();
                while text.width() > LABEL - 3 {
                    text.pop();
                }
                text.push('~');
                break;
            }
        }
        format!("{text} ▸")
    }

    pub(super) fn row(&self, paper: &TextWriter, sign: char, row: &Row) -> String {
        let label = if sign == '-' {
            String::new()
        } else {
            self.label(row.address)
        };
        let pad = LABEL.saturating_sub(label.width());
        let changed: Vec<bool> = (0..row.bytes.len() as u64)
            .map(|i| self.is_changed(row.address.saturating_add(i)))
            .collect();
        let (hex, text) = (
            hex_column(paper, row, &changed),
            text_column(paper, row, &changed),
        );
        format!(
            "{:pad$}{label} {sign} {:0digits$x} │{hex}│{text}│",
            "",
            row.address,
            digits = self.digits
        )
    }
}

/// The bytes in hex; the blanks between them hold the brackets around what changed.
fn hex_column(paper: &TextWriter, row: &Row, changed: &[bool]) -> String {
    let (on, off) = paper.underline();
    let is_changed = |i: usize| changed.get(i).copied().unwrap_or(false);
    let half = row.bytes.len() / 2;
    let mut out = String::new();
    for (i, byte) in row.bytes.iter().enumerate() {
        let before = i.checked_sub(1).is_some_and(is_changed);
        let opens = is_changed(i) && !before;
        let closes = before && !is_changed(i);
        if closes {
            out.push_str(off);
        }
        if i == half {
            out.push_str(if closes { "]┊" } else { " ┊" });
        }
        out.push(match (opens, closes) {
            (true, _) => '[',
            (_, true) if i != half => ']',
            _ => ' ',
        });
        if opens {
            out.push_str(on);
        }
        out.push_str(&byte.map_or("  ".into(), |b| format!("{b:02x}")));
    }
    let last = row.bytes.len().checked_sub(1).is_some_and(is_changed);
    out.push_str(if last { off } else { "" });
    out.push(if last { ']' } else { ' ' });
    out
}

fn text_column(paper: &TextWriter, row: &Row, changed: &[bool]) -> String {
    let (on, off) = paper.underline();
    let mut out = String::new();
    let mut marked = false;
    for (i, byte) in row.bytes.iter().enumerate() {
        let is_changed = changed.get(i).copied().unwrap_or(false);
        if is_changed != marked {
            out.push_str(if is_changed { on } else { off });
            marked = is_changed;
        }
        out.push(byte.map_or(' ', glyph));
    }
    out.push_str(if marked { off } else { "" });
    out
}

/// A byte as one character that is safe to print.
pub(in crate::report) fn glyph(byte: u8) -> char {
    match byte {
        0 => '⋄',
        0x20..=0x7e => char::from(byte),
        0x80.. => '×',
        _ => '•',
    }
}
