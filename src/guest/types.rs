//! The types of what passes between a guest and its host, independent of any parser or runtime.

use std::fmt;

use super::offset::Offset;

/// The size of a page of linear memory, in bytes.
pub const PAGE: u64 = 65536;

/// An export, in the order of the export section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The name as the guest has it; not safe to print.
    pub name: String,
    /// The index of the item among all of its kind.
    pub index: u32,
    /// The type of the item.
    pub ty: ExternType,
}

/// An import, in the order of the import section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The name of the module as the guest has it; not safe to print.
    pub module: String,
    /// The name as the guest has it; not safe to print.
    pub name: String,
    /// The type of the item.
    pub ty: ExternType,
}

/// A memory, in the order of the memories' indices: imported ones come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The type that the module as given declares.
    pub ty: MemoryType,
    /// Every name under which it is exported; often none.
    pub exported_as: Vec<String>,
    /// The module and the name of its import, if it is imported.
    pub imported: Option<(String, String)>,
}

/// An active data segment: bytes that are written to memory when the module is instantiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSegment {
    /// Its index among all data segments, passive ones included.
    pub index: u32,
    /// The index of the memory to which it is written.
    pub memory: u32,
    /// The address to which it is written.
    pub offset: Offset,
    /// Its bytes.
    pub bytes: Box<[u8]>,
}

/// The type of an export or import. Displayed as `(i32, i32) -> i32`, `1 16`, `(mut i32)`, `0 10
/// funcref`, `(i32)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A tag of exceptions, with the types of their values.
    Tag(FuncType),
}

impl ExternType {
    /// Returns `func`, `memory`, `global`, `table` or `tag`.
    pub fn kind(&self) -> &'static str {
        match self {
            ExternType::Func(_) => "func",
            ExternType::Memory(_) => "memory",
            ExternType::Global(_) => "global",
            ExternType::Table(_) => "table",
            ExternType::Tag(_) => "tag",
        }
    }

    /// Returns whether it is a mutable global.
    pub fn is_mutable_global(&self) -> bool {
        matches!(self, ExternType::Global(ty) if ty.mutable)
    }
}

/// The type of a function. Displayed as `(i32, i32) -> i32`; no result or several are in
/// parentheses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// The types of the parameters.
    pub params: Vec<ValueType>,
    /// The types of the results.
    pub results: Vec<ValueType>,
}

/// The type of a memory. Sizes are in pages of 64 KiB. Displayed as `1 16`, `i64 1 16`, `1 16
/// shared`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryType {
    /// The initial size.
    pub min: u64,
    /// The maximum; `None` for no declared one.
    pub max: Option<u64>,
    /// Whether addresses are 64 bits wide.
    pub is_64: bool,
    /// Whether several threads may access it.
    pub shared: bool,
}

/// The type of a global. Displayed as `i32` or `(mut i32)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalType {
    /// The type of its value.
    pub ty: ValueType,
    /// Whether its value may change.
    pub mutable: bool,
}

/// The type of a table. Sizes are in elements. Displayed as `0 10 funcref`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableType {
    /// The type of its elements.
    pub element: ValueType,
    /// The initial size.
    pub min: u64,
    /// The maximum; `None` for no declared one.
    pub max: Option<u64>,
}

/// The type of a value. Displayed as the text format writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// `i32`.
    I32,
    /// `i64`.
    I64,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `v128`.
    V128,
    /// `funcref`.
    FuncRef,
    /// `externref`.
    ExternRef,
    /// Any other type, as the text format writes it.
    Other(String),
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

impl From<wasmparser::ValType> for ValueType {
    fn from(ty: wasmparser::ValType) -> Self {
        match ty {
            wasmparser::ValType::I32 => ValueType::I32,
            wasmparser::ValType::I64 => ValueType::I64,
            wasmparser::ValType::F32 => ValueType::F32,
            wasmparser::ValType::F64 => ValueType::F64,
            wasmparser::ValType::V128 => ValueType::V128,
            wasmparser::ValType::Ref(ty) => ty.into(),
        }
    }
}

impl From<wasmparser::RefType> for ValueType {
    fn from(ty: wasmparser::RefType) -> Self {
        if ty == wasmparser::RefType::FUNCREF {
            ValueType::FuncRef
        } else if ty == wasmparser::RefType::EXTERNREF {
            ValueType::ExternRef
        } else {
            ValueType::Other(ty.to_string())
        }
    }
}

impl From<&wasmparser::FuncType> for FuncType {
    fn from(ty: &wasmparser::FuncType) -> Self {
        let types = |list: &[wasmparser::ValType]| list.iter().map(|ty| (*ty).into()).collect();
        FuncType {
            params: types(ty.params()),
            results: types(ty.results()),
        }
    }
}

impl From<wasmparser::MemoryType> for MemoryType {
    fn from(ty: wasmparser::MemoryType) -> Self {
        MemoryType {
            min: ty.initial,
            max: ty.maximum,
            is_64: ty.memory64,
            shared: ty.shared,
        }
    }
}

impl From<wasmparser::GlobalType> for GlobalType {
    fn from(ty: wasmparser::GlobalType) -> Self {
        GlobalType {
            ty: ty.content_type.into(),
            mutable: ty.mutable,
        }
    }
}

impl From<wasmparser::TableType> for TableType {
    fn from(ty: wasmparser::TableType) -> Self {
        TableType {
            element: ty.element_type.into(),
            min: ty.initial,
            max: ty.maximum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
