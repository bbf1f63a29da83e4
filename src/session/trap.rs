//! What a trap was and where: the engine's backtrace in terms of the module as given, and the
//! access that went out of bounds.

use std::sync::Arc;

use wasmer::RuntimeError;
use wasmer::sys::vm::TrapCode;

use crate::guest::{Guest, InstrumentedModule};
use crate::safe;
use crate::timeline::{Attempt, CallFrame, Trap};

use super::journal::LastSlot;

/// Frames of a call chain that are kept.
const MOST_FRAMES: usize = 100;
/// Frames that a message names.
const MOST_NAMED: usize = 8;
/// Groups of functions that may have filled the stack, and functions of one, that a message names.
const MOST_GROUPS: usize = 3;
const MOST_IN_GROUP: usize = 4;

/// The guest's own record of where it went.
#[derive(Debug, Default)]
pub(super) struct TrapEvidence {
    pub last_slot: Option<LastSlot>,
    /// The address operand of the load noted last.
    pub last_load: Option<u32>,
    /// In bytes.
    pub memory_end: u64,
    /// The function that the host called.
    pub entry: Option<u32>,
}

/// A trap as it is recorded.
pub(super) struct Told {
    pub trap: Trap,
    /// The slot written last is that of the store that trapped.
    pub is_store_undone: bool,
}

/// Reads a trap out of the engine's error.
pub(super) fn read(
    error: &RuntimeError,
    guest: &Guest,
    rewritten: &InstrumentedModule,
    traces: &TrapEvidence,
) -> Told {
    let frames: Vec<_> = error
        .trace()
        .iter()
        .filter_map(|frame| {
            let function = rewritten.original_function(frame.func_index())?;
            Some((function, frame.func_index(), frame.module_offset() as u64))
        })
        .collect();
    let chain: Vec<CallFrame> = frames
        .iter()
        .take(MOST_FRAMES)
        .map(|(function, index, at)| {
            let offset = rewritten.original_offset(guest, *index, *at);
            let source = offset.and_then(|offset| guest.place(offset).source);
            CallFrame {
                function: Arc::from(guest.function_name(*function)),
                offset,
                source,
            }
        })
        .collect();
    let at = chain.first().and_then(|frame| frame.offset);
    // A slot is written before its store. The one of a finished store lies inside memory, and is
    // not where the trap was.
    let undone = traces
        .last_slot
        .filter(|slot| at == Some(slot.offset) || slot.attempt.past_end() > 0);
    let attempt = match undone {
        Some(slot) => {
            Some(slot.attempt).filter(|attempt| attempt.past_end() > 0 || attempt.is_misaligned())
        }
        None => load(at, guest, traces).filter(|_| is_access(error)),
    };
    let trap = Trap {
        kind: kind(error, guest, at, traces.entry),
        depth: frames.len(),
        attempt,
        chain,
    };
    Told {
        trap,
        is_store_undone: undone.is_some(),
    }
}

/// What the engine calls the trap, or what is known better here.
fn kind(error: &RuntimeError, guest: &Guest, at: Option<u64>, entry: Option<u32>) -> String {
    let engine = || safe::plain(&error.message());
    let waits = || {
        at.is_some_and(|at| {
            guest
                .place(at)
                .instruction
                .starts_with("memory.atomic.wait")
        })
    };
    match error.clone().to_trap() {
        Some(TrapCode::StackOverflow) => match entry.and_then(|entry| recursion(guest, entry)) {
            Some(told) => format!("{}: {told}", engine()),
            None => engine(),
        },
        Some(TrapCode::HostInterrupt) if waits() => "wait on a memory that is not shared".into(),
        Some(TrapCode::UnreachableCodeReached) if waits() => {
            "endless wait: no other thread runs the guest, so nothing can wake it".into()
        }
        _ => engine(),
    }
}

/// What may have filled the stack below a function. The engine keeps no trace of that.
fn recursion(guest: &Guest, entry: u32) -> Option<String> {
    let cycles = guest.cycles_below(entry);
    let groups: Vec<String> = cycles
        .groups
        .iter()
        .take(MOST_GROUPS)
        .map(|group| calls_itself(guest, group))
        .collect();
    match (groups.is_empty(), cycles.is_indirect) {
        (false, _) if cycles.groups.len() > MOST_GROUPS => {
            Some(format!("{}, or others do", groups.join(", or ")))
        }
        (false, _) => Some(groups.join(", or ")),
        (true, true) => Some(format!(
            "below {}, by calls through a table, as no other can nest",
            guest.function_name(entry)
        )),
        (true, false) => None,
    }
}

/// `f calls itself`, `f and g call each other`.
fn calls_itself(guest: &Guest, group: &[u32]) -> String {
    let mut names: Vec<String> = group
        .iter()
        .take(MOST_IN_GROUP)
        .map(|function| guest.function_name(*function))
        .collect();
    if let Some(more) = group
        .len()
        .checked_sub(MOST_IN_GROUP)
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

fn is_access(error: &RuntimeError) -> bool {
    matches!(
        error.clone().to_trap(),
        Some(
            TrapCode::HeapAccessOutOfBounds | TrapCode::HeapMisaligned | TrapCode::UnalignedAtomic
        )
    )
}

fn load(at: Option<u64>, guest: &Guest, traces: &TrapEvidence) -> Option<Attempt> {
    let access = guest.access_at(at?).filter(|access| !access.is_store)?;
    let address = u64::from(traces.last_load?).saturating_add(access.immediate);
    Some(Attempt {
        is_store: false,
        address,
        len: access.width,
        memory_end: traces.memory_end,
    })
}

/// In one sentence: `unreachable in $f (lib.rs:12), called from $g`.
pub(super) fn sentence(trap: &Trap) -> String {
    let mut text = trap.kind.clone();
    for (depth, frame) in trap.chain.iter().take(MOST_NAMED).enumerate() {
        text.push_str(if depth == 0 { " in " } else { ", called from " });
        text.push_str(&frame.function);
        if let (0, Some(source)) = (depth, &frame.source) {
            text.push_str(&format!(" ({source})"));
        }
    }
    if trap.depth > MOST_NAMED {
        text.push_str(&format!(", and {} more callers", trap.depth - MOST_NAMED));
    }
    if let Some(attempt) = &trap.attempt {
        text.push_str(&format!(": a {}", attempt.told()));
    }
    text
}
