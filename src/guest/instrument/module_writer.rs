//! Writes the sections of an instrumented module.

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, ImportSection, MemorySection, Module,
    TableSection, TagSection, TypeSection, ValType,
};
use wasmparser::{FunctionBody, Operator};

use super::added_names::{self, AddedNames};
use super::body::Body;
use super::journal_layout::{AddedItems, JournalMemory};
use super::legacy_exceptions::{BlockTypes, LegacyTries, Written};
use super::module_limits::{self, FunctionSize};
use super::sections::Sections;
use super::{
    FunctionMap, InstrumentOptions, allocator_calls, bulk_helpers, journal_helpers, table_setters,
};
use crate::guest::module_info::Description;
use crate::journal_abi::{Allocator, StoreSite};
use crate::wasm_types::ValueType;

type Failure = reencode::Error<Infallible>;

/// Writes the sections of one module. Its [`Reencode`] implementation has the rules that apply to
/// every item of a kind.
pub(super) struct Instrumenter<'a> {
    description: &'a Description,
    options: &'a InstrumentOptions,
    pub functions: FunctionMap,
    added: AddedItems,
    memory: JournalMemory,
    /// How many functions for long fills and copies are added.
    bulk_helpers: u32,
    /// The types of blocks that the old form of exceptions needs.
    block_types: BlockTypes,
    /// The guest's global that is exported in addition.
    pub stack_pointer: Option<u32>,
    /// The functions whose calls are recorded.
    allocator: &'a Allocator,
    /// The tables for which a function is added that sets an element.
    pub fixed_tables: Vec<u32>,
    /// The first function that exceeds a limit, and how.
    pub excess: Option<(u32, String)>,
}

/// An instrumented function.
pub(super) struct InstrumentedBody {
    code: wasm_encoder::Function,
    pub offset_map: Vec<(u64, u64)>,
    size: FunctionSize,
}

impl Reencode for Instrumenter<'_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Failure> {
        Ok(self.functions.instrumented(index))
    }

    fn memory_type(
        &mut self,
        ty: wasmparser::MemoryType,
    ) -> Result<wasm_encoder::MemoryType, Failure> {
        let maximum = module_limits::limited_memory(ty.into(), self.options).max;
        Ok(wasm_encoder::MemoryType {
            maximum,
            ..utils::memory_type(self, ty)
        })
    }

    fn table_type(
        &mut self,
        ty: wasmparser::TableType,
    ) -> Result<wasm_encoder::TableType, Failure> {
        let maximum = Some(module_limits::limited_table(ty.maximum));
        Ok(wasm_encoder::TableType {
            maximum,
            ..utils::table_type(self, ty)?
        })
    }
}

impl<'a> Instrumenter<'a> {
    pub fn new(
        description: &'a Description,
        options: &'a InstrumentOptions,
        functions: FunctionMap,
        allocator: &'a Allocator,
    ) -> Self {
        let globals = description.globals.len() as u32;
        let added = AddedItems {
            tick: functions.tick,
            helpers: functions.helpers,
            bulk_helpers: functions.helpers.saturating_add(journal_helpers::COUNT),
            memory: description.memories.len() as u32,
            position: globals,
            last_load: globals.saturating_add(1),
            calls_position: globals.saturating_add(2),
            caller: globals.saturating_add(3),
        };
        Instrumenter {
            description,
            options,
            functions,
            added,
            memory: JournalMemory::new(options.memory.is_some()),
            allocator,
            bulk_helpers: 0,
            block_types: BlockTypes::default(),
            stack_pointer: None,
            fixed_tables: Vec::new(),
            excess: None,
        }
    }

    /// Writes the module, in the order of sections that the binary format requires.
    pub fn write(
        &mut self,
        sections: Sections<'_>,
        names: &AddedNames,
        sites: &mut Vec<StoreSite>,
    ) -> Result<Vec<u8>, Failure> {
        // A module without a body has no code section, to which functions could be added.
        if !sections.bodies.is_empty() {
            self.bulk_helpers = bulk_helpers::count(self.added.memory, &sections.bodies);
            self.fixed_tables = table_setters::fixed_tables(self.description, &sections);
            self.functions.moved += self.bulk_helpers + self.fixed_tables.len() as u32;
        }
        self.collect_block_types(&sections.bodies);
        let mut module = Module::new();
        module.section(&self.types(&sections)?);
        module.section(&self.imports(&sections, names)?);
        self.write_declarations(&mut module, &sections)?;
        module.section(&self.globals(&sections)?);
        module.section(&self.exports(names, &sections)?);
        self.write_contents(&mut module, &sections, sites)?;
        if let Some(given) = sections.names {
            module.section(&added_names::shifted(self, given));
        }
        Ok(module.finish())
    }

    fn types(&mut self, sections: &Sections<'_>) -> Result<TypeSection, Failure> {
        let mut types = TypeSection::new();
        if let Some(given) = sections.types.clone() {
            self.parse_type_section(&mut types, given)?;
        }
        types.ty().function([], []);
        journal_helpers::add_types(&mut types);
        table_setters::add_type(&mut types);
        bulk_helpers::add_type(&mut types);
        for results in &self.block_types.all {
            types.ty().function([], results.iter().copied());
        }
        Ok(types)
    }

