//! Instruments the body of one function: where it checks the limit of the journal, and where its
//! position in the journal is.
//!
//! A function that stores keeps the position in a local. Slots along a straight line of code are at
//! constant offsets from it; the local moves on only where control flow splits or joins. The global
//! is brought up to date where other code may read it: before calls, returns and throws.
//! `journaled_stores` writes the slots.

use wasm_encoder::{BlockType, Catch, Encode, Instruction, InstructionSink, ValType};
use wasmparser::Operator;

use super::function_counts::FunctionCounts;
use super::journal_layout::{AddedItems, LAST, LIMIT, SLOT};
use super::legacy_exceptions::{EXCEPTION, Written, WrittenTry};
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

/// The number of locals for which the end of the memory read through them is kept. A function may
/// have very many.
const MAX_TRACKED_LOCALS: usize = 64;

/// The number of labels where one loop became two; the innermost is that of the rounds.
const LABELS_OF_SPLIT_LOOP: u32 = 4;

/// An open block, loop or branch of the function as given.
struct Frame {
    /// For a loop that is written as two: see [`Body::open_loop`].
    split: Option<SplittableLoop>,
    /// For a `try` of the old form: see `legacy_exceptions`.
    legacy: Option<OpenTry>,
    /// How many labels are open around it in the instrumented body.
    labels_around: u32,
    /// How many labels it has itself, and which of them is the one that it has as given, counted
    /// from the innermost.
    labels: u32,
    own_label: u32,
    /// Whether the limit was unchecked where the frame begins.
    was_unchecked: bool,
    /// How many calls there are before it.
    calls_before: u32,
}

/// An open `try` of the old form.
#[derive(Clone, Copy)]
struct OpenTry {
    /// Its number among all of the function.
    number: usize,
    /// Which of its handlers is being written; `None` before the first.
    handler: Option<usize>,
    /// How many handlers around it keep an exception.
    exceptions_around: u32,
    /// The local with the exception that the handler can throw again.
    exception: Option<u32>,
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
    locals: ScratchLocals,
    frames: Vec<Frame>,
    max_nesting: usize,
    /// How many calls were written.
    calls: u32,
    /// For each loop in order: what is known of it, if it may be written as two.
    splittable: Vec<Option<SplittableLoop>>,
    opened_loops: usize,
    /// The `try`s of the old form.
    legacy: Written,
    opened_tries: usize,
    /// How many slots were written after the position in the local.
    pub(super) pending: u32,
    /// Whether the global holds the position in the local.
    pub(super) is_synced: bool,
    /// Whether a call may have moved the position past the limit.
    pub(super) is_unchecked: bool,
    /// Locals through which memory was read, and how many bytes from their value on. No load
    /// through them that reaches less far can trap.
    read_reach: Vec<(u32, u64)>,
    /// The local whose value is on top of the stack.
    on_top: Option<u32>,
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

