//! Writes a module again, meaning the same, so that the session can stop it, limit it and see all of it.
//!
//! One pass over the module's parts, in the order the binary format wants them, adding where something is added:
//! `ticks` puts a countdown into every function and loop, `limits` lowers how far memory and tables may grow, `names`
//! finds names for what is exported in addition. Function indices shift behind the imported ones, where the tick's
//! import is put in; all other indices stay.

mod limits;
mod names;
mod parts;
mod ticks;

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, EntityType, ExportKind, ExportSection, FunctionSection,
    GlobalSection, GlobalType, ImportSection, MemorySection, Module, TableSection, TagSection, TypeSection, ValType,
};
use wasmparser::FunctionBody;

use super::describe::Description;
use super::types::MemoryType;
use super::{Guest, GuestError};
use names::Names;
use parts::Parts;

/// What the rewriting is to allow.
#[derive(Debug, Clone, Copy)]
pub struct RewriteOptions {
    /// Most bytes that one memory may grow to; parts of a page do not count.
    pub max_memory: u64,
}

/// A module to be run in the given one's place: same results, same traps, same bytes in memory. It differs in this:
///
/// - It imports one more function, `tick: [] -> [i32]`, behind the other imported functions. It is called when the
///   countdown in the global `counter_export` reaches zero, at a function's entry or a loop's head, and answers how many
///   of those may pass before it wants to be called again: at least 1. An error it returns ends the call as a trap.
/// - No memory grows beyond the limit, no table beyond ten million elements: `memory.grow` and `table.grow` answer -1.
/// - Every memory is exported.
/// - There is no start function; it is exported instead, to be called after instantiation.
/// - Only the `name` section is left of the custom sections.
#[derive(Debug, Clone)]
pub struct Rewritten {
    pub wasm: Vec<u8>,
    /// The name each memory is exported under, by its index, imported ones included.
    pub memory_exports: Vec<String>,
    /// The types of the memories with their maxima lowered, by index: what a host must make for an imported one.
    pub memory_types: Vec<MemoryType>,
    /// The export to call after instantiation, where the module as given has a start function.
    pub start_export: Option<String>,
    /// Module and name of the function that is imported in addition.
    pub tick_import: (String, String),
    /// A mutable i32: how many ticks are left. It starts at 1, so that the first tick asks; the host may set it.
    pub counter_export: String,
    functions: FunctionMap,
}

impl Rewritten {
    /// The index a function of the rewritten module has in the module as given; `None` for the one that was added.
    pub fn original_function(&self, rewritten: u32) -> Option<u32> {
        self.functions.original(rewritten)
    }
}

/// How function indices shift: those from the added import's on by one.
#[derive(Debug, Clone, Copy)]
struct FunctionMap {
    tick: u32,
}

impl FunctionMap {
    fn rewritten(self, original: u32) -> u32 {
        if original < self.tick { original } else { original.saturating_add(1) }
    }

    fn original(self, rewritten: u32) -> Option<u32> {
        match rewritten.cmp(&self.tick) {
            std::cmp::Ordering::Less => Some(rewritten),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => rewritten.checked_sub(1),
        }
    }
}

pub(super) fn rewrite(guest: &Guest, options: &RewriteOptions) -> Result<Rewritten, GuestError> {
    let description = &guest.0.description;
    limits::check(guest.name(), description, options)?;
    let names = Names::new(description);
    let functions = FunctionMap { tick: description.imported_functions };
    let failed = |message: String| GuestError::Rewrite { name: guest.name().into(), message };
    let wasm = Parts::read(guest.wasm())
        .map_err(reencode::Error::from)
        .and_then(|parts| Rewriter { description, options, names: &names, functions }.write(parts))
        .map_err(|error| failed(error.to_string()))?;
    debug_assert!(
        super::features::check("the rewritten module", &wasm).is_ok(),
        "{:?}",
        super::features::check("the rewritten module", &wasm)
    );
    Ok(Rewritten {
        wasm,
        memory_exports: names.memories,
        memory_types: description.memories.iter().map(|memory| limits::lowered(memory.ty, options)).collect(),
        start_export: names.start,
        tick_import: (names::TICK_MODULE.into(), names.tick),
        counter_export: names.counter,
        functions,
    })
}

type Failure = reencode::Error<Infallible>;

/// Writes the parts of one module. As a [`Reencode`] it holds the rules that apply wherever a thing of a kind stands.
struct Rewriter<'a> {
    description: &'a Description,
    options: &'a RewriteOptions,
    names: &'a Names,
    functions: FunctionMap,
}

