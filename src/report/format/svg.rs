//! A picture of one moment, for slides and a README: the statement, memory before the step and at
//! the moment, and what happened. Text stays text, in the reader's light or dark colors; the
//! picture loads nothing.
//!
//! Everything is on a grid of character cells. Each run of text has a length, so that the grid
//! holds in any fixed-width font.

mod canvas;

use std::io;

use crate::finding_kind::Severity;
use crate::report::common::hex_dump::{ROW, RowNames, address_digits, glyph, rows_of_moment};
use crate::report::common::moment_view::MomentView;
use crate::report::common::options::Options;
use crate::report::common::step_view::StepView;
use crate::report::common::{event_lines, lesson_view, summary};
use crate::safe;
use crate::text::{Wrap, count, width};
use crate::timeline::{Image, Moment, NamedSpan, Row, Span, StepRecord, Timeline};
use canvas::Canvas;

/// Columns where the sign, the address, the bytes and their text begin, and the columns of all.
const SIGN: usize = 14;
const ADDRESS: usize = 16;
const HEX: usize = 26;
const TEXT: usize = 77;
const WIDTH: usize = 93;

/// Hex digits of an address that have columns.
const DIGITS: usize = 9;

/// Lines of the sentences, findings, and lines of a finding that are shown.
const MOST_LINES: usize = 5;
const MOST_FINDINGS: usize = 3;
const MOST_FINDING_LINES: usize = 3;

/// Characters of a title or a statement, and of a finding, that are shown before it is cut.
const STATEMENT: usize = 200;
const FINDING: usize = 300;

/// Bytes of the last write that are shown.
const BYTES: usize = 8;

/// Draws the moment of `options.until`. Without one it draws the first step that went wrong, or
/// else the last one that changed memory.
pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let moment = options.until.unwrap_or_else(|| default_moment(timeline));
    let mut canvas = Canvas::new(WIDTH, options.ascii);
    let mut title = lesson_view::title(timeline);
    match timeline.step(moment.step) {
        Some(record) => {
            let view = MomentView::of(timeline, record, moment, options);
            Scene::new(timeline, view).draw(&mut canvas);
            let statement = lesson_view::statement(record, STATEMENT);
            title.push_str(&format!(", step {}: {statement}", record.index));
        }
        None => canvas.text(0, "faint", "no step has run"),
    }
    canvas.write(&safe::cut(&title, STATEMENT), out)
}

fn default_moment(timeline: &Timeline) -> Moment {
    let steps = timeline.steps();
    let changed = || steps.iter().rfind(|step| !step.changes.is_empty());
    let step = summary::first_failed_step(timeline)
        .or_else(changed)
        .or(steps.last());
    Moment::end_of(step.map_or(0, |step| step.index))
}

/// The content of the picture.
struct Scene<'a> {
    timeline: &'a Timeline,
    record: &'a StepRecord,
    view: MomentView<'a>,
    /// The number of events before the moment; `None` at the end of the step or child.
    event: Option<usize>,
    /// The bytes that the last event wrote, inside a step.
    written: Option<Span>,
    names: RowNames,
    spans: Vec<NamedSpan>,
    digits: usize,
}

impl<'a> Scene<'a> {
    fn new(timeline: &'a Timeline, view: MomentView<'a>) -> Self {
        let record = view.record;
        let spans: Vec<NamedSpan> = timeline
            .spans_at(record.index)
            .into_iter()
            .filter(|named| !named.released && named.span.len > 0)
            .collect();
        let pointers = record.pointers.iter();
        let mut names: Vec<(u64, String)> = pointers
            .map(|pointer| (pointer.address, pointer.name.clone()))
            .collect();
        for named in &spans {
            if !names.iter().any(|(_, name)| *name == named.name) {
                names.push((named.span.start, named.name.clone()));
            }
        }
        Scene {
            timeline,
            record,
            event: view.event().map(|(event, _)| event),
            written: view.event().and_then(|_| view.written()),
            view,
            names: RowNames::new(names),
            spans,
            digits: address_digits(record.memory.len()).min(DIGITS),
        }
    }

    fn draw(&self, canvas: &mut Canvas) {
        self.draw_title(canvas);
        let rows = rows_of_moment(&self.view);
        if !rows.is_empty() {
            let label = self.view.label();
            let title = format!("memory before {label}");
            self.draw_memory(canvas, &title, &rows, Side::Before);
            let title = match self.view.event() {
                Some((event, events)) => {
                    format!("memory after {event} of {events} events of {label}")
                }
                None => format!("memory after {label}"),
            };
            self.draw_memory(canvas, &title, &rows, Side::After);
        }
        self.draw_sentences(canvas);
    }

