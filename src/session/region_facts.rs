//! Converts the layout of a module's memory for the timeline.

use crate::guest::{Area, Guest, Segment};
use crate::timeline::{LayoutFacts, PartKind, unnamed};

/// Returns the parts of memory number `memory`: data, stack and heap where they are known, then the
/// data segments.
pub(super) fn layout_facts(guest: &Guest, memory: u32) -> Vec<LayoutFacts> {
    let layout = guest.layout_of(memory);
    let areas = [
        (PartKind::Data, "data", layout.data),
        (PartKind::Stack, "stack", layout.stack),
        (PartKind::Heap, "heap", layout.heap),
    ];
    let areas = areas
        .into_iter()
        .filter_map(|(kind, name, area)| Some(area_facts(kind, name, area?)));
    areas
        .chain(layout.segments.iter().map(segment_facts))
        .collect()
}

fn area_facts(kind: PartKind, name: &str, area: Area) -> LayoutFacts {
    let Area {
        start,
        end,
        known_by,
    } = area;
    LayoutFacts {
        kind,
        name: name.into(),
        segment: None,
        start,
        end,
        known_by,
    }
}

fn segment_facts(segment: &Segment) -> LayoutFacts {
    LayoutFacts {
        kind: PartKind::Segment,
        name: segment
            .name
            .clone()
            .unwrap_or_else(|| unnamed(segment.index)),
        segment: Some(segment.index),
        start: Some(segment.start),
        end: Some(segment.start.saturating_add(segment.len)),
        known_by: match segment.name {
            Some(_) => "data segment, named in the name section".into(),
            None => "data segment".into(),
        },
    }
}
