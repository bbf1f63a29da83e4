//! The lines of the memory panes: memory before and after the step or the event that is shown, in
//! the same rows from `app.top`.
//!
//! The cost is that of what is shown. Equal rows are skipped 4 KiB at a time, and at most
//! `MAX_SPAN` bytes in one screen, so that a screen of a large empty memory does not read it all.

use std::collections::HashMap;

use crate::timeline::{Event, Image, Part, PartKind, Pointer, Row, Severity, Span, StepRecord};

use super::field_marks::{self, FieldMark};
use super::previous_run::PreviousMemory;
use super::row_format::RowFormat;
use super::{event_text, layout};
use crate::app::App;

/// The most bytes from the top row to the last one shown.
pub(crate) const MAX_SPAN: u64 = 2 << 20;

/// The most spans that differ from the run before, and rows of one, that are never squeezed.
const MAX_DIFFERING: usize = 256;

/// How many bytes of equal rows are compared at a time.
const STRIDE: u64 = 4096;

/// A line, at the same place in both panes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DumpLine {
    /// A byte past the end of memory is `None`.
    Row {
        address: u64,
        before: Vec<Option<u8>>,
        after: Vec<Option<u8>>,
    },
    /// At least two rows from `address` that equal the row above in both panes.
    Squeezed { address: u64, rows: u64 },
    /// The end of memory before the step shown: the rows below are new.
    OldEnd { address: u64 },
    /// The end of memory in both panes.
    End { address: u64 },
}

/// Everything the memory panes show.
#[derive(Debug, Clone)]
pub(crate) struct HexDump {
    /// Bytes in a row.
    pub width: u64,
    pub lines: Vec<DumpLine>,
    pub before: Image,
    pub after: Image,
    /// The memory that weaker marks compare with: that after step 0 for changes since the start, that
    /// before the step for its earlier events.
    pub since: Option<Image>,
    /// Memory of the run before at the moment shown.
    pub previous: Option<PreviousMemory>,
    /// The bytes that the event shown has just written.
    pub written: Option<Span>,
    /// Before the step.
    pub pointers_before: Vec<Pointer>,
    /// At the moment shown.
    pub pointers_after: Vec<Pointer>,
    /// The parts of memory at the moment shown.
    pub parts: Vec<Part>,
    /// The end of memory before the step shown, where it has grown in it by now.
    pub old_end: Option<u64>,
    /// The bytes that the findings of the step are about.
    pub findings: Vec<(Span, Severity)>,
    /// Where fields of typed parts begin in the rows, and which bytes are padding.
    pub field_marks: HashMap<u64, FieldMark>,
}

/// Returns the bytes that the findings of a step are about.
fn findings(step: &StepRecord) -> Vec<(Span, Severity)> {
    let spans = step
        .findings
        .iter()
        .filter_map(|finding| Some((*finding.spans.first()?, finding.severity())));
    spans.collect()
}

impl HexDump {
    /// Computes what memory panes of `rows` lines show.
    pub fn compute(app: &App, rows: u16) -> Self {
        let moment = app.moment;
        let timeline = &app.timeline;
        let step = timeline.step(moment.step);
        let previous = moment
            .step
            .checked_sub(1)
            .and_then(|index| timeline.step(index));
        let is_over = step.is_some_and(|s| moment.event >= s.events.len());
        let pointers =
            |record: Option<&StepRecord>| record.map(|s| s.pointers.clone()).unwrap_or_default();
        let mut dump = HexDump {
            width: layout::row_width(app.size),
            lines: Vec::new(),
            before: app.memory_before(),
            after: app.memory(),
            since: match (app.cumulative, app.position()) {
                (true, _) => Some(timeline.memory_after(0)),
                (false, Some(_)) => Some(timeline.memory_at(app.begin_of_part())),
                (false, None) => None,
            },
            previous: app.memory_of_previous_run(),
            written: app
                .event()
                .filter(|e| matches!(e, Event::Write(_)))
                .map(|e| event_text::span(&e)),
            pointers_before: pointers(previous),
            pointers_after: pointers(if is_over { step } else { previous }),
            parts: Vec::new(),
            old_end: timeline.old_end(moment.step).filter(|end| *end > 0),
            findings: step.map(findings).unwrap_or_default(),
            field_marks: HashMap::new(),
        };
        dump.parts = timeline.parts_at(moment, dump.after.len());
        dump.old_end = dump.old_end.filter(|end| *end < dump.after.len());
        let mut pinned = vec![app.cursor];
        pinned.extend(step.and_then(|s| s.focus).map(|span| span.start));
        pinned.extend(dump.findings.iter().map(|(span, _)| span.start));
        pinned.extend(app.search.as_ref().and_then(|s| s.found));
        let moved = dump.pointers_after.iter().filter_map(|p| p.moved_from);
        let current = dump
            .pointers_before
            .iter()
            .chain(&dump.pointers_after)
            .map(|p| p.address);
        pinned.extend(current.chain(moved));
        let edges = dump
            .parts
            .iter()
            .filter(|part| part.kind != PartKind::Segment && part.span.len > 0);
        pinned.extend(edges.flat_map(|part| [part.span.start, part.span.end() - 1]));
        pinned.extend(dump.old_end);
        pinned.extend(dump.differing_rows(app.top));
        let rows_of = Rows {
            images: [&dump.before, &dump.after],
            width: dump.width,
            old_end: dump.old_end,
        };
        dump.lines = rows_of.lines(app.top, usize::from(rows), pinned);
        let rows = dump.lines.iter().filter_map(|line| match line {
            DumpLine::Row { address, .. } => Some(Span {
                start: *address,
                len: dump.width,
            }),
            _ => None,
        });
        dump.field_marks = field_marks::marks(&app.typed_parts(), &dump.after, rows);
        dump
    }

