//! Which instructions write memory or read it, and what lies on the stack for them. Knows nothing
//! of the journal.

use wasm_encoder::ValType;
use wasmparser::{MemArg, Operator};

/// An instruction that reaches into memory. An address is at the bottom of its operands.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryAccess {
    /// The memory that is written; for a load, the one that is read.
    pub memory: u32,
    /// Added to the address.
    pub immediate: u64,
    pub kind: Kind,
}

/// The operands named are those above the address.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// None, or the vector that a lane of is replaced.
    Load { width: u8, over_vector: bool },
    /// The value.
    Store { value: ValType, width: u8 },
    /// The vector.
    StoreLane { width: u8, lane: u8 },
    /// The vector.
    StoreVector,
    /// The value; leaves what was there before.
    Exchange { value: ValType, width: u8 },
    /// What is expected, and the value; leaves what was there before.
    CompareExchange { value: ValType, width: u8 },
    /// The byte and the length.
    Fill,
    /// The source's address and the length.
    Copy { from: u32 },
    /// The place in the segment and the length.
    Init { segment: u32 },
    /// None, and the number of pages in the place of the address; leaves the old size.
    Grow,
}

impl Kind {
    /// How many slots it takes in the journal.
    pub fn slots(self) -> u32 {
        match self {
            Kind::Load { .. } => 0,
            Kind::StoreVector => 2,
            _ => 1,
        }
    }
}

/// What an instruction does to memory, if anything.
pub(super) fn touch(operator: &Operator<'_>) -> Option<MemoryAccess> {
    use Operator as O;
    let at = |memory, kind| {
        Some(MemoryAccess {
            memory,
            immediate: 0,
            kind,
        })
    };
    match *operator {
        O::MemoryFill { mem } => at(mem, Kind::Fill),
        O::MemoryCopy { dst_mem, src_mem } => at(dst_mem, Kind::Copy { from: src_mem }),
        O::MemoryInit { data_index, mem } => at(
            mem,
            Kind::Init {
                segment: data_index,
            },
        ),
        O::MemoryGrow { mem } => at(mem, Kind::Grow),
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

fn load(operator: &Operator<'_>) -> Option<(MemArg, Kind)> {
    use Operator as O;
    let plain = |memarg, width| {
        Some((
            memarg,
            Kind::Load {
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

/// Atomic stores are stores: no other thread runs the guest.
fn store(operator: &Operator<'_>) -> Option<(MemArg, Kind)> {
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
    Some((memarg, Kind::Store { value, width }))
}

fn vector(operator: &Operator<'_>) -> Option<(MemArg, Kind)> {
    use Operator as O;
    let over = |memarg, width| {
        Some((
            memarg,
            Kind::Load {
                width,
                over_vector: true,
            },
        ))
    };
    let lane = |memarg, width, lane| Some((memarg, Kind::StoreLane { width, lane }));
    match *operator {
        O::V128Store { memarg } => Some((memarg, Kind::StoreVector)),
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

fn exchange(operator: &Operator<'_>) -> Option<(MemArg, Kind)> {
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
    Some((memarg, Kind::Exchange { value, width }))
}

fn compare_exchange(operator: &Operator<'_>) -> Option<(MemArg, Kind)> {
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
    Some((memarg, Kind::CompareExchange { value, width }))
}
