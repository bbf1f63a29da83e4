//! The global that holds the stack pointer of a guest, and the frames that its functions make on
//! the shadow stack.

use wasmparser::{FunctionBody, Operator};

use super::layout::{STACK_POINTER, symbol};
use super::{ExternType, Guest, ValueType};

/// Exported functions that toolchains add to move the stack pointer, and that set no other global.
const STACK_MOVERS: [&str; 7] = [
    "__wbindgen_add_to_stack_pointer",
    "stackRestore",
    "_emscripten_stack_restore",
    "emscripten_stack_restore",
    "stackAlloc",
    "_emscripten_stack_alloc",
    "emscripten_stack_alloc",
];

/// The largest function that is searched for the globals that it sets, in bytes.
const MAX_CODE: usize = 256;
/// How many instructions at the start of a function are searched for its frame.
const MAX_PROLOGUE: usize = 24;
/// The least number of functions that must make a frame with the same global.
const MIN_FRAMES: u32 = 2;
/// How many functions with a frame are compared.
const MAX_FRAMES: u32 = 1000;

/// The global with the stack pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StackPointer {
    /// The index of the global, a mutable `i32`.
    pub global: u32,
    /// How it is known: `exported global __stack_pointer`.
    pub known_by: String,
}

/// A frame that a function makes at its start: `global.get`, `i32.const`, `i32.sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    global: u32,
    /// In bytes.
    size: u64,
}

impl Guest {
    /// Returns the index of the global with the stack pointer, as far as it is known.
    pub(crate) fn stack_pointer(&self) -> Option<u32> {
        Some(self.known_stack_pointer()?.global)
    }

    /// Returns the global with the stack pointer by the best evidence: an export, the name section,
    /// a function that can only set it, the prologues of functions. The first call searches for it.
    pub(super) fn known_stack_pointer(&self) -> Option<&StackPointer> {
        let cell = &self.0.stack_pointer;
        cell.get_or_init(|| self.find_stack_pointer()).as_ref()
    }

    fn find_stack_pointer(&self) -> Option<StackPointer> {
        let exports = self.exports().iter();
        let exported = exports
            .filter(|export| {
                export.ty.is_mutable_global() && symbol(&export.name) == Some(STACK_POINTER)
            })
            .map(|export| (export.index, format!("exported global {STACK_POINTER}")));
        let names = self.0.description.symbol_globals.iter();
        let named = names
            .filter(|(_, name)| *name == STACK_POINTER)
            .map(|(global, name)| (*global, format!("global {name} in the name section")));
        let found = exported
            .chain(named)
            .find(|(global, _)| self.is_mutable_i32(*global))
            .or_else(|| self.moved_by_an_export())
            .or_else(|| self.used_by_prologues());
        found.map(|(global, known_by)| StackPointer { global, known_by })
    }

    fn is_mutable_i32(&self, global: u32) -> bool {
        let globals = &self.0.description.globals;
        let ty = usize::try_from(global).ok().and_then(|at| globals.get(at));
        ty.is_some_and(|ty| ty.mutable && ty.ty == ValueType::I32)
    }

    /// Returns the global that is set by an exported function whose only purpose is to move the
    /// stack pointer.
    fn moved_by_an_export(&self) -> Option<(u32, String)> {
        STACK_MOVERS.into_iter().find_map(|name| {
            let global = self.only_global_set(self.exported_function(name)?)?;
            self.is_mutable_i32(global).then(|| {
                (
                    global,
                    format!("the global that exported function {name} moves"),
                )
            })
        })
    }

