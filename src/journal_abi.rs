//! What the writer and the readers of a guest's journal agree on.
//!
//! An instrumented guest (`guest::instrument`) keeps a *journal*: for each store it writes a *slot*
//! into a private memory. The session drains the journal (`session::journal`), and the timeline
//! keeps the slots as the events of a step (`timeline::event_log`). This leaf holds the layout of a
//! slot and the description of the instructions that write slots, the *store sites*.
//!
//! # Layout of a slot
//!
//! A slot has [`SLOT`] bytes. Its fields are little-endian:
//!
//! | bytes | field     | meaning                                                              |
//! | ----- | --------- | -------------------------------------------------------------------- |
//! | 0..4  | `site`    | the number of the store site, from 1; 0 means that there is no slot  |
//! | 4..8  | `address` | the address operand of the instruction, without its immediate offset |
//! | 8..16 | `value`   | depends on the [`SiteKind`]                                          |
//!
//! A slot of a [`SiteKind::Vector`] site is followed by a second one, which holds the 16 bytes that
//! are stored and no other field.
//!
//! Calls of the guest's allocator are recorded in a list of their own, beside the slots: see
//! `AllocatorRecord`.

use serde::{Deserialize, Serialize};

/// The size of a slot, in bytes.
pub const SLOT: usize = 16;

/// The offset of the field `address` in a slot, in bytes.
pub(crate) const ADDRESS_OFFSET: usize = 4;

/// The offset of the field `value` in a slot, in bytes.
pub(crate) const VALUE_OFFSET: usize = 8;

/// A slot as it is encoded in the journal.
pub(crate) type SlotBytes = [u8; SLOT];

/// The fields of a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The number of the store site, from 1; 0 where no slot is.
    pub site: u32,
    /// The address operand of the instruction, without its immediate offset.
    pub address: u32,
    /// What the instruction writes; see [`SiteKind`].
    pub value: u64,
}

impl Slot {
    /// Encodes the fields as the journal holds them.
    #[cfg(test)]
    pub fn encode(self) -> SlotBytes {
        let head = join_head(self.site, self.address);
        (u128::from(head) | u128::from(self.value) << 64).to_le_bytes()
    }

    /// Decodes the fields of a slot.
    #[inline]
    pub fn decode(bytes: &SlotBytes) -> Self {
        let fields = u128::from_le_bytes(*bytes);
        Slot {
            site: fields as u32,
            address: (fields >> 32) as u32,
            value: (fields >> 64) as u64,
        }
    }
}

/// Joins the first two fields of a slot, `site` and `address`, as one little-endian number: the
/// guest writes them in one store, and whoever compares many slots compares both at once.
#[inline]
pub(crate) const fn join_head(site: u32, address: u32) -> u64 {
    site as u64 | (address as u64) << 32
}

/// Returns the first two fields of an encoded slot as [`join_head`] joins them.
#[inline]
pub(crate) fn head(bytes: &SlotBytes) -> u64 {
    u64::from_le_bytes(*bytes.first_chunk().unwrap_or(&[0; VALUE_OFFSET]))
}

/// Returns the low half of a slot's value: the length of a bulk operation in bytes, or the size of
/// memory before `memory.grow` in pages.
#[inline]
pub(crate) fn low_half(value: u64) -> u64 {
    value & u64::from(u32::MAX)
}

/// Returns the high half of a slot's value: the second operand of a bulk operation.
#[inline]
pub(crate) fn high_half(value: u64) -> u64 {
    value >> 32
}

/// An instruction of the guest that writes the journaled memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSite {
    /// The index of the function that holds the instruction, in the module as given.
    pub function: u32,
    /// The offset of the instruction from the start of the module as given, in bytes.
    pub offset: u64,
    /// The immediate offset of the instruction, in bytes; 0 for all but stores. The address of the
    /// first byte written is the address operand plus this, both as unsigned 64-bit numbers.
    pub immediate: u64,
    /// What the instruction writes.
    pub kind: SiteKind,
}

/// What a store site writes, and what the value of its slot means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SiteKind {
    /// A store or an atomic read-modify-write; the value's low bytes are stored. A
    /// compare-exchange that stored nothing leaves no slot.
    Store {
        /// How many bytes are stored: 1, 2, 4 or 8.
        width: u8,
    },
    /// A store of 16 bytes, which are in a second slot. The value is undefined.
    Vector,
    /// `memory.fill`. The value's low half is the length in bytes, the high half the byte.
    Fill,
    /// `memory.copy` within the journaled memory. The value's low half is the length in bytes, the
    /// high half the address of the source.
    Copy,
    /// `memory.copy` from another memory. The value's low half is the length in bytes. The guest
    /// calls the host right after the instruction, so that the host can read the bytes.
    CopyFrom,
    /// `memory.init`. The value's low half is the length in bytes, the high half the offset in the
    /// data segment.
    Init {
        /// The index of the data segment.
        segment: u32,
    },
    /// `memory.grow`. The value's low half is the size before in pages, or `u32::MAX` where the
    /// growth was refused; the address is the number of pages asked for. Unlike the others, this
    /// slot is written after the instruction.
    Grow,
}

