//! One moment as a picture, for slides and a README: the statement, memory before the step and at
//! the moment, and what happened. Text stays text, in the reader's own light or dark; nothing is
//! loaded.
//!
//! Everything stands on a grid of character cells. Each run of text says how wide it is, so that
//! the grid holds in any fixed-width font.

use std::fmt::Write as _;
use std::io;

use unicode_width::UnicodeWidthStr;

use super::html::text as escaped;
use crate::report::common::options::Options;
use crate::report::common::{event_lines, hex_dump, step_details, summary, writer_label};
use crate::safe;
use crate::text::Wrap;
use crate::text::escape::ascii as to_ascii;
use crate::timeline::{
    Event, Image, Moment, NamedSpan, Outcome, Severity, Span, StepKind, StepRecord, Timeline,
    effect,
};

/// A character cell, and the edge around all, in pixels.
const CELL: f64 = 8.4;
const LINE: f64 = 21.0;
const EDGE: f64 = 24.0;

/// Columns: of the names, of the address, of the bytes, of their text, and of all.
const SIGN: usize = 14;
const ADDRESS: usize = 16;
const HEX: usize = 26;
const TEXT: usize = 77;
const WIDE: usize = 93;

const WIDTH: u64 = 16;

/// Lines of the sentence, and findings, that are shown.
const MOST_LINES: usize = 5;
const MOST_FINDINGS: usize = 3;

const STYLE: &str = "\
text{font:14px ui-monospace,'SF Mono','Cascadia Mono','DejaVu Sans \
                     Mono',Menlo,Consolas,monospace;fill:#1d1f24}.ground{fill:#fbfaf8;stroke:#\
                     dcd9d2}.rule{stroke:#dcd9d2}.strong{font-weight:700}.faint{fill:#757a82}.\
                     pointer{fill:#005f96;font-weight:700}.changed{fill:#9c4f00;font-weight:700;\
                     text-decoration:underline}.mark{fill:#ffe9cc}.now{fill:none;stroke:#9c4f00;\
                     stroke-width:1.5}.named{fill:#e8f2f9}.warning{fill:#9c4f00}.bad{fill:#b3261e;\
                     font-weight:700}@media \
                     (prefers-color-scheme:dark){text{fill:#e6e4df}.ground{fill:#16181c;stroke:#\
                     363a42}.rule{stroke:#363a42}.faint{fill:#989ca4}.pointer{fill:#6fc1ef}.\
                     changed{fill:#f2b03d}.mark{fill:#47350f}.now{stroke:#f2b03d}.named{fill:#\
                     1f2e3a}.warning{fill:#f2b03d}.bad{fill:#ff8f87}}";

/// Draws the moment of `until`; without it, the first step that went wrong, or else the last that
/// changed memory.
pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let moment = options.until.unwrap_or_else(|| telling(timeline));
    let mut sheet = SvgCanvas {
        ascii: options.ascii,
        ..SvgCanvas::default()
    };
    let record = timeline.step(moment.step);
    match record {
        Some(record) => Scene::new(timeline, record, moment).draw(&mut sheet),
        None => sheet.text(0, "faint", "no step has run"),
    }
    let title = match record {
        Some(record) => format!(
            "{}, step {}: {}",
            timeline.title,
            record.index,
            statement(record)
        ),
        None => timeline.title.clone(),
    };
    sheet.write(&safe::cut(&title, 200), out)
}

fn telling(timeline: &Timeline) -> Moment {
    let steps = timeline.steps();
    let wrong = steps
        .iter()
        .find(|step| step.outcome != Outcome::Ok && !step.is_claimed());
    let changed = || steps.iter().rfind(|step| !step.changes.is_empty());
    Moment::end_of(
        wrong
            .or_else(changed)
            .or(steps.last())
            .map_or(0, |step| step.index),
    )
}

fn statement(record: &StepRecord) -> String {
    match record.kind {
        StepKind::Instantiate => "instantiate".to_string(),
        _ => safe::cut(&record.text, 200),
    }
}

/// What the picture shows, worked out.
struct Scene<'a> {
    timeline: &'a Timeline,
    record: &'a StepRecord,
    /// Events that have happened; `None` where the step is over.
    event: Option<usize>,
    before: Image,
    after: Image,
    /// What the last event wrote, inside a step.
    written: Option<Span>,
    names: Vec<(u64, String)>,
    spans: Vec<NamedSpan>,
    digits: usize,
}

