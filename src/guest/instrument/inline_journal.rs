//! Slots that are written in line, for most functions.
//!
//! The position is in a local. Slots along a straight line of code are at constant offsets from it:
//! the number of *pending* slots is the distance of the next one. So a slot takes two stores and no
//! branch.

use wasm_encoder::ValType;

use super::body::Body;
use super::journal_layout::{SLOT, VALUE};
use super::journaled_stores::SlotValue;
use crate::journal_abi::join_head;

impl Body<'_> {
    /// Writes a slot at the next place. [`Body::advance_slots`] must follow once the slot is whole.
    pub(super) fn write_slot_inline(&mut self, site: u32, address: u32, value: SlotValue) {
        self.write_head(site, address);
        match value {
            SlotValue::Number { local, ty, width } => {
                let offset = self.push_next_slot();
                self.sink().local_get(local);
                self.store_value(ty, width, offset);
            }
            SlotValue::Lane {
                vector,
                width,
                lane,
            } => {
                let offset = self.push_next_slot();
                let at = self.added.journal(offset + VALUE);
                let mut sink = self.sink();
                sink.local_get(vector);
                match width {
                    1 => sink.v128_store8_lane(at, lane),
                    2 => sink.v128_store16_lane(at, lane),
                    4 => sink.v128_store32_lane(at, lane),
                    _ => sink.v128_store64_lane(at, lane),
                };
            }
            SlotValue::Bulk {
                length,
                second,
                width,
            } => {
                let offset = self.push_next_slot();
                let at = self.added.journal(offset + VALUE);
                self.sink().local_get(length).i32_store(at);
                if width > 0 {
                    // The second operand is the high half of the value.
                    let offset = self.push_next_slot() + 4;
                    self.sink().local_get(second);
                    self.store_value(ValType::I32, width, offset);
                }
            }
            // The host clears slots when it drains them, so the value is 0.
            SlotValue::Later => {}
        }
    }

    /// Writes the two slots of a vector at the next places.
    pub(super) fn write_vector_slots_inline(&mut self, site: u32, address: u32, vector: u32) {
        self.write_head(site, address);
        let offset = self.push_next_slot();
        let at = self.added.journal(offset + SLOT);
        self.sink().local_get(vector).v128_store(at);
    }

    /// Writes the site and the address of the next slot, in one store.
    fn write_head(&mut self, site: u32, address: u32) {
        let offset = self.push_next_slot();
        let at = self.added.journal(offset);
        self.sink()
            .local_get(address)
            .i64_extend_i32_u()
            .i64_const(32)
            .i64_shl()
            .i64_const(join_head(site, 0) as i64)
            .i64_or()
            .i64_store(at);
    }

    /// Pushes the position, and returns the offset of the next slot from it.
    pub(super) fn push_next_slot(&mut self) -> u32 {
        let position = self.position_local();
        self.sink().local_get(position);
        self.pending * SLOT
    }

    /// Stores the low `width` bytes of the number on the stack as the value of the slot whose base
    /// is below it.
    pub(super) fn store_value(&mut self, ty: ValType, width: u8, offset: u32) {
        let at = self.added.journal(offset + VALUE);
        let mut sink = self.sink();
        match (ty, width) {
            (ValType::I32, 1) => sink.i32_store8(at),
            (ValType::I32, 2) => sink.i32_store16(at),
            (ValType::I32, _) => sink.i32_store(at),
            (ValType::F32, _) => sink.f32_store(at),
            (ValType::F64, _) => sink.f64_store(at),
            (_, 1) => sink.i64_store8(at),
            (_, 2) => sink.i64_store16(at),
            (_, 4) => sink.i64_store32(at),
            _ => sink.i64_store(at),
        };
    }

    /// Moves the position in the local on by one slot.
    pub(super) fn advance_position_inline(&mut self) {
        self.add_to_position(SLOT);
    }

    /// Clears the head of the next slot, which is not kept: a site of 0 is the journal's end.
    pub(super) fn clear_next_slot_inline(&mut self) {
        let offset = self.push_next_slot();
        let at = self.added.journal(offset);
        self.sink().i64_const(0).i64_store(at);
    }
}
