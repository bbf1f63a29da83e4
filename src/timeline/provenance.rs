//! What a step did with the script's variables, as far as findings are judged by it. The session,
//! which has the statements at hand, writes it down; the record keeps it.

use super::Span;

/// What is known of a step beside what it did to memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Where the step took addresses from, in the order of its statement.
    pub uses: Vec<Use>,
    /// How the variables that the step bound came by their values, in the order of its bindings.
    pub given: Vec<BindingFacts>,
    /// The step called an export that is known, from its code, to set no global of the guest's.
    pub preserves_globals: bool,
    /// The guest's functions that stored to memory.
    pub functions: Vec<std::sync::Arc<str>>,
    /// No step follows but those that expect findings of this one.
    pub is_end: bool,
}

/// One address that a step used.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// The variables in the expression for the address, from left to right; none where it is a
    /// number.
    pub names: Vec<String>,
    pub how: UseKind,
    /// The bytes concerned; of an address that was passed to the guest, the first one only.
    pub span: Span,
    /// The variables in the expression for the length.
    pub length_names: Vec<String>,
}

/// What an address was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseKind {
    Read,
    Write,
    /// For a region or a block.
    Named,
    /// As an argument of an export.
    Passed,
}

/// A variable that a step bound.
#[derive(Debug, Clone, PartialEq)]
pub struct BindingFacts {
    pub name: String,
    /// Its value as an address, where it can be one.
    pub address: Option<u64>,
    pub from: Provenance,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Provenance {
    /// The result of the step's call, by its place among the results.
    Result(usize),
    /// An exported global.
    Global { export: String, is_mutable: bool },
    /// Read from memory.
    Memory,
    /// Worked out from variables, which are these.
    Variables(Vec<String>),
    /// The script itself, or the size of memory.
    Elsewhere,
}
