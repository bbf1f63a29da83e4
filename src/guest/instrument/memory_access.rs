//! Which instructions read or write memory, and their operands. This module knows nothing of the
//! journal.

use wasm_encoder::ValType;
use wasmparser::{MemArg, Operator};

/// An access of an instruction to memory. The first of its operands is an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryAccess {
    /// The index of the memory that is written, or read by a load.
    pub memory: u32,
    /// The immediate offset, in bytes, which is added to the address.
    pub immediate: u64,
    pub kind: AccessKind,
}

/// What an instruction does to memory. The operands that are named come after the address. Widths
/// are in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum AccessKind {
    /// A load. With `over_vector` it has an operand: the vector that has a lane replaced.
    Load { width: u8, over_vector: bool },
    /// A store of a value.
    Store { value: ValType, width: u8 },
    /// A store of a lane of a vector.
    StoreLane { width: u8, lane: u8 },
    /// A store of a vector.
    StoreVector,
    /// An atomic read-modify-write with a value. The result is what was there before.
    Exchange { value: ValType, width: u8 },
    /// An atomic compare-exchange with what is expected and a value. The result is what was there
    /// before.
    CompareExchange { value: ValType, width: u8 },
    /// `memory.fill`, with the byte and the length.
    Fill,
    /// `memory.copy`, with the address of the source, in memory `from`, and the length.
    Copy { from: u32 },
    /// `memory.init`, with the offset in the segment and the length.
    Init { segment: u32 },
    /// `memory.grow`. Its operand is the number of pages in place of an address, its result the old
    /// size.
    Grow,
}

impl AccessKind {
    /// Returns how many slots one execution writes to the journal.
    pub fn slots(self) -> u32 {
        match self {
            AccessKind::Load { .. } => 0,
            AccessKind::StoreVector => 2,
            _ => 1,
        }
    }
}

/// Returns the access of an instruction to memory; `None` if it makes none.
pub(super) fn access_of(operator: &Operator<'_>) -> Option<MemoryAccess> {
    use Operator as O;
    let at = |memory, kind| {
        Some(MemoryAccess {
            memory,
            immediate: 0,
            kind,
        })
    };
    match *operator {
        O::MemoryFill { mem } => at(mem, AccessKind::Fill),
        O::MemoryCopy { dst_mem, src_mem } => at(dst_mem, AccessKind::Copy { from: src_mem }),
        O::MemoryInit { data_index, mem } => at(
            mem,
            AccessKind::Init {
                segment: data_index,
            },
        ),
        O::MemoryGrow { mem } => at(mem, AccessKind::Grow),
        _ => load(operator)
            .or_else(|| store(operator))
            .or_else(|| vector(operator))
            .or_else(|| exchange(operator))
            .or_else(|| compare_exchange(operator))
            .map(|(memarg, kind)| MemoryAccess {
                memory: memarg.memory,
                immediate: memarg.offset,
                kind,
            }),
    }
}

fn load(operator: &Operator<'_>) -> Option<(MemArg, AccessKind)> {
    use Operator as O;
    let plain = |memarg, width| {
        Some((
            memarg,
            AccessKind::Load {
                width,
                over_vector: false,
            },
        ))
    };
    match *operator {
        O::I32Load8S { memarg }
        | O::I32Load8U { memarg }
        | O::I64Load8S { memarg }
        | O::I64Load8U { memarg }
        | O::I32AtomicLoad8U { memarg }
        | O::I64AtomicLoad8U { memarg }
        | O::V128Load8Splat { memarg } => plain(memarg, 1),
        O::I32Load16S { memarg }
        | O::I32Load16U { memarg }
        | O::I64Load16S { memarg }
        | O::I64Load16U { memarg }
        | O::I32AtomicLoad16U { memarg }
        | O::I64AtomicLoad16U { memarg }
        | O::V128Load16Splat { memarg } => plain(memarg, 2),
        O::I32Load { memarg }
        | O::F32Load { memarg }
        | O::I64Load32S { memarg }
        | O::I64Load32U { memarg }
        | O::I32AtomicLoad { memarg }
        | O::I64AtomicLoad32U { memarg }
        | O::V128Load32Splat { memarg }
        | O::V128Load32Zero { memarg } => plain(memarg, 4),
        O::I64Load { memarg }
        | O::F64Load { memarg }
        | O::I64AtomicLoad { memarg }
        | O::V128Load8x8S { memarg }
        | O::V128Load8x8U { memarg }
        | O::V128Load16x4S { memarg }
        | O::V128Load16x4U { memarg }
        | O::V128Load32x2S { memarg }
        | O::V128Load32x2U { memarg }
        | O::V128Load64Splat { memarg }
        | O::V128Load64Zero { memarg } => plain(memarg, 8),
        O::V128Load { memarg } => plain(memarg, 16),
        _ => None,
    }
}

/// Atomic stores are stores like others, because no other thread runs the guest.
fn store(operator: &Operator<'_>) -> Option<(MemArg, AccessKind)> {
    use Operator as O;
    let (memarg, value, width) = match *operator {
        O::I32Store8 { memarg } | O::I32AtomicStore8 { memarg } => (memarg, ValType::I32, 1),
        O::I32Store16 { memarg } | O::I32AtomicStore16 { memarg } => (memarg, ValType::I32, 2),
        O::I32Store { memarg } | O::I32AtomicStore { memarg } => (memarg, ValType::I32, 4),
        O::I64Store8 { memarg } | O::I64AtomicStore8 { memarg } => (memarg, ValType::I64, 1),
        O::I64Store16 { memarg } | O::I64AtomicStore16 { memarg } => (memarg, ValType::I64, 2),
        O::I64Store32 { memarg } | O::I64AtomicStore32 { memarg } => (memarg, ValType::I64, 4),
        O::I64Store { memarg } | O::I64AtomicStore { memarg } => (memarg, ValType::I64, 8),
        O::F32Store { memarg } => (memarg, ValType::F32, 4),
        O::F64Store { memarg } => (memarg, ValType::F64, 8),
        _ => return None,
    };
    Some((memarg, AccessKind::Store { value, width }))
}

