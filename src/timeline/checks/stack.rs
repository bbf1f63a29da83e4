//! The guest's shadow stack. What the guest stores there are its frames, and an address there
//! belongs to whoever moved the stack pointer last.

use crate::timeline::{Span, StepRecord, Writer};

use super::calls::address;

/// The largest frame that an address passed to an import is taken to be in, in bytes.
const MAX_FRAME: u64 = 4096;

/// Returns whether all of `span` is in the stack.
pub(super) fn contains(stack: Option<Span>, span: Span) -> bool {
    stack.is_some_and(|stack| stack.contains(span.start) && span.end() <= stack.end())
}

/// Returns whether a write to a released block is allowed because the block was on the stack: the
/// guest made it, or it was an import to which the guest passed an address of a frame there.
pub(super) fn allows_write(
    stack: Option<Span>,
    block: Span,
    writer: &Writer,
    record: &StepRecord,
) -> bool {
    if !contains(stack, block) {
        return false;
    }
    // A small number is more likely a length than an address far below the block.
    let is_near = |at: u64| (block.start.saturating_sub(MAX_FRAME)..block.end()).contains(&at);
    match writer {
        Writer::Guest { .. } => true,
        Writer::Import { .. } => {
            let recorded = u64::try_from(record.imports_called.len()).unwrap_or(u64::MAX);
            let mut passed = record.imports_called.iter().flat_map(|call| &call.args);
            record.imports_called_total > recorded
                || passed.any(|arg| address(arg).is_some_and(is_near))
        }
        Writer::Host | Writer::Data { .. } => false,
    }
}

/// Returns whether a step moved the stack pointer to a released block or below it, so that the
/// block's bytes have a new owner.
pub(super) fn covers_again(stack: Option<Span>, block: Span, record: &StepRecord) -> bool {
    let results = record.call.iter().flat_map(|call| &call.results);
    let mut tops = results.filter_map(address).chain(record.facts.global_set);
    contains(stack, block)
        && tops.any(|top| top <= block.start && stack.is_some_and(|s| s.contains(top)))
}
