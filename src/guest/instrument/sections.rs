//! The sections of a module, read before they are written again: what is added may need a section
//! that the module does not have.

use wasmparser::{
    DataSectionReader, ElementSectionReader, ExportSectionReader, FunctionBody,
    FunctionSectionReader, GlobalSectionReader, ImportSectionReader, KnownCustom,
    MemorySectionReader, NameSectionReader, Parser, Payload, TableSectionReader, TagSectionReader,
    TypeSectionReader,
};

/// The readers of a module's sections.
#[derive(Default)]
pub(super) struct Sections<'a> {
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
    /// The last name section, if there are several.
    pub names: Option<NameSectionReader<'a>>,
}

impl<'a> Sections<'a> {
    /// Reads the sections of a module.
    ///
    /// # Errors
    ///
    /// Returns an error if the binary format is invalid.
    pub fn read(wasm: &'a [u8]) -> wasmparser::Result<Self> {
        let mut sections = Sections::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => sections.types = Some(section),
                Payload::ImportSection(section) => sections.imports = Some(section),
                Payload::FunctionSection(section) => sections.functions = Some(section),
                Payload::TableSection(section) => sections.tables = Some(section),
                Payload::MemorySection(section) => sections.memories = Some(section),
                Payload::TagSection(section) => sections.tags = Some(section),
                Payload::GlobalSection(section) => sections.globals = Some(section),
                Payload::ExportSection(section) => sections.exports = Some(section),
                Payload::ElementSection(section) => sections.elements = Some(section),
                Payload::DataCountSection { count, .. } => sections.data_count = Some(count),
                Payload::CodeSectionEntry(body) => sections.bodies.push(body),
                Payload::DataSection(section) => sections.data = Some(section),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        sections.names = Some(names);
                    }
                }
                _ => {}
            }
        }
        Ok(sections)
    }
}
