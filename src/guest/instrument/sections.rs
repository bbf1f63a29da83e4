//! The sections of a module, gathered, so that they can be written in order with what is missing
//! put in.

use wasmparser::{
    DataSectionReader, ElementSectionReader, ExportSectionReader, FunctionBody,
    FunctionSectionReader, GlobalSectionReader, ImportSectionReader, KnownCustom,
    MemorySectionReader, NameSectionReader, Parser, Payload, TableSectionReader, TagSectionReader,
    TypeSectionReader,
};

#[derive(Default)]
pub(super) struct Parts<'a> {
    pub types: Option<TypeSectionReader<'a>>,
    pub imports: Option<ImportSectionReader<'a>>,
    pub functions: Option<FunctionSectionReader<'a>>,
    pub tables: Option<TableSectionReader<'a>>,
    pub memories: Option<MemorySectionReader<'a>>,
    pub tags: Option<TagSectionReader<'a>>,
    pub globals: Option<GlobalSectionReader<'a>>,
    pub exports: Option<ExportSectionReader<'a>>,
    pub elements: Option<ElementSectionReader<'a>>,
    pub data_count: Option<u32>,
    pub bodies: Vec<FunctionBody<'a>>,
    pub data: Option<DataSectionReader<'a>>,
    /// The last one, should there be several.
    pub names: Option<NameSectionReader<'a>>,
}

impl<'a> Parts<'a> {
    pub fn read(wasm: &'a [u8]) -> wasmparser::Result<Self> {
        let mut parts = Parts::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => parts.types = Some(section),
                Payload::ImportSection(section) => parts.imports = Some(section),
                Payload::FunctionSection(section) => parts.functions = Some(section),
                Payload::TableSection(section) => parts.tables = Some(section),
                Payload::MemorySection(section) => parts.memories = Some(section),
                Payload::TagSection(section) => parts.tags = Some(section),
                Payload::GlobalSection(section) => parts.globals = Some(section),
                Payload::ExportSection(section) => parts.exports = Some(section),
                Payload::ElementSection(section) => parts.elements = Some(section),
                Payload::DataCountSection { count, .. } => parts.data_count = Some(count),
                Payload::CodeSectionEntry(body) => parts.bodies.push(body),
                Payload::DataSection(section) => parts.data = Some(section),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        parts.names = Some(names);
                    }
                }
                _ => {}
            }
        }
        Ok(parts)
    }
}
