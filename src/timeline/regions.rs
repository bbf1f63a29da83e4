//! The named parts of memory: those that the module has, such as data, stack and heap, and those
//! that the script named.

use serde::Serialize;

use super::{Moment, NamedSpan, PAGE, Span, SpanKind, Timeline};
use crate::data_types::TypeRef;

/// The largest number of data segments among the parts at a moment. All of them are in
/// [`super::GuestFacts::layout`].
const MAX_SEGMENTS: usize = 256;

/// The kind of a part of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// The heap.
    Heap,
    /// The shadow stack.
    Stack,
    /// The guest's static data, with zeroed variables.
    Data,
    /// A data segment.
    #[serde(rename = "data")]
    Segment,
    /// A region that the script named.
    Region,
    /// A block that the script named.
    Block,
}

impl PartKind {
    /// Returns the name in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            PartKind::Heap => "heap",
            PartKind::Stack => "stack",
            PartKind::Data | PartKind::Segment => "data",
            PartKind::Region => "region",
            PartKind::Block => "block",
        }
    }

    /// Returns whether the script named it. The module has all others.
    pub(crate) fn is_named_by_script(self) -> bool {
        matches!(self, PartKind::Region | PartKind::Block)
    }
}

/// A part of memory that a module declares, known before anything runs. It is never guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayoutFacts {
    /// What the part is.
    pub kind: PartKind,
    /// The name, safe to print: `stack`, `heap`, `data`, that of a segment as `.rodata`, or
    /// `data[3]` for a segment without one.
    pub name: String,
    /// The index of the data segment, if it is one.
    pub segment: Option<u32>,
    /// The address of the first byte; `None` if it is not known.
    pub start: Option<u64>,
    /// The address after the last byte; `None` for a heap, which ends where memory does.
    pub end: Option<u64>,
    /// How this is known: `exported global __heap_base`.
    pub known_by: String,
}

/// A part of memory at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// What the part is.
    pub kind: PartKind,
    /// Its name, safe to print.
    pub name: String,
    /// The index of the data segment, if it is one.
    pub segment: Option<u32>,
    /// Its bytes. A stack whose start is not known has an empty span at its end.
    pub span: Span,
    /// Whether it is a block that was released.
    pub released: bool,
    /// The type of its bytes, if the script gave it one.
    pub data_type: Option<TypeRef>,
}

impl Part {
    /// Returns its kind and name: `region buffer`, `data segment .rodata`, `heap`.
    pub fn label(&self) -> String {
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

    /// Returns a part of the module as it is in a memory of this many bytes.
    pub fn of_module(facts: &LayoutFacts, memory_len: u64) -> Option<Self> {
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
            data_type: None,
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
            data_type: named.data_type,
        }
    }
}

/// Returns the name of a data segment that has none.
pub fn unnamed(segment: u32) -> String {
    format!("data[{segment}]")
}

/// A variable that the host used as an address before memory grew, and still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StalePointer {
    /// The name of the variable.
    pub(crate) name: String,
    /// Its value.
    pub(crate) address: u64,
    /// The step that gave it its value.
    pub(crate) since: usize,
}

impl Timeline {
    /// Returns the parts of a memory of this many bytes at a moment: first those of the module,
    /// larger ones before those in them, then those of the script, in the order in which they were
    /// named. Within a step, these are the ones before it.
    pub(crate) fn parts_at(&self, moment: Moment, memory_len: u64) -> Vec<Part> {
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
        if segments.len() > MAX_SEGMENTS {
            segments.sort_by_key(|part| std::cmp::Reverse(part.span.len));
            segments.truncate(MAX_SEGMENTS);
            segments.sort_by_key(|part| part.segment);
        }
        parts.extend(segments);
        let is_over = self.is_end_of_step(moment);
        let named = match (is_over, moment.step.checked_sub(1)) {
            (true, _) => self.spans_at(moment.step),
            (false, Some(previous)) => self.spans_at(previous),
            (false, None) => Vec::new(),
        };
        parts.extend(named.into_iter().map(Part::from));
        parts
    }

    /// Returns where memory ended before a step made it larger, in bytes. Returns `None` for
    /// instantiation, which creates it.
    pub(crate) fn old_end(&self, step: usize) -> Option<u64> {
        let record = self.step(step).filter(|record| record.index > 0)?;
        (record.pages_after > record.pages_before).then(|| record.pages_before.saturating_mul(PAGE))
    }

    /// Returns the pointers that the host held before a step made memory larger, and that the step
    /// did not fetch again.
    pub(crate) fn held_through_growth(&self, step: usize) -> Vec<StalePointer> {
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

    /// Returns the last step up to `step` that gave a pointer its value; 0 if none did, as for an
    /// input.
    pub(crate) fn fetched_in(&self, name: &str, step: usize) -> usize {
        let until = self.steps().get(..=step).unwrap_or(self.steps());
        // Its bindings decide: where steps are typed one by one, only a later step may show that it
        // is a pointer.
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
                data_type: None,
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

    fn labels(timeline: &Timeline, step: usize, len: u64) -> Vec<String> {
        let parts = timeline.parts_at(Moment::end_of(step), len);
        parts
            .iter()
            .map(|p| format!("{} {:#x}..{:#x}", p.label(), p.span.start, p.span.end()))
            .collect()
    }

    #[test]
    fn parts_are_what_the_module_has_and_what_the_script_named() {
        let timeline = timeline();
        let module = [
            "heap 0x8000..0x10000",
            "stack 0x8000..0x8000",
            "static data 0x400..0x600",
            "data segment .rodata 0x400..0x500",
        ];
        assert_eq!(labels(&timeline, 1, PAGE), module);
        assert_eq!(
            labels(&timeline, 2, PAGE).last().map(String::as_str),
            Some("block b 0x9000..0x9010")
        );
        assert_eq!(
            labels(&timeline, 3, 2 * PAGE).last().map(String::as_str),
            Some("released block b 0x9000..0x9010")
        );
        assert_eq!(labels(&timeline, 3, 2 * PAGE)[0], "heap 0x8000..0x20000");
        assert_eq!(
            labels(&timeline, 0, 0x450),
            [
                "stack 0x450..0x450",
                "static data 0x400..0x450",
                "data segment .rodata 0x400..0x450"
            ]
        );
    }

    #[test]
    fn growth_shows_where_memory_ended_and_what_the_host_still_holds() {
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
        assert_eq!(parts.len(), MAX_SEGMENTS);
        assert_eq!(
            parts.last().map(Part::label).as_deref(),
            Some("data segment 999")
        );
    }
}
