//! Lengths that the guest returned and that reach past the region that is read with them.

use super::block_state::BlockState;
use super::blocks::{Blocks, overlap};
use super::phrases::name;
use super::pointers::Pointers;
use crate::text::count;
use crate::timeline::{Finding, FindingKind, Span, Use, UseKind};

/// Checks a reading. Finds nothing if a named span in which the reading begins contains all of it,
/// or if the script itself has chosen the length.
pub(super) fn check(blocks: &Blocks, pointers: &Pointers, used: &Use) -> Option<Finding> {
    if used.how != UseKind::Read {
        return None;
    }
    let length = pointers.returned(&used.length_names)?;
    let span = used.span;
    let around: Vec<&BlockState> = blocks
        .live()
        .filter(|held| held.span.contains(span.start))
        .collect();
    if around.iter().any(|held| held.span.end() >= span.end()) {
        return None;
    }
    let held = around.into_iter().min_by_key(|held| held.span.len)?;
    let past = Span {
        start: held.span.end(),
        len: span.end() - held.span.end(),
    };
    let beyond: Vec<String> = blocks
        .live()
        .filter(|other| overlap(other.span, past).is_some())
        .map(BlockState::label)
        .take(3)
        .collect();
    let whose = if beyond.is_empty() {
        String::new()
    } else {
        format!(", into {}", beyond.join(" and "))
    };
    let message = format!(
        "{}, which step {} got from the guest, makes this read go {} past the end of {}, \
         {:#x}{whose}",
        name(&length.name),
        length.step,
        count(past.len, "byte"),
        held.label(),
        past.start
    );
    Some(
        Finding::new(FindingKind::LengthPastRegion, message)
            .about(past)
            .blaming(length.step),
    )
}