    pub(super) fn position_local(&mut self) -> u32 {
        self.locals.position()
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

    /// Opens a loop.
    ///
    /// A loop has its check at its head, in each round. A call in an innermost loop, however rare,
    /// would cost registers in each round. So such a loop is written as two where possible, with
    /// the call in the outer one and the check where a round ends:
    ///
    /// ```text
    /// block $done
    ///   loop $again
    ///     block $call
    ///       loop $rounds ... (next round: br_if $rounds, else br $call) ... end
    ///       br $done
    ///     end
    ///     call $tick
    ///     br $again
    ///   end
    /// end
    /// ```
    fn open_loop(&mut self, instruction: &Instruction<'_>) {
        let splittable = self
            .splittable
            .get_mut(self.opened_loops)
            .and_then(Option::take);
        self.opened_loops += 1;
        if self.is_large && splittable.as_ref().is_some_and(|split| split.always_stores) {
            // The helper function of the store checks the limit in each round.
            self.flush();
            self.open(instruction);
            return self.forget_at_join();
        }
        let splittable = splittable.filter(|_| !self.is_large);
        let (Some(split), Instruction::Loop(ty)) = (splittable, instruction) else {
            self.flush();
            self.open(instruction);
            self.forget_at_join();
            return self.check_limit();
        };
        if self.is_unchecked {
            // The loop's first round would not be checked. Its floats are spilled here too: one
            // call near a loop that does not is enough for the compiler to keep them in memory.
            self.check_limit_spilling(&split.floats);
        }
        self.flush();
        self.sink().block(*ty).loop_(*ty).block(BlockType::Empty);
        self.open(instruction);
        self.forget_at_join();
        if let Some(frame) = self.frames.last_mut() {
            frame.split = Some(split);
            frame.labels = LABELS_OF_SPLIT_LOOP;
        }
    }

    /// Writes what comes after the end of the inner one of two loops.
    fn close_split_loop(&mut self, split: &SplittableLoop) {
        // `br $done`, and the end of `$call`.
        self.sink().br(2).end();
        // A round that ends here came with the position in the local only.
        self.is_synced = false;
        self.call_tick_spilling(&split.floats);
        // `br $again`, and the ends of `$again` and `$done`.
        self.sink().br(0).end().end();
    }

    /// Writes `br` or `br_if`. `depth` is that of the function as given.
    fn branch(&mut self, depth: u32, is_conditional: bool) {
        let split = self.target(depth).and_then(|frame| frame.split.as_ref());
        let Some(is_full_soon) =
            split.map(|split| split.always_stores && self.mode == Mode::Inline)
        else {
            let here = self.depth(depth);
            let branch = if is_conditional {
                Instruction::BrIf(here)
            } else {
                Instruction::Br(here)
            };
            return self.transfer(depth == self.frames.len() as u32, &branch);
        };
        self.flush();
        if !is_conditional {
            return self.write_next_round(is_full_soon, depth);
        }
        // The compiler places the second arm of an `if` after the condition, without a jump. So the
        // next round is that arm.
        self.sink().i32_eqz().if_(BlockType::Empty).else_();
        self.write_next_round(is_full_soon, depth.saturating_add(1));
        self.sink().end();
    }

    /// Writes the end of a round: on to the next one, or out to the call of the host. The next round
    /// comes nearly always, and it is the target of the conditional branch: the compiler lets that
    /// follow, so that a round ends in one jump.
    fn write_next_round(&mut self, is_full_soon: bool, rounds: u32) {
        let limit = self.added.journal(LIMIT);
        let position = (self.mode == Mode::Inline).then(|| self.position_local());
        match position {
            // The loop fills the journal soon, and then the host is called anyway. So the limit,
            // which another thread may have set to 0, need not be loaded.
            Some(position) if is_full_soon => self
                .sink()
                .local_get(position)
                .i32_const(LAST as i32)
                .i32_le_u(),
            Some(position) => self
                .sink()
                .local_get(position)
                .i32_const(0)
                .i32_load(limit)
                .i32_le_u(),
            None => self.sink().i32_const(0).i32_load(limit),
        };
        self.sink().br_if(rounds).br(rounds.saturating_add(1));
    }

    fn target(&self, depth: u32) -> Option<&Frame> {
        self.frames.iter().rev().nth(depth as usize)
    }

    /// Returns the depth of a label in the instrumented body, from that in the body as given.
    fn depth(&self, given: u32) -> u32 {
        match self.target(given) {
            Some(frame) => {
                let inside = self.labels() - frame.labels_around - frame.labels;
                inside + frame.own_label
            }
            // That of the function.
            None => self.labels(),
        }
    }

    /// Returns how many labels are open, that of the function not included.
    fn labels(&self) -> u32 {
        let base = u32::from(self.legacy.has_escape);
        self.frames
            .last()
            .map_or(base, |frame| frame.labels_around + frame.labels)
    }

    fn open(&mut self, instruction: &Instruction<'_>) {
        self.push_frame();
        self.emit(instruction);
    }

    /// Adds a frame with one label.
    fn push_frame(&mut self) {
        let labels_around = self.labels();
        self.frames.push(Frame {
            split: None,
            legacy: None,
            labels_around,
            labels: 1,
            own_label: 0,
            was_unchecked: self.is_unchecked,
            calls_before: self.calls,
        });
        self.max_nesting = self.max_nesting.max(self.frames.len());
    }

    /// Opens a `try` of the old form, with the blocks that its handlers come after.
    fn open_try(&mut self) {
        self.flush();
        let number = self.opened_tries;
        self.opened_tries += 1;
        let exceptions_around = self.open_exceptions();
        let tries = std::mem::take(&mut self.legacy.tries);
        if let Some(known) = tries.get(number) {
            let labels = match known.clauses.len() as u32 {
                _ if known.delegates => self.write_delegating_try(known),
                0 => {
                    self.sink().block(known.inside);
                    1
                }
                count => {
                    self.write_try(known);
                    count + 2
                }
            };
            self.push_frame();
            if let Some(frame) = self.frames.last_mut() {
                frame.labels = labels;
                frame.legacy = Some(OpenTry {
                    number,
                    handler: None,
                    exceptions_around,
                    exception: None,
                });
            }
        }
        self.legacy.tries = tries;
    }

    fn write_try(&mut self, known: &WrittenTry) {
        let params: Vec<u32> = (0..)
            .zip(&known.params)
            .map(|(nth, ty)| self.scratch(*ty, nth))
            .collect();
        for param in params.iter().rev() {
            self.sink().local_set(*param);
        }
        self.sink().block(known.outside);
        for (_, carried) in known.clauses.iter().rev() {
            self.sink().block(*carried);
        }
        for param in &params {
            self.sink().local_get(*param);
        }
        let clauses: Vec<Catch> = (0..)
            .zip(&known.clauses)
            .map(|(label, (tag, _))| catch(*tag, known.is_rethrown, label))
            .collect();
        self.sink().try_table(known.inside, clauses);
    }

    /// Writes a `try` that jumps to the handlers of others. Returns how many labels it has.
    fn write_delegating_try(&mut self, known: &WrittenTry) -> u32 {
        let labels = self.labels();
        let mut clauses: Vec<Catch> = Vec::new();
        for clause in &known.delegated {
            // The blocks of the handlers are around the `try_table` of that `try`.
            let handlers = self.frames.get(clause.frame).map_or(0, |frame| {
                labels.saturating_sub(frame.labels_around + frame.labels) + 1
            });
            clauses.push(catch(clause.tag, clause.is_rethrown, handlers + clause.nth));
        }
        if known.escapes() {
            clauses.push(catch(None, true, labels.saturating_sub(1)));
        }
        self.sink().try_table(known.inside, clauses);
        1
    }

    /// Ends the body of a `try` of the old form or its last handler, and begins the next handler.
    fn open_handler(&mut self) {
        self.flush();
        let Some(open) = self.frames.last().and_then(|frame| frame.legacy) else {
            return;
        };
        let known = self.legacy.tries.get(open.number);
        let (count, is_rethrown) = known.map_or((0, false), |known| {
            (known.clauses.len() as u32, known.is_rethrown)
        });
        let handler = open.handler.map_or(0, |handler| handler + 1);
        if handler == 0 {
            self.sink().end();
        }
        let left = count.saturating_sub(handler as u32);
        self.sink().br(left).end();
        let exception = is_rethrown.then(|| self.scratch(EXCEPTION, open.exceptions_around));
        if let Some(exception) = exception {
            self.sink().local_set(exception);
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.labels = left;
            frame.own_label = left.saturating_sub(1);
            frame.legacy = Some(OpenTry {
                handler: Some(handler),
                exception,
                ..open
            });
        }
        self.forget_at_join();
        self.is_unchecked = true;
    }

    /// Returns how many handlers around this place keep an exception that they can throw again.
    fn open_exceptions(&self) -> u32 {
        let mut open = self.frames.iter().rev().filter_map(|frame| frame.legacy);
        open.next().map_or(0, |open| {
            open.exceptions_around + u32::from(open.exception.is_some())
        })
    }

    fn close(&mut self, instruction: &Instruction<'_>) {
        let Some(frame) = self.frames.pop() else {
            // The end of the function.
            if self.legacy.has_escape {
                self.transfer(true, &Instruction::Return);
                self.sink().end().throw_ref().end();
                return;
            }
            return self.transfer(true, instruction);
        };
        self.flush();
        self.emit(instruction);
        if let Some(split) = &frame.split {
            self.close_split_loop(split);
        }
        self.forget_at_join();
        // A branch to this end may come from before the block's first check, or from right after a
        // call in the block.
        self.is_unchecked |= frame.was_unchecked || frame.calls_before != self.calls;
    }

    /// Writes an instruction that passes control on. With `is_out` it leaves the function, to
    /// where other code reads the global; otherwise only the local is brought up to date.
    fn transfer(&mut self, is_out: bool, instruction: &Instruction<'_>) {
        match is_out {
            true => self.sync_position(),
            false => self.flush(),
        }
        self.emit(instruction);
    }

    /// Forgets what is known along one way only: several ways come together here.
    fn forget_at_join(&mut self) {
        self.is_synced = false;
        self.read_reach.clear();
    }

    /// Brings the local up to date: moves it past the pending slots.
    pub(super) fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if pending > 0 {
            self.add_to_position(pending * SLOT);
        }
    }

