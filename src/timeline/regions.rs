//! The named parts of memory: where the module says that its data, stack and heap lie, and what the
//! script named.

use serde::Serialize;

use super::{Moment, NamedSpan, PAGE, Span, SpanKind, Timeline};

/// The most data segments among the parts at a moment: the largest. All are in
/// [`super::GuestFacts::layout`].
const MOST_SEGMENTS: usize = 256;

/// What a part of memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    Heap,
    Stack,
    /// The guest's static data, zeroed variables among it.
    Data,
    /// A data segment.
    #[serde(rename = "data")]
    Segment,
    Region,
    Block,
}

impl PartKind {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            PartKind::Heap => "heap",
            PartKind::Stack => "stack",
            PartKind::Data | PartKind::Segment => "data",
            PartKind::Region => "region",
            PartKind::Block => "block",
        }
    }

    /// Whether the script named it; else the module tells of it.
    pub fn is_scripts(self) -> bool {
        matches!(self, PartKind::Region | PartKind::Block)
    }
}

/// What the module, before anything runs, says of a part of its memory: never guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayoutFacts {
    pub kind: PartKind,
    /// Safe to print: `stack`, `heap`, `data`, or a segment's own name, `.rodata`; `data[3]` where
    /// it has none.
    pub name: String,
    /// The number of the data segment, where it is one.
    pub segment: Option<u32>,
    /// The first byte; `None` where that is not told.
    pub start: Option<u64>,
    /// One past the last byte; `None` for a heap, which ends where memory does.
    pub end: Option<u64>,
    /// `exported global __heap_base`
    pub known_by: String,
}

/// A part of memory as it lies at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub kind: PartKind,
    pub name: String,
    /// The number of the data segment, where it is one.
    pub segment: Option<u32>,
    /// Empty, at its end, for a stack of which only the end is known.
    pub span: Span,
    /// A block that was given back.
    pub released: bool,
}

impl Part {
    /// `region buffer`, `data segment .rodata`, `heap`.
    pub fn called(&self) -> String {
        let Part {
            kind,
            name,
            segment,
            ..
        } = self;
        match kind {
            PartKind::Heap => "heap".into(),
            PartKind::Stack => "stack".into(),
            PartKind::Data => "static data".into(),
            PartKind::Segment => match segment.filter(|number| *name == unnamed(*number)) {
                Some(number) => format!("data segment {number}"),
                None => format!("data segment {name}"),
            },
            PartKind::Region => format!("region {name}"),
            PartKind::Block if self.released => format!("released block {name}"),
            PartKind::Block => format!("block {name}"),
        }
    }

    fn of_module(facts: &LayoutFacts, memory_len: u64) -> Option<Self> {
        let end = facts.end.unwrap_or(memory_len).min(memory_len);
        let start = match (facts.start, facts.kind) {
            (Some(start), _) => start,
            (None, PartKind::Stack) => end,
            (None, _) => return None,
        };
        let span = Span {
            start,
            len: end.checked_sub(start)?,
        };
        let LayoutFacts { kind, segment, .. } = *facts;
        Some(Part {
            kind,
            name: facts.name.clone(),
            segment,
            span,
            released: false,
        })
    }
}

impl From<NamedSpan> for Part {
    fn from(named: NamedSpan) -> Self {
        let kind = match named.kind {
            SpanKind::Region => PartKind::Region,
            SpanKind::Block => PartKind::Block,
        };
        Part {
            kind,
            name: named.name,
            segment: None,
            span: named.span,
            released: named.released,
        }
    }
}

/// What a data segment without a name is called.
pub fn unnamed(segment: u32) -> String {
    format!("data[{segment}]")
}

/// A variable that the host used as an address before memory grew, and still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StalePointer {
    pub name: String,
    pub address: u64,
    /// The step that gave it its value.
    pub since: usize,
}

impl Timeline {
    /// The parts of a memory of so many bytes at a moment: what the module tells first, the largest
    /// things before what lies in them, then what the script named, in the order it did. Inside a
    /// step the script's are those before it.
    pub fn parts_at(&self, moment: Moment, memory_len: u64) -> Vec<Part> {
        let layout = &self.guest.layout;
        let (segments, areas): (Vec<_>, Vec<_>) = layout
            .iter()
            .partition(|facts| facts.kind == PartKind::Segment);
        let mut parts: Vec<Part> = areas
            .iter()
            .filter_map(|facts| Part::of_module(facts, memory_len))
            .collect();
        parts.sort_by_key(|part| part.kind);
        let mut segments: Vec<Part> = segments
            .iter()
            .filter_map(|facts| Part::of_module(facts, memory_len))
            .filter(|s| s.span.len > 0)
            .collect();
        if segments.len() > MOST_SEGMENTS {
            segments.sort_by_key(|part| std::cmp::Reverse(part.span.len));
            segments.truncate(MOST_SEGMENTS);
            segments.sort_by_key(|part| part.segment);
        }
        parts.extend(segments);
        let is_over = self
            .step(moment.step)
            .is_some_and(|step| moment.event >= step.events.len());
        let named = match (is_over, moment.step.checked_sub(1)) {
            (true, _) => self.spans_at(moment.step),
            (false, Some(previous)) => self.spans_at(previous),
            (false, None) => Vec::new(),
        };
        parts.extend(named.into_iter().map(Part::from));
        parts
    }

    /// Where memory ended before a step that made it larger, in bytes; `None` for instantiation,
    /// which makes it.
    pub fn old_end(&self, step: usize) -> Option<u64> {
        let record = self.step(step).filter(|record| record.index > 0)?;
        (record.pages_after > record.pages_before).then(|| record.pages_before.saturating_mul(PAGE))
    }

