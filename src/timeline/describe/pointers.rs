//! Pointers: what a call returned for one, whether it has moved, and which the host still holds from
//! before memory grew.

use super::phrases::name;
use crate::text::list;
use crate::timeline::{FindingKind, Pointer, StalePointer, StepKind, StepRecord, Timeline};

/// Returns the pointers that this step fetched.
pub(super) fn fetched_pointers(record: &StepRecord) -> impl Iterator<Item = &Pointer> {
    record
        .pointers
        .iter()
        .filter(|p| p.fetched && record.bindings.iter().any(|b| b.name == p.name))
}

/// Describes a pointer that a call returned, and how it compares with what was known.
pub(super) fn describe_fetch(
    timeline: &Timeline,
    record: &StepRecord,
    pointer: &Pointer,
) -> String {
    if let Some(again) = compare_with_known(timeline, record, pointer) {
        return again;
    }
    let outside = !record.memory.is_empty() && pointer.address >= record.memory.len();
    match outside {
        true => format!(
            "The guest returned {:#x} for {}: that is past the end of memory, {:#x}.",
            pointer.address,
            name(&pointer.name),
            record.memory.len()
        ),
        false => format!(
            "The guest returned {:#x}: {} points there.",
            pointer.address,
            name(&pointer.name)
        ),
    }
}

/// Describes how a pointer that was known before has changed; `None` for one that was not known.
pub(super) fn compare_with_known(
    timeline: &Timeline,
    record: &StepRecord,
    pointer: &Pointer,
) -> Option<String> {
    let which = match record.pointers.len() {
        0 | 1 => "The pointer".to_string(),
        _ => format!("The pointer {}", name(&pointer.name)),
    };
    let old = pointer.moved_from.filter(|old| *old != pointer.address);
    if let Some(old) = old.filter(|_| !is_fetched_again(record)) {
        return Some(format!(
            "{which} now holds another address: {:#x}, before {old:#x}.",
            pointer.address
        ));
    }
    if let Some(old) = old {
        return Some(format!(
            "{which} moved from {old:#x} to {:#x}: all addresses that the host derived from the \
             old one are out of date.",
            pointer.address
        ));
    }
    let before = timeline.step(record.index.checked_sub(1)?)?;
    let known = before.pointers.iter().find(|p| p.name == pointer.name)?;
    (known.address == pointer.address)
        .then(|| format!("{which} is the same as before: {:#x}.", pointer.address))
}

/// Returns whether a step fetches a pointer in a way that changes nothing, so that another address
/// means that what it points to has moved. An allocator returns another address each time.
fn is_fetched_again(record: &StepRecord) -> bool {
    matches!(record.kind, StepKind::Global | StepKind::Read)
        || record
            .findings
            .iter()
            .any(|f| f.kind == FindingKind::StalePointer)
        || (record.facts.preserves_globals && record.changes.is_empty())
}

/// Describes the pointers that the host still holds from before the growth.
pub(super) fn describe_held_pointers(timeline: &Timeline, record: &StepRecord) -> Option<String> {
    let held = timeline.held_through_growth(record.index);
    let (which, they) = match held.len() {
        0 => return None,
        1 => ("was", ("it", "points")),
        _ => ("were", ("they", "point")),
    };
    let named = |held: &StalePointer| match held.since {
        0 => name(&held.name),
        since => format!("{} (step {since})", name(&held.name)),
    };
    let names: Vec<String> = held.iter().map(named).collect();
    let (they, point) = they;
    Some(format!(
        "{} {which} fetched before that: {they} still {point} to the same bytes, unless the guest \
         moved what was there.",
        list::and(&names)
    ))
}
