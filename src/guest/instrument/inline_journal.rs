//! The slots, written in line: what goes into the journal before, and for a few behind, an
//! instruction that writes memory.

use wasm_encoder::{BlockType, Instruction, MemArg, ValType};

use super::body::{Body, word};
use super::journal_layout::{SLOT, VALUE};
use super::memory_access::{Kind, MemoryAccess};
use crate::journal_abi::{SiteKind, StoreSite};

impl Body<'_> {
    /// Writes an instruction that writes the journaled memory, with its slot.
    pub(super) fn write_store(
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
            Kind::Store { value, width } => self.write_plain(site, value, width, instruction),
            Kind::StoreLane { width, lane } => self.write_lane(site, width, lane, instruction),
            Kind::StoreVector => self.write_vector(site, instruction),
            Kind::Exchange { value, width } => {
                self.write_exchange(site, touch, value, width, instruction)
            }
            Kind::CompareExchange { value, width } => {
                self.write_compare_exchange(site, touch, value, width, instruction)
            }
            Kind::Fill | Kind::Copy { .. } | Kind::Init { .. } => {
                self.write_bulk(site, kind, instruction)
            }
            Kind::Grow => self.write_grow(site, instruction),
        }
    }

    /// Numbers the instruction among those that write memory; `None` for one that does not.
    pub(super) fn add_site(&mut self, touch: MemoryAccess, offset: u64) -> Option<(u32, SiteKind)> {
        let kind = match touch.kind {
            Kind::Load { .. } => return None,
            Kind::Store { width, .. }
            | Kind::StoreLane { width, .. }
            | Kind::Exchange { width, .. }
            | Kind::CompareExchange { width, .. } => SiteKind::Store { width },
            Kind::StoreVector => SiteKind::Vector,
            Kind::Fill => SiteKind::Fill,
            Kind::Copy { from } if from == touch.memory => SiteKind::Copy,
            Kind::Copy { .. } => SiteKind::CopyFrom,
            Kind::Init { segment } => SiteKind::Init { segment },
            Kind::Grow => SiteKind::Grow,
        };
        let function = self.function;
        self.sites.push(StoreSite {
            function,
            offset,
            immediate: touch.immediate,
            kind,
        });
        Some((self.sites.len() as u32, kind))
    }

    /// Writes a slot's site and address, in one store.
    fn write_head(&mut self, site: u32, address: u32) {
        let (at, position) = (word(self.next_slot(), self.added.memory), self.position());
        self.put()
            .local_get(position)
            .local_get(address)
            .i64_extend_i32_u()
            .i64_const(32)
            .i64_shl()
            .i64_const(site.into())
            .i64_or()
            .i64_store(at);
    }

    fn write_plain(&mut self, site: u32, ty: ValType, width: u8, instruction: &Instruction<'_>) {
        let (address, value) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        self.put().local_set(value).local_tee(address);
        self.write_head(site, address);
        self.write_value(value, ty, width);
        self.put().local_get(value);
        self.emit(instruction);
        self.take_slots(1);
    }

    /// Writes the low `width` bytes of a local as the next slot's value.
    fn write_value(&mut self, value: u32, ty: ValType, width: u8) {
        let (at, position) = (
            word(self.next_slot() + VALUE, self.added.memory),
            self.position(),
        );
        let mut put = self.put();
        put.local_get(position).local_get(value);
        match (ty, width) {
            (ValType::I32, 1) => put.i32_store8(at),
            (ValType::I32, 2) => put.i32_store16(at),
            (ValType::I32, _) => put.i32_store(at),
            (ValType::F32, _) => put.f32_store(at),
            (ValType::F64, _) => put.f64_store(at),
            (_, 1) => put.i64_store8(at),
            (_, 2) => put.i64_store16(at),
            (_, 4) => put.i64_store32(at),
            _ => put.i64_store(at),
        };
    }

    fn write_lane(&mut self, site: u32, width: u8, lane: u8, instruction: &Instruction<'_>) {
        let (address, vector) = (
            self.scratch(ValType::I32, 0),
            self.scratch(ValType::V128, 0),
        );
        self.put().local_set(vector).local_tee(address);
        self.write_head(site, address);
        let (at, position) = (
            word(self.next_slot() + VALUE, self.added.memory),
            self.position(),
        );
        let mut put = self.put();
        put.local_get(position).local_get(vector);
        match width {
            1 => put.v128_store8_lane(at, lane),
            2 => put.v128_store16_lane(at, lane),
            4 => put.v128_store32_lane(at, lane),
            _ => put.v128_store64_lane(at, lane),
        };
        put.local_get(vector);
        self.emit(instruction);
        self.take_slots(1);
    }

    fn write_vector(&mut self, site: u32, instruction: &Instruction<'_>) {
        let (address, vector) = (
            self.scratch(ValType::I32, 0),
            self.scratch(ValType::V128, 0),
        );
        self.put().local_set(vector).local_tee(address);
        self.write_head(site, address);
        let (at, memory, position) = (self.next_slot(), self.added.memory, self.position());
        self.put()
            .local_get(position)
            .local_get(vector)
            .v128_store(word(at + SLOT, memory))
            .local_get(vector);
        self.emit(instruction);
        self.take_slots(2);
    }

    /// The value is what memory holds behind the instruction.
    fn write_exchange(
        &mut self,
        site: u32,
        touch: MemoryAccess,
        ty: ValType,
        width: u8,
        instruction: &Instruction<'_>,
    ) {
        let (address, value) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        self.put().local_set(value).local_tee(address);
        self.write_head(site, address);
        self.put().local_get(value);
        self.emit(instruction);
        self.put().local_get(address);
        self.load(touch, ty, width);
        self.put().local_set(value);
        self.write_value(value, ty, width);
        self.take_slots(1);
    }

    /// The slot is taken only if the exchange happened: what was there is what was expected. An
    /// engine that compares only the low bytes of what is expected shows by what memory then holds.
    fn write_compare_exchange(
        &mut self,
        site: u32,
        touch: MemoryAccess,
        ty: ValType,
        width: u8,
        instruction: &Instruction<'_>,
    ) {
        self.flush();
        let (address, old) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        let (expected, value) = (self.scratch(ty, 2), self.scratch(ty, 3));
        self.put()
            .local_set(value)
            .local_set(expected)
            .local_tee(address);
        self.write_head(site, address);
        self.put().local_get(expected).local_get(value);
        self.emit(instruction);
        self.put().local_tee(old).local_get(old).local_get(expected);
        self.compare(ty, true);
        self.put().local_get(address);
        self.load(touch, ty, width);
        self.put().local_tee(value).local_get(old);
        self.compare(ty, false);
        self.put().i32_or().if_(BlockType::Empty);
        self.write_value(value, ty, width);
        let (position, head) = (self.position(), word(0, self.added.memory));
        self.put()
            .local_get(position)
            .i32_const(SLOT as i32)
            .i32_add()
            .local_set(position);
        self.put()
            .else_()
            .local_get(position)
            .i64_const(0)
            .i64_store(head)
            .end();
        self.position_moved();
    }

    /// Loads from the address on the stack what the instruction has touched, without a sign.
    pub(super) fn load(&mut self, touch: MemoryAccess, ty: ValType, width: u8) {
        let at = MemArg {
            offset: touch.immediate,
            align: 0,
            memory_index: touch.memory,
        };
        let mut put = self.put();
        match (ty, width) {
            (ValType::I32, 1) => put.i32_load8_u(at),
            (ValType::I32, 2) => put.i32_load16_u(at),
            (ValType::I32, _) => put.i32_load(at),
            (_, 1) => put.i64_load8_u(at),
            (_, 2) => put.i64_load16_u(at),
            (_, 4) => put.i64_load32_u(at),
            _ => put.i64_load(at),
        };
    }

    pub(super) fn compare(&mut self, ty: ValType, is_equal: bool) {
        let mut put = self.put();
        match (ty, is_equal) {
            (ValType::I32, true) => put.i32_eq(),
            (ValType::I32, false) => put.i32_ne(),
            (_, true) => put.i64_eq(),
            (_, false) => put.i64_ne(),
        };
    }

    fn write_bulk(&mut self, site: u32, kind: SiteKind, instruction: &Instruction<'_>) {
        let scratch = |nth, body: &mut Self| body.scratch(ValType::I32, nth);
        let (address, second, length) = (scratch(0, self), scratch(1, self), scratch(2, self));
        self.put()
            .local_set(length)
            .local_set(second)
            .local_tee(address);
        self.write_head(site, address);
        let (at, memory, position) = (self.next_slot(), self.added.memory, self.position());
        self.put()
            .local_get(position)
            .local_get(length)
            .i32_store(word(at + VALUE, memory));
        let behind = word(at + VALUE + 4, memory);
        match kind {
            SiteKind::CopyFrom => {}
            SiteKind::Fill => {
                self.put()
                    .local_get(position)
                    .local_get(second)
                    .i32_store8(behind);
            }
            _ => {
                self.put()
                    .local_get(position)
                    .local_get(second)
                    .i32_store(behind);
            }
        }
        self.put().local_get(second).local_get(length);
        self.emit(instruction);
        self.take_slots(1);
        if kind == SiteKind::CopyFrom {
            self.tick();
        }
    }

    fn write_grow(&mut self, site: u32, instruction: &Instruction<'_>) {
        let (pages, old) = (self.scratch(ValType::I32, 0), self.scratch(ValType::I32, 1));
        self.put().local_tee(pages);
        self.emit(instruction);
        self.put().local_tee(old);
        self.write_head(site, pages);
        self.write_value(old, ValType::I32, 4);
        self.take_slots(1);
    }
}
