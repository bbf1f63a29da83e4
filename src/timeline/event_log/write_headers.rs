//! The writes of a step without their bytes: for who has to look at each of millions.

use super::EventLog;
use super::leaf_index::WriterId;
use crate::timeline::Writer;

/// Where an event wrote, and who did, as a number that [`EventLog::writer_of`] knows.
#[derive(Debug, Clone, Copy)]
pub(in crate::timeline) struct RawWrite {
    pub event: usize,
    pub start: u64,
    pub len: u64,
    pub by: WriterId,
    pub is_difference: bool,
}

impl EventLog {
    /// All writes in order.
    pub(in crate::timeline) fn raw_writes(&self) -> impl Iterator<Item = RawWrite> + '_ {
        (0..self.len()).filter_map(|event| {
            let kept = self.0.kept_write(event)?;
            let (start, len, by) = (kept.start, kept.bytes.len(), kept.by);
            Some(RawWrite {
                event,
                start,
                len,
                by,
                is_difference: kept.is_difference,
            })
        })
    }

    pub(in crate::timeline) fn writer_of(&self, by: WriterId) -> Writer {
        self.0.writer(by)
    }
}
