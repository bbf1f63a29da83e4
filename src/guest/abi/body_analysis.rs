//! What the instructions of a function show by themselves: that it always returns the same address,
//! or that it can make memory grow.

use wasmparser::{ConstExpr, Dylink0Subsection, KnownCustom, Operator, Parser, Payload};

use super::super::call_graph::Search;
use super::super::{ExternType, Guest};

/// The most instructions of a guest among which loads are counted.
const MAX_COUNTED: u32 = 1_000_000;

/// Returns the address that a function always returns: its body is a constant, or a global that
/// never changes. `globals` has the values of those, by index.
pub(super) fn constant_result(
    guest: &Guest,
    globals: &[Option<u64>],
    function: u32,
) -> Option<u64> {
    let mut operators = guest.body(function)?.get_operators_reader().ok()?;
    let address = match operators.read().ok()? {
        Operator::GlobalGet { global_index } => {
            (*globals.get(usize::try_from(global_index).ok()?)?)?
        }
        first => constant(&first)?,
    };
    matches!(operators.read().ok()?, Operator::End).then_some(address)
}

/// Returns the values of all globals by index: `None` for one that is imported, computed or mutable.
pub(super) fn constant_globals(guest: &Guest) -> Vec<Option<u64>> {
    let imported = guest
        .imports()
        .iter()
        .filter(|import| matches!(import.ty, ExternType::Global(_)));
    let mut values: Vec<Option<u64>> = imported.map(|_| None).collect();
    for payload in Parser::new(0).parse_all(guest.wasm()).map_while(Result::ok) {
        let Payload::GlobalSection(globals) = payload else {
            continue;
        };
        let globals = globals.into_iter().map_while(Result::ok);
        values.extend(globals.map(|global| {
            if global.ty.mutable {
                None
            } else {
                constant_of(&global.init_expr)
            }
        }));
    }
    values
}

fn constant_of(expression: &ConstExpr<'_>) -> Option<u64> {
    constant(&expression.get_operators_reader().read().ok()?)
}

fn constant(operator: &Operator<'_>) -> Option<u64> {
    match operator {
        Operator::I32Const { value } => Some(u64::from(*value as u32)),
        Operator::I64Const { value } => Some(*value as u64),
        _ => None,
    }
}

/// Returns whether a function, or one that it calls by name, contains an instruction that makes
/// memory grow. Returns `false` if that is not known.
pub(super) fn can_grow(guest: &Guest, function: u32) -> bool {
    let grows = |operator: &Operator<'_>| matches!(operator, Operator::MemoryGrow { .. });
    guest.search_calls(function, grows) == Search::Found
}

impl Guest {
    /// Returns the bytes of memory that a side module needs for its data; 0 for any other module.
    pub(crate) fn side_module_data(&self) -> u64 {
        let sections = Parser::new(0).parse_all(self.wasm()).map_while(Result::ok);
        let mut sizes = sections.filter_map(|payload| {
            let Payload::CustomSection(section) = payload else {
                return None;
            };
            let KnownCustom::Dylink0(parts) = section.as_known() else {
                return None;
            };
            let mut parts = parts.into_iter().map_while(Result::ok);
            parts.find_map(|part| match part {
                Dylink0Subsection::MemInfo(info) => Some(u64::from(info.memory_size)),
                _ => None,
            })
        });
        sizes.next().unwrap_or(0)
    }

    /// Returns whether the code loads 2 bytes much more often than 1, as code for UTF-16 does.
    pub(crate) fn reads_utf16(&self) -> bool {
        let (mut bytes, mut pairs) = (0_u32, 0_u32);
        let mut operators = 0_u32;
        let bodies = Parser::new(0).parse_all(self.wasm()).map_while(Result::ok);
        for payload in bodies {
            let Payload::CodeSectionEntry(body) = payload else {
                continue;
            };
            let Ok(reader) = body.get_operators_reader() else {
                continue;
            };
            for operator in reader.into_iter().map_while(Result::ok) {
                match operator {
                    Operator::I32Load8U { .. } | Operator::I32Load8S { .. } => bytes += 1,
                    Operator::I32Load16U { .. } | Operator::I32Load16S { .. } => pairs += 1,
                    _ => {}
                }
                operators += 1;
                if operators > MAX_COUNTED {
                    return false;
                }
            }
        }
        pairs > bytes.saturating_mul(2)
    }
}
