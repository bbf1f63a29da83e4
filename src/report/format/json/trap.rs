//! How the guest trapped, as the trace writes it.

use crate::timeline::{Attempt, CallFrame, Timeline, Trap};

#[derive(serde::Serialize)]
pub(super) struct TrapOut<'a> {
    kind: &'a str,
    function: Option<&'a str>,
    instruction: Option<&'a str>,
    offset: Option<u64>,
    source: Option<&'a str>,
    chain: Vec<FrameOut<'a>>,
    depth: usize,
    attempt: Option<AttemptOut>,
}

#[derive(serde::Serialize)]
struct FrameOut<'a> {
    function: &'a str,
    offset: Option<u64>,
    source: Option<&'a str>,
}

#[derive(serde::Serialize)]
struct AttemptOut {
    access: &'static str,
    address: u64,
    length: u64,
    memory_end: u64,
    past_end: u64,
}

impl<'a> TrapOut<'a> {
    pub(super) fn new(timeline: &'a Timeline, trap: &'a Trap) -> Self {
        let at = trap.chain.first();
        let place = at
            .and_then(|frame| frame.offset)
            .and_then(|offset| timeline.place(offset));
        let chain: Vec<FrameOut> = trap
            .chain
            .iter()
            .map(|frame| FrameOut::new(timeline, frame))
            .collect();
        TrapOut {
            kind: &trap.kind,
            function: at.map(|frame| &*frame.function),
            instruction: place.map(|place| &*place.instruction),
            offset: at.and_then(|frame| frame.offset),
            source: chain.first().and_then(|frame| frame.source),
            depth: trap.depth.max(chain.len()),
            chain,
            attempt: trap.attempt.as_ref().map(AttemptOut::from),
        }
    }
}

impl<'a> FrameOut<'a> {
    fn new(timeline: &'a Timeline, frame: &'a CallFrame) -> Self {
        let place = frame.offset.and_then(|offset| timeline.place(offset));
        let source = frame
            .source
            .as_deref()
            .or(place.and_then(|place| place.source.as_deref()));
        FrameOut {
            function: &frame.function,
            offset: frame.offset,
            source,
        }
    }
}

impl From<&Attempt> for AttemptOut {
    fn from(attempt: &Attempt) -> Self {
        AttemptOut {
            access: if attempt.is_store { "store" } else { "load" },
            address: attempt.address,
            length: attempt.len,
            memory_end: attempt.memory_end,
            past_end: attempt.past_end(),
        }
    }
}
