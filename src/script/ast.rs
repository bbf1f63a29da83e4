//! What a checked script is made of. Plain data; positions point back into the text as written.

use crate::value::Value;

/// Where something stands in the source: byte offsets into [`super::Source::text`], end not
/// included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

/// An import's two names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImportName {
    pub module: String,
    pub name: String,
}

/// One statement, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
    /// Counted from 1.
    pub line: u32,
    /// As written, without comment, inner line breaks folded to one space.
    pub text: String,
    /// The prose and headings before it in a Markdown file, as plain paragraphs separated by blank
    /// lines.
    pub narration: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    // Facts about the session: not steps.
    Module {
        path: String,
    },
    Input {
        name: Name,
        default: Expr,
    },
    Memory {
        export: Name,
    },
    Import(Import),
    // Steps.
    Let {
        name: Name,
        value: Expr,
    },
    Call {
        results: Vec<Name>,
        call: Call,
    },
    Global {
        name: Name,
        export: Name,
    },
    Set {
        export: Name,
        value: Expr,
    },
    Write {
        address: Expr,
        value: Expr,
    },
    Read {
        name: Name,
        address: Expr,
        what: Reading,
    },
    Grow {
        name: Option<Name>,
        pages: Expr,
    },
    Region {
        name: Name,
        address: Expr,
        length: Expr,
    },
    Block {
        name: Name,
        address: Expr,
        length: Expr,
    },
    Release {
        name: Name,
    },
    Expect {
        condition: Expr,
    },
    ExpectTrap {
        words: Option<String>,
        call: Call,
    },
    ExpectFinding {
        kind: Name,
    },
    Ask {
        question: String,
        answer: Expr,
    },
}

impl StatementKind {
    /// Whether the statement is a step of the session, not a fact about it.
    pub fn is_step(&self) -> bool {
        !matches!(
            self,
            StatementKind::Module { .. }
                | StatementKind::Input { .. }
                | StatementKind::Memory { .. }
                | StatementKind::Import(_)
        )
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub export: Name,
    pub args: Vec<Expr>,
}

/// A host function, memory or global given to the guest.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub name: ImportName,
    pub span: Span,
    pub kind: ImportKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ImportKind {
    Function {
        params: Vec<Name>,
        actions: Vec<Action>,
    },
    /// Sizes in 64 KiB pages; without `max` it may grow as far as its address type allows.
    Memory {
        min: u64,
        max: Option<u64>,
    },
    Global {
        value: Expr,
    },
}

/// What a described host function does, over its parameters' names.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Returns(Vec<Expr>),
    Writes {
        address: Expr,
        value: Expr,
    },
    Copies {
        to: Expr,
        from: Expr,
        length: Expr,
    },
    /// Grow memory to at least so many bytes.
    Grows {
        bytes: Expr,
    },
    Reads {
        address: Expr,
        what: Reading,
    },
    Traps {
        why: Expr,
    },
}

/// How bytes are read.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// Exactly this many bytes.
    Sized {
        length: Expr,
        encoding: Encoding,
    },
    /// UTF-8 up to a NUL.
    Cstr,
    Number(NumberType),
    /// A list of numbers, one behind the other.
    Array {
        element: NumberType,
        count: Expr,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
    Bytes,
}

/// A number as it lies in memory, little endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberType {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    Literal(Value),
    Variable(String),
    List(Vec<Expr>),
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Index {
        of: Box<Expr>,
        index: Box<Expr>,
    },
    Slice {
        of: Box<Expr>,
        start: Box<Expr>,
        end: Box<Expr>,
    },
    Function {
        function: Function,
        args: Vec<Expr>,
    },
    Calls(ImportName),
    CallArgs {
        import: ImportName,
        index: Box<Expr>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    Minus,
    Not,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Or,
    Xor,
    And,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Join,
    Multiply,
    Divide,
    Remainder,
}

/// The functions an expression can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Len,
    Utf8,
    Utf16,
    Cstr,
    /// `u32(x, …)`: the values as little-endian bytes.
    Encode(NumberType),
    AsU32,
    AsI32,
    AsU64,
    AsI64,
    Repeat,
    Bytes,
    File,
    Pages,
}
