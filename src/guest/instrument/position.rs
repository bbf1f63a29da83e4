//! The position in the journal, as a function keeps it.
//!
//! With [`Mode::Inline`] it is in a local. Slots along a straight line of code are at constant offsets
//! from it; the local moves on only where control flow splits or joins. The global is brought up to
//! date where other code may read it: before calls, returns and throws.

use super::body::{Body, Mode};
use super::journal_layout::SLOT;

impl Body<'_> {
    pub(super) fn position_local(&mut self) -> u32 {
        self.locals.position()
    }

    /// Loads the position from the global into the local.
    pub(super) fn load_position(&mut self) {
        let (position, global) = (self.position_local(), self.added.position);
        self.sink().global_get(global).local_set(position);
        self.is_synced = true;
    }

    /// Brings the local and the global up to date.
    pub(super) fn sync_position(&mut self) {
        self.flush();
        if self.mode == Mode::Inline && !self.is_synced {
            let (position, global) = (self.position_local(), self.added.position);
            self.sink().local_get(position).global_set(global);
            self.is_synced = true;
        }
    }

    /// Brings the local up to date: moves it past the pending slots.
    pub(super) fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if pending > 0 {
            self.add_to_position(pending * SLOT);
        }
    }

    /// Adds a number of bytes to the position in the local.
    pub(super) fn add_to_position(&mut self, bytes: u32) {
        let position = self.position_local();
        self.sink()
            .local_get(position)
            .i32_const(bytes as i32)
            .i32_add()
            .local_set(position);
        self.is_synced = false;
    }

    /// Counts slots that were written at the next places. The helper functions of an outlined
    /// journal move the position by themselves.
    pub(super) fn advance_slots(&mut self, count: u32) {
        if self.mode != Mode::Outlined {
            self.pending += count;
        }
    }
}
