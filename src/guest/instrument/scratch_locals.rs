//! The locals that a rewritten function has in addition.

use wasm_encoder::ValType;

/// Locals that are added behind the function's own, as they are asked for.
pub(super) struct Locals {
    given: u32,
    position: Option<u32>,
    types: Vec<ValType>,
    /// By type and by place among those of the type.
    scratch: Vec<(ValType, u32, u32)>,
}

impl Locals {
    /// Behind so many that the function has of its own.
    pub fn new(given: usize) -> Self {
        Locals {
            given: given as u32,
            position: None,
            types: Vec::new(),
            scratch: Vec::new(),
        }
    }

    fn add(&mut self, ty: ValType) -> u32 {
        self.types.push(ty);
        self.given + self.types.len() as u32 - 1
    }

    /// The position's local.
    pub fn position(&mut self) -> u32 {
        match self.position {
            Some(local) => local,
            None => {
                let local = self.add(ValType::I32);
                *self.position.insert(local)
            }
        }
    }

    /// A local of this type to hold something for the length of an instruction; `nth` where it
    /// takes several.
    pub fn scratch(&mut self, ty: ValType, nth: u32) -> u32 {
        if let Some((.., local)) = self.scratch.iter().find(|(t, n, _)| (*t, *n) == (ty, nth)) {
            return *local;
        }
        let local = self.add(ty);
        self.scratch.push((ty, nth, local));
        local
    }

    pub fn into_types(self) -> Vec<ValType> {
        self.types
    }
}
