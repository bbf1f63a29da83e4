//! Instruments the body of one function: goes through its instructions in order, and knows at each
//! place what the code before it has done. What is written for an instruction is in the files for
//! `position`, `loops`, `labels`, `legacy_try_blocks`, `load_addresses`, `limit_check`,
//! `journaled_stores` and `bulk_operations`.

use wasm_encoder::{BlockType, Encode, Instruction, InstructionSink, ValType};
use wasmparser::Operator;

use super::frame::Frame;
use super::function_counts::FunctionCounts;
use super::journal_layout::AddedItems;
use super::legacy_exceptions::{EXCEPTION, Written};
use super::loop_analysis::{SplittableLoop, is_call, splittable_loops};
use super::memory_access::{AccessKind, MemoryAccess, access_of};
use super::scratch_locals::ScratchLocals;
use crate::journal_abi::{Allocator, AllocatorFunction, StoreSite};

/// How a function writes its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It stores nothing. It checks the limit only to see whether it is to call the host.
    NoStores,
    /// In line, with the position in a local.
    Inline,
    /// By calls of a function that checks the limit. A caught exception would leave a position that
    /// is in a local out of date, and a function with too many slots would overrun the journal.
    Outlined,
}

/// What is written of one body so far, and what is known at this place in it.
pub(super) struct Body<'a> {
    pub(super) bytes: Vec<u8>,
    pub(super) added: AddedItems,
    /// The index of the journaled memory.
    journaled: Option<u32>,
    pub(super) sites: &'a mut Vec<StoreSite>,
    /// The index of the function in the module as given.
    pub(super) function: u32,
    pub(super) mode: Mode,
    /// Whether the function is so large that the code for its journal must be short.
    pub(super) is_large: bool,
    has_calls: bool,
    pub(super) locals: ScratchLocals,
    pub(super) frames: Vec<Frame>,
    pub(super) max_nesting: usize,
    /// How many calls were written.
    pub(super) calls: u32,
    /// For each loop in order: what is known of it, if it may be written as two.
    pub(super) splittable: Vec<Option<SplittableLoop>>,
    pub(super) opened_loops: usize,
    /// The `try`s of the old form.
    pub(super) legacy: Written,
    pub(super) opened_tries: usize,
    /// How many slots were written after the position in the local.
    pub(super) pending: u32,
    /// Whether the global holds the position in the local.
    pub(super) is_synced: bool,
    /// Whether a call may have moved the position past the limit.
    pub(super) is_unchecked: bool,
    /// Locals through which memory was read, and how many bytes from their value on. No load
    /// through them that reaches less far can trap.
    pub(super) read_reach: Vec<(u32, u64)>,
    /// The local whose value is on top of the stack.
    pub(super) on_top: Option<u32>,
    /// The functions whose callers are recorded.
    allocator: &'a [AllocatorFunction],
}

