//! The guest's shadow stack. What the guest stores there are its frames, and an address there
//! belongs to whoever moved the stack pointer last.

use super::blocks::BlockState;
use crate::timeline::{LayoutFacts, PartKind, Span, StepRecord, Writer};

use super::calls::address;

/// Returns the bytes of the shadow stack, if its upper end is known. Where its lower end is not
/// known, it reaches down to the data below it.
pub(super) fn span_of(layout: &[LayoutFacts]) -> Option<Span> {
    let stack = layout.iter().find(|facts| facts.kind == PartKind::Stack)?;
    let end = stack.end?;
    let data_below = || {
        let data = layout
            .iter()
            .filter(|facts| matches!(facts.kind, PartKind::Data | PartKind::Segment));
        data.filter_map(|facts| facts.end)
            .filter(|data_end| *data_end < end)
            .max()
    };
    let start = stack.start.or_else(data_below).unwrap_or(0);
    Some(Span {
        start,
        len: end.checked_sub(start)?,
    })
}

/// Returns whether all of `span` is in the stack.
pub(super) fn contains(stack: Option<Span>, span: Span) -> bool {
    stack.is_some_and(|stack| stack.contains(span.start) && span.end() <= stack.end())
}

/// Returns whether a write to a released block is allowed because the block was on the stack: the
/// guest made it, or it was an import to which the guest passed an address in its stack.
pub(super) fn allows_write(
    stack: Option<Span>,
    held: &BlockState,
    writer: &Writer,
    record: &StepRecord,
) -> bool {
    if !contains(stack, held.span) {
        return false;
    }
    match writer {
        Writer::Guest { .. } => true,
        Writer::Import { .. } => {
            let recorded = u64::try_from(record.imports_called.len()).unwrap_or(u64::MAX);
            let mut passed = record.imports_called.iter().flat_map(|call| &call.args);
            record.imports_called_total > recorded
                || passed
                    .any(|arg| address(arg).is_some_and(|at| stack.is_some_and(|s| s.contains(at))))
        }
        Writer::Host | Writer::Data { .. } => false,
    }
}

/// Returns whether a step moved the stack pointer to a released block or below it, so that the
/// block's bytes have a new owner.
pub(super) fn covers_again(stack: Option<Span>, held: &BlockState, record: &StepRecord) -> bool {
    let results = record.call.iter().flat_map(|call| &call.results);
    let mut tops = results.filter_map(address).chain(record.facts.global_set);
    contains(stack, held.span)
        && tops.any(|top| top <= held.span.start && stack.is_some_and(|s| s.contains(top)))
}
