//! Where a module, as it was given, says that its data, its shadow stack and its heap lie. Only
//! what follows from names and constants is told, each with how it is known; a global that merely
//! looks like a stack pointer is not one.

use std::cmp::Reverse;

use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::{ExternType, Guest};
use crate::safe;

/// What is known of a linear memory before anything runs. Addresses are in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The memory meant, by its index. Linkers know of the first alone: others have segments and
    /// nothing else.
    pub memory: u32,
    /// The active data segments whose place is known, in the module's order, empty ones left out.
    pub segments: Vec<Segment>,
    /// What linkers name, by address.
    pub symbols: Vec<Symbol>,
    /// The guest's static data, zeroed variables that no segment holds among it. `None` where its
    /// ends are not told.
    pub data: Option<Area>,
    /// The shadow stack. It grows down from its end; where it starts, which is how far down it may
    /// grow, can be unknown.
    pub stack: Option<Area>,
    /// Where the heap starts. It reaches to the end of memory, wherever that is, so it has no end
    /// here.
    pub heap: Option<Area>,
}

/// An active data segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Among all data segments, passive ones counted.
    pub index: u32,
    /// From the name section, safe to print: `.rodata`.
    pub name: Option<String>,
    pub start: u64,
    /// In bytes, at least 1.
    pub len: u64,
}

/// An address that the module tells of by a global of a known name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// `__heap_base`
    pub name: &'static str,
    /// The global's value when the module starts.
    pub address: u64,
    /// `exported global __heap_base`
    pub known_by: String,
}

/// A part of memory, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Area {
    /// The first byte; `None` where that is not told.
    pub start: Option<u64>,
    /// One past the last byte; `None` where that is not told.
    pub end: Option<u64>,
    /// A short reason: `exported global __heap_base`.
    pub known_by: String,
}

const STACK_POINTER: &str = "__stack_pointer";
const STACK_LOW: &str = "__stack_low";
const STACK_HIGH: &str = "__stack_high";
const GLOBAL_BASE: &str = "__global_base";
const DATA_END: &str = "__data_end";
const HEAP_BASE: &str = "__heap_base";
const HEAP_END: &str = "__heap_end";

/// The names that linkers give to addresses.
const SYMBOLS: [&str; 7] = [
    STACK_POINTER,
    STACK_LOW,
    STACK_HIGH,
    GLOBAL_BASE,
    DATA_END,
    HEAP_BASE,
    HEAP_END,
];

/// Exported functions that toolchains add in order to move the stack pointer, and that set no other
/// global.
const STACK_MOVERS: [&str; 4] = [
    "__wbindgen_add_to_stack_pointer",
    "stackRestore",
    "_emscripten_stack_restore",
    "emscripten_stack_restore",
];

/// Longest name of a data segment, in characters.
pub(super) const LONGEST_NAME: usize = 60;

/// Bytes of a function that is looked through for the global it sets.
const MOST_CODE: u64 = 256;

/// The symbol that a global's name stands for; AssemblyScript puts a path before it.
pub(super) fn symbol(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("~lib/memory/").unwrap_or(name);
    SYMBOLS.into_iter().find(|known| *known == name)
}

impl Guest {
    /// What the module says of where things lie in the memory that is meant where nobody says
    /// which.
    pub fn layout(&self) -> Layout {
        self.layout_of(self.default_memory().ok().flatten().unwrap_or(0))
    }

    /// What the module says of where things lie in a memory, by its index.
    pub fn layout_of(&self, memory: u32) -> Layout {
        let segments = self.known_segments(memory);
        if memory != 0 || self.memories().is_empty() {
            return Layout {
                memory,
                segments,
                ..Layout::default()
            };
        }
        let mut symbols: Vec<Symbol> = SYMBOLS
            .into_iter()
            .filter_map(|name| self.known_symbol(name))
            .collect();
        symbols.sort_by_key(|symbol| symbol.address);
        let facts = Facts {
            segments: &segments,
            symbols: &symbols,
        };
        let (data, stack, heap) = (facts.data(), facts.stack(), facts.heap());
        Layout {
            memory,
            segments,
            symbols,
            data,
            stack,
            heap,
        }
    }

    fn known_segments(&self, memory: u32) -> Vec<Segment> {
        let segments = self
            .data_segments()
            .iter()
            .filter(|segment| segment.memory == memory);
        let known = segments.filter_map(|segment| {
            let start = segment.offset.resolve(|_| None)?;
            let len = u64::try_from(segment.bytes.len())
                .ok()
                .filter(|len| *len > 0)?;
            let name = self.0.description.data_names.get(&segment.index);
            let name = name
                .filter(|name| !name.is_empty())
                .map(|name| safe::cut(name, LONGEST_NAME));
            Some(Segment {
                index: segment.index,
                name,
                start,
                len,
            })
        });
        known.collect()
    }

    /// The value of an integer global when the module starts, unsigned; `None` where an import
    /// decides it.
    fn first_value(&self, global: u32) -> Option<u64> {
        *self
            .0
            .description
            .global_values
            .get(usize::try_from(global).ok()?)?
    }

