//! The parts of a checked script: plain data, with positions in the text as written.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data_types::{Described, Description, NumberType, TypeRef};
use crate::source::HostPlace;
use crate::value::Value;
use crate::wasm_types::ValueType;

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

/// A type as a statement or an expression writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenType {
    /// What is written.
    pub described: Described,
    /// Whether it is a name in quotes.
    pub(crate) is_quoted: bool,
    /// The type; `None` until the types of the script are resolved.
    pub(crate) resolved: Option<TypeRef>,
}

impl WrittenType {
    /// Returns the name, if that is all that is written.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.described.description {
            Description::Named(name) => Some(name),
            _ => None,
        }
    }

    /// Returns its place.
    pub(crate) fn span(&self) -> Span {
        self.described.span.clone().into()
    }
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

/// What a recording of a host has about a step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordedStep {
    /// The host's line. Of a write that no method of the host made, it is the line of the next
    /// crossing.
    pub place: Option<Arc<HostPlace>>,
    /// Whether the write was made at an unknown place before `place`, after the crossing before.
    pub is_before_place: bool,
    /// The results of a call; `None` where it did not return.
    pub results: Option<Vec<Value>>,
    /// How the replay differs from the recording here. Nothing of it is replayed after this.
    pub divergence: Option<String>,
    /// The writes of the host into views that growth of memory had detached.
    pub detached: Vec<DetachedWrite>,
    /// The last step before this one in which memory grew.
    pub grown_in: Option<usize>,
}

/// A write of a recorded host into a view that growth of memory had detached.
#[derive(Debug, Clone, PartialEq)]
pub struct DetachedWrite {
    /// The name of the method that wrote, safe to print.
    pub method: String,
    /// The host's line.
    pub place: Option<Arc<HostPlace>>,
}

/// Where the host of a recording did what the actions of an import do: by import, by the number of
/// the call, and by the number of the action in it.
pub(crate) type RecordedActions = BTreeMap<ImportName, Vec<Vec<Option<Arc<HostPlace>>>>>;

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
    pub(crate) place: Option<TablePlace>,
    /// The arguments.
    pub args: Vec<Expr>,
}

impl Call {
    /// Returns whether the call is one of the exported function `name`.
    pub fn is_of_export(&self, name: &str) -> bool {
        self.place.is_none() && self.export.text == name
    }
}

/// A place in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePlace {
    /// The module of an imported table that is named as `MODULE.NAME`.
    pub module: Option<Name>,
    /// The index, counted from 0.
    pub index: Expr,
}

/// An element of a table that the host sets.
#[derive(Debug, Clone, PartialEq)]
pub struct SetElement {
    /// The name of the table.
    pub table: Name,
    /// The place in it.
    pub place: TablePlace,
    /// The new element.
    pub element: Element,
}

/// What the host puts into a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// `null` or an object of the host.
    Value(Expr),
    /// `export NAME`: a function that the guest exports.
    Export(Name),
}

/// Growth of a table by the host. The new elements are null.
#[derive(Debug, Clone, PartialEq)]
pub struct TableGrowth {
    /// The table.
    pub table: TableName,
    /// The number of elements to add.
    pub by: Expr,
}

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

/// The name of a table: that of an export or import, or `table` for the only one.
#[derive(Debug, Clone, PartialEq)]
pub struct TableName {
    /// The module of an imported table that is named as `MODULE.NAME`.
    pub module: Option<Name>,
    /// The name.
    pub name: Name,
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

/// How bytes are read.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// A number of bytes.
    Sized {
        /// The number of bytes.
        length: Expr,
        /// What they are.
        encoding: Encoding,
    },
    /// UTF-8 up to a NUL.
    Cstr,
    /// One number.
    Number(NumberType),
    /// A list of consecutive numbers.
    Array {
        /// The type of each number.
        element: NumberType,
        /// How many numbers.
        count: Expr,
    },
    /// A value of a type.
    Typed(WrittenType),
}

impl Reading {
    /// Returns the expression for the number of bytes or elements, if there is one.
    pub(crate) fn length(&self) -> Option<&Expr> {
        match self {
            Reading::Sized { length, .. } => Some(length),
            Reading::Array { count, .. } => Some(count),
            Reading::Cstr | Reading::Number(_) | Reading::Typed(_) => None,
        }
    }
}

