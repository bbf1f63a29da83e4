//! Where an instruction of the rewritten module stands in the module as given. Nothing is kept for
//! this: the one function that is asked about is written again, with a map.

use wasmparser::{FunctionBody, Parser, Payload};

use super::InstrumentedModule;
use crate::guest::Guest;

impl InstrumentedModule {
    /// Where an instruction of the rewritten module stands in the one as given, in bytes from its
    /// start. Takes the function's index in the rewritten module and an offset from that module's
    /// start, as the engine tells them for a frame. What was added counts as the instruction it was
    /// added to. `None` where no such function or no such place is. `guest` must be the one this
    /// was made from.
    pub fn original_offset(&self, guest: &Guest, function: u32, module_offset: u64) -> Option<u64> {
        let original = self.original_function(function)?;
        let given = nth_body(guest.wasm(), original.checked_sub(self.imported)?)?;
        let rewritten = nth_body(&self.wasm, original.checked_sub(self.imported)?)?;
        if !rewritten.range().contains(&module_offset) {
            return None;
        }
        let begin = rewritten.get_operators_reader().ok()?.original_position();
        let inside = module_offset.checked_sub(begin)?;
        let map = self.map(guest, original, given)?;
        let behind = map.partition_point(|(at, _)| *at <= inside);
        map.get(behind.saturating_sub(1)).map(|(_, offset)| *offset)
    }
}

fn nth_body(wasm: &[u8], nth: u32) -> Option<FunctionBody<'_>> {
    let bodies = Parser::new(0)
        .parse_all(wasm)
        .map_while(Result::ok)
        .filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
    bodies.into_iter().nth(usize::try_from(nth).ok()?)
}
