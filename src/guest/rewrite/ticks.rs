//! The countdown at every function's entry and every loop's head, which is where all that can go on without end passes.

use wasm_encoder::{BlockType, Function};

/// The countdown's two parts, by their indices in the rewritten module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    pub function: u32,
    /// A mutable i32.
    pub counter: u32,
}

impl Tick {
    /// Writes `counter -= 1; if counter == 0 { counter = tick() }`. Leaves the stack as it was and needs no local.
    pub fn write(self, function: &mut Function) {
        function
            .instructions()
            .global_get(self.counter)
            .i32_const(1)
            .i32_sub()
            .global_set(self.counter)
            .global_get(self.counter)
            .i32_eqz()
            .if_(BlockType::Empty)
            .call(self.function)
            .global_set(self.counter)
            .end();
    }
}
