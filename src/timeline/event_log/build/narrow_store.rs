//! Stores of up to 8 bytes, which are applied together.

use crate::timeline::event_log::leaf_index::WriterId;

/// A store of up to 8 bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NarrowStore {
    pub(super) start: u64,
    pub(super) value: u64,
    pub(super) by: WriterId,
    /// How many bytes are stored.
    pub(super) width: u8,
}

/// Stores in one leaf that were counted together.
pub(super) struct Counted {
    /// How many there are.
    pub(super) stores: usize,
    /// The index of the leaf.
    pub(super) index: u32,
    pub(super) is_checkpoint_due: bool,
}
