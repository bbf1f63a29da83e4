//! The types that the WebAssembly specification gives to functions, memories, globals, tables and
//! tags, and the size of a page.
//!
//! A leaf, so that the guest, the session and the timeline can speak of the same types. It names no
//! parser and no engine.

use std::fmt;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::text;

/// The size of a page of memory, in bytes.
pub const PAGE: u64 = 65536;

/// Returns a memory's size, given in pages, with the same size in bytes: `1 page, 64 KiB`.
pub(crate) fn memory_size(pages: u64) -> String {
    let count = text::count(pages, "page");
    match pages.checked_mul(PAGE) {
        Some(bytes) => format!("{count}, {}", text::size(bytes)),
        None => count,
    }
}

/// The kind of an export or import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExternKind {
    /// A function.
    Func,
    /// A linear memory.
    Memory,
    /// A global variable.
    Global,
    /// A table of references.
    Table,
    /// An exception's tag.
    Tag,
}

impl ExternKind {
    /// Returns the word of the text format: `func`, `memory`, `global`, `table` or `tag`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ExternKind::Func => "func",
            ExternKind::Memory => "memory",
            ExternKind::Global => "global",
            ExternKind::Table => "table",
            ExternKind::Tag => "tag",
        }
    }

    /// Returns the word for people: `function` where the text format has `func`.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            ExternKind::Func => "function",
            other => other.as_str(),
        }
    }
}

/// The type of an export or import.
///
/// Displays as `(i32, i32) -> i32`, `1 16`, `(mut i32)`, `0 10 funcref` or `(i32)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExternType {
    /// A function's type.
    Func(FuncType),
    /// A memory's type.
    Memory(MemoryType),
    /// A global's type.
    Global(GlobalType),
    /// A table's type.
    Table(TableType),
    /// A tag's type: the types of the values that the exception carries are its parameters.
    Tag(FuncType),
}

impl ExternType {
    /// Returns the type of a function with these parameters and results.
    pub fn func(params: &[ValueType], results: &[ValueType]) -> Self {
        ExternType::Func(FuncType {
            params: params.to_vec(),
            results: results.to_vec(),
        })
    }

    /// Returns what this is a type of.
    pub fn kind(&self) -> ExternKind {
        match self {
            ExternType::Func(_) => ExternKind::Func,
            ExternType::Memory(_) => ExternKind::Memory,
            ExternType::Global(_) => ExternKind::Global,
            ExternType::Table(_) => ExternKind::Table,
            ExternType::Tag(_) => ExternKind::Tag,
        }
    }

    /// Returns a function's type, and `None` for any other kind.
    pub(crate) fn as_func(&self) -> Option<&FuncType> {
        match self {
            ExternType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// Returns whether it is the type of a global whose value may change.
    pub(crate) fn is_mutable_global(&self) -> bool {
        matches!(self, ExternType::Global(ty) if ty.mutable)
    }
}

/// The type of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// The types of the parameters, in order.
    pub params: Vec<ValueType>,
    /// The types of the results, in order.
    pub results: Vec<ValueType>,
}

/// The type of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryType {
    /// The size at the beginning, in pages.
    pub min: u64,
    /// The size that the memory may grow to, in pages; `None` where no limit is declared.
    pub max: Option<u64>,
    /// Whether addresses have 64 bits.
    pub(crate) is_64: bool,
    /// Whether threads can share the memory.
    pub(crate) shared: bool,
}

/// The type of a global.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalType {
    /// The type of the value.
    pub ty: ValueType,
    /// Whether the value may change.
    pub mutable: bool,
}

/// The type of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableType {
    /// The type of an element.
    pub(crate) element: ValueType,
    /// The number of elements at the beginning.
    pub(crate) min: u64,
    /// The number of elements that the table may grow to; `None` where no limit is declared.
    pub(crate) max: Option<u64>,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A vector of 128 bits.
    V128,
    /// A reference to a function, or null.
    FuncRef,
    /// A reference to something of the host, or null.
    ExternRef,
    /// Any other type, as the text format writes it.
    Other(String),
}

