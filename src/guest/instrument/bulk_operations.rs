//! Bulk operations. One instruction may write a whole memory or table, so the host is called before
//! each that is long: it may stop the guest there.
//!
//! A long `memory.fill` or `memory.copy` calls a function that is added for that
//! (`bulk_helpers`). It performs all but the last part of the operation, in pieces, and the
//! instruction then performs the rest:
//!
//! ```text
//! if (the length is at least LONG)
//!   (the address, the second operand and the length) = call $helper
//! end
//! (the slot and the instruction)
//! ```

use wasm_encoder::{BlockType, Instruction, ValType};
use wasmparser::Operator;

use super::body::{Body, Mode};
use super::bulk_helpers;
use super::journaled_stores::SlotValue;
use super::memory_access::{MemoryAccess, access_of};
use crate::journal_abi::SiteKind;

/// The host is called before an operation on at least this many bytes. It takes about as long as the
/// call.
const LONG: i32 = 16 << 10;
/// The same for elements of tables.
const LONG_TABLE: i32 = 4 << 10;

/// The locals with the operands of a bulk operation on memory.
#[derive(Clone, Copy)]
struct Operands {
    address: u32,
    second: u32,
    length: u32,
}

impl Body<'_> {
    /// Writes a bulk operation on the journaled memory, with its slot.
    pub(super) fn write_bulk(
        &mut self,
        site: u32,
        access: MemoryAccess,
        kind: SiteKind,
        instruction: &Instruction<'_>,
    ) {
        let operands = self.take_operands(access, site);
        let Operands {
            address,
            second,
            length,
        } = operands;
        let width = match kind {
            // The address in another memory is of no use to the host.
            SiteKind::CopyFrom => 0,
            SiteKind::Fill => 1,
            _ => 4,
        };
        let slot_value = SlotValue::Bulk {
            length,
            second,
            width,
        };
        self.write_slot(site, address, slot_value);
        self.push_operands(operands);
        self.emit(instruction);
        self.advance_slots(1);
        if kind == SiteKind::CopyFrom {
            // The host reads the bytes from this memory before anything else writes them.
            self.call_tick();
        }
    }

    /// Writes an instruction that is no control flow and does not write the journaled memory.
    pub(super) fn write_other(&mut self, operator: &Operator<'_>, instruction: &Instruction<'_>) {
        use Operator as O;
        match operator {
            O::MemoryFill { .. } | O::MemoryCopy { .. } | O::MemoryInit { .. } => {
                if let Some(access) = access_of(operator) {
                    let operands = self.take_operands(access, 0);
                    self.push_operands(operands);
                }
            }
            O::TableFill { .. }
            | O::TableCopy { .. }
            | O::TableInit { .. }
            | O::TableGrow { .. } => {
                // The number of elements is the last operand of each.
                let length = self.scratch(ValType::I32, 2);
                self.sink().local_tee(length);
                self.flush();
                self.push_is_long(length, LONG_TABLE);
                self.call_tick_spilling(&[]);
                self.sink().end();
            }
            _ => {}
        }
        self.emit(instruction);
    }

    /// Moves the operands from the stack to locals, and calls the host if the operation is long.
    /// `site` is 0 for another memory than the journaled one.
    fn take_operands(&mut self, access: MemoryAccess, site: u32) -> Operands {
        self.flush();
        let [address, second, length] = [0, 1, 2].map(|nth| self.scratch(ValType::I32, nth));
        self.sink()
            .local_set(length)
            .local_set(second)
            .local_set(address);
        let operands = Operands {
            address,
            second,
            length,
        };
        self.push_is_long(length, LONG);
        match bulk_helpers::index(self.added, access) {
            Some(helper) => self.call_helper(helper, operands, site),
            // A segment is no longer than the module.
            None => self.call_tick_spilling(&[]),
        }
        self.sink().end();
        operands
    }

    fn push_operands(&mut self, operands: Operands) {
        self.sink()
            .local_get(operands.address)
            .local_get(operands.second)
            .local_get(operands.length);
    }

    /// Pushes whether the length in a local is at least `long`, and begins an `if`.
    fn push_is_long(&mut self, length: u32, long: i32) {
        self.sink()
            .local_get(length)
            .i32_const(long)
            .i32_ge_u()
            .if_(BlockType::Empty);
    }

    fn call_helper(&mut self, helper: u32, operands: Operands, site: u32) {
        let global = self.added.position;
        let is_inline = self.mode == Mode::Inline;
        if is_inline && !self.is_synced {
            let position = self.position_local();
            self.sink().local_get(position).global_set(global);
        }
        self.push_operands(operands);
        self.sink()
            .i32_const(site as i32)
            .call(helper)
            .local_set(operands.length)
            .local_set(operands.second)
            .local_set(operands.address);
        if is_inline {
            let position = self.position_local();
            self.sink().global_get(global).local_set(position);
        }
    }
}