    /// Collects the types that blocks need for exceptions of the old form.
    pub fn collect_block_types(&mut self, bodies: &[FunctionBody<'_>]) {
        if self.description.has_legacy_exceptions {
            // After the types of `tick`, of the helpers, of the setters and of bulk operations.
            let first = self.description.type_count.saturating_add(3);
            let first = first.saturating_add(journal_helpers::COUNT);
            self.block_types = BlockTypes::collect(first, self.description, bodies);
        }
    }

    fn imports(
        &mut self,
        sections: &Sections<'_>,
        names: &AddedNames,
    ) -> Result<ImportSection, Failure> {
        let mut imports = ImportSection::new();
        // Imports may come in a compact encoding, which the engine does not read. Each one is
        // written in the plain one.
        let given = sections.imports.clone().into_iter();
        for import in given.flat_map(|section| section.into_imports()) {
            let import = import?;
            imports.import(import.module, import.name, self.entity_type(import.ty)?);
        }
        let tick_type = self.description.type_count;
        imports.import(
            added_names::TICK_MODULE,
            &names.tick,
            EntityType::Function(tick_type),
        );
        Ok(imports)
    }

    /// Writes the sections between the imports and the globals.
    fn write_declarations(
        &mut self,
        module: &mut Module,
        sections: &Sections<'_>,
    ) -> Result<(), Failure> {
        if let Some(given) = sections.functions.clone() {
            let mut functions = FunctionSection::new();
            let types = allocator_calls::types(&given, self.description, self.allocator);
            self.parse_function_section(&mut functions, given)?;
            // The section may be there without a function. Then there is no code section either, to
            // which helpers could be added.
            if !sections.bodies.is_empty() {
                let first = self.description.type_count.saturating_add(1);
                for nth in 0..journal_helpers::COUNT {
                    functions.function(first.saturating_add(nth));
                }
                let setter = first.saturating_add(journal_helpers::COUNT);
                for _ in 0..self.bulk_helpers {
                    functions.function(setter.saturating_add(1));
                }
                for _ in &self.fixed_tables {
                    functions.function(setter);
                }
                for ty in types {
                    functions.function(ty);
                }
            }
            module.section(&functions);
        }
        if let Some(given) = sections.tables.clone() {
            let mut tables = TableSection::new();
            self.parse_table_section(&mut tables, given)?;
            module.section(&tables);
        }
        let mut memories = MemorySection::new();
        if let Some(given) = sections.memories.clone() {
            self.parse_memory_section(&mut memories, given)?;
        }
        memories.memory(self.memory.memory_type());
        module.section(&memories);
        if let Some(given) = sections.tags.clone() {
            let mut tags = TagSection::new();
            self.parse_tag_section(&mut tags, given)?;
            module.section(&tags);
        }
        Ok(())
    }

    fn globals(&mut self, sections: &Sections<'_>) -> Result<GlobalSection, Failure> {
        let mut globals = GlobalSection::new();
        if let Some(given) = sections.globals.clone() {
            self.parse_global_section(&mut globals, given)?;
        }
        let all = self.memory.globals().into_iter();
        for (ty, first) in all.take(if self.allocator.functions.is_empty() {
            2
        } else {
            4
        }) {
            globals.global(ty, &first);
        }
        Ok(globals)
    }

    fn exports(
        &mut self,
        names: &AddedNames,
        sections: &Sections<'_>,
    ) -> Result<ExportSection, Failure> {
        let mut exports = ExportSection::new();
        if let Some(given) = sections.exports.clone() {
            self.parse_export_section(&mut exports, given)?;
        }
        exports.export(&names.journal, ExportKind::Memory, self.added.memory);
        exports.export(&names.position, ExportKind::Global, self.added.position);
        exports.export(&names.last_load, ExportKind::Global, self.added.last_load);
        if let (Some(name), Some(global)) = (&names.stack_pointer, self.stack_pointer) {
            exports.export(name, ExportKind::Global, global);
        }
        if !self.allocator.functions.is_empty() {
            let position = self.added.calls_position;
            exports.export(&names.calls_position, ExportKind::Global, position);
        }
        for ((index, memory), name) in (0..).zip(&self.description.memories).zip(&names.memories) {
            if memory.exported_as.is_empty() {
                exports.export(name, ExportKind::Memory, index);
            }
        }
        for (index, name) in (0..).zip(&names.tables) {
            if self.description.exported_table(index).is_none() {
                exports.export(name, ExportKind::Table, index);
            }
        }
        let setters = self.added.bulk_helpers.saturating_add(self.bulk_helpers);
        for (function, table) in (setters..).zip(&self.fixed_tables) {
            if let Some(name) = names.table_setters.get(*table as usize) {
                exports.export(name, ExportKind::Func, function);
            }
        }
        if let (Some(name), Some(start)) = (&names.start, self.description.start) {
            exports.export(name, ExportKind::Func, self.functions.instrumented(start));
        }
        Ok(exports)
    }

    /// Writes the sections after the exports, without the start section.
    fn write_contents(
        &mut self,
        module: &mut Module,
        sections: &Sections<'_>,
        sites: &mut Vec<StoreSite>,
    ) -> Result<(), Failure> {
        if let Some(given) = sections.elements.clone() {
            let mut elements = ElementSection::new();
            self.parse_element_section(&mut elements, given)?;
            module.section(&elements);
        }
        if let Some(count) = sections.data_count {
            module.section(&DataCountSection { count });
        }
        if !sections.bodies.is_empty() {
            let mut code = CodeSection::new();
            let mut moved = Vec::new();
            for (function, body) in (self.functions.tick..).zip(&sections.bodies) {
                let InstrumentedBody {
                    code: body, size, ..
                } = self.instrument_body(function, body, sites)?;
                if let Some(excess) = size.excess() {
                    self.excess = self.excess.take().or(Some((function, excess)));
                    continue;
                }
                match self.wrapper(function) {
                    Some(wrapper) => {
                        code.function(&wrapper);
                        moved.push(body);
                    }
                    None => drop(code.function(&body)),
                }
            }
            for function in journal_helpers::functions(self.added) {
                code.function(&function);
            }
            if self.bulk_helpers > 0 {
                for function in bulk_helpers::functions(self.added, self.options.memory) {
                    code.function(&function);
                }
            }
            for table in &self.fixed_tables {
                code.function(&table_setters::setter(*table));
            }
            for body in moved {
                code.function(&body);
            }
            module.section(&code);
        }
        if let Some(given) = sections.data.clone() {
            let mut data = DataSection::new();
            self.parse_data_section(&mut data, given)?;
            module.section(&data);
        }
        Ok(())
    }

    /// Returns the wrapper that records the calls of a function of the allocator; `None` for any
    /// other function.
    fn wrapper(&self, function: u32) -> Option<wasm_encoder::Function> {
        let mut numbered = self.allocator.functions.iter().zip(0..);
        let (known, nth) = numbered.find(|(known, _)| known.function == function)?;
        let ty = self.description.functions.get(function as usize)?;
        let moved = self.functions.moved.saturating_add(nth);
        Some(allocator_calls::wrapper(
            self.added,
            known,
            nth + 1,
            ty,
            moved,
        ))
    }

    /// Instruments a function, by its index in the module as given, and adds its sites.
    pub fn instrument_body(
        &mut self,
        function: u32,
        given: &FunctionBody<'_>,
        sites: &mut Vec<StoreSite>,
    ) -> Result<InstrumentedBody, Failure> {
        let params = self
            .description
            .functions
            .get(function as usize)
            .map(|ty| ty.params.as_slice())
            .unwrap_or_default();
        let mut types: Vec<ValType> = params.iter().map(register_type).collect();
        let mut locals = Vec::new();
        for declared in given.get_locals_reader()? {
            let (count, ty) = declared?;
            let ty = self.val_type(ty)?;
            types.extend(std::iter::repeat_n(ty, count as usize));
            locals.push((count, ty));
        }
        let mut operators: Vec<(Operator<'_>, u64)> = Vec::new();
        let mut reader = given.get_operators_reader()?;
        while !reader.eof() {
            operators.push(reader.read_with_offset()?);
        }
        let body = Body::new(
            self.added,
            self.options.memory,
            sites,
            function,
            &types,
            &operators,
        )
        .recording_callers_of(self.allocator);
        let legacy = match LegacyTries::read(&operators) {
            Some(tries) if self.description.has_legacy_exceptions => tries
                .written(self.description, &mut |results| {
                    self.block_types.index(&results)
                }),
            _ => Written::default(),
        };
        let is_too_long = legacy.is_too_long;
        let mut body = body.with_legacy_exceptions(legacy);
        let mut offset_map = Vec::with_capacity(operators.len());
        body.enter();
        for (operator, offset) in &operators {
            let offset = *offset;
            offset_map.push((body.bytes.len() as u64, offset));
            let instruction = self.instruction(operator.clone())?;
            body.write(operator, offset, &instruction);
        }
        let nesting = body.max_nesting();
        let (added_locals, bytes) = body.into_parts();
        let size = FunctionSize {
            locals: types.len(),
            nesting,
            bytes: if is_too_long { usize::MAX } else { bytes.len() },
        };
        locals.extend(added_locals.into_iter().map(|ty| (1, ty)));
        let mut code = wasm_encoder::Function::new(locals);
        code.raw(bytes);
        Ok(InstrumentedBody {
            code,
            offset_map,
            size,
        })
    }
}

/// Returns the type of a parameter, as far as it decides which register holds the value.
fn register_type(ty: &ValueType) -> ValType {
    match ty {
        ValueType::F32 => ValType::F32,
        ValueType::F64 => ValType::F64,
        ValueType::V128 => ValType::V128,
        _ => ValType::I32,
    }
}
