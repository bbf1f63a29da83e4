//! Lengths that the guest told and that reach past the region they are read from.

use super::blocks::{BlockState, Blocks, overlap};
use super::phrases::name;
use super::pointers::Pointers;
use crate::text::count;
use crate::timeline::{Finding, FindingKind, Span, Use, UseKind};

/// Judges a reading. Quiet where some named span that it begins in holds all of it, and where the
/// script itself chose the length.
pub(super) fn judge(ledger: &Blocks, pointers: &Pointers, used: &Use) -> Option<Finding> {
    if used.how != UseKind::Read {
        return None;
    }
    let length = pointers.returned(&used.length_names)?;
    let span = used.span;
    let around: Vec<&BlockState> = ledger
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
    let beyond: Vec<String> = ledger
        .live()
        .filter(|other| overlap(other.span, past).is_some())
        .map(BlockState::called)
        .take(3)
        .collect();
    let whose = if beyond.is_empty() {
        String::new()
    } else {
        format!(", into {}", beyond.join(" and "))
    };
    let message = format!(
        "{}, which step {} got from the guest, makes the reading reach {} past the end of {}, \
         {:#x}{whose}",
        name(&length.name),
        length.step,
        count(past.len, "byte"),
        held.called(),
        past.start
    );
    Some(
        Finding::new(FindingKind::LengthPastRegion, message)
            .about(past)
            .blaming(length.step),
    )
}
