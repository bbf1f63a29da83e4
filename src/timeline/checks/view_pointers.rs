//! Pointers in views that a step changed, and that lead into a released block or a frame that has
//! ended.

use super::addresses::GivenAddresses;
use super::blocks::{Blocks, overlap};
use super::phrases::describe_writer;
use super::stack_pointer::StackPointers;
use super::view::View;
use crate::data_types::{Count, POINTER_SIZE, RecordKind, Shape, TypeId, TypeRef};
use crate::timeline::{Finding, FindingKind, Image, Outcome, Span, StepRecord, Writer};

/// The largest number of pointers of a view that are checked.
const MAX_POINTERS: usize = 4096;
/// How deep types are searched for pointers.
const MAX_DEPTH: usize = 16;

/// What the check knows of the steps so far.
pub(super) struct Known<'a> {
    pub blocks: &'a Blocks,
    pub given: &'a GivenAddresses,
    pub stack: &'a StackPointers,
}

/// A pointer of a view that a step changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    /// Where the pointer is.
    at: Span,
    /// Where it leads.
    target: u64,
}

/// Returns the offsets of the pointers in a type, ascending. Those of unions and of enums with data
/// are left out: their bytes can be something else.
pub(super) fn offsets(ty: &TypeRef) -> Vec<u64> {
    let mut found = Vec::new();
    add_offsets(ty, ty.id(), 0, 0, &mut found);
    found
}

fn add_offsets(ty: &TypeRef, id: TypeId, offset: u64, depth: usize, found: &mut Vec<u64>) {
    let table = ty.table();
    let Some(of) = table.get(id).filter(|_| depth < MAX_DEPTH) else {
        return;
    };
    match &of.shape {
        Shape::Pointer { .. } if found.len() < MAX_POINTERS => found.push(offset),
        Shape::Record(record) if record.kind == RecordKind::Struct => {
            for field in &record.fields {
                let at = offset.saturating_add(field.offset);
                add_offsets(ty, field.ty, at, depth + 1, found);
            }
        }
        Shape::Array {
            element,
            count: Count::Fixed(count),
        } => {
            let size = table.get(*element).map_or(0, |ty| ty.size);
            let known = found.len();
            for index in 0..*count {
                let at = offset.saturating_add(index.saturating_mul(size));
                add_offsets(ty, *element, at, depth + 1, found);
                // The other elements have as few pointers as the first one.
                if found.len() == known || found.len() >= MAX_POINTERS {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Returns the pointers of a view that have another value after a step than before it, and not 0.
pub(super) fn changed<'a>(
    view: &'a View,
    record: &'a StepRecord,
) -> impl Iterator<Item = Changed> + 'a {
    let all = 0..record.events.len();
    let is_written = record.events.first_write_in(view.span, all).is_some();
    let before = is_written.then(|| record.events.memory_at(0));
    let pointers = view.pointers.iter().filter(move |_| is_written);
    pointers.filter_map(move |offset| {
        let at = Span {
            start: view.span.start.saturating_add(*offset),
            len: POINTER_SIZE,
        };
        let target = pointer_at(&record.memory, at)?;
        let is_new = pointer_at(before.as_ref()?, at) != Some(target);
        (is_new && target != 0).then_some(Changed { at, target })
    })
}

fn pointer_at(memory: &Image, at: Span) -> Option<u64> {
    let bytes: [u8; 4] = memory.read(at.start, at.len).try_into().ok()?;
    Some(u32::from_le_bytes(bytes).into())
}

/// Checks where a pointer leads that a step changed.
pub(super) fn check(
    view: &View,
    pointer: Changed,
    record: &StepRecord,
    known: &Known<'_>,
) -> Option<Finding> {
    let end = record.events.len();
    let (_, write) = record.events.writes_to(pointer.at.start, end).next()?;
    let (path, _) = view.path_at(pointer.at.start, &record.memory)?;
    match &write.writer {
        Writer::Host => into_released(&path, pointer, known)
            .or_else(|| below_stack(&path, view, pointer, record, known)),
        writer @ Writer::Guest { .. } => into_own_frame(&path, view, pointer, record, writer),
        _ => None,
    }
}

/// Checks a pointer that the host wrote. An address that the guest gave after the release is that of
/// a new owner.
fn into_released(path: &str, pointer: Changed, known: &Known<'_>) -> Option<Finding> {
    let mut watched = known.blocks.watched();
    let held = watched.find(|held| held.span.contains(pointer.target))?;
    let released = held.released?;
    let given = known.given.get(pointer.target).map(|by| by.step());
    if given.is_some_and(|step| step >= released) {
        return None;
    }
    let message = format!(
        "the host wrote a pointer to {:#x} into {path}, in {}, which was released in step \
         {released}: the guest may have reused these bytes",
        pointer.target,
        held.label()
    );
    let finding = Finding::new(FindingKind::StalePointer, message).about(pointer.at);
    Some(finding.about(held.span).blaming(released))
}

/// Checks a pointer that the host wrote: it may lead to a frame that has ended.
fn below_stack(
    path: &str,
    view: &View,
    pointer: Changed,
    record: &StepRecord,
    known: &Known<'_>,
) -> Option<Finding> {
    let ended = known.stack.ended_frames(record)?;
    if !ended.contains(pointer.target) || overlap(ended, view.span).is_some() {
        return None;
    }
    let since = known.given.get(pointer.target)?.step();
    let message = format!(
        "the host wrote a pointer to {:#x} into {path}, below the stack pointer {:#x}, where no \
         frame is live: the address is from step {since}",
        pointer.target,
        ended.end()
    );
    let finding = Finding::new(FindingKind::DanglingStackPointer, message).about(pointer.at);
    Some(finding.blaming(since))
}

/// Checks a pointer that the guest stored in a call: it may lead to a frame of this call.
fn into_own_frame(
    path: &str,
    view: &View,
    pointer: Changed,
    record: &StepRecord,
    writer: &Writer,
) -> Option<Finding> {
    record.call.as_ref()?;
    let after = record.stack_pointer?.after;
    let len = record.facts.frame_bytes.min(after);
    let frame = Span {
        start: after.saturating_sub(len),
        len,
    };
    if record.outcome != Outcome::Ok
        || !frame.contains(pointer.target)
        || overlap(frame, view.span).is_some()
    {
        return None;
    }
    let message = format!(
        "{} stored a pointer to {:#x} in {path}, below the stack pointer {after:#x}: it points into \
         a frame that has ended, and the next call may overwrite it",
        describe_writer(writer),
        pointer.target
    );
    Some(Finding::new(FindingKind::StackAddressReturned, message).about(pointer.at))
}