impl<'a> Body<'a> {
    /// Prepares to instrument a body. `given` are the types of the function's own locals,
    /// parameters first.
    pub fn new(
        added: AddedItems,
        journaled: Option<u32>,
        sites: &'a mut Vec<StoreSite>,
        function: u32,
        given: &[ValType],
        operators: &[(Operator<'_>, u64)],
    ) -> Self {
        let counts = FunctionCounts::of(operators, journaled);
        let (has_handler, is_large) = (counts.has_handler, counts.is_large());
        let mode = match counts.slots {
            0 => Mode::NoStores,
            _ if has_handler || is_large => Mode::Outlined,
            _ => Mode::Inline,
        };
        Body {
            bytes: Vec::new(),
            added,
            journaled,
            sites,
            function,
            mode,
            is_large,
            has_calls: counts.calls > 0,
            locals: ScratchLocals::new(given.len()),
            frames: Vec::new(),
            max_nesting: 0,
            calls: 0,
            splittable: if has_handler {
                Vec::new()
            } else {
                splittable_loops(given, journaled, operators)
            },
            opened_loops: 0,
            legacy: Written::default(),
            opened_tries: 0,
            pending: 0,
            is_synced: false,
            is_unchecked: false,
            read_reach: Vec::new(),
            on_top: None,
            allocator: &[],
        }
    }

    /// Returns the body, which is to record where it calls a function of the allocator.
    pub fn recording_callers_of(self, allocator: &'a Allocator) -> Self {
        Body {
            allocator: &allocator.functions,
            ..self
        }
    }

    /// Returns the body, whose `try`s of the old form are written in the new one.
    pub fn with_legacy_exceptions(self, legacy: Written) -> Self {
        Body { legacy, ..self }
    }

    /// Returns how deep the blocks nest that were written so far, those of the function as given
    /// only.
    pub fn max_nesting(&self) -> usize {
        self.max_nesting
    }

    /// Returns the types of the added locals, and the encoded instructions.
    pub fn into_parts(self) -> (Vec<ValType>, Vec<u8>) {
        (self.locals.into_types(), self.bytes)
    }

    pub(super) fn sink(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.bytes)
    }

    pub(super) fn emit(&mut self, instruction: &Instruction<'_>) {
        instruction.encode(&mut self.bytes);
    }

    pub(super) fn scratch(&mut self, ty: ValType, nth: u32) -> u32 {
        self.locals.scratch(ty, nth)
    }

    /// Writes what comes before the first instruction.
    pub fn enter(&mut self) {
        if self.legacy.has_escape {
            self.sink().block(BlockType::Result(EXCEPTION));
        }
        if self.mode == Mode::Inline {
            self.load_position();
            self.is_unchecked = true;
        }
        // Without a loop, only calls can run for ever, and loops have checks of their own.
        if self.has_calls {
            self.check_limit();
        }
    }

    /// Writes an instruction, given as the instrumented module has it, and what belongs to it.
    pub fn write(&mut self, operator: &Operator<'_>, offset: u64, instruction: &Instruction<'_>) {
        let access = access_of(operator).filter(|access| Some(access.memory) == self.journaled);
        match access {
            Some(access) => self.write_access(access, offset, instruction),
            None => self.write_control(operator, offset, instruction),
        }
        self.track_locals(operator);
    }

    fn write_access(&mut self, access: MemoryAccess, offset: u64, instruction: &Instruction<'_>) {
        let AccessKind::Load { width, over_vector } = access.kind else {
            // The helper function that an outlined store calls checks the limit by itself.
            if self.mode == Mode::Inline && self.is_unchecked {
                self.check_limit();
            }
            return self.write_store(access, offset, instruction);
        };
        let through = self.on_top.filter(|_| !over_vector);
        let reach = access.immediate.saturating_add(width.into());
        if !through.is_some_and(|local| self.extends_no_reach(local, reach)) {
            self.save_load_address(over_vector);
        }
        self.emit(instruction);
    }

    fn write_control(
        &mut self,
        operator: &Operator<'_>,
        offset: u64,
        instruction: &Instruction<'_>,
    ) {
        // A branch of this depth leaves the function.
        let outermost = self.frames.len() as u32;
        match operator {
            Operator::Block { .. } | Operator::TryTable { .. } => self.open(instruction),
            Operator::If { .. } => {
                self.flush();
                self.open(instruction);
            }
            Operator::Loop { .. } => self.open_loop(instruction),
            Operator::Else => {
                self.flush();
                self.emit(instruction);
                self.forget_at_join();
                // The second arm begins in the state in which the first one did.
                self.is_unchecked = self.frames.last().is_some_and(|frame| frame.was_unchecked);
            }
            Operator::End => self.close(instruction),
            Operator::Try { .. } => self.open_try(),
            Operator::Catch { .. } | Operator::CatchAll => self.open_handler(),
            Operator::Delegate { .. } => self.close(&Instruction::End),
            Operator::Rethrow { relative_depth } => {
                let open = self.target(*relative_depth).and_then(|frame| frame.legacy);
                if let Some(exception) = open.and_then(|open| open.exception) {
                    self.sink().local_get(exception);
                }
                self.transfer(true, &Instruction::ThrowRef);
            }
            Operator::Br { relative_depth } => self.branch(*relative_depth, false),
            Operator::BrIf { relative_depth } => self.branch(*relative_depth, true),
            Operator::BrTable { targets } => {
                let mut depths = targets.targets().flatten().chain([targets.default()]);
                let is_out = depths.any(|depth| depth == outermost);
                let depths = targets
                    .targets()
                    .flatten()
                    .map(|depth| self.depth(depth))
                    .collect::<Vec<_>>();
                let default = self.depth(targets.default());
                self.transfer(is_out, &Instruction::BrTable(depths.into(), default));
            }
            Operator::Return | Operator::Throw { .. } | Operator::ThrowRef => {
                self.transfer(true, instruction);
            }
            _ if waits(operator) => self.write_wait(instruction),
            _ if is_call(operator) => {
                self.record_caller(operator, offset);
                self.transfer(true, instruction);
                self.calls += 1;
                if self.mode == Mode::Inline {
                    self.load_position();
                    self.is_unchecked = true;
                }
            }
            _ => self.write_other(operator, instruction),
        }
    }

    /// Writes the offset of a call of the allocator to the global for it.
    fn record_caller(&mut self, operator: &Operator<'_>, offset: u64) {
        let Operator::Call { function_index } = operator else {
            return;
        };
        let is_known = |known: &AllocatorFunction| known.function == *function_index;
        if let (true, Ok(offset)) = (self.allocator.iter().any(is_known), u32::try_from(offset)) {
            let caller = self.added.caller;
            self.sink()
                .i32_const(offset.cast_signed())
                .global_set(caller);
        }
    }

    /// Writes an instruction that passes control on. With `is_out` it leaves the function, to
    /// where other code reads the global; otherwise only the local is brought up to date.
    pub(super) fn transfer(&mut self, is_out: bool, instruction: &Instruction<'_>) {
        match is_out {
            true => self.sync_position(),
            false => self.flush(),
        }
        self.emit(instruction);
    }

    /// Forgets what is known along one way only: several ways come together here.
    pub(super) fn forget_at_join(&mut self) {
        self.is_synced = false;
        self.read_reach.clear();
    }
}

/// Returns whether an instruction may wait for another thread.
fn waits(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. }
    )
}
