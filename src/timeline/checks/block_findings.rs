//! Findings about the regions and blocks that are named: what is wrong, and which step did it.

use super::block_state::BlockState;
use super::describe_bytes;
use super::phrases::{describe_writer, name, the_bytes};
use super::pointers::Origin;
use crate::timeline::{CallRecord, Finding, FindingKind, NamedSpan, Span, StepRecord, Use, Writer};

/// Returns the finding for a read or write of the host in a block that was released.
pub(super) fn used_after_release(
    record: &StepRecord,
    block: &BlockState,
    released: usize,
    hit: Span,
    is_read: bool,
) -> Finding {
    let (label, bytes) = (block.label(), the_bytes(hit));
    let message = if is_read {
        format!(
            "the host read {bytes}, in {label}, which was released in step {released}: the guest \
             may have reused them. The result is {}",
            describe_bytes(record, hit)
        )
    } else {
        format!(
            "the host wrote {bytes}, in {label}, which was released in step {released}: the guest \
             may have reused them"
        )
    };
    Finding::new(FindingKind::UseAfterRelease, message)
        .about(hit)
        .blaming(released)
}

/// Returns the finding for a pointer into a released block that was passed or named.
pub(super) fn stale_pointer(
    used: &Use,
    origin: Option<&Origin>,
    block: &BlockState,
    released: usize,
    hit: Span,
) -> Finding {
    let variable = origin.map_or_else(|| format!("{:#x}", used.span.start), |o| name(&o.name));
    let message = format!(
        "{variable} points to {:#x}, in {}, which was released in step {released}: the guest may \
         have reused these bytes",
        used.span.start,
        block.label()
    );
    Finding::new(FindingKind::StalePointer, message)
        .about(hit)
        .blaming(released)
}

/// Returns the finding for a write of the guest or an import to a released block.
pub(super) fn written_after_release(
    writer: &Writer,
    block: &BlockState,
    released: usize,
    span: Span,
) -> Finding {
    let message = format!(
        "{} wrote {}, in {}, which was released in step {released}",
        describe_writer(writer),
        the_bytes(span),
        block.label()
    );
    Finding::new(FindingKind::UseAfterRelease, message)
        .about(span)
        .blaming(released)
}

/// Returns the finding for a block that was never released.
pub(super) fn leak(held: &BlockState) -> Finding {
    let message = format!(
        "{}, {}, was never released: no step between step {} and the end did so",
        held.label(),
        the_bytes(held.span),
        held.step
    );
    Finding::new(FindingKind::Leak, message)
        .about(held.span)
        .blaming(held.step)
}

/// Returns the finding for a block that the guest handed out again.
pub(super) fn handed_out_again(held: &BlockState, call: &CallRecord) -> Finding {
    let message = format!(
        "{} returned {:#x}, the start of {}: it was handed out again though not released. \
         These bytes are no longer watched as {}; write `release {}` after the step that frees it",
        name(&call.export),
        held.span.start,
        held.label(),
        name(&held.name),
        name(&held.name)
    );
    Finding::new(FindingKind::HandedOutAgain, message)
        .about(held.span)
        .blaming(held.step)
}

/// Returns the finding for a new block that shares bytes with another.
pub(super) fn overlapping(held: &BlockState, new: &NamedSpan, shared: Span) -> Finding {
    let message = format!(
        "block {} shares {} with {}, which was not released: the same bytes now have two owners",
        name(&new.name),
        the_bytes(shared),
        held.label()
    );
    Finding::new(FindingKind::Overlap, message)
        .about(shared)
        .about(held.span)
        .blaming(held.step)
}
