//! Maps an instruction of the instrumented module back to the module as given. No map is kept: the
//! one function that is asked for is instrumented again, with a map.

use wasmparser::{FunctionBody, Parser, Payload};

use super::InstrumentedModule;
use crate::guest::Guest;

impl InstrumentedModule {
    /// Returns the offset of an instruction in the module as given, in bytes from its start. What
    /// was added belongs to the instruction that it was added to.
    ///
    /// `function` is the index of the function in the instrumented module, and `module_offset` is
    /// counted from that module's start: this is what the engine reports for a frame. `guest` must
    /// be the one that this was made from. Returns `None` if there is no such function or no such
    /// place in it.
    pub fn original_offset(&self, guest: &Guest, function: u32, module_offset: u64) -> Option<u64> {
        let original = self.original_function(function)?;
        let body = original.checked_sub(self.imported)?;
        let given = nth_body(guest.wasm(), body)?;
        // The module imports one more function than the one as given.
        let own = function.checked_sub(self.imported)?.checked_sub(1)?;
        let instrumented = nth_body(&self.wasm, own)?;
        if !instrumented.range().contains(&module_offset) {
            return None;
        }
        let first = instrumented
            .get_operators_reader()
            .ok()?
            .original_position();
        let inside = module_offset.checked_sub(first)?;
        let map = self.offset_map(guest, original, given)?;
        let after = map.partition_point(|(at, _)| *at <= inside);
        map.get(after.saturating_sub(1)).map(|(_, offset)| *offset)
    }
}

fn nth_body(wasm: &[u8], nth: u32) -> Option<FunctionBody<'_>> {
    let mut bodies = Parser::new(0)
        .parse_all(wasm)
        .map_while(Result::ok)
        .filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
    bodies.nth(usize::try_from(nth).ok()?)
}
