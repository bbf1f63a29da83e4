//! Changes a random module so that it writes memory: most of its accesses are within bounds, and
//! stores are added between its instructions.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Function, ValType};
use wasmparser::{FunctionBody, Operator, Parser, Payload, TypeRef};

use super::node;
use super::stores::{self, Items, Random};

/// The mask of addresses: below 64 KiB, so that an offset can be added in a memory of some pages.
const ADDRESSES: i32 = 0xffff;
/// The mask of the addresses of atomic accesses, which must be aligned.
const ALIGNED: i32 = 0xfff8;
/// The mask of lengths.
const LENGTHS: i32 = 0x1ff;
/// The mask of offsets and lengths in data segments, which are short.
const SEGMENT: i32 = 0x7;

/// The types of the locals that are added to every function.
const LOCALS: [ValType; 7] = [
    ValType::I32,
    ValType::I32,
    ValType::I64,
    ValType::I64,
    ValType::F32,
    ValType::F64,
    ValType::V128,
];

/// Adds code before each access that masks its operands, and adds stores that `seed` determines.
pub fn bound_accesses(wasm: &[u8], seed: u64) -> Result<Vec<u8>, Error<Infallible>> {
    let mut changes = BoundAccesses {
        random: Random(seed | 1),
        items: Items::default(),
        params: Vec::new(),
        next: 0,
    };
    changes.read(wasm)?;
    let mut module = wasm_encoder::Module::new();
    changes.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

struct BoundAccesses {
    random: Random,
    items: Items,
    /// The number of parameters of each function that is not imported.
    params: Vec<u32>,
    next: usize,
}

impl BoundAccesses {
    fn read(&mut self, wasm: &[u8]) -> wasmparser::Result<()> {
        let (mut types, mut functions) = (Vec::new(), 0);
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        types.push(ty?.params().len() as u32);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        self.items.memories += u32::from(matches!(import.ty, TypeRef::Memory(_)));
                        if let TypeRef::Func(_) = import.ty {
                            if (import.module, import.name) == node::PUT {
                                self.items.put = Some(functions);
                            }
                            functions += 1;
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        self.params.push(types[ty? as usize]);
                    }
                }
                Payload::MemorySection(section) => self.items.memories += section.count(),
                Payload::DataCountSection { count, .. } => self.items.segments = count,
                _ => {}
            }
        }
        Ok(())
    }
}

/// The operands that an access takes from the stack.
enum Operands {
    /// An address with its mask, followed by values of these types.
    Address(i32, &'static [ValType]),
    /// A destination, a source or byte, and a length, with the masks of the last two.
    Bulk(i32, i32),
}

impl Reencode for BoundAccesses {
    type Error = Infallible;

    /// Sets a minimum of one page.
    fn memory_type(
        &mut self,
        ty: wasmparser::MemoryType,
    ) -> Result<wasm_encoder::MemoryType, Error<Infallible>> {
        let minimum = ty.initial.max(1);
        let maximum = ty.maximum.map(|most| most.max(minimum + 1));
        Ok(wasm_encoder::MemoryType {
            minimum,
            maximum,
            ..utils::memory_type(self, ty)
        })
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Infallible>> {
        let mut locals = Vec::new();
        let mut first = self.params[self.next];
        self.next += 1;
        for local in body.get_locals_reader()? {
            let (count, ty) = local?;
            locals.push((count, self.val_type(ty)?));
            first += count;
        }
        locals.extend(LOCALS.map(|ty| (1, ty)));
        let mut function = Function::new(locals);
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            // About one in six instructions is preceded by a store.
            if self.random.below(6) == 0 {
                stores::write(&mut function.instructions(), &mut self.random, self.items);
            }
            let operands = operands(&reader.clone().read()?);
            if let Some(operands) = operands {
                operands.mask(&mut function, first);
            }
            function.instruction(&self.parse_instruction(&mut reader)?);
        }
        code.function(&function);
        Ok(())
    }
}

fn operands(operator: &Operator<'_>) -> Option<Operands> {
    use Operands::{Address, Bulk};
    let text = format!("{operator:?}");
    let name = text.split([' ', '(']).next().unwrap_or_default();
    let value: &[ValType] = match name.get(..3)? {
        "I32" => &[ValType::I32; 2],
        "I64" => &[ValType::I64; 2],
        "F32" => &[ValType::F32],
        "F64" => &[ValType::F64],
        "V12" => &[ValType::V128],
        _ => &[ValType::I32],
    };
    let is = |part: &str| name.contains(part);
    Some(match name {
        "MemoryFill" => Bulk(-1, LENGTHS),
        "MemoryCopy" => Bulk(ADDRESSES, LENGTHS),
        "MemoryInit" => Bulk(SEGMENT, SEGMENT),
        _ if is("Cmpxchg") => Address(ALIGNED, value),
        _ if is("AtomicRmw") || is("AtomicStore") || is("AtomicNotify") => {
            Address(ALIGNED, &value[..1])
        }
        _ if is("AtomicLoad") => Address(ALIGNED, &[]),
        _ if is("Store") || is("Load") && is("Lane") => Address(ADDRESSES, &value[..1]),
        _ if is("Load") => Address(ADDRESSES, &[]),
        _ => return None,
    })
}

impl Operands {
    /// Moves the operands from the stack into locals and pushes them again, masked.
    fn mask(self, function: &mut Function, first: u32) {
        let mut code = function.instructions();
        match self {
            Operands::Address(mask, values) => {
                let local = |at: usize| {
                    let begin = LOCALS.iter().position(|ty| *ty == values[at]).unwrap_or(0);
                    first + (begin + at) as u32
                };
                (0..values.len()).for_each(|at| {
                    code.local_set(local(at));
                });
                code.i32_const(mask).i32_and();
                (0..values.len()).rev().for_each(|at| {
                    code.local_get(local(at));
                });
            }
            Operands::Bulk(middle, length) => {
                code.i32_const(length).i32_and().local_set(first);
                code.i32_const(middle).i32_and().local_set(first + 1);
                code.i32_const(ADDRESSES)
                    .i32_and()
                    .local_get(first + 1)
                    .local_get(first);
            }
        }
    }
}