impl SiteKind {
    /// Returns how many slots one execution of such a site writes.
    pub(crate) fn slots(self) -> usize {
        match self {
            SiteKind::Vector => 2,
            _ => 1,
        }
    }
}

/// The size of a record of an allocator's call, in bytes.
pub(crate) const CALL_RECORD: usize = 24;

/// What is added to the number of a function in a record that is written when the function returns.
pub(crate) const RETURNED: u32 = 1 << 31;

/// A function of the guest's allocator, whose calls are recorded wherever they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocatorFunction {
    /// The index of the function, in the module as given.
    pub function: u32,
    /// What it does.
    pub operation: AllocatorOperation,
    /// The numbers of its parameters by what they mean.
    pub params: AllocatorParams,
    /// Whether a release must name the size and the alignment with which a block was allocated.
    pub checks_layout: bool,
    /// Whether the parameter for the size is a number of bytes for sure.
    pub has_sure_size: bool,
}

/// What a function of an allocator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AllocatorOperation {
    /// Returns the address of a new block, or 0.
    Allocate,
    /// Returns the new address of a block that gets another size, or 0.
    Reallocate,
    /// Releases a block.
    Release,
}

/// The numbers of the parameters of an allocator's function; `None` for what it does not take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocatorParams {
    /// The address of the block that it is given.
    pub address: Option<u32>,
    /// The size of that block, in bytes.
    pub old_size: Option<u32>,
    /// The size of the new block, in bytes.
    pub size: Option<u32>,
    /// A number by which the size is multiplied.
    pub count: Option<u32>,
    /// The alignment of the block, in bytes.
    pub alignment: Option<u32>,
}

/// The functions of a guest's allocator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocator {
    /// The functions whose calls are recorded. Function number n is `functions[n - 1]`.
    pub functions: Vec<AllocatorFunction>,
    /// Functions that do nothing but call one of these, by their index among all functions.
    pub wrappers: Vec<u32>,
    /// Exports that allocate or release a block by their name, by their index among all functions. A
    /// call of one by the host is the host's own call of the allocator.
    pub entries: Vec<u32>,
    /// Whether nothing else in the guest allocates or releases blocks in the same memory.
    pub is_closed: bool,
}

/// A record of an entry to a function of the allocator, or of its return.
///
/// It has [`CALL_RECORD`] bytes, all fields little-endian and 4 bytes long: the position in the
/// journal of stores, the number of the function from 1, the address, the size, the alignment, and
/// the caller. At the return, [`RETURNED`] is added to the number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AllocatorRecord {
    /// The address of the next slot in the journal.
    pub position: u32,
    /// The number of the function, from 1.
    pub number: u32,
    /// Whether the function returned. Otherwise it was entered.
    pub has_returned: bool,
    /// The address that the function is given, or the one that it returns.
    pub address: u32,
    /// At entry the size of the block that it is given; at the return that of the new block.
    pub size: u32,
    /// The alignment that it is given.
    pub alignment: u32,
    /// The offset of the instruction that called it, from the start of the module as given; 0 if
    /// that is not known.
    pub caller: u32,
}

impl AllocatorRecord {
    /// Decodes a record.
    pub fn decode(bytes: &[u8; CALL_RECORD]) -> Self {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |at: usize| words.get(at).map_or(0, |word| u32::from_le_bytes(*word));
        AllocatorRecord {
            position: word(0),
            number: word(1) & !RETURNED,
            has_returned: word(1) & RETURNED != 0,
            address: word(2),
            size: word(3),
            alignment: word(4),
            caller: word(5),
        }
    }
}

/// Returns the index of a site number in a list of sites; `None` for 0.
#[inline]
pub(crate) fn site_index(number: u32) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_slot_survives_encoding(site: u32, address: u32, value: u64) {
            let slot = Slot { site, address, value };
            let bytes = slot.encode();
            prop_assert_eq!(Slot::decode(&bytes), slot);
            // The guest writes the fields one by one, at the offsets given here.
            prop_assert_eq!(&bytes[..ADDRESS_OFFSET], &site.to_le_bytes());
            prop_assert_eq!(&bytes[ADDRESS_OFFSET..VALUE_OFFSET], &address.to_le_bytes());
            prop_assert_eq!(&bytes[VALUE_OFFSET..], &value.to_le_bytes());
            prop_assert_eq!(head(&bytes), join_head(site, address));
            prop_assert_eq!(low_half(value) | high_half(value) << 32, value);
        }
    }

    #[test]
    fn site_numbers_start_at_one() {
        assert_eq!(site_index(0), None);
        assert_eq!(site_index(1), Some(0));
    }
}
