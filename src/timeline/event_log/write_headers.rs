//! The writes of a step without their bytes, for checks that examine each of millions.

use super::EventLog;
use super::leaf_index::WriterId;
use crate::timeline::Writer;

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
        (0..self.len()).filter_map(|event| {
            let write = self.0.stored_write(event)?;
            Some(WriteHeader {
                event,
                start: write.start,
                len: write.bytes.len(),
                by: write.by,
                is_difference: write.is_difference,
            })
        })
    }

    /// Returns the writer of an id.
    pub(in crate::timeline) fn writer_of(&self, by: WriterId) -> Writer {
        self.0.writer(by)
    }
}