impl ValueType {
    /// The types that the first three versions of WebAssembly name, in the order of messages.
    pub(crate) const NAMED: [ValueType; 7] = [
        ValueType::I32,
        ValueType::I64,
        ValueType::F32,
        ValueType::F64,
        ValueType::V128,
        ValueType::FuncRef,
        ValueType::ExternRef,
    ];
}

/// Serializes as two keys, `kind` and `type`, each with a text.
impl Serialize for ExternType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("kind", self.kind().as_str())?;
        map.serialize_entry("type", &self.to_string())?;
        map.end()
    }
}

impl fmt::Display for ExternKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueType::I32 => "i32",
            ValueType::I64 => "i64",
            ValueType::F32 => "f32",
            ValueType::F64 => "f64",
            ValueType::V128 => "v128",
            ValueType::FuncRef => "funcref",
            ValueType::ExternRef => "externref",
            ValueType::Other(text) => text,
        })
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, types: &[ValueType]) -> fmt::Result {
    f.write_str("(")?;
    for (i, ty) in types.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{ty}")?;
    }
    f.write_str(")")
}

/// `(i32, i32) -> i32`. No result, and several, are in parentheses.
impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(f, &self.params)?;
        f.write_str(" -> ")?;
        match self.results.as_slice() {
            [one] => write!(f, "{one}"),
            results => write_list(f, results),
        }
    }
}

fn write_limits(f: &mut fmt::Formatter<'_>, min: u64, max: Option<u64>) -> fmt::Result {
    match max {
        Some(max) => write!(f, "{min} {max}"),
        None => write!(f, "{min}"),
    }
}

/// `1 16`, `i64 1 16`, `1 16 shared`.
impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_64 { "i64 " } else { "" })?;
        write_limits(f, self.min, self.max)?;
        f.write_str(if self.shared { " shared" } else { "" })
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutable {
            true => write!(f, "(mut {})", self.ty),
            false => write!(f, "{}", self.ty),
        }
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_limits(f, self.min, self.max)?;
        write!(f, " {}", self.element)
    }
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExternType::Func(ty) => write!(f, "{ty}"),
            ExternType::Memory(ty) => write!(f, "{ty}"),
            ExternType::Global(ty) => write!(f, "{ty}"),
            ExternType::Table(ty) => write!(f, "{ty}"),
            ExternType::Tag(ty) => write_list(f, &ty.params),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_sizes_are_in_pages_and_bytes() {
        assert_eq!(memory_size(1), "1 page, 64 KiB");
        assert_eq!(memory_size(17), "17 pages, 1088 KiB");
        assert_eq!(memory_size(16), "16 pages, 1 MiB");
        assert_eq!(memory_size(u64::MAX), "18446744073709551615 pages");
    }

    #[test]
    fn types_print_as_people_write_them() {
        use ValueType::{F64, I32, I64};
        let func = |params: &[ValueType], results: &[ValueType]| {
            ExternType::Func(FuncType {
                params: params.to_vec(),
                results: results.to_vec(),
            })
            .to_string()
        };
        assert_eq!(func(&[I32, I32], &[I32]), "(i32, i32) -> i32");
        assert_eq!(func(&[], &[I32]), "() -> i32");
        assert_eq!(func(&[], &[]), "() -> ()");
        assert_eq!(func(&[F64], &[I32, I64]), "(f64) -> (i32, i64)");
        let memory = MemoryType {
            min: 1,
            max: Some(16),
            is_64: false,
            shared: true,
        };
        assert_eq!(ExternType::Memory(memory).to_string(), "1 16 shared");
        assert_eq!(
            MemoryType {
                min: 1,
                max: None,
                is_64: true,
                shared: false
            }
            .to_string(),
            "i64 1"
        );
        assert_eq!(
            GlobalType {
                ty: I64,
                mutable: true
            }
            .to_string(),
            "(mut i64)"
        );
        let table = TableType {
            element: ValueType::FuncRef,
            min: 0,
            max: Some(9),
        };
        assert_eq!(table.to_string(), "0 9 funcref");
        assert_eq!(
            ExternType::Tag(FuncType {
                params: vec![I32],
                results: vec![]
            })
            .to_string(),
            "(i32)"
        );
    }
}
