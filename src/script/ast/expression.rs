//! Expressions, and the readings of memory that have them.

use super::{HostFunctionName, Name, Span};
use crate::data_types::{Described, Description, NumberType, TypeRef};
use crate::value::Value;

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
    /// Returns the operator as it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessOrEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterOrEqual => ">=",
            BinaryOp::Or => "|",
            BinaryOp::Xor => "^",
            BinaryOp::And => "&",
            BinaryOp::ShiftLeft => "<<",
            BinaryOp::ShiftRight => ">>",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Join => "++",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Remainder => "%",
        }
    }

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
