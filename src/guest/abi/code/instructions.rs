//! The instructions of a function that is being read.

use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, ModuleArity, Operator, RefType, SubType,
};

use super::control;
use super::scan::Scan;
use super::value::{Params, Value};

impl Scan<'_, '_> {
    /// Reads an instruction. Returns `None` if it is not known.
    pub fn operator(&mut self, operator: &Operator<'_>) -> Option<()> {
        if !self.is_reachable && self.skip(operator) {
            return Some(());
        }
        if self.control(operator) || self.memory(operator) || self.number(operator) {
            return Some(());
        }
        let (pops, pushes) = operator.operator_arity(&NoTypes)?;
        let mut inputs = Params::default();
        for _ in 0..pops {
            let value = self.pop();
            self.uses(value);
            inputs = inputs.union(value.inputs);
        }
        for _ in 0..pushes {
            self.push(Value::number(inputs));
        }
        Some(())
    }

    /// Reads only the structure of code that is not reached. Returns whether that is all.
    pub fn skip(&mut self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Block { blockty } | Operator::If { blockty } => {
                let (params, results) = control::arity(self.code.guest, *blockty);
                self.open(false, params, results);
                true
            }
            Operator::Loop { blockty } => {
                let (params, results) = control::arity(self.code.guest, *blockty);
                self.open(true, params, results);
                self.loops += 1;
                true
            }
            Operator::Else | Operator::End => {
                // A block that begins in code that is not reached has no locals for its `else`.
                let has_else = self.frames.last().is_some_and(|f| f.otherwise.is_some());
                matches!(operator, Operator::Else) && !has_else
            }
            _ => true,
        }
    }

    pub fn control(&mut self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Block { blockty } => self.open_block(false, *blockty),
            Operator::Loop { blockty } => self.open_block(true, *blockty),
            Operator::If { blockty } => {
                self.condition();
                let locals = self.locals.clone();
                self.open_block(false, *blockty);
                if let Some(frame) = self.frames.last_mut() {
                    frame.otherwise = Some(locals);
                }
            }
            Operator::Else => self.begin_else(),
            Operator::End => self.close(),
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth);
                self.end_reachable();
            }
            Operator::BrIf { relative_depth } => {
                self.condition();
                self.branch(*relative_depth);
            }
            Operator::BrTable { targets } => {
                self.condition();
                for target in targets.targets().map_while(Result::ok) {
                    self.branch(target);
                }
                self.branch(targets.default());
                self.end_reachable();
            }
            Operator::Return => {
                self.returns();
                self.end_reachable();
            }
            Operator::Unreachable => self.end_reachable(),
            Operator::Call { function_index } => self.call(*function_index),
            Operator::CallIndirect { type_index, .. } => {
                let index = self.pop();
                self.uses(index);
                let ty = self.code.guest.0.description.func_type(*type_index);
                for _ in &ty.params {
                    let value = self.pop();
                    self.escape(value);
                }
                for _ in &ty.results {
                    let unknown = self.fresh();
                    self.push(unknown);
                }
            }
            _ => return false,
        }
        true
    }

    pub fn memory(&mut self, operator: &Operator<'_>) -> bool {
        use Operator as O;
        match operator {
            O::I32Load8S { memarg }
            | O::I32Load8U { memarg }
            | O::I64Load8S { memarg }
            | O::I64Load8U { memarg } => self.load(memarg, 1),
            O::I32Load16S { memarg }
            | O::I32Load16U { memarg }
            | O::I64Load16S { memarg }
            | O::I64Load16U { memarg } => self.load(memarg, 2),
            O::I32Load { memarg }
            | O::F32Load { memarg }
            | O::I64Load32S { memarg }
            | O::I64Load32U { memarg } => self.load(memarg, 4),
            O::I64Load { memarg } | O::F64Load { memarg } => self.load(memarg, 8),
            O::V128Load { memarg } => self.load(memarg, 16),
            O::I32Store8 { memarg } | O::I64Store8 { memarg } => self.store(memarg, 1),
            O::I32Store16 { memarg } | O::I64Store16 { memarg } => self.store(memarg, 2),
            O::I32Store { memarg } | O::F32Store { memarg } | O::I64Store32 { memarg } => {
                self.store(memarg, 4);
            }
            O::I64Store { memarg } | O::F64Store { memarg } => self.store(memarg, 8),
            O::V128Store { memarg } => self.store(memarg, 16),
            O::MemoryCopy { .. } => {
                let (length, from, to) = (self.pop(), self.pop(), self.pop());
                self.span(to, length, true);
                self.span(from, length, false);
            }
            O::MemoryFill { .. } => {
                let (length, value, to) = (self.pop(), self.pop(), self.pop());
                self.uses(value);
                self.span(to, length, true);
            }
            O::MemoryInit { .. } => {
                let (length, from, to) = (self.pop(), self.pop(), self.pop());
                self.uses(from);
                self.span(to, length, true);
            }
            _ => return false,
        }
        true
    }

    pub fn number(&mut self, operator: &Operator<'_>) -> bool {
        use Operator as O;
        match operator {
            O::LocalGet { local_index } => {
                let value = self.locals.get(*local_index as usize).copied();
                self.push(value.unwrap_or_default());
            }
            O::LocalSet { local_index } => {
                let value = self.pop();
                self.set(*local_index, value);
            }
            O::LocalTee { local_index } => {
                let value = self.pop();
                self.set(*local_index, value);
                self.push(value);
            }
            O::GlobalGet { .. } => {
                let unknown = self.fresh();
                self.push(unknown);
            }
            O::I32Const { value } => self.push(Value::constant(i64::from(*value))),
            O::I64Const { value } => self.push(Value::constant(*value)),
            O::I32Add | O::I64Add => {
                let (b, a) = (self.pop(), self.pop());
                self.push(a.plus(b));
            }
            O::I32Sub | O::I64Sub => {
                let (b, a) = (self.pop(), self.pop());
                self.push(a.minus(b));
            }
            O::I32And | O::I64And | O::I32Or | O::I64Or => {
                let (b, a) = (self.pop(), self.pop());
                // Alignment changes an address by a constant.
                let value = match (a.as_constant(), b.as_constant()) {
                    (None, Some(mask)) if mask < 0 || mask <= 15 && is_or(operator) => a.aligned(),
                    _ => Value::number(a.inputs.union(b.inputs)),
                };
                self.push(value);
            }
            // These keep the value of an address.
            O::I32WrapI64 | O::I64ExtendI32U | O::I64ExtendI32S => {}
            O::Select | O::TypedSelect { .. } => {
                let condition = self.pop();
                self.uses(condition);
                let (b, a) = (self.pop(), self.pop());
                self.push(a.or(b));
            }
            O::I32Eqz | O::I64Eqz => {
                let value = self.pop();
                self.compare(&[value]);
            }
            O::I32Eq
            | O::I32Ne
            | O::I32LtS
            | O::I32LtU
            | O::I32GtS
            | O::I32GtU
            | O::I32LeS
            | O::I32LeU
            | O::I32GeS
            | O::I32GeU
            | O::I64Eq
            | O::I64Ne
            | O::I64LtS
            | O::I64LtU
            | O::I64GtS
            | O::I64GtU
            | O::I64LeS
            | O::I64LeU
            | O::I64GeS
            | O::I64GeU => {
                let values = [self.pop(), self.pop()];
                self.compare(&values);
            }
            O::Drop => {
                self.pop();
            }
            O::Nop => {}
            _ => return false,
        }
        true
    }
}

fn is_or(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::I32Or | Operator::I64Or)
}

/// No types: instructions whose operands depend on types are read by [`Scan`] itself, and others
/// end the reading.
struct NoTypes;

impl ModuleArity for NoTypes {
    fn sub_type_at(&self, _: u32) -> Option<&SubType> {
        None
    }

    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn type_index_of_function(&self, _: u32) -> Option<u32> {
        None
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        0
    }

    fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
        None
    }
}
