//! Maps an instruction of the instrumented module back to the module as given. No map is kept: the
//! one function that is asked for is instrumented again, with a map.

use std::ops::Range;

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
        let instrumented = self.bodies.get(usize::try_from(own).ok()?)?;
        let module_offset = u32::try_from(module_offset).ok()?;
        if !instrumented.contains(&module_offset) {
            return None;
        }
        let inside = u64::from(module_offset.checked_sub(instrumented.start)?);
        let map = self.offset_map(guest, original, given)?;
        let after = map.partition_point(|(at, _)| *at <= inside);
        map.get(after.saturating_sub(1)).map(|(_, offset)| *offset)
    }
}

/// Returns where the instructions of each function begin and end in a module, in bytes from its start.
/// A function that cannot be read has no instructions.
pub(super) fn bodies(wasm: &[u8]) -> Vec<Range<u32>> {
    let range = |body: FunctionBody<'_>| {
        let first = body.get_operators_reader().ok()?.original_position();
        Some(u32::try_from(first).ok()?..u32::try_from(body.range().end).ok()?)
    };
    Parser::new(0)
        .parse_all(wasm)
        .map_while(Result::ok)
        .filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(range(body).unwrap_or_default()),
            _ => None,
        })
        .collect()
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