impl<'a> Scene<'a> {
    fn new(timeline: &'a Timeline, record: &'a StepRecord, moment: Moment) -> Self {
        let event = Some(moment.event).filter(|event| *event < record.events.len());
        let last = event
            .and_then(|event| event.checked_sub(1))
            .and_then(|last| record.events.get(last));
        let written = last.and_then(|event| match event {
            Event::Write(write) => Some(Span {
                start: write.start,
                len: write.after.len() as u64,
            }),
            Event::Growth(_) => None,
        });
        let spans: Vec<NamedSpan> = timeline
            .spans_at(record.index)
            .into_iter()
            .filter(|named| !named.released && named.span.len > 0)
            .collect();
        let mut names: Vec<(u64, String)> = record
            .pointers
            .iter()
            .map(|p| (p.address, p.name.clone()))
            .collect();
        for named in &spans {
            if !names.iter().any(|(_, name)| *name == named.name) {
                names.push((named.span.start, named.name.clone()));
            }
        }
        Scene {
            timeline,
            record,
            event,
            before: timeline.memory_before(record.index),
            after: timeline.memory_at(moment),
            written,
            names,
            spans,
            digits: if record.memory.len() > 1 << 32 { 16 } else { 8 },
        }
    }

    fn draw(&self, sheet: &mut SvgCanvas) {
        self.draw_title(sheet);
        let rows = hex_dump::rows_of_moment(self.record, self.written, self.after.len());
        if !rows.is_empty() {
            let step = self.record.index;
            self.draw_memory(
                sheet,
                &format!("memory before step {step}"),
                &rows,
                &self.before,
                false,
            );
            let title = match self.event {
                Some(event) => format!(
                    "memory after {event} of {} events of step {step}",
                    self.record.events.len()
                ),
                None => format!("memory after step {step}"),
            };
            self.draw_memory(sheet, &title, &rows, &self.after, true);
        }
        self.draw_words(sheet);
    }

    fn draw_title(&self, sheet: &mut SvgCanvas) {
        let last = self
            .timeline
            .planned
            .len()
            .max(self.timeline.steps().len())
            .saturating_sub(1);
        let place = format!("step {} of {last}", self.record.index);
        sheet.text(
            0,
            "faint",
            &sheet.cut(&safe::plain(&self.timeline.title), WIDE - place.width() - 2),
        );
        sheet.text(WIDE - place.width(), "faint", &place);
        sheet.down(1.4);
        let back = step_details::came_back(self.record)
            .filter(|_| self.event.is_none() && self.record.outcome == Outcome::Ok);
        let back = back.map(|back| format!("  → {back}")).unwrap_or_default();
        sheet.text(
            0,
            "strong",
            &sheet.cut(&format!("{}{back}", statement(self.record)), WIDE),
        );
        sheet.down(1.0);
        if self.record.outcome != Outcome::Ok && self.event.is_none() {
            let claimed = if self.record.is_claimed() {
                ", as expected"
            } else {
                ""
            };
            sheet.text(
                0,
                "bad",
                &format!("✗ {}{claimed}", self.record.outcome.word()),
            );
            sheet.down(1.0);
        }
    }

    fn draw_memory(
        &self,
        sheet: &mut SvgCanvas,
        title: &str,
        rows: &[u64],
        image: &Image,
        is_after: bool,
    ) {
        sheet.down(0.5);
        sheet.rule();
        sheet.down(0.9);
        sheet.text(0, "faint", title);
        sheet.down(1.1);
        let mut expected = None;
        for address in rows.iter().copied().filter(|row| *row < image.len()) {
            if expected.is_some_and(|next| next != address) {
                sheet.text(HEX, "faint", "⋮");
                sheet.down(0.9);
            }
            self.draw_row(sheet, address, image, is_after);
            sheet.down(1.0);
            expected = address.checked_add(WIDTH);
        }
    }

