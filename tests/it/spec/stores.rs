//! Random stores of every kind. Each one is complete and can be added anywhere in a function.

use wasm_encoder::{InstructionSink, MemArg};

/// The items of a module that stores can use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Items {
    pub memories: u32,
    /// The number of data segments, where the module has a data count section.
    pub segments: u32,
    /// A host function that writes memory: see `node`.
    pub put: Option<u32>,
}

/// A pseudorandom number generator (xorshift64).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 32) % u64::from(end)) as u32
    }

    fn long(&mut self) -> i64 {
        i64::from(self.below(u32::MAX)) << 32 | i64::from(self.below(u32::MAX))
    }

    /// Returns an address: mostly within a page, often at its end, rarely far outside.
    fn address(&mut self) -> i32 {
        match self.below(40) {
            0 => -(self.below(70_000) as i32),
            1..=8 => 65_536 - self.below(20) as i32,
            _ => self.below(65_000) as i32,
        }
    }
}

/// Writes the instructions of one store.
pub fn write(code: &mut InstructionSink<'_>, random: &mut Random, items: Items) {
    let memory = random.below(items.memories);
    let address = random.address();
    let offset = if random.below(3) == 0 {
        random.below(40).into()
    } else {
        0
    };
    let at = |align| MemArg {
        offset,
        align,
        memory_index: memory,
    };
    // Most atomic accesses are aligned.
    let aligned = MemArg {
        offset: if random.below(60) == 0 { 1 } else { 0 },
        align: 2,
        memory_index: memory,
    };
    let aligned8 = MemArg {
        align: 3,
        ..aligned
    };
    let (lane, low) = (random.below(2) as u8, random.below(300) as i32);
    if let (Some(put), 0) = (items.put, random.below(12)) {
        code.i32_const(address)
            .i32_const(random.long() as i32)
            .call(put)
            .drop();
        return;
    }
    match random.below(22) {
        0 => code
            .i32_const(address)
            .i32_const(random.long() as i32)
            .i32_store8(at(0)),
        1 => code
            .i32_const(address)
            .i32_const(random.long() as i32)
            .i32_store16(at(1)),
        2 => code
            .i32_const(address)
            .i32_const(random.long() as i32)
            .i32_store(at(0)),
        3 => code
            .i32_const(address)
            .i64_const(random.long())
            .i64_store(at(3)),
        4 => code
            .i32_const(address)
            .i64_const(random.long())
            .i64_store8(at(0)),
        5 => code
            .i32_const(address)
            .i64_const(random.long())
            .i64_store16(at(0)),
        6 => code
            .i32_const(address)
            .i64_const(random.long())
            .i64_store32(at(2)),
        7 => code
            .i32_const(address)
            .f32_const(f32::from_bits(random.long() as u32).into())
            .f32_store(at(2)),
        8 => code
            .i32_const(address)
            .f64_const(f64::from_bits(random.long() as u64).into())
            .f64_store(at(0)),
        9 => code
            .i32_const(address)
            .v128_const(i128::from(random.long()) * 0x1_0001)
            .v128_store(at(4)),
        10 => code
            .i32_const(address)
            .v128_const(random.long().into())
            .v128_store8_lane(at(0), lane),
        11 => code
            .i32_const(address)
            .v128_const(random.long().into())
            .v128_store16_lane(at(0), lane),
        12 => code
            .i32_const(address)
            .v128_const(random.long().into())
            .v128_store32_lane(at(0), lane),
        13 => code
            .i32_const(address)
            .v128_const(random.long().into())
            .v128_store64_lane(at(0), lane),
        14 => code
            .i32_const(address)
            .i32_const(low)
            .i32_const(low)
            .memory_fill(memory),
        15 => {
            let from = random.below(items.memories);
            code.i32_const(address)
                .i32_const(random.address())
                .i32_const(low)
                .memory_copy(memory, from)
        }
        16 if items.segments > 0 => {
            let segment = random.below(items.segments);
            code.i32_const(address)
                .i32_const(0)
                .i32_const(low % 4)
                .memory_init(memory, segment)
        }
        17 => code
            .i32_const(address & !7)
            .i32_const(random.long() as i32)
            .i32_atomic_store(aligned),
        18 => code
            .i32_const(address & !7)
            .i64_const(random.long())
            .i64_atomic_rmw_add(aligned8)
            .drop(),
        19 => code
            .i32_const(address & !7)
            .i32_const(0)
            .i32_const(low)
            .i32_atomic_rmw_cmpxchg(aligned)
            .drop(),
        20 => code
            .i32_const(address & !7)
            .i32_const(low)
            .i32_atomic_rmw_xor(aligned)
            .drop(),
        _ => code.i32_const(low % 3).memory_grow(memory).drop(),
    };
}
