//! The lines of the memory panes: memory before and after the step or the event that is shown, cut
//! into level rows from `app.top`.
//!
//! Costs what is shown: runs of equal rows are passed over 4 KiB at a time, and no further than
//! [`FURTHEST`] bytes in one screen, so that a screenful of a large empty memory does not walk it.

use crate::timeline::{Event, Image, Part, PartKind, Pointer, Severity, Span, StepRecord};

use super::row_format::RowFormat;
use super::{event_text, layout};
use crate::app::App;

/// How far below the top row the last one shown may lie, in bytes.
pub const FURTHEST: u64 = 2 << 20;

/// Rows are passed over this many bytes at a time.
const STRIDE: u64 = 4096;

/// A line, the same in both panes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DumpLine {
    /// A byte past the end of memory is `None`.
    Row {
        address: u64,
        before: Vec<Option<u8>>,
        after: Vec<Option<u8>>,
    },
    /// `rows` rows, at least two, from `address` that equal the row above in both panes.
    Squeezed { address: u64, rows: u64 },
    /// Memory ended here before the step shown: the rows below are new.
    OldEnd { address: u64 },
    /// Memory ends here, in both panes.
    End { address: u64 },
}

/// Everything the memory panes show.
#[derive(Debug, Clone)]
pub struct Dump {
    /// Bytes in a row.
    pub width: u64,
    pub lines: Vec<DumpLine>,
    pub before: Image,
    pub after: Image,
    /// What the weaker marks are measured from: memory at the end of step 0 for what changed since
    /// the start, memory before the step for what its earlier events changed.
    pub since: Option<Image>,
    /// What the event shown has just written.
    pub written: Option<Span>,
    /// As they stood before the step.
    pub pointers_before: Vec<Pointer>,
    /// As they stand at the moment shown.
    pub pointers_after: Vec<Pointer>,
    /// What lies where, at the moment shown.
    pub parts: Vec<Part>,
    /// Where memory ended before the step shown, where it grew in it and has grown by now.
    pub old_end: Option<u64>,
    /// The bytes that the step's findings are about.
    pub found: Vec<(Span, Severity)>,
}

/// The bytes that a step's findings are about; where memory grew is a place, and nothing wrong with
/// its bytes.
fn found(step: &StepRecord) -> Vec<(Span, Severity)> {
    let spans = step
        .findings
        .iter()
        .filter_map(|finding| Some((*finding.spans.first()?, finding.severity())));
    spans.collect()
}

impl Dump {
    /// What the memory panes show of this state.
    pub fn of(app: &App) -> Self {
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
        let mut dump = Dump {
            width: layout::row_width(app.size),
            lines: Vec::new(),
            before: app.memory_before(),
            after: app.memory(),
            since: match (app.cumulative, app.position()) {
                (true, _) => Some(timeline.memory_after(0)),
                (false, Some(_)) => Some(timeline.memory_before(moment.step)),
                (false, None) => None,
            },
            written: app
                .event()
                .filter(|e| matches!(e, Event::Write(_)))
                .map(|e| event_text::span(&e)),
            pointers_before: pointers(previous),
            pointers_after: pointers(if is_over { step } else { previous }),
            parts: Vec::new(),
            old_end: timeline.old_end(moment.step).filter(|end| *end > 0),
            found: step.map(found).unwrap_or_default(),
        };
        dump.parts = timeline.parts_at(moment, dump.after.len());
        dump.old_end = dump.old_end.filter(|end| *end < dump.after.len());
        let mut wanted = vec![app.cursor];
        wanted.extend(step.and_then(|s| s.focus).map(|span| span.start));
        wanted.extend(dump.found.iter().map(|(span, _)| span.start));
        wanted.extend(app.search.as_ref().and_then(|s| s.found));
        let moved = dump.pointers_after.iter().filter_map(|p| p.moved_from);
        let standing = dump
            .pointers_before
            .iter()
            .chain(&dump.pointers_after)
            .map(|p| p.address);
        wanted.extend(standing.chain(moved));
        let edges = dump
            .parts
            .iter()
            .filter(|part| part.kind != PartKind::Segment && part.span.len > 0);
        wanted.extend(edges.flat_map(|part| [part.span.start, part.span.end() - 1]));
        wanted.extend(dump.old_end);
        let cut = Cut {
            images: [&dump.before, &dump.after],
            width: dump.width,
            old_end: dump.old_end,
        };
        dump.lines = cut.lines(app.top, usize::from(layout::memory_rows(app)), wanted);
        dump
    }

