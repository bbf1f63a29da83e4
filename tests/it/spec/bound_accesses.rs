//! Makes a random module one that writes memory: its accesses lie within bounds, mostly, and more
//! stores are put between its instructions.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Function, ValType};
use wasmparser::{FunctionBody, Operator, Parser, Payload, TypeRef};

use super::stores::{self, Dice, Means};

/// Addresses below 64 KiB, so that an offset may be added in a memory of some pages.
const ADDRESSES: i32 = 0xffff;
/// What atomic accesses need to be aligned.
const ALIGNED: i32 = 0xfff8;
const LENGTHS: i32 = 0x1ff;
/// Segments are short.
const SEGMENT: i32 = 0x7;

/// The locals that are added to every function, in this order.
const LOCALS: [ValType; 7] = [
    ValType::I32,
    ValType::I32,
    ValType::I64,
    ValType::I64,
    ValType::F32,
    ValType::F64,
    ValType::V128,
];

/// The module with code in front of each access that masks its operands, and with added stores. The
/// seed tells which.
pub fn tamed(wasm: &[u8], seed: u64) -> Result<Vec<u8>, Error<Infallible>> {
    let mut tame = Tame {
        dice: Dice(seed | 1),
        means: Means::default(),
        params: Vec::new(),
        next: 0,
    };
    tame.read(wasm)?;
    let mut module = wasm_encoder::Module::new();
    tame.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

struct Tame {
    dice: Dice,
    means: Means,
    /// How many parameters each function has that is not imported.
    params: Vec<u32>,
    next: usize,
}

impl Tame {
    fn read(&mut self, wasm: &[u8]) -> wasmparser::Result<()> {
        let mut types = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        types.push(ty?.params().len() as u32);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        self.means.memories += u32::from(matches!(import?.ty, TypeRef::Memory(_)));
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        self.params.push(types[ty? as usize]);
                    }
                }
                Payload::MemorySection(section) => self.means.memories += section.count(),
                Payload::DataCountSection { count, .. } => self.means.segments = count,
                _ => {}
            }
        }
        Ok(())
    }
}

/// What an access takes from the stack.
enum Operands {
    /// An address, and behind it values of these types.
    Address(i32, &'static [ValType]),
    /// Destination, source or byte, and length, with the masks of the latter two.
    Bulk(i32, i32),
}

impl Reencode for Tame {
    type Error = Infallible;

    /// With a page at least.
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
            // One in a few instructions has a store in front of it.
            if self.dice.below(6) == 0 {
                stores::write(&mut function.instructions(), &mut self.dice, self.means);
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
    /// Takes the operands off the stack into locals, as far as needed, and puts them back, masked.
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
