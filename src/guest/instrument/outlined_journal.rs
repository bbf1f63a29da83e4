//! Slots that are written by a call, for functions with very many stores or with a handler of
//! exceptions.
//!
//! A helper function checks the limit and writes the slot (`journal_helpers`). It moves the position
//! in its global before the instruction runs, so no local can lag.

use wasm_encoder::ValType;

use super::body::Body;
use super::journal_layout::SLOT;
use super::journaled_stores::SlotValue;

impl Body<'_> {
    /// Writes a slot.
    pub(super) fn write_slot_by_call(&mut self, site: u32, address: u32, value: SlotValue) {
        let write_slot = self.added.write_slot;
        self.sink().local_get(address);
        self.push_value(value);
        self.sink().i32_const(site as i32).call(write_slot);
    }

    /// Writes the two slots of a vector.
    pub(super) fn write_vector_slots_by_call(&mut self, site: u32, address: u32, vector: u32) {
        let write_vector_slots = self.added.write_vector_slots;
        self.sink()
            .local_get(address)
            .local_get(vector)
            .i32_const(site as i32)
            .call(write_vector_slots);
    }

    /// Pushes the value of a slot as an i64.
    fn push_value(&mut self, value: SlotValue) {
        match value {
            SlotValue::Number { local, ty, width } => {
                self.sink().local_get(local);
                self.extend(ty, width);
            }
            SlotValue::Lane {
                vector,
                width,
                lane,
            } => {
                let mut sink = self.sink();
                sink.local_get(vector);
                match width {
                    1 => sink.i8x16_extract_lane_u(lane).i64_extend_i32_u(),
                    2 => sink.i16x8_extract_lane_u(lane).i64_extend_i32_u(),
                    4 => sink.i32x4_extract_lane(lane).i64_extend_i32_u(),
                    _ => sink.i64x2_extract_lane(lane),
                };
            }
            SlotValue::Bulk {
                length,
                second,
                width,
            } => {
                self.sink().local_get(length).i64_extend_i32_u();
                if width > 0 {
                    self.sink().local_get(second);
                    self.extend(ValType::I32, width);
                    self.sink().i64_const(32).i64_shl().i64_or();
                }
            }
            SlotValue::Later => {
                self.sink().i64_const(0);
            }
        }
    }

    /// Replaces the number on the stack by an i64 of its low `width` bytes.
    fn extend(&mut self, ty: ValType, width: u8) {
        let mut sink = self.sink();
        match ty {
            ValType::I32 => sink.i64_extend_i32_u(),
            ValType::F32 => sink.i32_reinterpret_f32().i64_extend_i32_u(),
            ValType::F64 => sink.i64_reinterpret_f64(),
            _ => &mut sink,
        };
        let is_whole = matches!((ty, width), (_, 8) | (ValType::I32 | ValType::F32, 4));
        if let (false, Some(past)) = (is_whole, 1i64.checked_shl(8 * u32::from(width))) {
            sink.i64_const(past - 1).i64_and();
        }
    }

    /// Pushes the address of the last slot, and returns the offset of the slot from it.
    pub(super) fn push_last_slot(&mut self) -> u32 {
        let position = self.added.position;
        self.sink()
            .global_get(position)
            .i32_const(SLOT as i32)
            .i32_sub();
        0
    }

    /// Removes the last slot: moves the position back to it, and clears its head.
    pub(super) fn remove_last_slot(&mut self) {
        let (position, at) = (self.added.position, self.added.journal(0));
        self.push_last_slot();
        self.sink()
            .global_set(position)
            .global_get(position)
            .i64_const(0)
            .i64_store(at);
    }
}