impl Reencode for Rewriter<'_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Failure> {
        Ok(self.functions.rewritten(index))
    }

    fn memory_type(&mut self, ty: wasmparser::MemoryType) -> Result<wasm_encoder::MemoryType, Failure> {
        let maximum = limits::lowered(ty.into(), self.options).max;
        Ok(wasm_encoder::MemoryType { maximum, ..utils::memory_type(self, ty) })
    }

    fn table_type(&mut self, ty: wasmparser::TableType) -> Result<wasm_encoder::TableType, Failure> {
        let lowered = utils::table_type(self, ty)?;
        Ok(wasm_encoder::TableType { maximum: Some(limits::lowered_table(ty.maximum)), ..lowered })
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Failure> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let tick = self.tick();
        tick.write(&mut function);
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let instruction = self.parse_instruction(&mut reader)?;
            function.instruction(&instruction);
            if matches!(instruction, wasm_encoder::Instruction::Loop(_)) {
                tick.write(&mut function);
            }
        }
        code.function(&function);
        Ok(())
    }
}

impl Rewriter<'_> {
    fn tick(&self) -> ticks::Tick {
        ticks::Tick { function: self.functions.tick, counter: self.description.globals.len() as u32 }
    }

    fn write(mut self, parts: Parts<'_>) -> Result<Vec<u8>, Failure> {
        let mut module = Module::new();
        module.section(&self.types(&parts)?);
        module.section(&self.imports(&parts)?);
        self.write_declarations(&mut module, &parts)?;
        module.section(&self.globals(&parts)?);
        module.section(&self.exports(&parts)?);
        self.write_contents(&mut module, &parts)?;
        if let Some(names) = parts.names {
            module.section(&names::shifted(&mut self, names));
        }
        Ok(module.finish())
    }

    fn types(&mut self, parts: &Parts<'_>) -> Result<TypeSection, Failure> {
        let mut types = TypeSection::new();
        if let Some(given) = parts.types.clone() {
            self.parse_type_section(&mut types, given)?;
        }
        types.ty().function([], [ValType::I32]);
        Ok(types)
    }

    /// Each import spelled out, whatever encoding it came in: the engine reads no other.
    fn imports(&mut self, parts: &Parts<'_>) -> Result<ImportSection, Failure> {
        let mut imports = ImportSection::new();
        for import in parts.imports.clone().into_iter().flat_map(|section| section.into_imports()) {
            let import = import?;
            imports.import(import.module, import.name, self.entity_type(import.ty)?);
        }
        let tick_type = self.description.type_count;
        imports.import(names::TICK_MODULE, &self.names.tick, EntityType::Function(tick_type));
        Ok(imports)
    }

    /// The sections between the imports and the globals.
    fn write_declarations(&mut self, module: &mut Module, parts: &Parts<'_>) -> Result<(), Failure> {
        if let Some(given) = parts.functions.clone() {
            let mut functions = FunctionSection::new();
            self.parse_function_section(&mut functions, given)?;
            module.section(&functions);
        }
        if let Some(given) = parts.tables.clone() {
            let mut tables = TableSection::new();
            self.parse_table_section(&mut tables, given)?;
            module.section(&tables);
        }
        if let Some(given) = parts.memories.clone() {
            let mut memories = MemorySection::new();
            self.parse_memory_section(&mut memories, given)?;
            module.section(&memories);
        }
        if let Some(given) = parts.tags.clone() {
            let mut tags = TagSection::new();
            self.parse_tag_section(&mut tags, given)?;
            module.section(&tags);
        }
        Ok(())
    }

    fn globals(&mut self, parts: &Parts<'_>) -> Result<GlobalSection, Failure> {
        let mut globals = GlobalSection::new();
        if let Some(given) = parts.globals.clone() {
            self.parse_global_section(&mut globals, given)?;
        }
        let counter = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(counter, &wasm_encoder::ConstExpr::i32_const(1));
        Ok(globals)
    }

    fn exports(&mut self, parts: &Parts<'_>) -> Result<ExportSection, Failure> {
        let mut exports = ExportSection::new();
        if let Some(given) = parts.exports.clone() {
            self.parse_export_section(&mut exports, given)?;
        }
        exports.export(&self.names.counter, ExportKind::Global, self.tick().counter);
        for ((index, memory), name) in (0..).zip(&self.description.memories).zip(&self.names.memories) {
            if memory.exported_as.is_empty() {
                exports.export(name, ExportKind::Memory, index);
            }
        }
        if let (Some(name), Some(start)) = (&self.names.start, self.description.start) {
            exports.export(name, ExportKind::Func, self.functions.rewritten(start));
        }
        Ok(exports)
    }

    /// The sections behind the exports. The start section is left out.
    fn write_contents(&mut self, module: &mut Module, parts: &Parts<'_>) -> Result<(), Failure> {
        if let Some(given) = parts.elements.clone() {
            let mut elements = ElementSection::new();
            self.parse_element_section(&mut elements, given)?;
            module.section(&elements);
        }
        if let Some(count) = parts.data_count {
            module.section(&DataCountSection { count });
        }
        if !parts.bodies.is_empty() {
            let mut code = CodeSection::new();
            for body in &parts.bodies {
                self.parse_function_body(&mut code, body.clone())?;
            }
            module.section(&code);
        }
        if let Some(given) = parts.data.clone() {
            let mut data = DataSection::new();
            self.parse_data_section(&mut data, given)?;
            module.section(&data);
        }
        Ok(())
    }
}