fn vector(operator: &Operator<'_>) -> Option<(MemArg, AccessKind)> {
    use Operator as O;
    let over = |memarg, width| {
        Some((
            memarg,
            AccessKind::Load {
                width,
                over_vector: true,
            },
        ))
    };
    let lane = |memarg, width, lane| Some((memarg, AccessKind::StoreLane { width, lane }));
    match *operator {
        O::V128Store { memarg } => Some((memarg, AccessKind::StoreVector)),
        O::V128Load8Lane { memarg, .. } => over(memarg, 1),
        O::V128Load16Lane { memarg, .. } => over(memarg, 2),
        O::V128Load32Lane { memarg, .. } => over(memarg, 4),
        O::V128Load64Lane { memarg, .. } => over(memarg, 8),
        O::V128Store8Lane { memarg, lane: l } => lane(memarg, 1, l),
        O::V128Store16Lane { memarg, lane: l } => lane(memarg, 2, l),
        O::V128Store32Lane { memarg, lane: l } => lane(memarg, 4, l),
        O::V128Store64Lane { memarg, lane: l } => lane(memarg, 8, l),
        _ => None,
    }
}

fn exchange(operator: &Operator<'_>) -> Option<(MemArg, AccessKind)> {
    use Operator as O;
    let (memarg, value, width) = match *operator {
        O::I32AtomicRmw8AddU { memarg }
        | O::I32AtomicRmw8SubU { memarg }
        | O::I32AtomicRmw8AndU { memarg }
        | O::I32AtomicRmw8OrU { memarg }
        | O::I32AtomicRmw8XorU { memarg }
        | O::I32AtomicRmw8XchgU { memarg } => (memarg, ValType::I32, 1),
        O::I32AtomicRmw16AddU { memarg }
        | O::I32AtomicRmw16SubU { memarg }
        | O::I32AtomicRmw16AndU { memarg }
        | O::I32AtomicRmw16OrU { memarg }
        | O::I32AtomicRmw16XorU { memarg }
        | O::I32AtomicRmw16XchgU { memarg } => (memarg, ValType::I32, 2),
        O::I32AtomicRmwAdd { memarg }
        | O::I32AtomicRmwSub { memarg }
        | O::I32AtomicRmwAnd { memarg }
        | O::I32AtomicRmwOr { memarg }
        | O::I32AtomicRmwXor { memarg }
        | O::I32AtomicRmwXchg { memarg } => (memarg, ValType::I32, 4),
        O::I64AtomicRmw8AddU { memarg }
        | O::I64AtomicRmw8SubU { memarg }
        | O::I64AtomicRmw8AndU { memarg }
        | O::I64AtomicRmw8OrU { memarg }
        | O::I64AtomicRmw8XorU { memarg }
        | O::I64AtomicRmw8XchgU { memarg } => (memarg, ValType::I64, 1),
        O::I64AtomicRmw16AddU { memarg }
        | O::I64AtomicRmw16SubU { memarg }
        | O::I64AtomicRmw16AndU { memarg }
        | O::I64AtomicRmw16OrU { memarg }
        | O::I64AtomicRmw16XorU { memarg }
        | O::I64AtomicRmw16XchgU { memarg } => (memarg, ValType::I64, 2),
        O::I64AtomicRmw32AddU { memarg }
        | O::I64AtomicRmw32SubU { memarg }
        | O::I64AtomicRmw32AndU { memarg }
        | O::I64AtomicRmw32OrU { memarg }
        | O::I64AtomicRmw32XorU { memarg }
        | O::I64AtomicRmw32XchgU { memarg } => (memarg, ValType::I64, 4),
        O::I64AtomicRmwAdd { memarg }
        | O::I64AtomicRmwSub { memarg }
        | O::I64AtomicRmwAnd { memarg }
        | O::I64AtomicRmwOr { memarg }
        | O::I64AtomicRmwXor { memarg }
        | O::I64AtomicRmwXchg { memarg } => (memarg, ValType::I64, 8),
        _ => return None,
    };
    Some((memarg, AccessKind::Exchange { value, width }))
}

fn compare_exchange(operator: &Operator<'_>) -> Option<(MemArg, AccessKind)> {
    use Operator as O;
    let (memarg, value, width) = match *operator {
        O::I32AtomicRmw8CmpxchgU { memarg } => (memarg, ValType::I32, 1),
        O::I32AtomicRmw16CmpxchgU { memarg } => (memarg, ValType::I32, 2),
        O::I32AtomicRmwCmpxchg { memarg } => (memarg, ValType::I32, 4),
        O::I64AtomicRmw8CmpxchgU { memarg } => (memarg, ValType::I64, 1),
        O::I64AtomicRmw16CmpxchgU { memarg } => (memarg, ValType::I64, 2),
        O::I64AtomicRmw32CmpxchgU { memarg } => (memarg, ValType::I64, 4),
        O::I64AtomicRmwCmpxchg { memarg } => (memarg, ValType::I64, 8),
        _ => return None,
    };
    Some((memarg, AccessKind::CompareExchange { value, width }))
}
