//! The writes of a step without their bytes, for checks that examine each of millions.

use std::ops::Range;

use super::EventLog;
use super::entries::EntryReader;
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

impl WriteHeader {
    /// Returns the bytes that were written.
    pub(in crate::timeline) fn span(&self) -> Span {
        Span {
            start: self.start,
            len: self.len,
        }
    }
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
        self.touched_leaves(span)
            .filter_map(|leaf| self.first_touch_of(leaf, span, &events))
            .min_by_key(|write| write.event)
    }

    /// Returns the last of some events that writes any of these bytes, with where it wrote. It takes as
    /// long as [`first_write_in`](EventLog::first_write_in).
    pub(in crate::timeline) fn last_write_in(
        &self,
        span: Span,
        events: Range<usize>,
    ) -> Option<WriteHeader> {
        self.touched_leaves(span)
            .filter_map(|leaf| self.last_touch_of(leaf, span, &events))
            .max_by_key(|write| write.event)
    }

    /// Returns the leaves that have bytes of a span and were touched.
    fn touched_leaves(&self, span: Span) -> impl Iterator<Item = &LeafHistory> {
        let first = span.start / LEAF;
        let last = span.end().saturating_sub(1) / LEAF;
        let leaves = &self.0.leaves;
        let at = leaves.partition_point(|leaf| leaf.number < first);
        let near = leaves.get(at..).unwrap_or_default().iter();
        near.take_while(move |leaf| leaf.number <= last)
    }

    fn first_touch_of(
        &self,
        leaf: &LeafHistory,
        span: Span,
        events: &Range<usize>,
    ) -> Option<WriteHeader> {
        let bytes = bytes_in_leaf(leaf, span);
        let touches = self.0.touches_of(leaf);
        let mut reader = self.0.reader();
        let mut at = touches.partition_point(|event| (*event as usize) < events.start);
        while let Some(event) = touches.get(at) {
            let event = *event as usize;
            if event >= events.end {
                return None;
            }
            // None of the touches up to the next checkpoint writes these bytes.
            if at.is_multiple_of(TOUCHES_PER_CHECKPOINT)
                && writes_none_of(leaf, at / TOUCHES_PER_CHECKPOINT, &bytes)
            {
                at += TOUCHES_PER_CHECKPOINT;
                continue;
            }
            if self.is_write_in(&mut reader, event, leaf, &bytes) {
                return self.write_header(event);
            }
            at += 1;
        }
        None
    }

    fn last_touch_of(
        &self,
        leaf: &LeafHistory,
        span: Span,
        events: &Range<usize>,
    ) -> Option<WriteHeader> {
        let bytes = bytes_in_leaf(leaf, span);
        let touches = self.0.touches_of(leaf);
        let mut reader = self.0.reader();
        let first = touches.partition_point(|event| (*event as usize) < events.start);
        let mut at = touches.partition_point(|event| (*event as usize) < events.end);
        while at > first {
            // None of the touches before a checkpoint wrote these bytes.
            if at.is_multiple_of(TOUCHES_PER_CHECKPOINT)
                && writes_none_of(leaf, at / TOUCHES_PER_CHECKPOINT - 1, &bytes)
            {
                at -= TOUCHES_PER_CHECKPOINT;
                continue;
            }
            at -= 1;
            let event = *touches.get(at)? as usize;
            if self.is_write_in(&mut reader, event, leaf, &bytes) {
                return self.write_header(event);
            }
        }
        None
    }

    /// Returns whether an event writes any of these addresses, which are in the leaf.
    fn is_write_in(
        &self,
        reader: &mut EntryReader<'_>,
        event: usize,
        leaf: &LeafHistory,
        addresses: &Range<u64>,
    ) -> bool {
        let base = leaf.number.saturating_mul(LEAF);
        let written = self.0.written_range(reader, event as u32, leaf.number);
        written.is_some_and(|(range, _)| {
            base + (range.start as u64) < addresses.end
                && base + (range.end as u64) > addresses.start
        })
    }

    /// Returns where an event wrote, and the bytes of a span that it wrote; `None` for an event that
    /// is no write.
    pub(in crate::timeline) fn written_part(
        &self,
        event: usize,
        span: Span,
    ) -> Option<(WriteHeader, Vec<u8>)> {
        let header = self.write_header(event)?;
        let part = header.span().intersection(span);
        let mut bytes = vec![0; part.len as usize];
        let skip = part.start.saturating_sub(header.start) as usize;
        self.0.stored_write(event)?.bytes.copy_to(skip, &mut bytes);
        Some((header, bytes))
    }

    /// Returns the bytes of a span before an event.
    pub(in crate::timeline) fn bytes_before(&self, event: usize, span: Span) -> Vec<u8> {
        self.0.read_at(span.start, span.len, event)
    }

    /// Returns the writer of an id.
    pub(in crate::timeline) fn writer_of(&self, by: WriterId) -> Writer {
        self.0.writer(by)
    }
}

/// Returns whether a checkpoint is known to have no write to these addresses among its touches.
fn writes_none_of(leaf: &LeafHistory, checkpoint: usize, bytes: &Range<u64>) -> bool {
    let checkpoint = leaf.checkpoints.get(checkpoint);
    checkpoint.is_some_and(|checkpoint| !checkpoint.may_have_written(bytes))
}

/// Returns the addresses of a span that are in a leaf.
fn bytes_in_leaf(leaf: &LeafHistory, span: Span) -> Range<u64> {
    let base = leaf.number.saturating_mul(LEAF);
    span.start.max(base)..span.end().min(base.saturating_add(LEAF))
}
