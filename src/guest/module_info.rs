//! What people and the session must know of a valid module before it runs.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{
    CompositeInnerType, DataKind, ExternalKind, KnownCustom, Name, NameSectionReader, Parser,
    Payload, TypeRef,
};

use super::code_index::Bodies;
use super::layout;
use super::offset::Offset;
use super::types::{DataSegment, Export, Import, Memory};
use crate::wasm_types::{ExternType, FuncType, GlobalType, MemoryType, TableType};

/// The contents of a module. The lists of functions, tables, globals and tags are in the order of
/// their indices, imported ones first.
#[derive(Debug, Default)]
pub(super) struct Description {
    pub exports: Vec<Export>,
    pub imports: Vec<Import>,
    pub memories: Vec<Memory>,
    pub data_segments: Vec<DataSegment>,
    /// By index, the range of each data segment's bytes in the module, passive segments included.
    pub data_ranges: Vec<Range<u64>>,
    pub start: Option<u32>,
    pub function_names: HashMap<u32, String>,
    /// Globals whose name is one that linkers give to an address.
    pub symbol_globals: Vec<(u32, &'static str)>,
    /// By index, the initial values of integer globals, unsigned; `None` if an import decides.
    pub global_values: Vec<Option<u64>>,
    /// The names of data segments, cut to a limited length.
    pub data_names: HashMap<u32, String>,
    pub functions: Vec<FuncType>,
    pub globals: Vec<GlobalType>,
    pub tables: Vec<TableType>,
    pub tags: Vec<FuncType>,
    pub imported_functions: u32,
    pub type_count: u32,
    pub bodies: Bodies,
    /// Whether functions use the old form of exception handling.
    pub has_legacy_exceptions: bool,
    /// By index, the types of functions; `None` for other types.
    types: Vec<Option<FuncType>>,
}

impl Description {
    /// Returns the first name under which the table with this index is exported.
    pub fn exported_table(&self, index: u32) -> Option<&str> {
        let export = self
            .exports
            .iter()
            .find(|export| export.index == index && matches!(export.ty, ExternType::Table(_)));
        export.map(|export| export.name.as_str())
    }

    /// Reads a module that is valid.
    ///
    /// # Errors
    ///
    /// Returns an error if the module is not valid.
    pub fn read(wasm: &[u8]) -> wasmparser::Result<Self> {
        let mut description = Description::default();
        for payload in Parser::new(0).parse_all(wasm) {
            description.add_payload(payload?)?;
        }
        description.name_memories();
        Ok(description)
    }

    fn add_payload(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.types
                        .extend(group?.types().map(|ty| match &ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => Some(FuncType::from(ty)),
                            _ => None,
                        }));
                }
                self.type_count = self.types.len() as u32;
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.add_import(import?);
                }
                self.imported_functions = self.functions.len() as u32;
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    let ty = self.func_type(index?);
                    self.functions.push(ty);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.tables.push(table?.ty.into());
                }
            }
            Payload::MemorySection(section) => {
                for ty in section {
                    self.push_memory(ty?.into(), None);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    let ty = self.func_type(tag?.func_type_idx);
                    self.tags.push(ty);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    self.global_values
                        .push(Offset::read(&global.init_expr).resolve(|_| None));
                    self.globals.push(global.ty.into());
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.add_export(&export?);
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::CodeSectionStart { range, .. } => self.bodies.set_code_start(range.start),
            Payload::CodeSectionEntry(body) => self.bodies.push(body.range()),
            Payload::DataSection(section) => {
                for (index, data) in (0..).zip(section) {
                    self.add_data(index, &data?);
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.add_names(names);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add_import(&mut self, import: wasmparser::Import<'_>) {
        let ty = match import.ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                let ty = self.func_type(index);
                self.functions.push(ty.clone());
                ExternType::Func(ty)
            }
            TypeRef::Table(ty) => {
                let ty = TableType::from(ty);
                self.tables.push(ty.clone());
                ExternType::Table(ty)
            }
            TypeRef::Memory(ty) => {
                self.push_memory(ty.into(), Some((import.module.into(), import.name.into())));
                ExternType::Memory(ty.into())
            }
            TypeRef::Global(ty) => {
                self.globals.push(ty.into());
                self.global_values.push(None);
                ExternType::Global(ty.into())
            }
            TypeRef::Tag(tag) => {
                let ty = self.func_type(tag.func_type_idx);
                self.tags.push(ty.clone());
                ExternType::Tag(ty)
            }
        };
        self.imports.push(Import {
            module: import.module.into(),
            name: import.name.into(),
            ty,
        });
    }

    fn add_export(&mut self, export: &wasmparser::Export<'_>) {
        let at = export.index as usize;
        let ty = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                self.functions.get(at).cloned().map(ExternType::Func)
            }
            ExternalKind::Table => self.tables.get(at).cloned().map(ExternType::Table),
            ExternalKind::Memory => self
                .memories
                .get(at)
                .map(|memory| ExternType::Memory(memory.ty)),
            ExternalKind::Global => self.globals.get(at).cloned().map(ExternType::Global),
            ExternalKind::Tag => self.tags.get(at).cloned().map(ExternType::Tag),
        };
        if let Some(ty) = ty {
            self.exports.push(Export {
                name: export.name.into(),
                index: export.index,
                ty,
            });
        }
    }

    fn add_data(&mut self, index: u32, data: &wasmparser::Data<'_>) {
        self.data_ranges
            .push(data.range.end.saturating_sub(data.data.len() as u64)..data.range.end);
        if let DataKind::Active {
            memory_index,
            offset_expr,
        } = &data.kind
        {
            let offset = Offset::read(offset_expr);
            self.data_segments.push(DataSegment {
                index,
                memory: *memory_index,
                offset,
                bytes: data.data.into(),
            });
        }
    }

    /// Reads the name section. Names are not needed, so what cannot be read of them is left out.
    fn add_names(&mut self, names: NameSectionReader<'_>) {
        for name in names.into_iter().map_while(Result::ok) {
            match name {
                Name::Function(map) => {
                    let known = map.into_iter().map_while(Result::ok);
                    self.function_names
                        .extend(known.map(|naming| (naming.index, naming.name.into())));
                }
                Name::Global(map) => {
                    for naming in map.into_iter().map_while(Result::ok) {
                        self.symbol_globals
                            .extend(layout::symbol(naming.name).map(|name| (naming.index, name)));
                    }
                }
                Name::Data(map) => {
                    let known = map.into_iter().map_while(Result::ok);
                    let cut = |name: &str| name.chars().take(layout::MAX_NAME + 1).collect();
                    self.data_names
                        .extend(known.map(|naming| (naming.index, cut(naming.name))));
                }
                _ => {}
            }
        }
    }

    fn push_memory(&mut self, ty: MemoryType, imported: Option<(String, String)>) {
        self.memories.push(Memory {
            ty,
            exported_as: Vec::new(),
            imported,
        });
    }

    fn name_memories(&mut self) {
        for export in &self.exports {
            if let (ExternType::Memory(_), Some(memory)) =
                (&export.ty, self.memories.get_mut(export.index as usize))
            {
                memory.exported_as.push(export.name.clone());
            }
        }
    }

    /// Returns the type of functions with this index; one without parameters and results if there is
    /// none.
    pub fn func_type(&self, index: u32) -> FuncType {
        self.types
            .get(index as usize)
            .cloned()
            .flatten()
            .unwrap_or_default()
    }
}
