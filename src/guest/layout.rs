//! The addresses of the data, the shadow stack and the heap of a module, as far as its names,
//! constants and prologues reveal them. Each comes with how it is known.

use super::{ExternType, Guest};
use crate::safe;

/// What is known of a linear memory before anything runs. Addresses are in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The index of the memory. Linkers place stack and heap in the first one only; others have
    /// segments and nothing else.
    pub(crate) memory: u32,
    /// The active data segments whose offset is known, in order, without empty ones.
    pub(crate) segments: Vec<Segment>,
    /// The addresses that linkers name, in ascending order.
    pub(crate) symbols: Vec<Symbol>,
    /// The guest's static data, with zeroed variables that no segment has. `None` if its ends are
    /// not known.
    pub(crate) data: Option<Area>,
    /// The shadow stack. It grows down from its end. How far down it may grow can be unknown.
    pub(crate) stack: Option<Area>,
    /// The heap. It reaches to the end of memory, so it has no end here.
    pub(crate) heap: Option<Area>,
}

/// An active data segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its index among all data segments, passive ones included.
    pub(crate) index: u32,
    /// Its name in the name section, safe to print: `.rodata`.
    pub(crate) name: Option<String>,
    /// The address of its first byte.
    pub(crate) start: u64,
    /// Its length in bytes, at least 1.
    pub(crate) len: u64,
}

/// An address in a global with a known name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// The name: `__heap_base`.
    pub name: &'static str,
    /// The value of the global when the module starts.
    pub address: u64,
    /// How it is known: `exported global __heap_base`.
    pub known_by: String,
}

/// A part of memory, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Area {
    /// The address of the first byte; `None` if it is not known.
    pub start: Option<u64>,
    /// The address after the last byte; `None` if it is not known.
    pub end: Option<u64>,
    /// How it is known: `exported global __heap_base`.
    pub known_by: String,
}

/// The name that compilers give to the global with the stack pointer.
pub(super) const STACK_POINTER: &str = "__stack_pointer";
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

/// The longest name of a data segment, in characters.
pub(super) const MAX_NAME: usize = 60;

/// Returns the symbol in the name of a global. AssemblyScript writes a path before it.
pub(super) fn symbol(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("~lib/memory/").unwrap_or(name);
    SYMBOLS.into_iter().find(|known| *known == name)
}

impl Guest {
    /// Returns the layout of the default memory.
    pub(crate) fn layout(&self) -> Layout {
        self.layout_of(self.default_memory().ok().flatten().unwrap_or(0))
    }

    /// Returns the layout of a memory, by its index.
    pub(crate) fn layout_of(&self, memory: u32) -> Layout {
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
        let evidence = LayoutEvidence {
            segments: &segments,
            symbols: &symbols,
        };
        let (data, stack, heap) = (evidence.data(), evidence.stack(), evidence.heap());
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
                .map(|name| safe::cut(name, MAX_NAME));
            Some(Segment {
                index: segment.index,
                name,
                start,
                len,
            })
        });
        known.collect()
    }

    /// Returns the value of an integer global when the module starts, unsigned; `None` if an import
    /// decides it.
    pub(super) fn first_value(&self, global: u32) -> Option<u64> {
        *self
            .0
            .description
            .global_values
            .get(usize::try_from(global).ok()?)?
    }

    /// Returns a symbol by the best evidence: an export, the name section, or for the stack pointer
    /// the functions that move it.
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
            (None, None) if name == STACK_POINTER => {
                let known = self.known_stack_pointer()?;
                (known.global, known.known_by.clone())
            }
            (None, None) => return None,
        };
        Some(Symbol {
            name,
            address: self.first_value(global)?,
            known_by,
        })
    }

    /// Returns the values of exported immutable globals, as addresses. Linker symbols are not among
    /// them.
    pub(crate) fn exported_constants(&self) -> Vec<u64> {
        let exports = self.exports().iter();
        let constants = exports.filter(|export| {
            matches!(&export.ty, ExternType::Global(ty) if !ty.mutable)
                && symbol(&export.name).is_none()
        });
        constants
            .filter_map(|export| self.first_value(export.index))
            .collect()
    }
}

/// What data, stack and heap follow from.
struct LayoutEvidence<'a> {
    segments: &'a [Segment],
    symbols: &'a [Symbol],
}

impl LayoutEvidence<'_> {
    fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| symbol.name == name)
    }

    /// Returns the static data: from `__global_base`, or else the lowest segment below its end, to
    /// `__data_end`.
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

    /// Returns the shadow stack.
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

    /// Returns how far down the stack may grow, and why. Linkers place it before all data, where it
    /// ends at address 0, or right after all data.
    fn stack_low(&self, high: u64) -> Option<(u64, String)> {
        if let Some(low) = self.symbol(STACK_LOW).filter(|low| low.address < high) {
            return Some((low.address, low.known_by.clone()));
        }
        if let Some(end) = self.symbol(DATA_END).filter(|end| end.address < high) {
            return Some((
                end.address,
                format!("it comes after the data: {}", end.known_by),
            ));
        }
        if let Some(base) = self.symbol(GLOBAL_BASE).filter(|base| base.address >= high) {
            return Some((0, format!("the data is above it: {}", base.known_by)));
        }
        // Without a segment, the address of the data is unknown: it may all be zero and below the
        // stack.
        let lowest = self.segments.iter().map(|segment| segment.start).min()?;
        (lowest >= high).then(|| (0, "all data segments are above it".to_owned()))
    }

    /// Returns the heap.
    fn heap(&self) -> Option<Area> {
        let base = self.symbol(HEAP_BASE).filter(|base| base.address > 0)?;
        Some(Area {
            start: Some(base.address),
            end: None,
            known_by: base.known_by.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
