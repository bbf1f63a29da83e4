//! The types of what passes between a guest and its host, independent of any runtime; from the parser,
//! and as they are written into a module.

use wasm_encoder::ValType;

use super::offset::Offset;
use crate::wasm_types::{ExternType, FuncType, GlobalType, MemoryType, TableType, ValueType};

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
    pub(crate) imported: Option<(String, String)>,
}

/// An active data segment: bytes that are written to memory when the module is instantiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSegment {
    /// Its index among all data segments, passive ones included.
    pub index: u32,
    /// The index of the memory to which it is written.
    pub(crate) memory: u32,
    /// The address to which it is written.
    pub offset: Offset,
    /// Its bytes.
    pub bytes: Box<[u8]>,
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

/// Returns a type as it is written into a module; `None` for one that a script has no value for.
pub(super) fn encoded_type(ty: &ValueType) -> Option<ValType> {
    Some(match ty {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
        ValueType::F32 => ValType::F32,
        ValueType::F64 => ValType::F64,
        ValueType::V128 => ValType::V128,
        ValueType::FuncRef => ValType::FUNCREF,
        ValueType::ExternRef => ValType::EXTERNREF,
        ValueType::Other(_) => return None,
    })
}