    fn draw_title(&self, canvas: &mut Canvas) {
        let view = StepView(self.record);
        let steps = self.timeline.planned.len().max(self.timeline.steps().len());
        let position = format!("step {} of {}", self.record.index, steps.saturating_sub(1));
        let column = WIDTH - width(&position);
        let title = safe::plain(&lesson_view::title(self.timeline));
        let title = canvas.fit(&title, column - 2);
        canvas.text(0, "faint", &title);
        canvas.text(column, "faint", &position);
        canvas.down(1.4);
        let is_end = self.event.is_none();
        let mut statement = lesson_view::statement(self.record, STATEMENT);
        if let Some(result) = view.result().filter(|_| is_end) {
            statement.push_str(&format!("  → {result}"));
        }
        let statement = canvas.fit(&statement, WIDTH);
        canvas.text(0, "strong", &statement);
        canvas.down(1.0);
        if let Some(failure) = view.failure().filter(|_| is_end) {
            canvas.text(0, "bad", &format!("✗ {failure}"));
            canvas.down(1.0);
        }
    }

    fn draw_memory(&self, canvas: &mut Canvas, title: &str, rows: &[u64], side: Side) {
        canvas.down(0.5);
        canvas.rule();
        canvas.down(0.9);
        canvas.text(0, "faint", title);
        canvas.down(1.1);
        let end = self.image(side).len();
        let mut expected = None;
        for address in rows.iter().copied().filter(|row| *row < end) {
            if expected.is_some_and(|next| next != address) {
                canvas.text(HEX, "faint", "⋮");
                canvas.down(0.9);
            }
            self.draw_row(canvas, address, side);
            canvas.down(1.0);
            expected = address.checked_add(ROW);
        }
    }

    fn image(&self, side: Side) -> &Image {
        match side {
            Side::Before => &self.view.before,
            Side::After => &self.view.after,
        }
    }

    fn draw_row(&self, canvas: &mut Canvas, address: u64, side: Side) {
        let names = self.names.in_row(address);
        if !names.is_empty() {
            let names = canvas.fit(&names, SIGN - 3);
            canvas.text(SIGN - 3 - width(&names), "pointer", &format!("{names} ▸"));
        }
        let bytes = Row::read(self.image(side), address, ROW).bytes;
        let cells: Vec<Cell> = (0..)
            .zip(bytes)
            .filter_map(|(index, byte)| Some(self.cell(address, index, byte?, side)))
            .collect();
        if cells.iter().any(|cell| cell.is_changed) {
            canvas.text(SIGN, "changed", "+");
        }
        let digits = self.digits;
        canvas.text(ADDRESS, "faint", &format!("{address:0digits$x}"));
        self.draw_boxes(canvas, &cells, |index| HEX + hex_column(index), 2);
        self.draw_boxes(canvas, &cells, |index| TEXT + index, 1);
        for cell in &cells {
            let column = HEX + hex_column(cell.index);
            canvas.text(column, cell.class(), &format!("{:02x}", cell.byte));
        }
        for run in cells.chunk_by(|a, b| a.class() == b.class()) {
            if let Some(first) = run.first() {
                let text: String = run.iter().map(|cell| glyph(cell.byte)).collect();
                canvas.text(TEXT + first.index, first.class(), &text);
            }
        }
    }

    fn cell(&self, row: u64, index: usize, byte: u8, side: Side) -> Cell {
        let address = row.saturating_add(index as u64);
        let old = self.view.before.byte(address).unwrap_or(0);
        let new = self.view.after.byte(address).unwrap_or(0);
        let is_after = side == Side::After;
        let is_last_write = is_after
            && self
                .written
                .is_some_and(|written| written.contains(address));
        Cell {
            index,
            byte,
            address,
            is_changed: is_after && old != new || is_last_write,
            is_last_write,
        }
    }

