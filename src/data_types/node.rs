//! What is in memory as a type: a tree of values with the bytes that each has.

use std::sync::Arc;

use super::table::{Bits, TypeId, TypeTable};
use crate::safe;
use crate::value::{PointerValue, RecordValue, Value};

/// A value in memory, or several in one.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The name of a field, not yet safe to print, or the index of an element as `[1]`.
    pub name: Arc<str>,
    /// Its type.
    pub ty: TypeId,
    /// The address of its first byte.
    pub start: u64,
    /// How many bytes it has, padding at the end included.
    pub len: u64,
    /// The bits of the number there that it has; `None` for all of them.
    pub bits: Option<Bits>,
    /// What is there.
    pub content: Content,
}

/// What a node has.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// One value.
    Value(Value),
    /// The fields of a record. Those of an enum with data follow its tag.
    Fields(Vec<Node>),
    /// The elements of an array.
    Elements {
        /// Those that were read.
        nodes: Vec<Node>,
        /// How many there are.
        total: u64,
    },
    /// An address, and what is there.
    Pointer {
        /// The address.
        address: u64,
        /// What is there, or why it was not read.
        target: Result<Box<Node>, NotRead>,
    },
    /// Nothing could be read.
    NotRead(NotRead),
}

/// Why something was not read. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// Some of the bytes are outside memory.
    #[error("{len} bytes at {start:#x} reach past the end of memory at {end:#x}")]
    Outside {
        /// The address of the first byte.
        start: u64,
        /// How many bytes.
        len: u64,
        /// The size of memory.
        end: u64,
    },
    /// The pointer is 0, which by convention refers to nothing.
    #[error("the pointer is 0")]
    NullPointer,
    /// The type at the address is not known.
    #[error("the type there is not known")]
    UnknownType,
    /// As many pointers were followed as the limits allow.
    #[error("{0} pointers were followed before it")]
    Deep(usize),
    /// The pointer leads back to something that it is part of.
    #[error("it refers back to {address:#x}, which contains it")]
    Circle {
        /// The address.
        address: u64,
    },
    /// The bytes are not a value of the type.
    #[error("{0}")]
    Invalid(String),
    /// There are more values than the limits allow.
    #[error("more than {0} values were read before it")]
    TooMany(usize),
    /// The field with the count could not be read.
    #[error("its length, {0}, could not be read")]
    NoCount(String),
}

impl Node {
    /// Returns the value: a record, a list, or one of the plain ones. What was not read is a value
    /// too, with the reason.
    pub fn value(&self, table: &TypeTable) -> Value {
        match &self.content {
            Content::Value(value) => value.clone(),
            Content::NotRead(why) => Value::NotRead(Arc::from(why.to_string())),
            Content::Fields(nodes) => {
                let ty = table.get(self.ty).and_then(|ty| ty.name.clone());
                let fields = nodes
                    .iter()
                    .map(|node| (Arc::clone(&node.name), node.value(table)));
                Value::Record(RecordValue::new(ty, fields.collect()))
            }
            Content::Elements { nodes, .. } => {
                Value::List(nodes.iter().map(|node| node.value(table)).collect())
            }
            Content::Pointer { address, target } => {
                let target = match target {
                    Ok(node) => Ok(node.value(table)),
                    Err(why) => Err(Arc::from(why.to_string())),
                };
                Value::Pointer(Box::new(PointerValue {
                    address: *address,
                    target,
                }))
            }
        }
    }

    /// Returns the path of this part of the value at `path`: `shapes[2]`, `shapes[2].name`. Safe to
    /// print where `path` is.
    pub fn path_below(&self, path: &str) -> String {
        match self.name.chars().next() {
            None => path.to_owned(),
            Some('[') => format!("{path}{}", safe::plain(&self.name)),
            Some(_) => format!("{path}.{}", safe::plain(&self.name)),
        }
    }

    /// Returns the nodes directly below: fields, elements, or what a pointer refers to.
    pub fn children(&self) -> &[Node] {
        match &self.content {
            Content::Fields(nodes) | Content::Elements { nodes, .. } => nodes,
            Content::Pointer {
                target: Ok(node), ..
            } => std::slice::from_ref(node),
            Content::Pointer { target: Err(_), .. } | Content::Value(_) | Content::NotRead(_) => {
                &[]
            }
        }
    }
}

impl Node {
    /// Returns the integer that it has.
    pub(super) fn integer(&self) -> Option<i128> {
        integer(&self.content)
    }
}

impl NotRead {
    /// Returns the reason for bytes that are no value of their type.
    pub(super) fn invalid(error: impl ToString) -> NotRead {
        NotRead::Invalid(error.to_string())
    }
}

/// Returns the integer that a node has.
pub(super) fn integer(content: &Content) -> Option<i128> {
    match content {
        Content::Value(Value::Int(n)) => Some(*n),
        Content::Value(Value::Symbol(symbol)) => Some(symbol.number),
        Content::Value(Value::Bool(truth)) => Some(i128::from(*truth)),
        _ => None,
    }
}
