//! Waiting for another thread. None runs the guest, so nobody can ever notify it: a wait that would
//! end by its timeout has timed out at once, time being no more than a count here, and one without
//! a timeout is a trap instead of a program that hangs. All else stays as it is: what is checked
//! first, and in which order.

use wasm_encoder::{BlockType, Instruction, ValType};
use wasmparser::Operator;

use super::body::Body;

/// What a wait answers when its time is over.
const TIMED_OUT: i32 = 2;

/// Whether an instruction may wait for another thread.
pub(super) fn waits(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. }
    )
}

impl Body<'_> {
    /// Writes a wait, the timeout on top of the stack.
    pub(super) fn write_wait(&mut self, instruction: &Instruction<'_>) {
        let timeout = self.scratch(ValType::I64, 0);
        let answer = self.scratch(ValType::I32, 0);
        self.put().local_set(timeout).i64_const(0);
        self.emit(instruction);
        let mut put = self.put();
        put.local_tee(answer)
            .i32_const(TIMED_OUT)
            .i32_eq()
            .local_get(timeout)
            .i64_const(0)
            .i64_lt_s()
            .i32_and();
        put.if_(BlockType::Empty)
            .unreachable()
            .end()
            .local_get(answer);
    }
}
