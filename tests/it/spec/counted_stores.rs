//! Changes a module so that it counts its own stores, in any engine.

use std::collections::BTreeSet;
use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType, ValType,
};
use wasmparser::{FunctionBody, Operator, Parser, Payload, TypeRef};

/// A module that counts its stores, with other names of its exports.
pub struct CountedStores {
    pub wasm: Vec<u8>,
    /// The functions whose parameters and results are all numbers. They are exported.
    pub functions: Vec<NumberFunction>,
    /// The globals that hold numbers, by the names under which they are exported.
    pub globals: Vec<(String, ValType)>,
    /// The offsets of the stores that are counted: all but compare-exchanges and bulk operations.
    pub stores: BTreeSet<u64>,
}

/// A function whose parameters and results are all numbers.
pub struct NumberFunction {
    pub name: String,
    pub params: Vec<ValType>,
    pub results: Vec<ValType>,
}

/// The name of the exported global with the number of stores, an `i64`.
pub const COUNT: &str = "count";

/// Adds the count to a module with one memory and at least one global. Only the memory, functions and
/// globals are exported, under names that the steps language needs no quotes for.
pub fn count_stores(wasm: &[u8]) -> Result<CountedStores, Error<Infallible>> {
    let mut counted = Counting::read(wasm)?;
    let mut module = wasm_encoder::Module::new();
    counted.parse_core_module(&mut module, Parser::new(0), wasm)?;
    let wasm = module.finish();
    let mut stores = BTreeSet::new();
    for payload in Parser::new(0).parse_all(&wasm) {
        let Payload::CodeSectionEntry(body) = payload? else {
            continue;
        };
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let (operator, offset) = reader.read_with_offset()?;
            if is_counted(&operator) {
                stores.insert(offset);
            }
        }
    }
    let Counting {
        functions, globals, ..
    } = counted;
    Ok(CountedStores {
        wasm,
        functions,
        globals,
        stores,
    })
}

/// Returns whether an instruction is a store that always writes when it does not trap.
fn is_counted(operator: &Operator<'_>) -> bool {
    let text = format!("{operator:?}");
    let name = text.split([' ', '(']).next().unwrap_or_default();
    let is_store = name.contains("Store") || name.contains("AtomicRmw");
    is_store && !name.contains("Cmpxchg")
}

#[derive(Default)]
struct Counting {
    functions: Vec<NumberFunction>,
    /// For each of these functions its index.
    indices: Vec<u32>,
    globals: Vec<(String, ValType)>,
    global_count: u32,
}

impl Counting {
    fn read(wasm: &[u8]) -> Result<Self, Error<Infallible>> {
        let mut counted = Counting::default();
        let mut types = Vec::new();
        let mut next_function = 0;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        types.push(ty?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if matches!(import?.ty, TypeRef::Func(_)) {
                            next_function += 1;
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        let ty = &types[ty? as usize];
                        let numbers = |types: &[wasmparser::ValType]| {
                            types.iter().copied().map(number).collect::<Option<_>>()
                        };
                        if let (Some(params), Some(results)) =
                            (numbers(ty.params()), numbers(ty.results()))
                        {
                            counted.functions.push(NumberFunction {
                                name: format!("f{next_function}"),
                                params,
                                results,
                            });
                            counted.indices.push(next_function);
                        }
                        next_function += 1;
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        if let Some(ty) = number(global?.ty.content_type) {
                            let name = format!("g{}", counted.global_count);
                            counted.globals.push((name, ty));
                        }
                        counted.global_count += 1;
                    }
                }
                _ => {}
            }
        }
        Ok(counted)
    }
}

fn number(ty: wasmparser::ValType) -> Option<ValType> {
    match ty {
        wasmparser::ValType::I32 => Some(ValType::I32),
        wasmparser::ValType::I64 => Some(ValType::I64),
        wasmparser::ValType::F32 => Some(ValType::F32),
        wasmparser::ValType::F64 => Some(ValType::F64),
        _ => None,
    }
}

impl Reencode for Counting {
    type Error = Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_global_section(self, globals, section)?;
        let ty = GlobalType {
            val_type: ValType::I64,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &ConstExpr::i64_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        _: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        exports.export("memory", ExportKind::Memory, 0);
        for (function, index) in self.functions.iter().zip(&self.indices) {
            exports.export(&function.name, ExportKind::Func, *index);
        }
        for (name, _) in &self.globals {
            let index = name[1..].parse().unwrap();
            exports.export(name, ExportKind::Global, index);
        }
        exports.export(COUNT, ExportKind::Global, self.global_count);
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Infallible>> {
        let mut locals = Vec::new();
        for local in body.get_locals_reader()? {
            let (count, ty) = local?;
            locals.push((count, self.val_type(ty)?));
        }
        let mut function = Function::new(locals);
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let is_counted = is_counted(&reader.clone().read()?);
            function.instruction(&self.parse_instruction(&mut reader)?);
            if is_counted {
                function
                    .instructions()
                    .global_get(self.global_count)
                    .i64_const(1)
                    .i64_add()
                    .global_set(self.global_count);
            }
        }
        code.function(&function);
        Ok(())
    }
}
