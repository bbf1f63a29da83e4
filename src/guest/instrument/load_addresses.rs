//! The address operands of loads, which are copied to a global: it shows where a load trapped.

use wasm_encoder::ValType;
use wasmparser::Operator;

use super::body::Body;

/// The number of locals for which the end of the memory read through them is kept. A function may
/// have very many.
const MAX_TRACKED_LOCALS: usize = 64;

impl Body<'_> {
    /// Copies the address operand on the stack to the global for the last load. With `over_vector`,
    /// a vector is above the address.
    pub(super) fn save_load_address(&mut self, over_vector: bool) {
        let last_load = self.added.last_load;
        if over_vector {
            let vector = self.scratch(ValType::V128, 0);
            let address = self.scratch(ValType::I32, 0);
            self.sink()
                .local_set(vector)
                .local_tee(address)
                .global_set(last_load)
                .local_get(address)
                .local_get(vector);
        } else if let Some(local) = self.on_top {
            self.sink().local_get(local).global_set(last_load);
        } else {
            let address = self.scratch(ValType::I32, 0);
            self.sink()
                .local_tee(address)
                .global_set(last_load)
                .local_get(address);
        }
    }

    /// Returns whether a load through a local has reached this far before. If not, it has from now
    /// on.
    pub(super) fn extends_no_reach(&mut self, local: u32, reach: u64) -> bool {
        let has_space = self.read_reach.len() < MAX_TRACKED_LOCALS;
        match self
            .read_reach
            .iter_mut()
            .find(|(known, _)| *known == local)
        {
            Some((_, known)) if *known >= reach => return true,
            Some((_, known)) => *known = reach,
            None if has_space => self.read_reach.push((local, reach)),
            None => {}
        }
        false
    }

    /// Keeps track of the local whose value is on top of the stack, and forgets the reach of a
    /// local that gets another value.
    pub(super) fn track_locals(&mut self, operator: &Operator<'_>) {
        self.on_top = match *operator {
            Operator::LocalGet { local_index } => Some(local_index),
            Operator::LocalTee { local_index } => {
                self.read_reach.retain(|(local, _)| *local != local_index);
                Some(local_index)
            }
            Operator::LocalSet { local_index } => {
                self.read_reach.retain(|(local, _)| *local != local_index);
                None
            }
            _ => None,
        };
    }
}
