//! The types of what passes between a guest and its host, free of any parser's or runtime's own.

use super::offset::Offset;
use crate::wasm_types::{ExternType, FuncType, GlobalType, MemoryType, TableType, ValueType};

/// Something the guest offers, in the order of its export section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// As the guest wrote it: not safe to print.
    pub name: String,
    /// In the index space of its kind.
    pub index: u32,
    pub ty: ExternType,
}

/// Something the guest needs, in the order of its import section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// As the guest wrote it: not safe to print.
    pub module: String,
    /// As the guest wrote it: not safe to print.
    pub name: String,
    pub ty: ExternType,
}

/// A memory, in the order of the memory index space: imported ones come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// As the module as given declares it, before any limit.
    pub ty: MemoryType,
    /// Every name it is exported under; none is common.
    pub exported_as: Vec<String>,
    /// Module and name of the import it comes from.
    pub imported: Option<(String, String)>,
}

/// An active data segment: bytes that are put into memory when the module is instantiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSegment {
    /// Among all data segments, passive ones counted.
    pub index: u32,
    pub memory: u32,
    pub offset: Offset,
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