    /// The addresses that the host held before a step made memory larger, and that the step did not
    /// fetch again.
    pub fn held_through_growth(&self, step: usize) -> Vec<StalePointer> {
        if self.old_end(step).is_none() {
            return Vec::new();
        }
        let Some((record, before)) = self
            .step(step)
            .zip(step.checked_sub(1).and_then(|before| self.step(before)))
        else {
            return Vec::new();
        };
        let is_fetched = |name: &str| {
            record
                .pointers
                .iter()
                .any(|pointer| pointer.name == name && pointer.fetched)
        };
        let held = before
            .pointers
            .iter()
            .filter(|pointer| !is_fetched(&pointer.name));
        held.map(|pointer| StalePointer {
            name: pointer.name.clone(),
            address: pointer.address,
            since: self.fetched_in(&pointer.name, before.index),
        })
        .collect()
    }

    /// The last step up to `step` that gave a pointer its value; 0 where none did, as for an input.
    pub fn fetched_in(&self, name: &str, step: usize) -> usize {
        let until = self.steps().get(..=step).unwrap_or(self.steps());
        // By its binding: that it is a pointer may show only in a later step, where steps are typed
        // one by one.
        let binds =
            |record: &super::StepRecord| record.bindings.iter().any(|binding| binding.name == name);
        until.iter().rposition(binds).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Binding, Pointer, StepKind, StepRecord};
    use super::*;
    use crate::timeline::{Image, Naming};
    use crate::value::Value;

    fn facts(kind: PartKind, name: &str, start: Option<u64>, end: Option<u64>) -> LayoutFacts {
        LayoutFacts {
            kind,
            name: name.into(),
            segment: None,
            start,
            end,
            known_by: String::new(),
        }
    }

    fn timeline() -> Timeline {
        let mut timeline = Timeline::default();
        timeline.guest.layout = vec![
            facts(PartKind::Segment, ".rodata", Some(0x400), Some(0x500)),
            facts(PartKind::Data, "data", Some(0x400), Some(0x600)),
            facts(PartKind::Stack, "stack", None, Some(0x8000)),
            facts(PartKind::Heap, "heap", Some(0x8000), None),
        ];
        let mut memory = Image::zeroed(PAGE);
        for index in 0..4 {
            let mut step = StepRecord::begin(index, StepKind::Block, String::new(), memory.clone());
            let fetched = index == 1;
            if fetched {
                step.bindings = vec![Binding {
                    name: "p".into(),
                    value: Value::Int(0x9000),
                }];
            }
            step.pointers = vec![Pointer {
                name: "p".into(),
                address: 0x9000,
                moved_from: None,
                fetched,
            }];
            let span = Span {
                start: 0x9000,
                len: 16,
            };
            let named = NamedSpan {
                name: "b".into(),
                kind: SpanKind::Block,
                span,
                released: false,
            };
            step.naming = match index {
                2 => Some(Naming::Named(named)),
                3 => Some(Naming::Released("b".into())),
                _ => None,
            };
            if index == 3 {
                memory.grow(2 * PAGE);
                step.memory = memory.clone();
                step.pages_after = 2;
            }
            timeline.push(step);
        }
        timeline
    }

    fn told(timeline: &Timeline, step: usize, len: u64) -> Vec<String> {
        let parts = timeline.parts_at(Moment::end_of(step), len);
        parts
            .iter()
            .map(|p| format!("{} {:#x}..{:#x}", p.called(), p.span.start, p.span.end()))
            .collect()
    }

    #[test]
    fn parts_are_what_the_module_tells_and_what_the_script_named() {
        let timeline = timeline();
        let module = [
            "heap 0x8000..0x10000",
            "stack 0x8000..0x8000",
            "static data 0x400..0x600",
            "data segment .rodata 0x400..0x500",
        ];
        assert_eq!(told(&timeline, 1, PAGE), module);
        assert_eq!(
            told(&timeline, 2, PAGE).last().map(String::as_str),
            Some("block b 0x9000..0x9010")
        );
        assert_eq!(
            told(&timeline, 3, 2 * PAGE).last().map(String::as_str),
            Some("released block b 0x9000..0x9010")
        );
        assert_eq!(told(&timeline, 3, 2 * PAGE)[0], "heap 0x8000..0x20000");
        assert_eq!(
            told(&timeline, 0, 0x450),
            [
                "stack 0x450..0x450",
                "static data 0x400..0x450",
                "data segment .rodata 0x400..0x450"
            ]
        );
    }

    #[test]
    fn growth_tells_where_memory_ended_and_what_the_host_still_holds() {
        let timeline = timeline();
        assert_eq!(
            [0, 2, 3].map(|step| timeline.old_end(step)),
            [None, None, Some(PAGE)]
        );
        let held = timeline.held_through_growth(3);
        assert_eq!(
            held,
            [StalePointer {
                name: "p".into(),
                address: 0x9000,
                since: 1
            }]
        );
        assert!(timeline.held_through_growth(2).is_empty());
    }

    #[test]
    fn of_very_many_segments_the_largest_are_parts() {
        let mut timeline = Timeline::default();
        let segment = |index: u32| LayoutFacts {
            segment: Some(index),
            ..facts(
                PartKind::Segment,
                &unnamed(index),
                Some(0),
                Some(u64::from(index)),
            )
        };
        timeline.guest.layout = (0..1000).map(segment).collect();
        let parts = timeline.parts_at(Moment::end_of(0), PAGE);
        assert_eq!(parts.len(), MOST_SEGMENTS);
        assert_eq!(
            parts.last().map(Part::called).as_deref(),
            Some("data segment 999")
        );
    }
}
