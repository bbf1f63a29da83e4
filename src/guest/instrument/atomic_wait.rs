//! `memory.atomic.wait`. No other thread runs the guest, so nothing can ever notify it.
//!
//! A wait with a timeout times out at once: time is only a counter here. A wait without one traps,
//! where it would hang. What the instruction checks before it waits stays as it is, in the same
//! order.

use wasm_encoder::{BlockType, Instruction, ValType};

use super::body::Body;

/// The result of a wait that has timed out.
const TIMED_OUT: i32 = 2;

impl Body<'_> {
    /// Writes a wait. The timeout is on top of the stack; a negative one means none.
    pub(super) fn write_wait(&mut self, instruction: &Instruction<'_>) {
        let timeout = self.scratch(ValType::I64, 0);
        let result = self.scratch(ValType::I32, 0);
        // The instruction itself runs with a timeout of 0.
        self.sink().local_set(timeout).i64_const(0);
        self.emit(instruction);
        let mut sink = self.sink();
        sink.local_tee(result)
            .i32_const(TIMED_OUT)
            .i32_eq()
            .local_get(timeout)
            .i64_const(0)
            .i64_lt_s()
            .i32_and();
        sink.if_(BlockType::Empty)
            .unreachable()
            .end()
            .local_get(result);
    }
}
