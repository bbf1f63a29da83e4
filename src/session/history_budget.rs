//! The memory that the records of a session may take, with `--max-history`.

use crate::text;
use crate::timeline::StepRecord;

/// The records of a session take more memory than they may. The text is the message.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct HistoryLimit(String);

/// How much of the memory for records is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct HistoryBudget {
    /// The most bytes that all records may take.
    limit: u64,
    /// How many bytes the records of finished steps take.
    used: u64,
    /// Whether the limit is that of the process, which is smaller than that of the option.
    is_of_process: bool,
}

impl HistoryBudget {
    pub fn new(limit: u64) -> Self {
        HistoryBudget {
            limit,
            used: 0,
            is_of_process: false,
        }
    }

    /// Lowers the limit to what the address space of the process allows, in bytes.
    pub fn limit_by_address_space(&mut self, left: u64) {
        if left < self.limit {
            self.limit = left;
            self.is_of_process = true;
        }
    }

    /// Returns how many bytes the next records may take.
    pub fn available(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Counts the record of a finished step.
    pub fn add(&mut self, record: &StepRecord) {
        self.used = self.used.saturating_add(record.history_bytes());
    }

    /// Checks whether another step may be recorded.
    ///
    /// # Errors
    ///
    /// Returns an error if the records take more than the limit.
    pub fn check(&self) -> Result<(), HistoryLimit> {
        if self.used <= self.limit {
            return Ok(());
        }
        Err(self.reached())
    }

    /// Returns the error of a step that reaches the limit.
    pub fn reached(&self) -> HistoryLimit {
        let how = match self.is_of_process {
            true => "the address space of this process allows no more, and `ulimit -v` sets that",
            false => "--max-history sets it",
        };
        HistoryLimit(format!(
            "the history of this run takes more than {}, the limit for all that is recorded; {how}",
            text::size(self.limit)
        ))
    }
}