    /// Adds a number of bytes to the position in the local.
    pub(super) fn add_to_position(&mut self, bytes: u32) {
        let position = self.position_local();
        self.sink()
            .local_get(position)
            .i32_const(bytes as i32)
            .i32_add()
            .local_set(position);
        self.is_synced = false;
    }

    /// Brings the local and the global up to date.
    pub(super) fn sync_position(&mut self) {
        self.flush();
        if self.mode == Mode::Inline && !self.is_synced {
            let (position, global) = (self.position_local(), self.added.position);
            self.sink().local_get(position).global_set(global);
            self.is_synced = true;
        }
    }

    /// Loads the position from the global into the local.
    pub(super) fn load_position(&mut self) {
        let (position, global) = (self.position_local(), self.added.position);
        self.sink().global_get(global).local_set(position);
        self.is_synced = true;
    }

    /// Counts slots that were written at the next places. The helper functions of an outlined
    /// journal move the position by themselves.
    pub(super) fn advance_slots(&mut self, count: u32) {
        if self.mode != Mode::Outlined {
            self.pending += count;
        }
    }

    /// Copies the address operand on the stack to the global for the last load. With `over_vector`,
    /// a vector is above the address.
    fn save_load_address(&mut self, over_vector: bool) {
        let last_load = self.added.last_load;
        if over_vector {
            let vector = self.scratch(ValType::V128, 0);
            let address = self.scratch(ValType::I32, 0);
            self.sink()
                .local_set(vector)
                .local_tee(address)
                .global_set(last_load)
                .local_get(address)
                .local_get(vector);
        } else if let Some(local) = self.on_top {
            self.sink().local_get(local).global_set(last_load);
        } else {
            let address = self.scratch(ValType::I32, 0);
            self.sink()
                .local_tee(address)
                .global_set(last_load)
                .local_get(address);
        }
    }

