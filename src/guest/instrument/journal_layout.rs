//! The private memory that holds the journal of an instrumented guest, and how the host reaches it.

use serde::{Deserialize, Serialize};
use wasm_encoder::{ConstExpr, GlobalType, MemArg, MemoryType, ValType};

use super::loop_analysis::MAX_FLOATS;
use crate::journal_abi::{self, Allocator, StoreSite, site_index};
use crate::wasm_types::PAGE;

/// The size of a slot in bytes, as an operand of the guest's instructions.
pub(super) const SLOT: u32 = journal_abi::SLOT as u32;

/// The offsets of a slot's fields in bytes, as operands of the guest's instructions.
pub(super) const ADDRESS: u32 = journal_abi::ADDRESS_OFFSET as u32;
pub(super) const VALUE: u32 = journal_abi::VALUE_OFFSET as u32;

/// Where word 0, the limit, is in the private memory.
pub(super) const LIMIT: u32 = 0;

/// Where floats are spilled while the host is called. The limit is on a cache line of its own,
/// because another thread writes it.
pub(super) const SPILL_AREA: u32 = 64;
/// The size of a spilled float or vector, in bytes.
pub(super) const SPILL_SIZE: u32 = 16;

/// The size of a record of an allocator's call in bytes, as an operand of the guest's instructions.
pub(super) const CALL_RECORD: u32 = journal_abi::CALL_RECORD as u32;

/// The address of the first record of a call of the guest's allocator.
const CALLS_START: u32 = SPILL_AREA + MAX_FLOATS as u32 * SPILL_SIZE;

/// How many of these records there may be between two drains.
const MAX_CALL_RECORDS: u32 = 512;

/// A position after this address has no space for another record.
pub(super) const LAST_CALL: u32 = CALLS_START + (MAX_CALL_RECORDS - 1) * CALL_RECORD;

/// The address of the first slot.
const START: u32 = CALLS_START + MAX_CALL_RECORDS * CALL_RECORD;

/// The size of the slots between two drains, in bytes: small enough that what the host reads and
/// clears is still in the nearest caches.
const CAPACITY: u32 = 64 << 10;

/// A position after this address is past the limit, whatever the limit is.
pub(super) const LAST: u32 = START + CAPACITY;

/// The largest number of slots that a function may write between two checks of the limit. Each
/// store of a function with more slots is checked by itself.
pub(super) const MAX_SLOTS_BETWEEN_CHECKS: u32 = 2000;

/// The journal of an instrumented guest: a private memory, and what the host must know of it.
///
/// The guest writes slots from `start` on, laid out as [`journal_abi`] describes. A slot is written
/// before its instruction runs, so the last slot of a call that trapped is that of the store that
/// trapped, if one did. The global `position` has the address of the next slot. It may lag where the
/// guest trapped: the end is the first slot whose site is 0 and that does not follow a vector's.
///
/// Word 0 of the memory (`i32`) is the *limit*. A guest whose position is past it calls the imported
/// function `tick`: between the rounds of a loop, at the entry of a function that calls others, and
/// before the first store after the entry or after a call. It calls `tick` too before a bulk
/// operation on many bytes or elements. A loop that stores in every round only
/// checks whether the journal is full. The word is 0 at first, and another thread may set it to 0 at
/// any time, to have `tick` called soon.
///
/// In `tick`, the host reads the slots from `start` up to the position, clears them, sets the
/// position to `start` and the limit to `limit`. The memory between word 0 and `start` is not the
/// host's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JournalLayout {
    /// The name under which the private memory is exported. It is shared and has a fixed size.
    pub memory_export: String,
    /// The name under which the position is exported: a mutable `i32` global.
    pub position_export: String,
    /// The name under which another mutable `i32` global is exported: the address operand of the
    /// last load, or of one before it that reached as far.
    pub last_load_export: String,
    /// The address of the first slot, in bytes.
    pub start: u32,
    /// What the limit is set to, in bytes. The memory after it has space for all slots that the
    /// guest may write before it checks the limit again.
    pub limit: u32,
    /// The store sites, ordered by function, then by offset. Site number n is `sites[n - 1]`.
    pub sites: Vec<StoreSite>,
    /// The functions of the guest's allocator, whose calls are recorded.
    pub allocator: Allocator,
    /// The name under which the position in the records of these calls is exported: a mutable `i32`
    /// global with the address of the next one. `None` if no function is recorded.
    pub calls_position_export: Option<String>,
    /// The address of the first of these records, in bytes. In `tick`, the host reads them up to the
    /// position and sets that to this address.
    pub calls_start: u32,
}

impl JournalLayout {
    /// Returns the store site of this number; `None` where there is none.
    pub(crate) fn site(&self, number: u32) -> Option<&StoreSite> {
        self.sites.get(site_index(number)?)
    }
}

/// The indices of what is added to a module, as the instrumented module has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddedItems {
    /// The imported function that calls the host.
    pub tick: u32,
    /// The first of the functions that write slots: see `journal_helpers`.
    pub helpers: u32,
    /// The first of the functions for long fills and copies.
    pub bulk_helpers: u32,
    /// The private memory. It comes after the guest's own ones.
    pub memory: u32,
    /// The global that holds the position.
    pub position: u32,
    /// The global that holds the address operand of the last load.
    pub last_load: u32,
    /// The global with the address of the next record of an allocator's call. It exists only if an
    /// allocator is recorded.
    pub calls_position: u32,
    /// The global with the offset of the instruction that calls an allocator. It exists under the
    /// same condition.
    pub caller: u32,
}

impl AddedItems {
    /// Returns the memory argument of an access to the private memory.
    pub fn journal(self, offset: u32) -> MemArg {
        MemArg {
            offset: offset.into(),
            align: 0,
            memory_index: self.memory,
        }
    }
}

/// The private memory and the globals as they are declared.
pub(super) struct JournalMemory {
    pub start: u32,
    pub limit: u32,
    pages: u64,
}

impl JournalMemory {
    /// Without journaled stores there are no slots, and the memory has the limit only.
    pub fn new(is_journaled: bool) -> Self {
        let (capacity, overrun) = if is_journaled {
            // A check may come when the position is just before the limit.
            (CAPACITY, (MAX_SLOTS_BETWEEN_CHECKS + 2) * SLOT)
        } else {
            (0, 0)
        };
        let limit = START + capacity;
        JournalMemory {
            start: START,
            limit,
            pages: u64::from(limit + overrun).div_ceil(PAGE),
        }
    }

    /// The memory is a shared one, so that the thread of the interrupt timer may write the limit
    /// without unsafe code.
    pub fn memory_type(&self) -> MemoryType {
        MemoryType {
            minimum: self.pages,
            maximum: Some(self.pages),
            memory64: false,
            shared: true,
            page_size_log2: None,
        }
    }

    /// Returns the address of the first record of an allocator's call.
    pub const fn calls_start() -> u32 {
        CALLS_START
    }

    /// Returns the types and the initial values of the position, of the last load, of the position
    /// in the records of an allocator's calls and of the caller.
    pub fn globals(&self) -> [(GlobalType, ConstExpr); 4] {
        let ty = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        [
            (ty, ConstExpr::i32_const(self.start as i32)),
            (ty, ConstExpr::i32_const(0)),
            (ty, ConstExpr::i32_const(CALLS_START as i32)),
            (ty, ConstExpr::i32_const(0)),
        ]
    }
}