    fn draw_row(&self, sheet: &mut SvgCanvas, address: u64, image: &Image, is_after: bool) {
        let row = Span {
            start: address,
            len: WIDTH,
        };
        let names: Vec<String> = self
            .names
            .iter()
            .filter(|(at, _)| row.contains(*at))
            .map(|(_, name)| safe::plain(name))
            .collect();
        if !names.is_empty() {
            let names = sheet.cut(&names.join(", "), SIGN - 3);
            sheet.text(SIGN - 3 - names.width(), "pointer", &format!("{names} ▸"));
        }
        let cells: Vec<(u64, u8, Look)> = (address..address.saturating_add(WIDTH))
            .filter_map(|at| {
                image
                    .byte(at)
                    .map(|byte| (at - address, byte, self.look(at, is_after)))
            })
            .collect();
        if is_after && cells.iter().any(|(_, _, look)| look.is_changed) {
            sheet.text(SIGN, "changed", "+");
        }
        sheet.text(
            ADDRESS,
            "faint",
            &format!("{address:0digits$x}", digits = self.digits.min(9)),
        );
        for (columns, width, column_of) in [
            (HEX, 2, hex_column as fn(u64) -> usize),
            (TEXT, 1, |i| i as usize),
        ] {
            self.draw_ground(sheet, &cells, |i| columns + column_of(i), width);
        }
        for (index, byte, look) in &cells {
            let class = match (look.is_changed, byte) {
                (true, _) => "changed",
                (false, 0) => "faint",
                (false, _) => "",
            };
            sheet.text(HEX + hex_column(*index), class, &format!("{byte:02x}"));
        }
        // The text in runs of one look.
        let mut runs: Vec<(usize, &str, String)> = Vec::new();
        for (index, byte, look) in &cells {
            let class = match (look.is_changed, byte) {
                (true, _) => "changed",
                (false, 0) => "faint",
                (false, _) => "",
            };
            match runs.last_mut() {
                Some((_, last, run)) if *last == class => run.push(hex_dump::glyph(*byte)),
                _ => runs.push((
                    TEXT + *index as usize,
                    class,
                    hex_dump::glyph(*byte).to_string(),
                )),
            }
        }
        runs.iter()
            .for_each(|(column, class, run)| sheet.text(*column, class, run));
    }

    /// What lies behind the bytes of a row: named spans, changes, the last store.
    fn draw_ground(
        &self,
        sheet: &mut SvgCanvas,
        cells: &[(u64, u8, Look)],
        column: impl Fn(u64) -> usize,
        width: usize,
    ) {
        // Each span has a box of its own, so that neighbours are told apart.
        let named = (0..self.spans.len()).map(|span| ("named", Has::Span(span)));
        for (class, has) in named.chain([("mark", Has::Changed), ("now", Has::Now)]) {
            let mut run: Option<(u64, u64)> = None;
            for index in 0..=WIDTH {
                let is_in = cells
                    .iter()
                    .any(|(at, _, look)| *at == index && look.has(has));
                match run {
                    Some((first, _)) if is_in => run = Some((first, index)),
                    None if is_in => run = Some((index, index)),
                    Some((first, last)) => {
                        sheet.ground(column(first), column(last) + width, class);
                        run = None;
                    }
                    None => {}
                }
            }
        }
    }

    fn look(&self, address: u64, is_after: bool) -> Look {
        let differs =
            self.before.byte(address).unwrap_or(0) != self.after.byte(address).unwrap_or(0);
        let is_now = is_after && self.written.is_some_and(|span| span.contains(address));
        Look {
            is_changed: is_after && (differs || is_now),
            is_now,
            spans: (0..self.spans.len())
                .filter(|i| self.spans.get(*i).is_some_and(|s| s.span.contains(address)))
                .collect(),
        }
    }

    fn draw_words(&self, sheet: &mut SvgCanvas) {
        sheet.down(0.5);
        sheet.rule();
        sheet.down(0.9);
        let mut words = String::new();
        if let Some(event) = self.event {
            let noun = if event == 0 {
                "Nothing of the step has happened yet.".into()
            } else {
                self.last_event(event)
            };
            words.push_str(&noun);
        } else {
            words.push_str(&effect(self.timeline, self.record.index));
        }
        let lines = Wrap::to(WIDE)
            .keeping_words()
            .paragraph(&sheet.written(&words));
        for line in lines.iter().take(MOST_LINES) {
            sheet.text(0, "", &sheet.cut(line, WIDE));
            sheet.down(1.0);
        }
        for finding in self
            .record
            .findings
            .iter()
            .take(MOST_FINDINGS)
            .filter(|_| self.event.is_none())
        {
            let severity = if finding.claimed {
                "as expected"
            } else {
                finding.severity().as_str()
            };
            let class = if finding.severity() == Severity::Error {
                "bad"
            } else {
                "warning"
            };
            let message = summary::joined(&finding.message);
            let told = safe::cut(&format!("{severity}: {}: {message}", finding.kind), 300);
            for line in Wrap::to(WIDE)
                .keeping_words()
                .paragraph(&sheet.written(&told))
                .iter()
                .take(3)
            {
                sheet.text(0, class, &sheet.cut(line, WIDE));
                sheet.down(1.0);
            }
        }
    }