    /// A symbol by the best evidence there is: an export, the name section, a function that can
    /// only mean it.
    fn known_symbol(&self, name: &'static str) -> Option<Symbol> {
        let is_global = |ty: &ExternType| matches!(ty, ExternType::Global(_));
        let exported = self
            .exports()
            .iter()
            .find(|export| is_global(&export.ty) && symbol(&export.name) == Some(name));
        let named = || {
            self.0
                .description
                .symbol_globals
                .iter()
                .find(|(_, known)| *known == name)
        };
        let (global, known_by) = match (exported, named()) {
            (Some(export), _) => (export.index, format!("exported global {name}")),
            (None, Some((global, _))) => (*global, format!("global {name} in the name section")),
            (None, None) if name == STACK_POINTER => self.moved_by_an_export()?,
            (None, None) => return None,
        };
        Some(Symbol {
            name,
            address: self.first_value(global)?,
            known_by,
        })
    }

    /// The global that an exported function sets whose only purpose is to move the stack pointer.
    fn moved_by_an_export(&self) -> Option<(u32, String)> {
        STACK_MOVERS.into_iter().find_map(|name| {
            let export = self
                .export(name)
                .filter(|export| matches!(export.ty, ExternType::Func(_)))?;
            Some((
                self.only_global_set(export.index)?,
                format!("the global that exported function {name} moves"),
            ))
        })
    }

    fn only_global_set(&self, function: u32) -> Option<u32> {
        let body = function.checked_sub(self.0.description.imported_functions)?;
        let range = self.0.description.bodies.get(usize::try_from(body).ok()?)?;
        if range.end.saturating_sub(range.start) > MOST_CODE {
            return None;
        }
        let (start, end) = (
            usize::try_from(range.start).ok()?,
            usize::try_from(range.end).ok()?,
        );
        let body = FunctionBody::new(BinaryReader::new(self.wasm().get(start..end)?, range.start));
        let mut operators = body.get_operators_reader().ok()?;
        let mut set = None;
        while !operators.eof() {
            if let Operator::GlobalSet { global_index } = operators.read().ok()? {
                if set.is_some_and(|known| known != global_index) {
                    return None;
                }
                set = Some(global_index);
            }
        }
        set
    }
}

/// What data, stack and heap are worked out from.
struct Facts<'a> {
    segments: &'a [Segment],
    symbols: &'a [Symbol],
}

impl Facts<'_> {
    fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| symbol.name == name)
    }

    /// From `__global_base`, or else the lowest segment below it, to `__data_end`.
    fn data(&self) -> Option<Area> {
        let end = self.symbol(DATA_END)?;
        let starts = self.segments.iter().map(|segment| segment.start);
        let (start, by) = match self.symbol(GLOBAL_BASE) {
            Some(base) => (base.address, base.known_by.clone()),
            None => (starts.min()?, "the lowest data segment".to_owned()),
        };
        let known_by = format!("{by}; {}", end.known_by);
        (start < end.address).then_some(Area {
            start: Some(start),
            end: Some(end.address),
            known_by,
        })
    }

    fn stack(&self) -> Option<Area> {
        let high = self
            .symbol(STACK_HIGH)
            .or(self.symbol(STACK_POINTER))
            .filter(|symbol| symbol.address > 0)?;
        let (start, why) = match self.stack_low(high.address) {
            Some((low, why)) => (Some(low), format!("; {why}")),
            None => (None, String::new()),
        };
        Some(Area {
            start,
            end: Some(high.address),
            known_by: format!("{}{why}", high.known_by),
        })
    }

    /// How far down the stack may grow. Linkers put it in front of all data, so that it ends at
    /// address 0, or right behind all data.
    fn stack_low(&self, high: u64) -> Option<(u64, String)> {
        if let Some(low) = self.symbol(STACK_LOW).filter(|low| low.address < high) {
            return Some((low.address, low.known_by.clone()));
        }
        if let Some(end) = self.symbol(DATA_END).filter(|end| end.address < high) {
            return Some((
                end.address,
                format!("it lies behind the data: {}", end.known_by),
            ));
        }
        if let Some(base) = self.symbol(GLOBAL_BASE).filter(|base| base.address >= high) {
            return Some((0, format!("the data lies above it: {}", base.known_by)));
        }
        // Without a segment nothing tells where the data is: all of it may be zero, and below the
        // stack.
        let lowest = self.segments.iter().map(|segment| segment.start).min()?;
        (lowest >= high).then(|| (0, "all data segments lie above it".to_owned()))
    }

    fn heap(&self) -> Option<Area> {
        let base = self.symbol(HEAP_BASE).filter(|base| base.address > 0)?;
        Some(Area {
            start: Some(base.address),
            end: None,
            known_by: base.known_by.clone(),
        })
    }
}

impl Layout {
    /// The segment that holds a byte; of several the last, which is what memory holds in the end.
    pub fn segment_at(&self, address: u64) -> Option<&Segment> {
        let mut holding = self.segments.iter().filter(|segment| {
            address
                .checked_sub(segment.start)
                .is_some_and(|within| within < segment.len)
        });
        holding.next_back()
    }

    /// Whether the module says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.symbols.is_empty()
    }

    /// The segments, the largest first.
    pub fn largest_segments(&self) -> Vec<&Segment> {
        let mut segments: Vec<&Segment> = self.segments.iter().collect();
        segments.sort_by_key(|segment| Reverse(segment.len));
        segments
    }
}

#[cfg(test)]
mod tests;
