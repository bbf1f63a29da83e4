//! How the guest trapped, as the trace has it.

use serde::Serialize;

use crate::timeline::{Attempt, CallFrame, Timeline, Trap};

/// A trap. Function, instruction, offset and source are those of the innermost frame.
#[derive(Serialize)]
pub(super) struct TrapData<'a> {
    kind: &'a str,
    function: Option<&'a str>,
    instruction: Option<&'a str>,
    offset: Option<u64>,
    source: Option<&'a str>,
    chain: Vec<FrameData<'a>>,
    depth: usize,
    attempt: Option<AttemptData>,
}

#[derive(Serialize)]
struct FrameData<'a> {
    function: &'a str,
    offset: Option<u64>,
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct AttemptData {
    access: &'static str,
    address: u64,
    length: u64,
    memory_end: u64,
    past_end: u64,
}

impl<'a> TrapData<'a> {
    pub(super) fn new(timeline: &'a Timeline, trap: &'a Trap) -> Self {
        let frames = trap.chain.iter();
        let chain: Vec<FrameData> = frames
            .map(|frame| FrameData::new(timeline, frame))
            .collect();
        let innermost = chain.first();
        let offset = innermost.and_then(|frame| frame.offset);
        let place = offset.and_then(|offset| timeline.locate(offset));
        TrapData {
            kind: &trap.kind,
            function: innermost.map(|frame| frame.function),
            instruction: place.map(|place| &*place.instruction),
            offset,
            source: innermost.and_then(|frame| frame.source),
            depth: trap.depth.max(chain.len()),
            attempt: trap.attempt.as_ref().map(AttemptData::from),
            chain,
        }
    }
}

impl<'a> FrameData<'a> {
    fn new(timeline: &'a Timeline, frame: &'a CallFrame) -> Self {
        let place = frame.offset.and_then(|offset| timeline.locate(offset));
        let source = frame.source.as_deref();
        FrameData {
            function: &frame.function,
            offset: frame.offset,
            source: source.or(place.and_then(|place| place.source.as_deref())),
        }
    }
}

impl From<&Attempt> for AttemptData {
    fn from(attempt: &Attempt) -> Self {
        AttemptData {
            access: if attempt.is_store { "store" } else { "load" },
            address: attempt.address,
            length: attempt.len,
            memory_end: attempt.memory_end,
            past_end: attempt.past_end(),
        }
    }
}
