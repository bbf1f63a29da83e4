//! The parts of a checked script: plain data, with positions in the text as written.

mod expression;
mod host_function;
mod recorded;
mod table;

use std::sync::Arc;

use crate::data_types::Described;

pub(crate) use self::expression::{BinaryOp, ExprKind, Function, PathPart, UnaryOp};
pub use self::expression::{CallPart, Encoding, Expr, Reading, WrittenType};
pub use self::host_function::{Action, Callback, Import, ImportKind};
pub(crate) use self::recorded::RecordedActions;
pub use self::recorded::{DetachedWrite, RecordedStep};
pub use self::table::{Element, SetElement, TableGrowth, TableName, TablePlace};

/// A range of the source: byte offsets into [`super::Source::text`], end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The name, without quotes.
    pub text: String,
    /// Its place, quotes included.
    pub(crate) span: Span,
}

/// The two names of an import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportName {
    /// The name of the module that it is imported from.
    pub(crate) module: String,
    /// Its own name.
    pub(crate) name: String,
}

/// A host function by its name in a script.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostFunctionName {
    /// A function that the guest imports.
    Import(ImportName),
    /// A function that a `callback` statement puts into a table.
    Callback(String),
}

/// One statement of a script.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Its place, without a comment.
    pub span: Span,
    /// Its line, counted from 1; 0 for a typed statement.
    pub line: u32,
    /// The statement as written, without comment, each inner line break as one space.
    pub text: String,
    /// The prose before it in a Markdown file: plain paragraphs, separated by blank lines.
    pub(crate) narration: Option<String>,
    /// What a recording of a host has about it, where the script is from one.
    pub(crate) recorded: Option<Arc<RecordedStep>>,
}

/// The kinds of statement; `docs/steps.md` has one line for each.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    /// `module "path"`: not a step.
    Module {
        /// The guest's path, relative to the file.
        path: String,
    },
    /// `input NAME = EXPR`: not a step.
    Input {
        /// The input.
        name: Name,
        /// Its value unless another one is set.
        default: Expr,
    },
    /// `memory EXPORT`: not a step.
    Memory {
        /// The name of the exported memory.
        export: Name,
    },
    /// `args EXPR, …`: not a step.
    Args {
        /// The arguments of a WASI program, its name first.
        values: Vec<Expr>,
    },
    /// `env NAME = EXPR`: not a step.
    Env {
        /// The variable of the guest's environment.
        name: Name,
        /// Its value.
        value: Expr,
    },
    /// `provide "PATH" = EXPR`: not a step.
    Provide {
        /// The path of a file that the guest can open.
        path: Name,
        /// Its bytes.
        value: Expr,
    },
    /// `import MODULE.NAME …`: not a step.
    Import(Import),
    /// `type NAME = TYPE`: not a step.
    Type {
        /// The name.
        name: Name,
        /// The type.
        described: Described,
    },
    /// `let NAME = EXPR`.
    Let {
        /// The variable.
        name: Name,
        /// Its value.
        value: Expr,
    },
    /// `NAME, … = call EXPORT(ARG, …)`.
    Call {
        /// A variable for each result, or none.
        results: Vec<Name>,
        /// The call.
        call: Call,
    },
    /// `NAME = global EXPORT`.
    Global {
        /// The variable.
        name: Name,
        /// The name of the exported global.
        export: Name,
    },
    /// `set EXPORT = EXPR`.
    Set {
        /// The name of the exported global.
        export: Name,
        /// Its new value.
        value: Expr,
    },
    /// `write ADDR, VALUE`.
    Write {
        /// The address of the first byte.
        address: Expr,
        /// Text, bytes, or a record.
        value: Expr,
        /// Whether bytes of a record that no field is given for are set to 0.
        is_zeroed: bool,
    },
    /// `NAME = read ADDR …`.
    Read {
        /// The variable.
        name: Name,
        /// The address of the first byte.
        address: Expr,
        /// The length and type of what is read.
        what: Reading,
    },
    /// `NAME = grow PAGES`, or without `NAME =`.
    Grow {
        /// The variable for the old size in pages.
        name: Option<Name>,
        /// The number of pages to add.
        pages: Expr,
    },
    /// `NAME = callback(a: i32) -> i32 …`.
    Callback(Callback),
    /// `set TABLE[INDEX] = ELEMENT`.
    SetElement(SetElement),
    /// `grow TABLE by COUNT`.
    GrowTable(TableGrowth),
    /// `region NAME = ADDR, LEN`.
    Region {
        /// The region.
        name: Name,
        /// Its first address.
        address: Expr,
        /// Its length in bytes.
        length: Expr,
    },
    /// `view NAME = ADDR as TYPE`.
    View {
        /// The region.
        name: Name,
        /// Its first address.
        address: Expr,
        /// The type of its bytes.
        ty: WrittenType,
    },
    /// `block NAME = ADDR, LEN`.
    Block {
        /// The block.
        name: Name,
        /// Its first address.
        address: Expr,
        /// Its length in bytes.
        length: Expr,
    },
    /// `release NAME`.
    Release {
        /// The block.
        name: Name,
    },
    /// `expect EXPR`.
    Expect {
        /// The expression that must be true.
        condition: Expr,
    },
    /// `expect trap "words" call EXPORT(ARG, …)`.
    ExpectTrap {
        /// Words that the trap's message must contain.
        words: Option<String>,
        /// The call that must trap.
        call: Call,
    },
    /// `expect finding KIND`.
    ExpectFinding {
        /// The kind of finding that the previous step must have.
        kind: Name,
    },
    /// `ask "question" = EXPR`, or `ask "question" = NUMBER choices "text", …`.
    Ask {
        /// The question.
        question: String,
        /// The expression that is the answer.
        answer: Expr,
        /// The texts to choose from, or none.
        choices: Vec<String>,
    },
}

impl StatementKind {
    /// Returns whether the statement is a step. `module`, `input`, `memory`, `args`, `env`,
    /// `import` and `type` are not.
    pub(crate) fn is_step(&self) -> bool {
        !matches!(
            self,
            StatementKind::Module { .. }
                | StatementKind::Input { .. }
                | StatementKind::Memory { .. }
                | StatementKind::Args { .. }
                | StatementKind::Env { .. }
                | StatementKind::Provide { .. }
                | StatementKind::Import(_)
                | StatementKind::Type { .. }
        )
    }
}

/// A call of an export, or of a function in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The name of the exported function; in a call of a function in a table, the table's.
    pub(crate) export: Name,
    /// The place in the table; `None` in a call of an export.
    pub place: Option<TablePlace>,
    /// The arguments.
    pub args: Vec<Expr>,
}

impl Call {
    /// Returns whether the call is one of the exported function `name`.
    pub fn is_of_export(&self, name: &str) -> bool {
        self.place.is_none() && self.export.text == name
    }
}
