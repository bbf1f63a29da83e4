//! What a step did with the variables of the script. The session, which knows the statements, adds
//! it to the record, and the checks use it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Span;
use super::allocation::AllocatorCall;
use crate::safe;

/// What is known of a step beyond what it did to memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Facts {
    /// The addresses that the step used, in the order of its statement.
    pub uses: Vec<Use>,
    /// The variables that the step bound, with where their values came from, in order.
    pub given: Vec<BindingFacts>,
    /// Writes by imports whose address the script chose: it uses no parameter of the import.
    pub import_writes: Vec<ImportWrite>,
    /// The arguments of the step's call that can be addresses, in order.
    pub arguments: Vec<ArgumentFacts>,
    /// Whether the export that the step called only moves the stack pointer, as far as its code
    /// shows.
    pub moves_stack_pointer: bool,
    /// How many bytes of the guest's stack the frames of the call took at least.
    pub frame_bytes: u64,
    /// Whether the step called an export that provably sets no global of the guest.
    pub preserves_globals: bool,
    /// The guest's functions that stored to memory.
    pub functions: Vec<Arc<str>>,
    /// What the export that the step called can run and set.
    pub reach: Option<Arc<CodeReach>>,
    /// The value that the step gave to an exported global, if it can be an address.
    pub global_set: Option<u64>,
    /// The calls of the guest's allocator, in order; those that one of its functions makes are left
    /// out.
    pub allocator_calls: Arc<[AllocatorCall]>,
    /// The labels of the instructions that called the allocator and are in no earlier step, by their
    /// offset: `greet at guest.wat:28`.
    pub callers: Vec<(u32, Arc<str>)>,
    /// Whether there were more calls of the allocator in the session than are recorded.
    pub misses_allocator_calls: bool,
    /// Whether no step follows, except those that expect findings of this one.
    pub is_end: bool,
}

/// What a function of the guest and everything that it calls can run and set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeReach {
    /// The indices of the functions.
    pub functions: BTreeSet<u32>,
    /// The indices of the globals, without the stack pointer.
    pub globals: BTreeSet<u32>,
    /// Whether there may be more of both.
    pub is_open: bool,
}

impl CodeReach {
    /// Returns whether both may run the same function or set the same global.
    pub fn overlaps(&self, other: &CodeReach) -> bool {
        self.is_open
            || !self.functions.is_disjoint(&other.functions)
            || !self.globals.is_disjoint(&other.globals)
    }
}

/// An address that a step used.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Use {
    /// The variables in the expression for the address, in order; none if it is a number.
    pub names: Vec<String>,
    /// What it was used for.
    pub how: UseKind,
    /// The bytes that were used. For an address that was passed to the guest, only the first one.
    pub span: Span,
    /// The variables in the expression for the length.
    pub length_names: Vec<String>,
    /// The pointer that the expression for the address multiplies or divides, if that is all.
    pub scaled: Option<ScaledPointer>,
}

/// A pointer from the guest that was multiplied or divided to get an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaledPointer {
    /// The name of the variable.
    pub name: String,
    /// Its value.
    pub address: u64,
    /// 2, 4 or 8.
    pub factor: u64,
    /// Whether it was multiplied. Otherwise it was divided.
    pub is_multiplied: bool,
}

impl ScaledPointer {
    /// Describes the address: `0x200 is p / 4, and p is 0x800: an index into a Uint32Array is not an
    /// address`.
    pub fn describe(&self) -> String {
        let ScaledPointer {
            name,
            address,
            factor,
            is_multiplied,
        } = self;
        let name = safe::cut(name, 60);
        let array = match factor {
            2 => "Uint16Array",
            4 => "Uint32Array",
            _ => "BigUint64Array",
        };
        match is_multiplied {
            true => format!(
                "{:#x} is {name} * {factor}, and {name} is {address:#x}: that is an address, not \
                 an index into a {array}",
                address.saturating_mul(*factor)
            ),
            false => format!(
                "{:#x} is {name} / {factor}, and {name} is {address:#x}: an index into a {array} \
                 is not an address",
                address.checked_div(*factor).unwrap_or_default()
            ),
        }
    }
}

/// A write by an import to an address that the script chose.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ImportWrite {
    /// The import: `module.name`, safe to print.
    pub import: Arc<str>,
    /// The variables of the script in the expression for the address; none if it is a number.
    pub names: Vec<String>,
    /// The bytes that were written.
    pub span: Span,
}

/// An argument of a call that can be an address.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ArgumentFacts {
    /// Its value.
    pub address: u64,
    /// The variables in its expression; none if it is a number.
    pub names: Vec<String>,
}

/// What an address was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UseKind {
    /// The host read from it.
    Read,
    /// The host wrote to it.
    Write,
    /// A region or a block was named there.
    Named,
    /// It was passed to an export.
    Passed,
}

/// A variable that a step bound.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BindingFacts {
    /// The name of the variable.
    pub name: String,
    /// Its value as an address, if it can be one.
    pub address: Option<u64>,
    /// Whether the script uses the variable as an address.
    pub is_pointer: bool,
    /// Where its value came from.
    pub from: Provenance,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Provenance {
    /// The result of the step's call with this index.
    Result(usize),
    /// An exported global.
    Global {
        /// The name of the export.
        export: String,
        /// Whether its value may change.
        is_mutable: bool,
    },
    /// Read from memory.
    Memory,
    /// Computed from these variables.
    Variables(Vec<String>),
    /// The script itself, or the size of memory.
    Elsewhere,
}