    /// Returns addresses in the first rows from `top` that differ from the run before.
    fn differing_rows(&self, top: u64) -> Vec<u64> {
        let spans = self.previous.iter().flat_map(|run| run.differing.iter());
        let ahead = spans.filter(|span| span.end() > top);
        let rows = ahead.take(MAX_DIFFERING).flat_map(|span| {
            let start = span.start.max(top);
            let rows = (start..span.end()).step_by(self.width.max(1) as usize);
            rows.take(MAX_DIFFERING).chain([span.end() - 1])
        });
        rows.collect()
    }

    /// Returns whether a byte of memory at the moment shown differs from the run before. A byte past
    /// the end of a memory counts as 0.
    pub fn differs_from_previous_run(&self, address: u64) -> bool {
        let byte = |image: &Image| image.byte(address).unwrap_or(0);
        self.previous
            .as_ref()
            .is_some_and(|run| byte(&run.image) != byte(&self.after))
    }

    /// Returns the size of the larger memory, in bytes.
    pub fn len(&self) -> u64 {
        self.before.len().max(self.after.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the worst finding about a byte.
    pub fn finding_at(&self, address: u64) -> Option<Severity> {
        self.findings
            .iter()
            .filter(|(span, _)| span.contains(address))
            .map(|(_, severity)| *severity)
            .max()
    }

    /// Returns the format of rows in a pane of `columns` columns.
    pub fn format(&self, columns: u16) -> RowFormat {
        RowFormat::of(columns, self.width, self.len())
    }

    /// Returns the parts that contain a byte: those that the script named, the last one first, then
    /// those of the module.
    pub fn parts_of(&self, address: u64) -> impl Iterator<Item = &Part> {
        self.parts
            .iter()
            .rev()
            .filter(move |part| part.span.contains(address))
    }
}

/// Two images in the same rows.
struct Rows<'a> {
    images: [&'a Image; 2],
    width: u64,
    old_end: Option<u64>,
}

type Bytes = Vec<Option<u8>>;

impl Rows<'_> {
    /// Returns `count` lines from `top`. Rows with a `pinned` address are never squeezed.
    fn lines(&self, top: u64, count: usize, pinned: Vec<u64>) -> Vec<DumpLine> {
        let end = self.images.iter().map(|i| i.len()).max().unwrap_or(0);
        let top = top.min(end.saturating_sub(1)) / self.width * self.width;
        let pinned = self.pinned_rows(pinned, end);
        let mut lines = Vec::new();
        let mut address = top;
        let mut above: Option<[Bytes; 2]> = None;
        while lines.len() < count && address < end && address - top < MAX_SPAN {
            if self.old_end == Some(address) && address > 0 {
                lines.push(DumpLine::OldEnd { address });
            }
            let here = self.images.map(|image| self.row(image, address));
            if above.as_ref() == Some(&here) && !pinned.contains(&address) {
                let limit = pinned
                    .iter()
                    .copied()
                    .find(|k| *k > address)
                    .unwrap_or(end)
                    .min(top.saturating_add(MAX_SPAN));
                let rows = self.equal_rows(&here, address, limit);
                // A single row needs no more space than the line that would replace it.
                if rows > 1 {
                    lines.push(DumpLine::Squeezed { address, rows });
                    address = address.saturating_add(rows.saturating_mul(self.width));
                    continue;
                }
            }
            let [before, after] = here.clone();
            lines.push(DumpLine::Row {
                address,
                before,
                after,
            });
            above = Some(here);
            address = address.saturating_add(self.width);
        }
        if lines.len() < count && end > 0 && address >= end {
            lines.push(DumpLine::End { address: end });
        }
        lines.truncate(count);
        lines
    }

    /// Returns the rows that are never squeezed, in order: those of `pinned`, and those where a memory
    /// ends, so that every row between two of them is inside a memory or past it.
    fn pinned_rows(&self, pinned: Vec<u64>, end: u64) -> Vec<u64> {
        let mut rows: Vec<u64> = pinned
            .into_iter()
            .filter(|address| *address < end)
            .collect();
        rows.extend(
            self.images
                .iter()
                .map(|image| image.len())
                .filter(|len| *len > 0),
        );
        rows.push(end.saturating_sub(1));
        for address in &mut rows {
            *address -= *address % self.width;
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    fn row(&self, image: &Image, address: u64) -> Bytes {
        Row::read(image, address, self.width).bytes
    }

    /// Returns how many rows from `address` to `limit` equal `row`. The one at `address` does.
    fn equal_rows(&self, row: &[Bytes; 2], address: u64, limit: u64) -> u64 {
        // A stride of repetitions of this row, so that most of a span is compared at once.
        let strides = row.each_ref().map(|bytes| {
            let pattern = bytes.iter().map(|b| b.unwrap_or(0)).cycle();
            pattern.take(STRIDE as usize).collect::<Vec<u8>>()
        });
        let mut at = address;
        while at < limit {
            let len = STRIDE.min(limit - at);
            let equal = self.images.iter().zip(&strides).map(|(image, stride)| {
                let bytes = image.read(at, len);
                if stride.starts_with(&bytes) {
                    return len.div_ceil(self.width);
                }
                let width = stride.len().min(self.width.max(1) as usize);
                bytes
                    .chunks(width)
                    .take_while(|chunk| stride.starts_with(chunk))
                    .count() as u64
            });
            let rows = equal.min().unwrap_or(0);
            at = at.saturating_add(rows.saturating_mul(self.width));
            if rows < len.div_ceil(self.width) {
                break;
            }
        }
        ((at.min(limit) - address) / self.width).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Line, PAGE, rows};
    use proptest::prelude::*;

    fn in_short(lines: &[DumpLine]) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line {
                DumpLine::Row { address, .. } => format!("{address:x}"),
                DumpLine::Squeezed { rows, .. } => format!("*{rows}"),
                DumpLine::OldEnd { address } => format!("was {address:x}"),
                DumpLine::End { address } => format!("end {address:x}"),
            })
            .collect()
    }

    #[test]
    fn equal_rows_are_squeezed_but_not_pinned_ones() {
        let before = Image::zeroed(PAGE);
        let mut after = before.clone();
        after.write(0x8000, b"x");
        let rows_of = Rows {
            images: [&before, &after],
            width: 16,
            old_end: None,
        };
        let lines = rows_of.lines(0x400, 20, vec![0x419]);
        assert_eq!(
            in_short(&lines),
            [
                "400",
                "410",
                "*1982",
                "8000",
                "8010",
                "*2045",
                "fff0",
                "end 10000"
            ]
        );
    }

    #[test]
    fn the_end_of_each_memory_is_shown() {
        let (before, after) = (Image::zeroed(PAGE), Image::zeroed(2 * PAGE));
        let rows_of = Rows {
            images: [&before, &after],
            width: 16,
            old_end: None,
        };
        assert_eq!(
            in_short(&rows_of.lines(0, 9, vec![])),
            ["0", "*4095", "10000", "*4094", "1fff0", "end 20000"]
        );
        let rows_of = Rows {
            old_end: Some(PAGE),
            ..rows_of
        };
        assert_eq!(
            in_short(&rows_of.lines(0, 4, vec![])),
            ["0", "*4095", "was 10000", "10000"]
        );
        assert_eq!(
            in_short(&rows_of.lines(PAGE, 2, vec![])),
            ["was 10000", "10000"]
        );
        let rows_of = Rows {
            images: [&Image::default(), &Image::zeroed(20)],
            width: 8,
            old_end: None,
        };
        assert_eq!(
            in_short(&rows_of.lines(0, 9, vec![])),
            ["0", "8", "10", "end 14"]
        );
    }

    #[test]
    fn a_large_empty_memory_is_not_read_whole() {
        let image = Image::zeroed(1 << 40);
        let rows_of = Rows {
            images: [&image, &image],
            width: 8,
            old_end: None,
        };
        assert_eq!(
            in_short(&rows_of.lines(0, 50, vec![])),
            ["0".to_string(), format!("*{}", MAX_SPAN / 8 - 1)]
        );
        assert!(
            Rows {
                images: [&Image::default(), &Image::default()],
                width: 8,
                old_end: None
            }
            .lines(7, 5, vec![1])
            .is_empty()
        );
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_timeline(
            writes in prop::collection::vec((0u64..PAGE, prop::collection::vec(0u8..3, 1..600)), 0..6),
            width in prop::sample::select(vec![8u64, 16, 32]),
            top in 0u64..PAGE,
        ) {
            let before = Image::zeroed(PAGE);
            let mut after = before.clone();
            for (at, bytes) in &writes {
                after.write(*at, bytes);
            }
            let rows_of = Rows { images: [&before, &after], width, old_end: None };
            let mine: Vec<(u64, u64)> = rows_of.lines(top, usize::MAX, vec![]).iter().filter_map(|line| match line {
                DumpLine::Row { address, .. } => Some((*address, 0)),
                DumpLine::Squeezed { address, rows } => Some((*address, *rows)),
                DumpLine::OldEnd { .. } | DumpLine::End { .. } => None,
            }).collect();
            let theirs: Vec<(u64, u64)> = rows(&after, &[&before], top, PAGE, width, |_| false).iter().map(|line| match line {
                Line::Row(row) => (row.address, 0),
                Line::Squeezed { address, rows: 1 } => (*address, 0),
                Line::Squeezed { address, rows } => (*address, *rows),
            }).collect();
            prop_assert_eq!(mine, theirs);
        }
    }
}
