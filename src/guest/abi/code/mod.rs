//! What the code of a guest does with the parameters of its functions: which of them are addresses
//! that it loads from or stores to, which are lengths, and which are plain numbers.
//!
//! Each function is read once, from its first instruction to its last, with sums of parameters in
//! place of values. That is no proof: it does not follow values through memory.
//!
//! | file | contents |
//! | --- | --- |
//! | `value.rs` | sums of parameters, constants and unknown values |
//! | `summary.rs` | what a function does with each parameter |
//! | `scan.rs` | one function that is being read, from its start to its summary |
//! | `instructions.rs` | the instructions of that function |
//! | `control.rs`, `blocks.rs` | its blocks, loops and branches |
//! | `effects.rs` | its loads, stores and spans |
//! | `calls.rs` | its calls |

mod blocks;
mod calls;
mod control;
mod effects;
mod instructions;
mod scan;
mod summary;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::super::{ExternType, Guest};
pub(super) use summary::{FixedStore, ParameterUse, Stored, Summary};

/// The most code that is read for all functions of a guest, in bytes.
const MAX_CODE: u64 = 6 << 20;

/// The largest function that is read, in bytes.
const MAX_FUNCTION: u64 = 128 << 10;

/// The most calls that are followed from an export to the function that is read.
const MAX_DEPTH: u32 = 12;

/// What is known of a function by other signs than its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Its parameter of this index is the size of a block that it allocates.
    Allocates(usize),
    /// It releases the block at its first parameter.
    Releases,
    /// It copies bytes as C's `memcpy` does.
    Copies,
}

/// The summaries of a guest's functions, which are computed when they are first needed.
pub(super) struct Code<'g> {
    guest: &'g Guest,
    known: RefCell<HashMap<u32, Known>>,
    summaries: RefCell<HashMap<u32, Rc<Summary>>>,
    code_left: Cell<u64>,
}

impl<'g> Code<'g> {
    pub fn of(guest: &'g Guest) -> Self {
        let code = Code {
            guest,
            known: RefCell::default(),
            summaries: RefCell::default(),
            code_left: Cell::new(MAX_CODE),
        };
        let functions = guest
            .imports()
            .iter()
            .filter(|import| matches!(import.ty, ExternType::Func(_)));
        for (index, import) in (0..).zip(functions) {
            if import.name.contains("memcpy")
                && import.ty.to_string().starts_with("(i32, i32, i32)")
            {
                code.know(index, Known::Copies);
            }
        }
        code
    }

    /// Sets what is known of a function. Summaries that were computed before are forgotten.
    pub fn know(&self, function: u32, known: Known) {
        self.known.borrow_mut().insert(function, known);
        self.summaries.borrow_mut().clear();
    }

    /// Sets that a function releases blocks, and those to which it passes the block on.
    pub fn know_release(&self, function: u32) {
        let mut next = Some(function);
        for _ in 0..4 {
            let Some(function) = next else { return };
            self.know(function, Known::Releases);
            next = self.first_callee(function);
        }
    }

    /// Returns the function that a function calls first, with its own first parameter as the first
    /// argument.
    fn first_callee(&self, function: u32) -> Option<u32> {
        scan::first_callee(self.guest, function).filter(|callee| self.guest.body(*callee).is_some())
    }

    /// Returns what a function does with its parameters.
    pub fn summary(&self, function: u32) -> Rc<Summary> {
        self.summary_below(function, 0)
    }

    fn summary_below(&self, function: u32, depth: u32) -> Rc<Summary> {
        if let Some(known) = self.summaries.borrow().get(&function) {
            return known.clone();
        }
        let count = self.parameter_count(function);
        let size = self.guest.body(function).map_or(0, |body| {
            let range = body.range();
            range.end.saturating_sub(range.start)
        });
        let can_read =
            size > 0 && size <= MAX_FUNCTION && size <= self.code_left.get() && depth < MAX_DEPTH;
        if !can_read {
            // It is not remembered, because it may be read at another depth.
            return Rc::new(unknown(function, count, size == 0));
        }
        self.code_left.set(self.code_left.get() - size);
        // A function that calls itself finds this.
        let begun = Summary {
            parameters: vec![ParameterUse::default(); count],
            is_complete: true,
            ..Summary::default()
        };
        self.summaries.borrow_mut().insert(function, Rc::new(begun));
        let found = scan::summarize(self, function, depth)
            .unwrap_or_else(|| unknown(function, count, false));
        let found = Rc::new(found);
        self.summaries.borrow_mut().insert(function, found.clone());
        found
    }

    fn parameter_count(&self, function: u32) -> usize {
        let functions = &self.guest.0.description.functions;
        functions
            .get(function as usize)
            .map_or(0, |ty| ty.params.len())
    }
}

/// Returns the summary of a function whose code is not read.
fn unknown(function: u32, count: usize, is_import: bool) -> Summary {
    let parameter = ParameterUse {
        escapes: true,
        is_used: true,
        import: is_import.then_some(function),
        ..ParameterUse::default()
    };
    Summary {
        parameters: vec![parameter; count],
        is_complete: is_import,
        ..Summary::default()
    }
}
