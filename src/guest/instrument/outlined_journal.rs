//! The slots, written by calls: for functions in which slots in line would be too many, or could
//! get lost. Each is complete, and the position in its global moved on, before the instruction
//! runs; an exchange is amended behind it.

use wasm_encoder::{BlockType, Instruction, ValType};

use super::body::{Body, word};
use super::journal_layout::{SLOT, VALUE};
use super::memory_access::{Kind, MemoryAccess};
use crate::journal_abi::SiteKind;

impl Body<'_> {
    /// Writes an instruction that writes the journaled memory, with its slot.
    pub(super) fn write_careful_store(
        &mut self,
        touch: MemoryAccess,
        offset: u64,
        instruction: &Instruction<'_>,
    ) {
        let Some((site, kind)) = self.add_site(touch, offset) else {
            return;
        };
        match touch.kind {
            Kind::Load { .. } => {}
            Kind::Store { value, width } => self.note_plain(site, value, width, instruction),
            Kind::StoreLane { width, lane } => self.note_lane(site, width, lane, instruction),
            Kind::StoreVector => self.note_vector(site, instruction),
            Kind::Exchange { value, width } => {
                self.note_exchange(site, touch, value, width, instruction)
            }
            Kind::CompareExchange { value, width } => {
                self.note_compare_exchange(site, touch, value, width, instruction);
            }
            Kind::Fill | Kind::Copy { .. } | Kind::Init { .. } => {
                self.note_bulk(site, kind, instruction)
            }
            Kind::Grow => self.note_grow(site, instruction),
        }
    }

    /// Calls for a slot; address and value lie on the stack.
    fn note(&mut self, site: u32) {
        let note = self.added.note;
        self.put().i32_const(site as i32).call(note);
    }

    fn note_plain(&mut self, site: u32, ty: ValType, width: u8, instruction: &Instruction<'_>) {
        let (address, value) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        self.put()
            .local_set(value)
            .local_tee(address)
            .local_get(value);
        self.extend(ty, width);
        self.note(site);
        self.put().local_get(address).local_get(value);
        self.emit(instruction);
    }

    /// Makes an i64 of the low `width` bytes of what lies on the stack.
    fn extend(&mut self, ty: ValType, width: u8) {
        let mut put = self.put();
        match ty {
            ValType::I32 => put.i64_extend_i32_u(),
            ValType::F32 => put.i32_reinterpret_f32().i64_extend_i32_u(),
            ValType::F64 => put.i64_reinterpret_f64(),
            _ => &mut put,
        };
        let is_whole = matches!((ty, width), (_, 8) | (ValType::I32 | ValType::F32, 4));
        if let (false, Some(past)) = (is_whole, 1i64.checked_shl(8 * u32::from(width))) {
            put.i64_const(past - 1).i64_and();
        }
    }

    fn note_lane(&mut self, site: u32, width: u8, lane: u8, instruction: &Instruction<'_>) {
        let (address, vector) = (
            self.scratch(ValType::I32, 0),
            self.scratch(ValType::V128, 0),
        );
        let mut put = self.put();
        put.local_set(vector).local_tee(address).local_get(vector);
        match width {
            1 => put.i8x16_extract_lane_u(lane).i64_extend_i32_u(),
            2 => put.i16x8_extract_lane_u(lane).i64_extend_i32_u(),
            4 => put.i32x4_extract_lane(lane).i64_extend_i32_u(),
            _ => put.i64x2_extract_lane(lane),
        };
        self.note(site);
        self.put().local_get(address).local_get(vector);
        self.emit(instruction);
    }

    fn note_vector(&mut self, site: u32, instruction: &Instruction<'_>) {
        let (address, vector) = (
            self.scratch(ValType::I32, 0),
            self.scratch(ValType::V128, 0),
        );
        let note = self.added.note_wide;
        self.put()
            .local_set(vector)
            .local_tee(address)
            .local_get(vector)
            .i32_const(site as i32)
            .call(note);
        self.put().local_get(address).local_get(vector);
        self.emit(instruction);
    }

    /// The value is what memory holds behind the instruction.
    fn note_exchange(
        &mut self,
        site: u32,
        touch: MemoryAccess,
        ty: ValType,
        width: u8,
        instruction: &Instruction<'_>,
    ) {
        let (address, value) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        self.put().local_set(value).local_tee(address).i64_const(0);
        self.note(site);
        self.put().local_get(address).local_get(value);
        self.emit(instruction);
        self.amend(address, touch, ty, width);
    }

    /// Writes what memory holds as the value of the slot written last.
    fn amend(&mut self, address: u32, touch: MemoryAccess, ty: ValType, width: u8) {
        self.put_last_slot();
        self.put().local_get(address);
        self.load(touch, ty, width);
        if ty == ValType::I32 {
            self.put().i64_extend_i32_u();
        }
        let at = word(VALUE, self.added.memory);
        self.put().i64_store(at);
    }

    fn put_last_slot(&mut self) {
        let position = self.added.position;
        self.put()
            .global_get(position)
            .i32_const(SLOT as i32)
            .i32_sub();
    }

    /// The slot is taken back unless the exchange happened: see `write_compare_exchange`.
    fn note_compare_exchange(
        &mut self,
        site: u32,
        touch: MemoryAccess,
        ty: ValType,
        width: u8,
        instruction: &Instruction<'_>,
    ) {
        let (address, old) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        let (expected, value) = (self.scratch(ty, 2), self.scratch(ty, 3));
        self.put()
            .local_set(value)
            .local_set(expected)
            .local_tee(address)
            .i64_const(0);
        self.note(site);
        self.put()
            .local_get(address)
            .local_get(expected)
            .local_get(value);
        self.emit(instruction);
        self.put().local_tee(old).local_get(old).local_get(expected);
        self.compare(ty, true);
        self.put().local_get(address);
        self.load(touch, ty, width);
        self.put().local_get(old);
        self.compare(ty, false);
        self.put().i32_or().if_(BlockType::Empty);
        self.amend(address, touch, ty, width);
        self.put().else_();
        let (position, head) = (self.added.position, word(0, self.added.memory));
        self.put_last_slot();
        self.put()
            .global_set(position)
            .global_get(position)
            .i64_const(0)
            .i64_store(head)
            .end();
    }

    fn note_bulk(&mut self, site: u32, kind: SiteKind, instruction: &Instruction<'_>) {
        let [address, second, length] = [0, 1, 2].map(|nth| self.scratch(ValType::I32, nth));
        self.put()
            .local_set(length)
            .local_set(second)
            .local_tee(address);
        self.put().local_get(length).i64_extend_i32_u();
        if kind != SiteKind::CopyFrom {
            self.put().local_get(second);
            self.extend(ValType::I32, if kind == SiteKind::Fill { 1 } else { 4 });
            self.put().i64_const(32).i64_shl().i64_or();
        }
        self.note(site);
        self.put()
            .local_get(address)
            .local_get(second)
            .local_get(length);
        self.emit(instruction);
        if kind == SiteKind::CopyFrom {
            self.tick();
        }
    }

    fn note_grow(&mut self, site: u32, instruction: &Instruction<'_>) {
        let (pages, old) = (self.scratch(ValType::I32, 0), self.scratch(ValType::I32, 1));
        self.put().local_tee(pages);
        self.emit(instruction);
        self.put()
            .local_set(old)
            .local_get(pages)
            .local_get(old)
            .i64_extend_i32_u();
        self.note(site);
        self.put().local_get(old);
    }
}
