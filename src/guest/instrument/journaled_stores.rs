//! Writes each instruction that writes the journaled memory, together with its slot.
//!
//! The operands are saved in scratch locals, the slot is written, and the instruction runs with the
//! operands from the locals. How a slot is written depends on the function:
//! [`inline_journal`](super::inline_journal) or [`outlined_journal`](super::outlined_journal). Bulk
//! operations are in [`bulk_operations`](super::bulk_operations).

use wasm_encoder::{BlockType, Instruction, MemArg, ValType};

use super::body::{Body, Mode};
use super::memory_access::{AccessKind, MemoryAccess};
use crate::journal_abi::{SiteKind, StoreSite};

/// The value of a slot, by the locals that hold it.
#[derive(Debug, Clone, Copy)]
pub(super) enum SlotValue {
    /// The low `width` bytes of a local of type `ty`.
    Number { local: u32, ty: ValType, width: u8 },
    /// A lane of `width` bytes of a vector.
    Lane { vector: u32, width: u8, lane: u8 },
    /// The operands of a bulk operation: the length, and the low `width` bytes of a second one; 0
    /// for none.
    Bulk { length: u32, second: u32, width: u8 },
    /// Not known yet. [`Body::amend_slot`] sets it after the instruction.
    Later,
}

impl Body<'_> {
    /// Writes an instruction that writes the journaled memory, with its slot.
    pub(super) fn write_store(
        &mut self,
        access: MemoryAccess,
        offset: u64,
        instruction: &Instruction<'_>,
    ) {
        let Some((site, kind)) = self.add_site(access, offset) else {
            return;
        };
        match access.kind {
            AccessKind::Load { .. } => {}
            AccessKind::Store { value, width } => {
                self.write_plain(site, value, width, instruction);
            }
            AccessKind::StoreLane { width, lane } => {
                self.write_lane(site, width, lane, instruction);
            }
            AccessKind::StoreVector => self.write_vector(site, instruction),
            AccessKind::Exchange { value, width } => {
                self.write_exchange(site, access, value, width, instruction);
            }
            AccessKind::CompareExchange { value, width } => {
                self.write_compare_exchange(site, access, value, width, instruction);
            }
            AccessKind::Fill | AccessKind::Copy { .. } | AccessKind::Init { .. } => {
                self.write_bulk(site, access, kind, instruction);
            }
            AccessKind::Grow => self.write_grow(site, instruction),
        }
    }

    /// Adds the site of an instruction, and returns its number; `None` for one that does not write
    /// memory.
    fn add_site(&mut self, access: MemoryAccess, offset: u64) -> Option<(u32, SiteKind)> {
        let kind = match access.kind {
            AccessKind::Load { .. } => return None,
            AccessKind::Store { width, .. }
            | AccessKind::StoreLane { width, .. }
            | AccessKind::Exchange { width, .. }
            | AccessKind::CompareExchange { width, .. } => SiteKind::Store { width },
            AccessKind::StoreVector => SiteKind::Vector,
            AccessKind::Fill => SiteKind::Fill,
            AccessKind::Copy { from } if from == access.memory => SiteKind::Copy,
            AccessKind::Copy { .. } => SiteKind::CopyFrom,
            AccessKind::Init { segment } => SiteKind::Init { segment },
            AccessKind::Grow => SiteKind::Grow,
        };
        let function = self.function;
        self.sites.push(StoreSite {
            function,
            offset,
            immediate: access.immediate,
            kind,
        });
        Some((self.sites.len() as u32, kind))
    }

    /// Writes a slot. Nothing on the stack is used or left.
    pub(super) fn write_slot(&mut self, site: u32, address: u32, value: SlotValue) {
        match self.mode {
            Mode::Outlined => self.write_slot_by_call(site, address, value),
            Mode::NoStores | Mode::Inline => self.write_slot_inline(site, address, value),
        }
    }

    fn write_plain(&mut self, site: u32, ty: ValType, width: u8, instruction: &Instruction<'_>) {
        let (address, value) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        // The address stays on the stack for the instruction.
        self.sink().local_set(value).local_tee(address);
        let slot_value = SlotValue::Number {
            local: value,
            ty,
            width,
        };
        self.write_slot(site, address, slot_value);
        self.sink().local_get(value);
        self.emit(instruction);
        self.advance_slots(1);
    }

    fn write_lane(&mut self, site: u32, width: u8, lane: u8, instruction: &Instruction<'_>) {
        let (address, vector) = (
            self.scratch(ValType::I32, 0),
            self.scratch(ValType::V128, 0),
        );
        self.sink().local_set(vector).local_tee(address);
        let slot_value = SlotValue::Lane {
            vector,
            width,
            lane,
        };
        self.write_slot(site, address, slot_value);
        self.sink().local_get(vector);
        self.emit(instruction);
        self.advance_slots(1);
    }

    fn write_vector(&mut self, site: u32, instruction: &Instruction<'_>) {
        let (address, vector) = (
            self.scratch(ValType::I32, 0),
            self.scratch(ValType::V128, 0),
        );
        self.sink().local_set(vector).local_tee(address);
        match self.mode {
            Mode::Outlined => self.write_vector_slots_by_call(site, address, vector),
            Mode::NoStores | Mode::Inline => {
                self.write_vector_slots_inline(site, address, vector);
            }
        }
        self.sink().local_get(vector);
        self.emit(instruction);
        self.advance_slots(2);
    }

    /// Writes an atomic read-modify-write. The value of its slot is what memory holds afterwards.
    fn write_exchange(
        &mut self,
        site: u32,
        access: MemoryAccess,
        ty: ValType,
        width: u8,
        instruction: &Instruction<'_>,
    ) {
        let (address, value) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        self.sink().local_set(value).local_tee(address);
        self.write_slot(site, address, SlotValue::Later);
        self.sink().local_get(value);
        self.emit(instruction);
        self.sink().local_get(address);
        self.load(access, ty, width);
        self.sink().local_set(value);
        self.amend_slot(value, ty, width);
        self.advance_slots(1);
    }

    /// Writes a compare-exchange. Its slot is kept only if the instruction stored something: if
    /// what was there is what was expected. An engine that compares only the low bytes of what is
    /// expected stores more often; then memory differs from what was there before.
    fn write_compare_exchange(
        &mut self,
        site: u32,
        access: MemoryAccess,
        ty: ValType,
        width: u8,
        instruction: &Instruction<'_>,
    ) {
        self.flush();
        let (address, old) = (self.scratch(ValType::I32, 0), self.scratch(ty, 1));
        let (expected, value) = (self.scratch(ty, 2), self.scratch(ty, 3));
        self.sink()
            .local_set(value)
            .local_set(expected)
            .local_tee(address);
        self.write_slot(site, address, SlotValue::Later);
        self.sink().local_get(expected).local_get(value);
        self.emit(instruction);
        self.sink()
            .local_tee(old)
            .local_get(old)
            .local_get(expected);
        self.compare(ty, true);
        self.sink().local_get(address);
        self.load(access, ty, width);
        self.sink().local_tee(value).local_get(old);
        self.compare(ty, false);
        self.sink().i32_or().if_(BlockType::Empty);
        self.amend_slot(value, ty, width);
        if self.mode != Mode::Outlined {
            // Only this branch has a slot, so the position cannot move on at the next join.
            self.advance_position_inline();
        }
        self.sink().else_();
        match self.mode {
            Mode::Outlined => self.remove_last_slot(),
            Mode::NoStores | Mode::Inline => self.clear_next_slot_inline(),
        }
        self.sink().end();
    }

    /// Writes `memory.grow`. Its slot comes after it, because it has the old size. A growth by no
    /// pages has none.
    fn write_grow(&mut self, site: u32, instruction: &Instruction<'_>) {
        self.flush();
        let (pages, old) = (self.scratch(ValType::I32, 0), self.scratch(ValType::I32, 1));
        self.sink().local_tee(pages);
        self.emit(instruction);
        self.sink()
            .local_set(old)
            .local_get(pages)
            .if_(BlockType::Empty);
        let slot_value = SlotValue::Number {
            local: old,
            ty: ValType::I32,
            width: 4,
        };
        self.write_slot(site, pages, slot_value);
        if self.mode != Mode::Outlined {
            // Only this branch has a slot, so the position cannot move on at the next join.
            self.advance_position_inline();
        }
        self.sink().end().local_get(old);
    }

    /// Sets the value of a slot that was written without one: the low `width` bytes of a local.
    fn amend_slot(&mut self, value: u32, ty: ValType, width: u8) {
        let offset = match self.mode {
            Mode::Outlined => self.push_last_slot(),
            Mode::NoStores | Mode::Inline => self.push_next_slot(),
        };
        self.sink().local_get(value);
        self.store_value(ty, width, offset);
    }

    /// Replaces the address on the stack by what the instruction accesses there, without a sign.
    fn load(&mut self, access: MemoryAccess, ty: ValType, width: u8) {
        let at = MemArg {
            offset: access.immediate,
            align: 0,
            memory_index: access.memory,
        };
        let mut sink = self.sink();
        match (ty, width) {
            (ValType::I32, 1) => sink.i32_load8_u(at),
            (ValType::I32, 2) => sink.i32_load16_u(at),
            (ValType::I32, _) => sink.i32_load(at),
            (_, 1) => sink.i64_load8_u(at),
            (_, 2) => sink.i64_load16_u(at),
            (_, 4) => sink.i64_load32_u(at),
            _ => sink.i64_load(at),
        };
    }

    fn compare(&mut self, ty: ValType, is_equal: bool) {
        let mut sink = self.sink();
        match (ty, is_equal) {
            (ValType::I32, true) => sink.i32_eq(),
            (ValType::I32, false) => sink.i32_ne(),
            (_, true) => sink.i64_eq(),
            (_, false) => sink.i64_ne(),
        };
    }
}