    /// Returns the global from which functions subtract at their start to make a frame, and that
    /// they set again later. At least three of four functions with such a frame must use it, and
    /// its value at the start must be a constant above 0.
    fn used_by_prologues(&self) -> Option<(u32, String)> {
        let mut counts = std::collections::BTreeMap::<u32, u32>::new();
        let mut total = 0;
        for function in 0..self.function_count() {
            let Some(body) = self.body(function) else {
                continue;
            };
            if let Some(frame) = frame(&body)
                && self.is_mutable_i32(frame.global)
                && count_sets(&body, frame.global) >= 2
            {
                *counts.entry(frame.global).or_default() += 1;
                total += 1;
                if total == MAX_FRAMES {
                    break;
                }
            }
        }
        let (global, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let is_majority = count >= MIN_FRAMES && count * 4 >= total * 3;
        let is_above_zero = self.first_value(global).is_some_and(|value| value > 0);
        (is_majority && is_above_zero).then(|| {
            (
                global,
                format!("global {global}, from which {count} functions subtract to make a frame"),
            )
        })
    }

    /// Returns the size in bytes of the frame that a function makes at its start; 0 if it makes
    /// none or one of an unknown size.
    pub(crate) fn frame_size(&self, function: u32) -> u64 {
        let frame = self.body(function).and_then(|body| frame(&body));
        let is_on_stack = |frame: &Frame| Some(frame.global) == self.stack_pointer();
        frame.filter(is_on_stack).map_or(0, |frame| frame.size)
    }

    /// Returns whether the only global that an exported function sets is the stack pointer, and its
    /// code is short enough to do little else.
    pub(crate) fn only_moves_stack_pointer(&self, export: &str) -> bool {
        let set = self
            .exported_function(export)
            .and_then(|function| self.only_global_set(function));
        set.is_some() && set == self.stack_pointer()
    }

    fn exported_function(&self, name: &str) -> Option<u32> {
        let export = self.export(name)?;
        matches!(export.ty, ExternType::Func(_)).then_some(export.index)
    }

    /// Returns the global that a function sets, if it is one only. Returns `None` for a function
    /// that calls others.
    fn only_global_set(&self, function: u32) -> Option<u32> {
        let body = self
            .body(function)
            .filter(|body| body.as_bytes().len() <= MAX_CODE)?;
        let mut operators = body.get_operators_reader().ok()?;
        let mut set = None;
        while !operators.eof() {
            match operators.read().ok()? {
                Operator::GlobalSet { global_index } => {
                    if set.is_some_and(|known| known != global_index) {
                        return None;
                    }
                    set = Some(global_index);
                }
                Operator::Call { .. } | Operator::CallIndirect { .. } => return None,
                _ => {}
            }
        }
        set
    }
}

/// Returns the frame that a function makes before its first branch and its first call.
fn frame(body: &FunctionBody<'_>) -> Option<Frame> {
    let operators = body.get_operators_reader().ok()?;
    let (mut global, mut size) = (None, None);
    for operator in operators
        .into_iter()
        .map_while(Result::ok)
        .take(MAX_PROLOGUE)
    {
        match operator {
            Operator::GlobalGet { global_index } => (global, size) = (Some(global_index), None),
            Operator::I32Const { value } if global.is_some() => size = Some(value),
            Operator::I32Sub => {
                if let Some(frame) = frame_of(global, size) {
                    return Some(frame);
                }
                (global, size) = (None, None);
            }
            // Optimizers write a subtraction as the addition of a negative constant.
            Operator::I32Add => {
                if let Some(frame) = frame_of(global, size.and_then(i32::checked_neg)) {
                    return Some(frame);
                }
                (global, size) = (None, None);
            }
            Operator::LocalGet { .. } | Operator::LocalSet { .. } | Operator::LocalTee { .. } => {}
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Call { .. }
            | Operator::CallIndirect { .. } => return None,
            _ => (global, size) = (None, None),
        }
    }
    None
}

fn frame_of(global: Option<u32>, size: Option<i32>) -> Option<Frame> {
    let size = size
        .and_then(|size| u64::try_from(size).ok())
        .filter(|size| *size > 0);
    Some(Frame {
        global: global?,
        size: size?,
    })
}

/// Returns how many instructions of a function set a global.
fn count_sets(body: &FunctionBody<'_>, global: u32) -> usize {
    let Ok(operators) = body.get_operators_reader() else {
        return 0;
    };
    let is_set = |operator: &Operator<'_>| match operator {
        Operator::GlobalSet { global_index } => *global_index == global,
        _ => false,
    };
    operators
        .into_iter()
        .map_while(Result::ok)
        .filter(is_set)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(items: &str) -> Guest {
        Guest::from_bytes("test.wat", format!("(module {items})").as_bytes()).unwrap()
    }

    /// A function with a frame of 32 bytes, as clang writes it.
    const FRAME: &str = "(func (local i32) (global.set 0 (local.tee 0 (i32.sub (global.get 0)
        (i32.const 32)))) (global.set 0 (i32.add (local.get 0) (i32.const 32))))";

    #[test]
    fn prologues_of_most_functions_show_the_stack_pointer() {
        let global = "(global (mut i32) (i32.const 0x1000)) (memory 1)";
        let known = guest(&format!("{global} {FRAME} {FRAME}"));
        assert_eq!(known.stack_pointer(), Some(0));
        assert_eq!((known.frame_size(0), known.frame_size(9)), (32, 0));
        // As optimizers and unoptimized code have it.
        let other =
            "(func (local i32 i32) (local.set 0 (global.get 0)) (local.set 1 (i32.const -64))
            (local.set 0 (i32.add (local.get 0) (local.get 1))) (global.set 0 (local.get 0))
            (global.set 0 (i32.sub (local.get 0) (i32.const -64))))";
        let known = guest(&format!("{global} {other} {FRAME}"));
        assert_eq!((known.stack_pointer(), known.frame_size(0)), (Some(0), 64));
    }

    #[test]
    fn other_globals_are_no_stack_pointer() {
        let global =
            "(memory 1) (global (mut i32) (i32.const 0x1000)) (global (mut i32) (i32.const 8))";
        let allocator = "(func (result i32) (global.set 0 (i32.sub (global.get 0) (i32.const 16)))
            (global.get 0))";
        let other = FRAME
            .replace("global.set 0", "global.set 1")
            .replace("global.get 0", "global.get 1");
        for items in [
            // One function only; an allocator that goes down; no majority; a value of 0.
            format!("{global} {FRAME}"),
            format!("{global} {allocator} {allocator}"),
            format!("{global} {FRAME} {FRAME} {other}"),
            format!("(memory 1) (global (mut i32) (i32.const 0)) {FRAME} {FRAME}"),
        ] {
            assert_eq!(guest(&items).stack_pointer(), None, "{items}");
        }
    }

    #[test]
    fn functions_that_only_move_the_stack_pointer_are_known_by_their_code() {
        let guest = guest(
            r#"(memory 1) (global (export "__stack_pointer") (mut i32) (i32.const 64))
            (func (export "enter") (param i32) (result i32)
              (global.set 0 (i32.sub (global.get 0) (local.get 0))) (global.get 0))
            (func (export "call") (global.set 0 (i32.const 8)) (call 0 (i32.const 8)) drop)
            (func (export "none"))"#,
        );
        let moves = ["enter", "call", "none", "absent"].map(|f| guest.only_moves_stack_pointer(f));
        assert_eq!(moves, [true, false, false, false]);
    }
}
