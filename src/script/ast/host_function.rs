//! Host functions: the imports and callbacks that a script describes, and what they do.

use super::{Call, Expr, ImportName, Name, Reading, SetElement, Span, TableGrowth, TableName};
use crate::wasm_types::ValueType;

/// A host function that the script puts into a table of the guest.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    /// The variable for its place in the table, which is also its name.
    pub name: Name,
    /// The table; `None` for the only one.
    pub table: Option<TableName>,
    /// Its parameters.
    pub params: Vec<(Name, ValueType)>,
    /// The types of its results.
    pub results: Vec<ValueType>,
    /// What it does, in this order.
    pub actions: Vec<Action>,
}

/// A host function, memory or global that the guest imports.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// Its two names.
    pub name: ImportName,
    /// The place of the names.
    pub(crate) span: Span,
    /// What it is.
    pub kind: ImportKind,
}

/// What an `import` line describes.
#[derive(Debug, Clone, PartialEq)]
pub enum ImportKind {
    /// A host function.
    Function {
        /// The names of its parameters.
        params: Vec<Name>,
        /// The only call that the line describes, counted from 0; `None` for all that have no line
        /// of their own.
        call: Option<u64>,
        /// What it does, in this order.
        actions: Vec<Action>,
    },
    /// A memory.
    Memory {
        /// The initial size in 64 KiB pages.
        min: u64,
        /// The largest size in 64 KiB pages; `None` for as many as its address type allows.
        max: Option<u64>,
        /// Whether threads can share it.
        shared: bool,
    },
    /// A global.
    Global {
        /// Its value.
        value: Expr,
    },
    /// A table.
    Table {
        /// The number of its elements at the beginning.
        elements: u64,
    },
}

/// What a described host function does, over the names of its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `returns EXPR, …`.
    Returns(Vec<Expr>),
    /// `writes ADDR, VALUE`.
    Writes {
        /// The address of the first byte.
        address: Expr,
        /// Text, bytes, or a record.
        value: Expr,
        /// Whether bytes of a record that no field is given for are set to 0.
        is_zeroed: bool,
    },
    /// `copies DST, SRC, LEN`.
    Copies {
        /// The address that is written to.
        to: Expr,
        /// The address that is read from.
        from: Expr,
        /// The length in bytes.
        length: Expr,
    },
    /// `grows BYTES`.
    Grows {
        /// The least size of memory afterwards, in bytes.
        bytes: Expr,
    },
    /// `sets TABLE[INDEX] = ELEMENT`.
    SetsElement(SetElement),
    /// `grows TABLE by COUNT`.
    GrowsTable(TableGrowth),
    /// `reads ADDR …`, or `NAME = reads ADDR …`.
    Reads {
        /// The variable.
        name: Option<Name>,
        /// The address of the first byte.
        address: Expr,
        /// The length and type of what is read.
        what: Reading,
    },
    /// `NAME, … = call EXPORT(ARG, …)`.
    Call {
        /// A variable for each result, or none.
        results: Vec<Name>,
        /// The call.
        call: Call,
    },
    /// `catches call EXPORT(ARG, …)`.
    Catches(Call),
    /// `let NAME = EXPR`.
    Let {
        /// The variable.
        name: Name,
        /// Its value.
        value: Expr,
    },
    /// `traps EXPR`.
    Traps {
        /// The message of the trap.
        why: Expr,
    },
}

impl Action {
    /// Returns the variables that the action binds, for the actions after it.
    pub fn bound_names(&self) -> &[Name] {
        match self {
            Action::Reads { name, .. } => name.as_slice(),
            Action::Call { results, .. } => results,
            Action::Let { name, .. } => std::slice::from_ref(name),
            Action::Returns(_)
            | Action::Writes { .. }
            | Action::Copies { .. }
            | Action::Grows { .. }
            | Action::SetsElement(_)
            | Action::GrowsTable(_)
            | Action::Catches(_)
            | Action::Traps { .. } => &[],
        }
    }
}
