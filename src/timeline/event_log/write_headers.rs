//! The writes of a step without their bytes, for checks that examine each of millions.

use std::ops::Range;

use super::EventLog;
use super::leaf_index::{LeafHistory, TOUCHES_PER_CHECKPOINT, WriterId};
use crate::timeline::image::LEAF;
use crate::timeline::{Span, Writer};

/// Where an event wrote, and the writer, as a number that [`EventLog::writer_of`] resolves.
#[derive(Debug, Clone, Copy)]
pub(in crate::timeline) struct WriteHeader {
    /// The number of the event in its step.
    pub event: usize,
    pub start: u64,
    /// In bytes.
    pub len: u64,
    pub by: WriterId,
    pub is_difference: bool,
}

impl EventLog {
    /// Returns all writes in order.
    pub(in crate::timeline) fn write_headers(&self) -> impl Iterator<Item = WriteHeader> + '_ {
        (0..self.len()).filter_map(|event| self.write_header(event))
    }

    /// Returns a write; `None` for an event that is none.
    fn write_header(&self, event: usize) -> Option<WriteHeader> {
        let write = self.0.stored_write(event)?;
        Some(WriteHeader {
            event,
            start: write.start,
            len: write.bytes.len(),
            by: write.by,
            is_difference: write.is_difference,
        })
    }

    /// Returns the first of some events that writes any of these bytes, with where it wrote. The time
    /// it takes depends on what was written near them, not on how many events there are.
    pub(in crate::timeline) fn first_write_in(
        &self,
        span: Span,
        events: Range<usize>,
    ) -> Option<WriteHeader> {
        let first = span.start / LEAF;
        let last = span.end().saturating_sub(1) / LEAF;
        let leaves = &self.0.leaves;
        let at = leaves.partition_point(|leaf| leaf.number < first);
        let near = leaves.get(at..).unwrap_or_default().iter();
        near.take_while(|leaf| leaf.number <= last)
            .filter_map(|leaf| self.first_touch_of(leaf, span, &events))
            .min_by_key(|write| write.event)
    }

    fn first_touch_of(
        &self,
        leaf: &LeafHistory,
        span: Span,
        events: &Range<usize>,
    ) -> Option<WriteHeader> {
        let base = leaf.number.saturating_mul(LEAF);
        let bytes = span.start.max(base)..span.end().min(base.saturating_add(LEAF));
        let touches = self.0.touches_of(leaf);
        let mut at = touches.partition_point(|event| (*event as usize) < events.start);
        while let Some(event) = touches.get(at) {
            let event = *event as usize;
            if event >= events.end {
                return None;
            }
            // None of the touches up to the next checkpoint writes these bytes.
            if at.is_multiple_of(TOUCHES_PER_CHECKPOINT)
                && let Some(checkpoint) = leaf.checkpoints.get(at / TOUCHES_PER_CHECKPOINT)
                && !bytes.clone().any(|byte| checkpoint.may_have_written(byte))
            {
                at += TOUCHES_PER_CHECKPOINT;
                continue;
            }
            let header = self.write_header(event);
            let end = |write: &WriteHeader| write.start.saturating_add(write.len);
            let is_hit = |write: &WriteHeader| write.start < bytes.end && end(write) > bytes.start;
            if let Some(write) = header.filter(is_hit) {
                return Some(write);
            }
            at += 1;
        }
        None
    }

    /// Returns the writer of an id.
    pub(in crate::timeline) fn writer_of(&self, by: WriterId) -> Writer {
        self.0.writer(by)
    }
}