    fn last_event(&self, event: usize) -> String {
        let line = event_lines::line(self.record, event, 0).unwrap_or_default();
        let Some(Event::Write(write)) = event
            .checked_sub(1)
            .and_then(|last| self.record.events.get(last))
        else {
            return line;
        };
        let show = |bytes: &[u8]| {
            let bytes: Vec<String> = bytes
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            bytes.join(" ")
        };
        let more = if write.after.len() > 8 {
            format!(", {} bytes in all", write.after.len())
        } else {
            String::new()
        };
        let mut by = String::new();
        writer_label::push(&mut by, &write.writer);
        format!(
            "The last is by {by}: {} at {:#x}, where {} was{more}.",
            show(&write.after),
            write.start,
            show(&write.before)
        )
    }
}

/// How a byte looks.
struct Look {
    is_changed: bool,
    is_now: bool,
    /// Which of the named spans hold it.
    spans: Vec<usize>,
}

/// What a ground lies behind bytes for.
#[derive(Clone, Copy)]
enum Has {
    Span(usize),
    Changed,
    Now,
}

impl Look {
    fn has(&self, what: Has) -> bool {
        match what {
            Has::Span(span) => self.spans.contains(&span),
            Has::Changed => self.is_changed,
            Has::Now => self.is_now,
        }
    }
}

fn hex_column(index: u64) -> usize {
    3 * index as usize + usize::from(index >= WIDTH / 2)
}

/// Marks in the order in which they are drawn, and how far down the next line stands.
#[derive(Default)]
struct SvgCanvas {
    marks: String,
    ascii: bool,
    /// In lines.
    at: f64,
}

impl SvgCanvas {
    /// A text in the characters that the sheet may use.
    fn written(&self, text: &str) -> String {
        if self.ascii {
            to_ascii(text)
        } else {
            text.to_string()
        }
    }

    /// The same, in at most so many columns.
    fn cut(&self, text: &str, columns: usize) -> String {
        let text = self.written(text);
        if text.width() <= columns {
            return text;
        }
        let mut out = String::new();
        for c in text.chars() {
            out.push(c);
            if out.width() >= columns {
                out.pop();
                break;
            }
        }
        out + if self.ascii { "~" } else { "…" }
    }

    fn down(&mut self, lines: f64) {
        self.at += lines;
    }

    fn base(&self) -> f64 {
        EDGE + LINE * (self.at + 0.75)
    }

    fn text(&mut self, column: usize, class: &str, text: &str) {
        let text = &self.written(text);
        let lead = text.len() - text.trim_start().len();
        let (x, text) = (EDGE + CELL * (column + lead) as f64, text.trim());
        if text.is_empty() {
            return;
        }
        let class = if class.is_empty() {
            String::new()
        } else {
            format!(" class=\"{class}\"")
        };
        let (y, long) = (self.base(), CELL * text.width() as f64);
        // Two of Rust's characters are none of XML's.
        let text = escaped(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
        // Writing to a text cannot fail.
        let _ = writeln!(
            self.marks,
            "<text{class} x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{long:.1}\">{text}</text>"
        );
    }

    /// A box behind the columns from one up to before another.
    fn ground(&mut self, from: usize, to: usize, class: &str) {
        let (x, width) = (
            EDGE + CELL * from as f64 - 3.0,
            CELL * (to - from) as f64 + 6.0,
        );
        let (y, height) = (self.base() - LINE * 0.72, LINE - 1.0);
        let _ = writeln!(
            self.marks,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" rx=\"3\"/>"
        );
    }

    fn rule(&mut self) {
        let (y, to) = (EDGE + LINE * self.at, EDGE + CELL * WIDE as f64);
        let _ = writeln!(
            self.marks,
            "<path class=\"rule\" d=\"M{EDGE} {y:.1}H{to:.1}\"/>"
        );
    }

    fn write(&self, title: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let (width, height) = (2.0 * EDGE + CELL * WIDE as f64, 2.0 * EDGE + LINE * self.at);
        let title = escaped(&self.written(title)).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" \
             height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             xml:space=\"preserve\">"
        )?;
        writeln!(out, "<title>{title}</title>\n<style>{STYLE}</style>")?;
        let (wide, high) = (width - 1.0, height - 1.0);
        writeln!(
            out,
            "<rect class=\"ground\" x=\".5\" y=\".5\" width=\"{wide:.0}\" height=\"{high:.0}\" \
             rx=\"10\"/>"
        )?;
        out.write_all(self.marks.as_bytes())?;
        writeln!(out, "</svg>")
    }
}
