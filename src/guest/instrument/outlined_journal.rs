//! Slots that are written by a call, for functions with very many stores or with a handler of
//! exceptions.
//!
//! A helper function checks the limit and writes the slot (`journal_helpers`). It moves the position
//! in its global before the instruction runs, so no local can lag.

use wasm_encoder::ValType;

use super::body::Body;
use super::journal_helpers;
use super::journal_layout::SLOT;
use super::journaled_stores::SlotValue;

impl Body<'_> {
    /// Writes a slot.
    pub(super) fn write_slot_by_call(&mut self, site: u32, address: u32, value: SlotValue) {
        self.sink().local_get(address);
        let ty = self.push_value(value);
        self.call_writer(site, ty);
    }

    /// Writes the two slots of a vector.
    pub(super) fn write_vector_slots_by_call(&mut self, site: u32, address: u32, vector: u32) {
        self.sink().local_get(address).local_get(vector);
        self.call_writer(site, ValType::V128);
    }

    /// Calls the function that writes the slots of a value of this type. Address and value are on the
    /// stack.
    fn call_writer(&mut self, site: u32, value: ValType) {
        let writer = journal_helpers::writer_index(self.added, value);
        self.sink().i32_const(site as i32).call(writer);
    }

    /// Calls the function that checks the limit.
    pub(super) fn call_check(&mut self) {
        let check = journal_helpers::check_index(self.added);
        self.sink().call(check);
    }

    /// Pushes the value of a slot, and returns its type: i32 or i64.
    fn push_value(&mut self, value: SlotValue) -> ValType {
        match value {
            SlotValue::Number { local, ty, width } => {
                self.sink().local_get(local);
                return self.cut(ty, width);
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
                    self.cut(ValType::I32, width);
                    self.sink()
                        .i64_extend_i32_u()
                        .i64_const(32)
                        .i64_shl()
                        .i64_or();
                }
            }
            SlotValue::Later => {
                self.sink().i64_const(0);
            }
        }
        ValType::I64
    }

    /// Replaces the number on the stack by an integer of its low `width` bytes, and returns its type.
    fn cut(&mut self, ty: ValType, width: u8) -> ValType {
        let mut sink = self.sink();
        let low_bytes = 1i64.checked_shl(8 * u32::from(width)).map(|past| past - 1);
        match (ty, width, low_bytes) {
            (ValType::F32, ..) => drop(sink.i32_reinterpret_f32()),
            (ValType::F64, ..) => drop(sink.i64_reinterpret_f64()),
            (ValType::I32, 1..=2, Some(mask)) => drop(sink.i32_const(mask as i32).i32_and()),
            (ValType::I64, 1..=4, Some(mask)) => drop(sink.i64_const(mask).i64_and()),
            _ => {}
        }
        match ty {
            ValType::I32 | ValType::F32 => ValType::I32,
            _ => ValType::I64,
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
