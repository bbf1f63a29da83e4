//! What the rewritten guest and its host agree on: the journal's memory, the slots in it, and the
//! sites that write them.

use wasm_encoder::{ConstExpr, GlobalType, MemoryType, ValType};

use super::loop_analysis::MOST_FLOATS;
use crate::wasm_types::PAGE;

/// In bytes.
pub(super) const SLOT: u32 = 16;

/// Where floats are put away while the host is called. Word 0 of the memory, the limit, lies on a
/// cache line of its own: another thread writes it.
pub(super) const AWAY: u32 = 64;

/// The first slot.
const START: u32 = AWAY + MOST_FLOATS as u32 * 16;

/// Bytes of slots between two drains: few, so that what the host reads and clears still lies in the
/// nearest caches.
const ROOM: u32 = 64 << 10;

/// A position past this one is past the limit, whatever the limit is.
pub(super) const LAST: u32 = START + ROOM;

/// Most slots that one function may write between two checks; one that could write more has each
/// checked.
pub(super) const MOST_BETWEEN_CHECKS: u32 = 2000;

/// Where the value begins in a slot.
pub(super) const VALUE: u32 = 8;

/// The private memory that the guest journals its writes in, and how the host finds its way in it.
///
/// Word 0 (i32) is the *limit*: a guest whose position has passed it calls `tick`: between the
/// rounds of a loop, at the entry of a function that calls, and before it stores behind an entry or
/// a call. A loop that stores in every round asks only whether the journal is full, as it will be
/// soon. The word is 0 at first, and another thread may write 0 there at any time to have `tick`
/// called soon. In `tick` the host takes what lies between `start` and the position, zeroes it,
/// sets the position back to `start` and the word to `limit`.
///
/// A slot is 16 bytes, little-endian: site (u32), address operand (u32), value (u64). It is written
/// before the instruction runs, so the slot of one that trapped is the last. The position may lag
/// behind where the guest trapped: the end is the first slot whose site is 0 and which is not a
/// second one. What a value is depends on [`SiteKind`]. What lies between word 0 and `start` means
/// nothing.
#[derive(Debug, Clone)]
pub struct JournalLayout {
    /// A shared memory of fixed size.
    pub memory_export: String,
    /// A mutable i32: the address of the next slot, in the journal's memory.
    pub position_export: String,
    /// A mutable i32: the address operand of the load that ran last, or of one before it that
    /// reached as far.
    pub last_load_export: String,
    /// The address of the first slot.
    pub start: u32,
    /// What word 0 is to be set to. Behind it there is room for what a guest writes until it looks
    /// again.
    pub limit: u32,
    /// Site number n is `sites[n - 1]`; ordered by function, then by offset.
    pub sites: Vec<Site>,
}

/// An instruction that writes the journaled memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// The index of its function in the module as given.
    pub function: u32,
    /// From the start of the module as given, in bytes.
    pub offset: u64,
    /// Added to the address operand, as unsigned 64-bit numbers, this makes the address of the
    /// first byte.
    pub immediate: u64,
    pub kind: SiteKind,
}

/// What an instruction writes, and what the value in its slot means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteKind {
    /// So many bytes, 1, 2, 4 or 8: the value's low ones. Atomic read-modify-writes, too; one that
    /// changed nothing because the comparison failed leaves no slot.
    Store { width: u8 },
    /// 16 bytes: they are a second slot, which has neither site nor address. The value means
    /// nothing.
    Wide,
    /// `memory.fill`: its length, and the byte from bit 32 on.
    Fill,
    /// `memory.copy` within the memory: its length, and the source's address from bit 32 on.
    Copy,
    /// `memory.copy` from another memory: its length. The guest calls `tick` right behind it.
    CopyFrom,
    /// `memory.init`: its length, and the place in the segment from bit 32 on.
    Init { segment: u32 },
    /// `memory.grow`: the old size in pages, `u32::MAX` where it was refused; the address is the
    /// number of pages asked for. Written behind the instruction, unlike the others.
    Grow,
}

/// The indices, in the rewritten module, of what was added to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Added {
    pub tick: u32,
    /// Write the slots of a store: see `notes`.
    pub note: u32,
    pub note_wide: u32,
    pub memory: u32,
    pub position: u32,
    pub last_load: u32,
}

pub(super) struct JournalMemory {
    pub start: u32,
    pub limit: u32,
    pages: u64,
}

impl JournalMemory {
    pub fn new(is_journaled: bool) -> Self {
        let room = if is_journaled { ROOM } else { 0 };
        let behind = if is_journaled {
            (MOST_BETWEEN_CHECKS + 2) * SLOT
        } else {
            0
        };
        let limit = START + room;
        JournalMemory {
            start: START,
            limit,
            pages: u64::from(limit + behind).div_ceil(PAGE),
        }
    }

    pub fn memory_type(&self) -> MemoryType {
        MemoryType {
            minimum: self.pages,
            maximum: Some(self.pages),
            memory64: false,
            shared: true,
            page_size_log2: None,
        }
    }

    /// The types and first values of the added globals: the position, the last load.
    pub fn globals(&self) -> [(GlobalType, ConstExpr); 2] {
        let ty = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        [
            (ty, ConstExpr::i32_const(self.start as i32)),
            (ty, ConstExpr::i32_const(0)),
        ]
    }
}