    /// The larger of the two memories, in bytes.
    pub fn len(&self) -> u64 {
        self.before.len().max(self.after.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The worst that is found about a byte.
    pub fn found_at(&self, address: u64) -> Option<Severity> {
        self.found
            .iter()
            .filter(|(span, _)| span.contains(address))
            .map(|(_, severity)| *severity)
            .max()
    }

    /// How a row lies in a pane of so many columns.
    pub fn format(&self, columns: u16) -> RowFormat {
        RowFormat::of(columns, self.width, self.len())
    }

    /// The parts that hold a byte, the smallest things first: what the script named last, then what
    /// the module tells.
    pub fn parts_of(&self, address: u64) -> impl Iterator<Item = &Part> {
        self.parts
            .iter()
            .rev()
            .filter(move |part| part.span.contains(address))
    }
}

/// Two images cut into level rows.
struct Cut<'a> {
    images: [&'a Image; 2],
    width: u64,
    old_end: Option<u64>,
}

type Bytes = Vec<Option<u8>>;

impl Cut<'_> {
    fn lines(&self, top: u64, count: usize, wanted: Vec<u64>) -> Vec<DumpLine> {
        let end = self.images.iter().map(|i| i.len()).max().unwrap_or(0);
        let top = top.min(end.saturating_sub(1)) / self.width * self.width;
        let kept = self.kept(wanted, end);
        let mut lines = Vec::new();
        let mut address = top;
        let mut above: Option<[Bytes; 2]> = None;
        while lines.len() < count && address < end && address - top < FURTHEST {
            if self.old_end == Some(address) && address > 0 {
                lines.push(DumpLine::OldEnd { address });
            }
            let here = self.images.map(|image| self.row(image, address));
            if above.as_ref() == Some(&here) && !kept.contains(&address) {
                let limit = kept
                    .iter()
                    .copied()
                    .find(|k| *k > address)
                    .unwrap_or(end)
                    .min(top.saturating_add(FURTHEST));
                let rows = self.equal_rows(&here, address, limit);
                // A single row takes no more room than the line that would stand for it.
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

    /// The rows that are shown whatever they hold, in order: those asked for, and those where a
    /// memory ends, so that between two of them a row is either wholly inside a memory or wholly
    /// past it.
    fn kept(&self, wanted: Vec<u64>, end: u64) -> Vec<u64> {
        let mut kept: Vec<u64> = wanted
            .into_iter()
            .filter(|address| *address < end)
            .collect();
        kept.extend(
            self.images
                .iter()
                .map(|image| image.len())
                .filter(|len| *len > 0),
        );
        kept.push(end.saturating_sub(1));
        for address in &mut kept {
            *address -= *address % self.width;
        }
        kept.sort_unstable();
        kept.dedup();
        kept
    }

    fn row(&self, image: &Image, address: u64) -> Bytes {
        let held = image.len().saturating_sub(address).min(self.width);
        let mut bytes: Bytes = image.read(address, held).into_iter().map(Some).collect();
        bytes.resize(usize::try_from(self.width).unwrap_or(0), None);
        bytes
    }

    /// How many rows from `address` to `limit` equal `row`; at least the one at `address`, which
    /// does.
    fn equal_rows(&self, row: &[Bytes; 2], address: u64, limit: u64) -> u64 {
        // A stride of nothing but this row, so that a stretch is mostly compared at one go.
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

    fn shown(lines: &[DumpLine]) -> Vec<String> {
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
    fn equal_rows_are_passed_over_but_not_the_wanted_ones() {
        let before = Image::zeroed(PAGE);
        let mut after = before.clone();
        after.write(0x8000, b"x");
        let cut = Cut {
            images: [&before, &after],
            width: 16,
            old_end: None,
        };
        let lines = cut.lines(0x400, 20, vec![0x419]);
        assert_eq!(
            shown(&lines),
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
    fn the_end_of_each_memory_is_kept() {
        let (before, after) = (Image::zeroed(PAGE), Image::zeroed(2 * PAGE));
        let cut = Cut {
            images: [&before, &after],
            width: 16,
            old_end: None,
        };
        assert_eq!(
            shown(&cut.lines(0, 9, vec![])),
            ["0", "*4095", "10000", "*4094", "1fff0", "end 20000"]
        );
        let cut = Cut {
            old_end: Some(PAGE),
            ..cut
        };
        assert_eq!(
            shown(&cut.lines(0, 4, vec![])),
            ["0", "*4095", "was 10000", "10000"]
        );
        assert_eq!(shown(&cut.lines(PAGE, 2, vec![])), ["was 10000", "10000"]);
        let cut = Cut {
            images: [&Image::default(), &Image::zeroed(20)],
            width: 8,
            old_end: None,
        };
        assert_eq!(shown(&cut.lines(0, 9, vec![])), ["0", "8", "10", "end 14"]);
    }

    #[test]
    fn a_large_empty_memory_is_not_walked() {
        let image = Image::zeroed(1 << 40);
        let cut = Cut {
            images: [&image, &image],
            width: 8,
            old_end: None,
        };
        assert_eq!(
            shown(&cut.lines(0, 50, vec![])),
            ["0".to_string(), format!("*{}", FURTHEST / 8 - 1)]
        );
        assert!(
            Cut {
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
        fn cuts_as_the_timeline_does(
            writes in prop::collection::vec((0u64..PAGE, prop::collection::vec(0u8..3, 1..600)), 0..6),
            width in prop::sample::select(vec![8u64, 16, 32]),
            top in 0u64..PAGE,
        ) {
            let before = Image::zeroed(PAGE);
            let mut after = before.clone();
            for (at, bytes) in &writes {
                after.write(*at, bytes);
            }
            let cut = Cut { images: [&before, &after], width, old_end: None };
            let mine: Vec<(u64, u64)> = cut.lines(top, usize::MAX, vec![]).iter().filter_map(|line| match line {
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
