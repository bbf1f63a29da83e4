//! What a trap was and where: the backtrace of the engine, in terms of the module as given, and the
//! access that went out of bounds.

use std::sync::Arc;

use wasmer::RuntimeError;
use wasmer::sys::vm::TrapCode;

use crate::guest::{Guest, InstrumentedModule, TRAMPOLINE_MODULE};
use crate::safe;
use crate::timeline::{Attempt, CallFrame, Trap};

use super::journal::LastStore;

/// The largest number of frames of a backtrace that are kept.
const MAX_FRAMES: usize = 100;
/// The largest number of functions that a message names.
const MAX_NAMED_FRAMES: usize = 8;
/// The largest number of groups of functions that a message names, and of functions in one, where
/// the stack was exhausted.
const MAX_GROUPS: usize = 3;
const MAX_IN_GROUP: usize = 4;

/// What the guest itself noted of its last accesses.
#[derive(Debug, Default)]
pub(super) struct TrapEvidence {
    /// The last store.
    pub last_store: Option<LastStore>,
    /// The address operand of the last load that it noted.
    pub last_load: Option<u32>,
    /// The size of memory, in bytes.
    pub memory_end: u64,
    /// The index of the function that the host called.
    pub entry: Option<u32>,
}

/// A trap, with what it means for the recording.
pub(super) struct RecordedTrap {
    /// The trap.
    pub trap: Trap,
    /// Whether the last store is the one that trapped.
    pub is_store_undone: bool,
}

/// Converts an error of the engine to a trap.
pub(super) fn read(
    error: &RuntimeError,
    guest: &Guest,
    instrumented: &InstrumentedModule,
    evidence: &TrapEvidence,
) -> RecordedTrap {
    let frames: Vec<_> = error
        .trace()
        .iter()
        .filter(|frame| frame.module_name() != TRAMPOLINE_MODULE)
        .filter_map(|frame| {
            let function = instrumented.original_function(frame.func_index())?;
            Some((function, frame.func_index(), frame.module_offset() as u64))
        })
        .collect();
    let chain: Vec<CallFrame> = frames
        .iter()
        .take(MAX_FRAMES)
        .map(|(function, index, at)| {
            let offset = instrumented.original_offset(guest, *index, *at);
            let source = offset.and_then(|offset| guest.locate(offset).source);
            CallFrame {
                function: Arc::from(guest.function_name(*function)),
                offset,
                source,
            }
        })
        .collect();
    let at = chain.first().and_then(|frame| frame.offset);
    // A slot is written before its store. That of a finished store is in memory, and is not where
    // the trap was.
    let undone = evidence
        .last_store
        .filter(|store| at == Some(store.offset) || store.attempt.past_end() > 0);
    let attempt = match undone {
        Some(store) => {
            Some(store.attempt).filter(|attempt| attempt.past_end() > 0 || attempt.is_misaligned())
        }
        None => load(at, guest, evidence).filter(|_| is_access(error)),
    };
    let trap = Trap {
        kind: kind(error, guest, at, evidence.entry),
        depth: frames.len(),
        attempt,
        chain,
        reasons: Vec::new(),
    };
    RecordedTrap {
        trap,
        is_store_undone: undone.is_some(),
    }
}

/// Returns the name of the trap in the engine, or a better one.
fn kind(error: &RuntimeError, guest: &Guest, at: Option<u64>, entry: Option<u32>) -> String {
    let engine = || safe::plain(&error.message());
    let waits = || {
        at.is_some_and(|at| {
            guest
                .locate(at)
                .instruction
                .starts_with("memory.atomic.wait")
        })
    };
    match error.clone().to_trap() {
        Some(TrapCode::StackOverflow) => match entry.and_then(|entry| recursion(guest, entry)) {
            Some(calls) => format!("{}: {calls}", engine()),
            None => engine(),
        },
        Some(TrapCode::HostInterrupt) if waits() => "wait on a memory that is not shared".into(),
        Some(TrapCode::UnreachableCodeReached) if waits() => {
            "endless wait: no other thread runs the guest, so nothing can notify it".into()
        }
        _ => engine(),
    }
}

/// Describes the calls that may have filled the stack below a function. The engine keeps no
/// backtrace of that.
fn recursion(guest: &Guest, entry: u32) -> Option<String> {
    let recursion = guest.recursion_below(entry);
    let groups: Vec<String> = recursion
        .groups
        .iter()
        .take(MAX_GROUPS)
        .map(|group| calls_itself(guest, group))
        .collect();
    match (groups.is_empty(), recursion.is_indirect) {
        (false, _) if recursion.groups.len() > MAX_GROUPS => {
            Some(format!("{}, or others do", groups.join(", or ")))
        }
        (false, _) => Some(groups.join(", or ")),
        (true, true) => Some(format!(
            "below {}, by calls through a table, because no others can nest",
            guest.function_name(entry)
        )),
        (true, false) => None,
    }
}

/// Describes a group: `f calls itself`, `f and g call each other`.
fn calls_itself(guest: &Guest, group: &[u32]) -> String {
    let mut names: Vec<String> = group
        .iter()
        .take(MAX_IN_GROUP)
        .map(|function| guest.function_name(*function))
        .collect();
    if let Some(more) = group
        .len()
        .checked_sub(MAX_IN_GROUP)
        .filter(|more| *more > 0)
    {
        names.push(format!("{more} more functions"));
    }
    match names.as_slice() {
        [] => String::new(),
        [only] => format!("{only} calls itself"),
        several => format!("{} call each other", crate::text::list::and(several)),
    }
}

/// Returns whether the trap is one of an access to memory.
fn is_access(error: &RuntimeError) -> bool {
    matches!(
        error.clone().to_trap(),
        Some(
            TrapCode::HeapAccessOutOfBounds | TrapCode::HeapMisaligned | TrapCode::UnalignedAtomic
        )
    )
}

/// Returns the load that trapped, if it was one.
fn load(at: Option<u64>, guest: &Guest, evidence: &TrapEvidence) -> Option<Attempt> {
    let access = guest.access_at(at?).filter(|access| !access.is_store)?;
    let address = u64::from(evidence.last_load?).saturating_add(access.immediate);
    Some(Attempt {
        is_store: false,
        address,
        len: access.width,
        memory_end: evidence.memory_end,
    })
}

/// Describes the trap in one sentence: `unreachable in $f (lib.rs:12), called from $g`.
pub(super) fn describe(trap: &Trap) -> String {
    let mut text = trap.kind.clone();
    for (depth, frame) in trap.chain.iter().take(MAX_NAMED_FRAMES).enumerate() {
        text.push_str(if depth == 0 { " in " } else { ", called from " });
        text.push_str(&frame.function);
        if let (0, Some(source)) = (depth, &frame.source) {
            text.push_str(&format!(" ({source})"));
        }
    }
    if trap.depth > MAX_NAMED_FRAMES {
        text.push_str(&format!(
            ", and {} more callers",
            trap.depth - MAX_NAMED_FRAMES
        ));
    }
    if let Some(attempt) = &trap.attempt {
        text.push_str(&format!(": a {}", attempt.describe()));
    }
    for reason in &trap.reasons {
        text.push_str(&format!("; {reason}"));
    }
    text
}