/// What a number of bytes is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 text.
    Utf8,
    /// UTF-16 text, little endian.
    Utf16,
    /// Bytes.
    Bytes,
}

/// An expression with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub(crate) kind: ExprKind,
    /// Its place.
    pub(crate) span: Span,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    /// A literal.
    Literal(Value),
    /// A variable, an input or a parameter.
    Variable(String),
    /// `[x, …]`.
    List(Vec<Expr>),
    /// A sign before a value.
    Unary {
        /// The sign.
        op: UnaryOp,
        /// The value.
        operand: Box<Expr>,
    },
    /// An operator between two values.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `x[i]`.
    Index {
        /// The list, text or bytes.
        of: Box<Expr>,
        /// The index, counted from 0.
        index: Box<Expr>,
    },
    /// `x[a..b]`.
    Slice {
        /// The list, text or bytes.
        of: Box<Expr>,
        /// The first index.
        start: Box<Expr>,
        /// The index after the last one.
        end: Box<Expr>,
    },
    /// A call of a function of the language.
    Function {
        /// The function.
        function: Function,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `x.name`.
    Field {
        /// The record.
        of: Box<Expr>,
        /// The field.
        name: Name,
    },
    /// `Point { x: 1.5, y: 2 }`.
    Record {
        /// Its type; `None` for a record inside another, whose type has it.
        ty: Option<WrittenType>,
        /// The fields with their values.
        fields: Vec<(Name, Expr)>,
    },
    /// `size(TYPE)`.
    SizeOf(WrittenType),
    /// `offset(TYPE.FIELD)`.
    OffsetOf {
        /// The type.
        ty: WrittenType,
        /// The way to the field.
        path: Vec<PathPart>,
    },
    /// `calls(MODULE.NAME)`, or `calls(NAME)` of a callback.
    Calls(HostFunctionName),
    /// `call_args(MODULE.NAME, i)`, `call_reads(MODULE.NAME, i)` or `call_results(MODULE.NAME, i)`.
    CallPart {
        /// What of the call.
        part: CallPart,
        /// The host function.
        function: HostFunctionName,
        /// The number of the call, counted from 0.
        index: Box<Expr>,
    },
}

/// A step on the way from a type to a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PathPart {
    /// `.name`.
    Field(Name),
    /// `[1]`, with its place.
    Element(u64, Span),
}

/// A part of what is recorded of a call of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallPart {
    /// The arguments that the guest passed.
    Args,
    /// The values that the `reads` actions read.
    Reads,
    /// The results that the guest got.
    Results,
}

/// The unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    /// `-`.
    Minus,
    /// `~`.
    Not,
}

/// The binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `|`.
    Or,
    /// `^`.
    Xor,
    /// `&`.
    And,
    /// `<<`.
    ShiftLeft,
    /// `>>`.
    ShiftRight,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `++`.
    Join,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Remainder,
}

impl BinaryOp {
    /// Returns whether the operator compares two values.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::Less
                | BinaryOp::LessOrEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterOrEqual
        )
    }
}

/// The functions of the language whose arguments are expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// `len(x)`: bytes in a text or bytes, elements in a list.
    Len,
    /// `utf8(t)`: text as UTF-8 bytes.
    Utf8,
    /// `utf16(t)`: text as UTF-16 bytes, little endian.
    Utf16,
    /// `cstr(t)`: text as UTF-8 bytes and a NUL.
    Cstr,
    /// `u32(x, …)` and the like: the values as little-endian bytes.
    Encode(NumberType),
    /// `as_u32(x)`: the same bits as an unsigned 32-bit integer.
    AsU32,
    /// `as_i32(x)`: the same bits as a signed 32-bit integer.
    AsI32,
    /// `as_u64(x)`: the same bits as an unsigned 64-bit integer.
    AsU64,
    /// `as_i64(x)`: the same bits as a signed 64-bit integer.
    AsI64,
    /// `repeat(x, n)`: text or bytes, `n` times.
    Repeat,
    /// `bytes(x)`: text as UTF-8 bytes, bytes as they are.
    Bytes,
    /// `file("path")`: the bytes of a file.
    File,
    /// `pages()`: the size of memory in 64 KiB pages.
    Pages,
    /// `object("name")`: a new object of the host.
    Object,
    /// `provided("path")`: the bytes of a file of the guest.
    Provided,
    /// `printed(1)`, `printed(2)`: what the guest has printed on standard output, standard error.
    Printed,
}