    /// Returns whether a load through a local has reached this far before. If not, it has from now
    /// on.
    fn extends_no_reach(&mut self, local: u32, reach: u64) -> bool {
        let has_space = self.read_reach.len() < MAX_TRACKED_LOCALS;
        match self
            .read_reach
            .iter_mut()
            .find(|(known, _)| *known == local)
        {
            Some((_, known)) if *known >= reach => return true,
            Some((_, known)) => *known = reach,
            None if has_space => self.read_reach.push((local, reach)),
            None => {}
        }
        false
    }

    /// Keeps track of the local whose value is on top of the stack, and forgets the reach of a
    /// local that gets another value.
    fn track_locals(&mut self, operator: &Operator<'_>) {
        self.on_top = match *operator {
            Operator::LocalGet { local_index } => Some(local_index),
            Operator::LocalTee { local_index } => {
                self.read_reach.retain(|(local, _)| *local != local_index);
                Some(local_index)
            }
            Operator::LocalSet { local_index } => {
                self.read_reach.retain(|(local, _)| *local != local_index);
                None
            }
            _ => None,
        };
    }
}

/// Returns a clause of a `try_table`; without a tag, it catches everything.
fn catch(tag: Option<u32>, with_exception: bool, label: u32) -> Catch {
    match (tag, with_exception) {
        (Some(tag), true) => Catch::OneRef { tag, label },
        (Some(tag), false) => Catch::One { tag, label },
        (None, true) => Catch::AllRef { label },
        (None, false) => Catch::All { label },
    }
}

/// Returns whether an instruction may wait for another thread.
fn waits(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. }
    )
}
