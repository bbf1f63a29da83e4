//! The locals that are added to a function.

use wasm_encoder::ValType;

/// Locals that come after the function's own, added on demand.
pub(super) struct ScratchLocals {
    given: u32,
    position: Option<u32>,
    types: Vec<ValType>,
    /// The type of each, its number among those of the type, and its index.
    scratch: Vec<(ValType, u32, u32)>,
}

impl ScratchLocals {
    /// `given` is the number of the function's own locals, parameters included.
    pub fn new(given: usize) -> Self {
        ScratchLocals {
            given: given as u32,
            position: None,
            types: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Adds a local and returns its index.
    fn add(&mut self, ty: ValType) -> u32 {
        self.types.push(ty);
        self.given + self.types.len() as u32 - 1
    }

    /// Returns the local that holds the position in the journal.
    pub fn position(&mut self) -> u32 {
        match self.position {
            Some(local) => local,
            None => {
                let local = self.add(ValType::I32);
                *self.position.insert(local)
            }
        }
    }

    /// Returns a local of this type that holds something for one instruction. `nth` is its number among
    /// those that one instruction needs.
    pub fn scratch(&mut self, ty: ValType, nth: u32) -> u32 {
        if let Some((.., local)) = self.scratch.iter().find(|(t, n, _)| (*t, *n) == (ty, nth)) {
            return *local;
        }
        let local = self.add(ty);
        self.scratch.push((ty, nth, local));
        local
    }

    /// Returns the types of the added locals, in order.
    pub fn into_types(self) -> Vec<ValType> {
        self.types
    }
}