    /// Draws boxes under the bytes of named spans, of changes and of the last write.
    ///
    /// Each span has a box of its own, so that adjacent ones are distinct.
    fn draw_boxes(
        &self,
        canvas: &mut Canvas,
        cells: &[Cell],
        column: impl Fn(usize) -> usize,
        width: usize,
    ) {
        let mut draw = |class: &str, is_in: &dyn Fn(&Cell) -> bool| {
            for run in cells.chunk_by(|a, b| is_in(a) == is_in(b)) {
                if let [first, ..] = run
                    && let [.., last] = run
                    && is_in(first)
                {
                    let end = column(last.index) + width;
                    canvas.draw_box(column(first.index), end, class);
                }
            }
        };
        // Neighbours have different tints, and what a finding is about has a frame.
        let mut by_address: Vec<&NamedSpan> = self.spans.iter().collect();
        by_address.sort_by_key(|named| named.span.start);
        for (index, named) in by_address.into_iter().enumerate() {
            let class = if index % 2 == 0 { "named" } else { "other" };
            draw(class, &|cell| named.span.contains(cell.address));
        }
        draw("mark", &|cell| cell.is_changed);
        draw("now", &|cell| cell.is_last_write);
        let found = self.record.findings.iter().filter(|_| self.event.is_none());
        let found: Vec<Span> = found
            .flat_map(|finding| finding.spans.iter().take(1).copied())
            .collect();
        draw("found", &|cell| {
            cell.is_changed && found.iter().any(|span| span.contains(cell.address))
        });
    }

    /// Draws what happened and what was found, or inside a step what the last event did.
    fn draw_sentences(&self, canvas: &mut Canvas) {
        canvas.down(0.5);
        canvas.rule();
        canvas.down(0.9);
        for paragraph in lesson_view::narration(self.timeline, self.record) {
            draw_paragraph(canvas, "", &paragraph, MOST_LINES);
            canvas.down(0.4);
        }
        if let Some(question) = lesson_view::question(self.record) {
            draw_paragraph(canvas, "strong", &question, MOST_LINES);
        }
        if let Some(child) = self.view.child_line() {
            let label = self.view.label();
            draw_paragraph(canvas, "strong", &format!("{label} {child}"), MOST_LINES);
        }
        let sentences = match self.event {
            None if self.view.child_line().is_some() => return,
            None => lesson_view::effect_without_answer(self.timeline, self.record),
            Some(0) => format!("Nothing of {} has happened yet.", self.view.label()),
            Some(_) => self.event_sentence(self.view.moment.event),
        };
        draw_paragraph(canvas, "", &sentences, MOST_LINES);
        if self.event.is_some() {
            return;
        }
        for view in StepView(self.record).findings().take(MOST_FINDINGS) {
            let class = match view.finding.severity() {
                Severity::Error => "bad",
                _ => "warning",
            };
            let (severity, kind) = (view.severity(), view.finding.kind);
            let message = summary::one_line(&view.finding.message);
            let text = safe::cut(&format!("{severity}: {kind}: {message}"), FINDING);
            draw_paragraph(canvas, class, &text, MOST_FINDING_LINES);
        }
    }

    fn event_sentence(&self, event: usize) -> String {
        let Some(write) = self.record.events.write_of(event) else {
            return event_lines::line(self.record, event, 0).unwrap_or_default();
        };
        let hex = |bytes: &[u8]| {
            let bytes: Vec<String> = bytes
                .iter()
                .take(BYTES)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            bytes.join(" ")
        };
        let more = match write.after.len() {
            ..=BYTES => String::new(),
            len => format!(", {} in all", count(len, "byte")),
        };
        format!(
            "The last is by {}: {} at {:#x}, where {} was{more}.",
            write.writer.label(),
            hex(&write.after),
            write.start,
            hex(&write.before)
        )
    }
}

/// Memory before or after the events that the picture shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// A byte of a row.
struct Cell {
    /// The byte's position in its row.
    index: usize,
    byte: u8,
    address: u64,
    is_changed: bool,
    is_last_write: bool,
}

impl Cell {
    fn class(&self) -> &'static str {
        match (self.is_changed, self.byte) {
            (true, _) => "changed",
            (false, 0) => "faint",
            (false, _) => "",
        }
    }
}

fn hex_column(index: usize) -> usize {
    let half = ROW as usize / 2;
    3 * index + usize::from(index >= half)
}

fn draw_paragraph(canvas: &mut Canvas, class: &str, text: &str, most: usize) {
    let wrap = Wrap::to(WIDTH).keeping_words();
    for line in wrap.paragraph(&canvas.allowed(text)).iter().take(most) {
        let line = canvas.fit(line, WIDTH);
        canvas.text(0, class, &line);
        canvas.down(1.0);
    }
}
