//! The offset of an active data segment: a constant expression over constants and imported globals.

use wasmparser::{ConstExpr, Operator};

/// The offset of an active data segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offset {
    /// A constant, in bytes, unsigned.
    Const(u64),
    /// The value of a global of this index; imported ones come first.
    Global(u32),
    /// A longer expression, in the order of a stack machine.
    Computed(Vec<OffsetOp>),
}

/// One operation of a computed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetOp {
    /// Pushes a constant of type `i32`.
    I32(i32),
    /// Pushes a constant of type `i64`.
    I64(i64),
    /// Pushes the value of a global, by its index.
    Global(u32),
    /// `i32.add`.
    I32Add,
    /// `i32.sub`.
    I32Sub,
    /// `i32.mul`.
    I32Mul,
    /// `i64.add`.
    I64Add,
    /// `i64.sub`.
    I64Sub,
    /// `i64.mul`.
    I64Mul,
}

impl Offset {
    /// Returns the offset in bytes. `global` returns the value of a global by its index, an `i32`
    /// as its unsigned reading. Returns `None` if a global is not known, or if the expression has
    /// an operation that is not listed here.
    pub fn resolve(&self, global: impl Fn(u32) -> Option<u64>) -> Option<u64> {
        match self {
            Offset::Const(value) => Some(*value),
            Offset::Global(index) => global(*index),
            Offset::Computed(ops) => run(ops, global),
        }
    }

    /// Reads a constant expression.
    pub(super) fn read(expression: &ConstExpr<'_>) -> Self {
        let mut ops = Vec::new();
        let mut reader = expression.get_operators_reader();
        while let Ok(operator) = reader.read() {
            match operator {
                Operator::I32Const { value } => ops.push(OffsetOp::I32(value)),
                Operator::I64Const { value } => ops.push(OffsetOp::I64(value)),
                Operator::GlobalGet { global_index } => ops.push(OffsetOp::Global(global_index)),
                Operator::I32Add => ops.push(OffsetOp::I32Add),
                Operator::I32Sub => ops.push(OffsetOp::I32Sub),
                Operator::I32Mul => ops.push(OffsetOp::I32Mul),
                Operator::I64Add => ops.push(OffsetOp::I64Add),
                Operator::I64Sub => ops.push(OffsetOp::I64Sub),
                Operator::I64Mul => ops.push(OffsetOp::I64Mul),
                _ => break,
            }
        }
        match ops.as_slice() {
            [OffsetOp::I32(value)] => Offset::Const(u64::from(*value as u32)),
            [OffsetOp::I64(value)] => Offset::Const(*value as u64),
            [OffsetOp::Global(index)] => Offset::Global(*index),
            _ => Offset::Computed(ops),
        }
    }
}

/// Evaluates the operations with the arithmetic of WebAssembly, which wraps around.
fn run(ops: &[OffsetOp], global: impl Fn(u32) -> Option<u64>) -> Option<u64> {
    let mut stack: Vec<u64> = Vec::new();
    for op in ops {
        let value = match op {
            OffsetOp::I32(value) => u64::from(*value as u32),
            OffsetOp::I64(value) => *value as u64,
            OffsetOp::Global(index) => global(*index)?,
            arithmetic => {
                let (right, left) = (stack.pop()?, stack.pop()?);
                let (narrow_left, narrow_right) = (left as u32, right as u32);
                match arithmetic {
                    OffsetOp::I32Add => u64::from(narrow_left.wrapping_add(narrow_right)),
                    OffsetOp::I32Sub => u64::from(narrow_left.wrapping_sub(narrow_right)),
                    OffsetOp::I32Mul => u64::from(narrow_left.wrapping_mul(narrow_right)),
                    OffsetOp::I64Add => left.wrapping_add(right),
                    OffsetOp::I64Sub => left.wrapping_sub(right),
                    _ => left.wrapping_mul(right),
                }
            }
        };
        stack.push(value);
    }
    stack.pop().filter(|_| stack.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computed_offsets_wrap_as_wasm_does() {
        let offset = Offset::Computed(vec![
            OffsetOp::Global(1),
            OffsetOp::I32(-16),
            OffsetOp::I32Add,
        ]);
        assert_eq!(
            offset.resolve(|index| (index == 1).then_some(1040)),
            Some(1024)
        );
        assert_eq!(offset.resolve(|_| None), None);
        assert_eq!(
            Offset::Computed(vec![OffsetOp::I64Add]).resolve(|_| None),
            None
        );
        assert_eq!(Offset::Computed(vec![]).resolve(|_| None), None);
    }
}
