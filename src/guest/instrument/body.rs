//! One function's body, written again: where it looks at the limit, and where its position in the
//! journal is kept.
//!
//! A function that writes memory keeps the position in a local. Slots along a straight line lie at
//! fixed distances from it, and it moves on only where control flow splits or joins; the global is
//! brought up to date where other code may look at it. `stores` writes the slots themselves.

use wasm_encoder::{BlockType, Encode, Instruction, InstructionSink, MemArg, ValType};
use wasmparser::Operator;

use super::atomic_wait::waits;
use super::journal_layout::{AWAY, Added, LAST, MOST_BETWEEN_CHECKS, SLOT};
use super::loop_analysis::{Float, Innermost, is_call, splittable};
use super::memory_access::{self, MemoryAccess};
use super::scratch_locals::Locals;
use crate::journal_abi::StoreSite;

/// How a function goes about its position in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It writes nothing, and looks at the limit only to learn whether it is called for.
    Idle,
    /// It keeps the position in a local.
    Local,
    /// It calls another function for each slot, which looks at the limit: an exception caught would
    /// leave the position in a local behind, and a function with too many slots would overrun the
    /// journal.
    Careful,
}

/// Locals of which it is kept how far memory was read through them: a function may have very many.
const MOST_REACHED: usize = 64;

/// How many blocks lie around the inner of two loops that stand for one.
const BLOCKS_OF_SPLIT: u32 = 3;

/// An open block, loop or branch.
struct Frame {
    /// What it is, if it is a loop that was written as two: see [`Body::open_loop`].
    split: Option<Innermost>,
    /// How many of the frames around it were.
    splits_around: u32,
    was_unchecked: bool,
    calls_before: u32,
}

/// What is written so far of one body, and what holds at this place in it.
pub(super) struct Body<'a> {
    pub(super) bytes: Vec<u8>,
    pub(super) added: Added,
    /// The memory that is journaled.
    journaled: Option<u32>,
    pub(super) sites: &'a mut Vec<StoreSite>,
    pub(super) function: u32,
    mode: Mode,
    has_calls: bool,
    locals: Locals,
    frames: Vec<Frame>,
    most_nested: usize,
    calls: u32,
    /// For each loop, in order, what is to be known if it may be written as two; and how many have
    /// been opened.
    splittable: Vec<Option<Innermost>>,
    opened_loops: usize,
    /// Slots written behind the position in the local.
    pending: u32,
    /// The global holds what the local does.
    is_synced: bool,
    /// A call may have moved the position past the limit.
    is_unchecked: bool,
    /// Locals through which memory has been read, and how far behind their value: no load through
    /// them that reaches less far can trap.
    reached: Vec<(u32, u64)>,
    /// The local whose value lies on top of the stack.
    on_top: Option<u32>,
}

impl<'a> Body<'a> {
    /// `given` are the types of the function's own locals, parameters first.
    pub fn new(
        added: Added,
        journaled: Option<u32>,
        sites: &'a mut Vec<StoreSite>,
        function: u32,
        given: &[ValType],
        operators: &[(Operator<'_>, u64)],
    ) -> Self {
        let (mut slots, mut is_fenced, mut has_calls) = (0u32, false, false);
        for (operator, _) in operators {
            match operator {
                Operator::TryTable { .. } => is_fenced = true,
                _ if is_call(operator) => has_calls = true,
                _ => {
                    let touch = memory_access::touch(operator)
                        .filter(|touch| Some(touch.memory) == journaled);
                    slots = slots.saturating_add(touch.map_or(0, |touch| touch.kind.slots()));
                }
            }
        }
        let mode = match slots {
            0 => Mode::Idle,
            _ if is_fenced || slots > MOST_BETWEEN_CHECKS => Mode::Careful,
            _ => Mode::Local,
        };
        let locals = Locals::new(given.len());
        Body {
            bytes: Vec::new(),
            added,
            journaled,
            sites,
            function,
            mode,
            has_calls,
            locals,
            frames: Vec::new(),
            most_nested: 0,
            calls: 0,
            splittable: if is_fenced {
                Vec::new()
            } else {
                splittable(given, journaled, operators)
            },
            opened_loops: 0,
            pending: 0,
            is_synced: false,
            is_unchecked: false,
            reached: Vec::new(),
            on_top: None,
        }
    }

    /// How deep the blocks nest that were written so far.
    pub fn most_nested(&self) -> usize {
        self.most_nested
    }

    pub fn into_parts(self) -> (Vec<ValType>, Vec<u8>) {
        (self.locals.into_types(), self.bytes)
    }

    pub(super) fn put(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.bytes)
    }

    pub(super) fn emit(&mut self, instruction: &Instruction<'_>) {
        instruction.encode(&mut self.bytes);
    }

    pub(super) fn scratch(&mut self, ty: ValType, nth: u32) -> u32 {
        self.locals.scratch(ty, nth)
    }

    pub(super) fn position(&mut self) -> u32 {
        self.locals.position()
    }

    /// What comes before the first instruction. Only calls could go on for ever without another
    /// check: loops have theirs.
    pub fn enter(&mut self) {
        if self.mode == Mode::Local {
            self.reload();
            self.is_unchecked = true;
        }
        if self.has_calls {
            self.check();
        }
    }

    /// Writes an instruction, given as the rewritten module has it, and what belongs to it.
    pub fn write(&mut self, operator: &Operator<'_>, offset: u64, instruction: &Instruction<'_>) {
        let touch =
            memory_access::touch(operator).filter(|touch| Some(touch.memory) == self.journaled);
        match touch {
            Some(touch) => self.write_touch(touch, offset, instruction),
            None => self.write_control(operator, instruction),
        }
        self.note_local(operator);
    }

    fn write_touch(&mut self, touch: MemoryAccess, offset: u64, instruction: &Instruction<'_>) {
        let memory_access::Kind::Load { width, over_vector } = touch.kind else {
            return match self.mode {
                Mode::Careful => self.write_careful_store(touch, offset, instruction),
                _ => {
                    self.check_if_due();
                    self.write_store(touch, offset, instruction);
                }
            };
        };
        let through = self.on_top.filter(|_| !over_vector);
        let reach = touch.immediate.saturating_add(width.into());
        if !through.is_some_and(|local| self.has_reached(local, reach)) {
            self.note_load(over_vector);
        }
        self.emit(instruction);
    }

    fn write_control(&mut self, operator: &Operator<'_>, instruction: &Instruction<'_>) {
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
                self.join();
                self.is_unchecked = self.frames.last().is_some_and(|frame| frame.was_unchecked);
            }
            Operator::End => self.close(instruction),
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
                self.leave(is_out, &Instruction::BrTable(depths.into(), default));
            }
            Operator::Return | Operator::Throw { .. } | Operator::ThrowRef => {
                self.leave(true, instruction)
            }
            _ if waits(operator) => self.write_wait(instruction),
            _ if is_call(operator) => {
                self.leave(true, instruction);
                self.calls += 1;
                if self.mode == Mode::Local {
                    self.reload();
                    self.is_unchecked = true;
                }
            }
            _ => {
                self.emit(instruction);
            }
        }
    }

    /// Opens a loop with a check at its head; an innermost one with a check where a round ends. A
    /// call in such a loop, however rare, would cost it registers, so it is written as two:
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
        let innermost = self
            .splittable
            .get_mut(self.opened_loops)
            .and_then(Option::take);
        self.opened_loops += 1;
        let (Some(innermost), Instruction::Loop(ty)) = (innermost, instruction) else {
            self.flush();
            self.open(instruction);
            self.join();
            return self.check();
        };
        if self.is_unchecked {
            self.check_keeping(&innermost.floats);
        }
        self.flush();
        self.put().block(*ty).loop_(*ty).block(BlockType::Empty);
        self.open(instruction);
        self.join();
        if let Some(frame) = self.frames.last_mut() {
            frame.split = Some(innermost);
        }
    }

    /// What follows the end of the inner of two loops.
    fn close_split(&mut self, innermost: &Innermost) {
        self.put().br(2).end();
        self.is_synced = false;
        self.tick_keeping(&innermost.floats);
        self.put().br(0).end().end();
    }

    /// Writes `br`, or `br_if`.
    fn branch(&mut self, depth: u32, is_conditional: bool) {
        let split = self.target(depth).and_then(|frame| frame.split.as_ref());
        let Some(is_full_soon) =
            split.map(|innermost| innermost.always_stores && self.mode == Mode::Local)
        else {
            let depth_here = self.depth(depth);
            let branch = if is_conditional {
                Instruction::BrIf(depth_here)
            } else {
                Instruction::Br(depth_here)
            };
            return self.leave(depth == self.frames.len() as u32, &branch);
        };
        self.flush();
        if !is_conditional {
            return self.next_round(is_full_soon, depth);
        }
        // The compiler lets the second arm follow.
        self.put().i32_eqz().if_(BlockType::Empty).else_();
        self.next_round(is_full_soon, depth.saturating_add(1));
        self.put().end();
    }

    /// Goes on with a loop, or to where the host is called before it goes on. The way that is gone
    /// nearly always is the branch: the compiler lets it follow, so that a round ends in one jump.
    fn next_round(&mut self, is_full_soon: bool, rounds: u32) {
        let limit = word(0, self.added.memory);
        let position = (self.mode == Mode::Local).then(|| self.position());
        match position {
            // Nobody need ask what the limit is: the journal is full soon.
            Some(position) if is_full_soon => self
                .put()
                .local_get(position)
                .i32_const(LAST as i32)
                .i32_le_u(),
            Some(position) => self
                .put()
                .local_get(position)
                .i32_const(0)
                .i32_load(limit)
                .i32_le_u(),
            None => self.put().i32_const(0).i32_load(limit),
        };
        self.put().br_if(rounds).br(rounds.saturating_add(1));
    }

    fn target(&self, depth: u32) -> Option<&Frame> {
        self.frames.iter().rev().nth(depth as usize)
    }

    /// The depth of a label here.
    fn depth(&self, given: u32) -> u32 {
        let around = self.target(given).map_or(0, |frame| frame.splits_around);
        given.saturating_add(self.splits().saturating_sub(around) * BLOCKS_OF_SPLIT)
    }

    /// How many of the open frames were written as two loops.
    fn splits(&self) -> u32 {
        self.frames.last().map_or(0, |frame| {
            frame.splits_around + u32::from(frame.split.is_some())
        })
    }

    fn open(&mut self, instruction: &Instruction<'_>) {
        let splits_around = self.splits();
        self.frames.push(Frame {
            split: None,
            splits_around,
            was_unchecked: self.is_unchecked,
            calls_before: self.calls,
        });
        self.most_nested = self.most_nested.max(self.frames.len());
        self.emit(instruction);
    }

    fn close(&mut self, instruction: &Instruction<'_>) {
        let Some(frame) = self.frames.pop() else {
            return self.leave(true, instruction);
        };
        self.flush();
        self.emit(instruction);
        if let Some(innermost) = &frame.split {
            self.close_split(innermost);
        }
        self.join();
        // Some way to here may have come from before the block's first check, or from right behind
        // a call in it.
        self.is_unchecked |= frame.was_unchecked || frame.calls_before != self.calls;
    }

    /// Writes what passes control on; to where others look at the global, or only to a place in
    /// this function.
    fn leave(&mut self, is_out: bool, instruction: &Instruction<'_>) {
        match is_out {
            true => self.sync(),
            false => self.flush(),
        }
        self.emit(instruction);
    }

    /// Several ways come together here: what one of them has shown says nothing.
    fn join(&mut self) {
        self.is_synced = false;
        self.reached.clear();
    }

    /// Brings the local up to date.
    pub(super) fn flush(&mut self) {
        let by = (std::mem::take(&mut self.pending) * SLOT) as i32;
        if by > 0 {
            let position = self.position();
            self.put()
                .local_get(position)
                .i32_const(by)
                .i32_add()
                .local_set(position);
            self.is_synced = false;
        }
    }

    /// Brings the local and the global up to date, where the local is what counts.
    fn sync(&mut self) {
        self.flush();
        if self.mode == Mode::Local && !self.is_synced {
            let (position, global) = (self.position(), self.added.position);
            self.put().local_get(position).global_set(global);
            self.is_synced = true;
        }
    }

    fn reload(&mut self) {
        let (position, global) = (self.position(), self.added.position);
        self.put().global_get(global).local_set(position);
        self.is_synced = true;
    }

    /// Calls `tick` if the position is past the limit.
    fn check(&mut self) {
        self.check_keeping(&[]);
    }

    fn check_keeping(&mut self, floats: &[Float]) {
        self.flush();
        self.put_condition();
        self.put().if_(BlockType::Empty);
        self.tick_keeping(floats);
        self.put().end();
        self.is_unchecked = false;
    }

    /// Calls `tick` near a loop that touches these. A call leaves no float in its register, and the
    /// compiler would keep them on the stack and go there in every round; so they are put away in
    /// memory for its time.
    fn tick_keeping(&mut self, floats: &[Float]) {
        let (tick, global) = (self.added.tick, self.added.position);
        let places = || (AWAY..).step_by(16).zip(floats);
        places().for_each(|(at, float)| self.put_away(at, *float));
        if self.mode == Mode::Local && !self.is_synced {
            let position = self.position();
            self.put().local_get(position).global_set(global);
        }
        self.put().call(tick);
        if self.mode == Mode::Local {
            let position = self.position();
            self.put().global_get(global).local_set(position);
        }
        places().for_each(|(at, float)| self.fetch(at, *float));
    }

    fn put_away(&mut self, at: u32, float: Float) {
        let at = word(at, self.added.memory);
        let mut put = self.put();
        put.i32_const(0).local_get(float.local);
        match float.ty {
            ValType::F32 => put.f32_store(at),
            ValType::F64 => put.f64_store(at),
            _ => put.v128_store(at),
        };
    }

    fn fetch(&mut self, at: u32, float: Float) {
        let at = word(at, self.added.memory);
        let mut put = self.put();
        put.i32_const(0);
        match float.ty {
            ValType::F32 => put.f32_load(at),
            ValType::F64 => put.f64_load(at),
            _ => put.v128_load(at),
        };
        put.local_set(float.local);
    }

    /// Puts on the stack whether `tick` is to be called.
    fn put_condition(&mut self) {
        let limit = word(0, self.added.memory);
        match self.mode {
            Mode::Idle | Mode::Careful => {
                self.put().i32_const(0).i32_load(limit).i32_eqz();
            }
            Mode::Local => {
                let position = self.position();
                self.put()
                    .local_get(position)
                    .i32_const(0)
                    .i32_load(limit)
                    .i32_gt_u();
            }
        }
    }

    /// Calls `tick` in any case.
    pub(super) fn tick(&mut self) {
        self.sync();
        let tick = self.added.tick;
        self.put().call(tick);
        if self.mode == Mode::Local {
            self.reload();
        }
    }

    fn check_if_due(&mut self) {
        if self.is_unchecked {
            self.check();
        }
    }

    /// Takes a slot, behind those that are pending.
    pub(super) fn take_slots(&mut self, count: u32) {
        self.pending += count;
    }

    /// The local was moved by other means.
    pub(super) fn position_moved(&mut self) {
        self.is_synced = false;
    }

    /// Where the next slot lies, from the local on.
    pub(super) fn next_slot(&self) -> u32 {
        self.pending * SLOT
    }

    fn note_load(&mut self, over_vector: bool) {
        let last_load = self.added.last_load;
        if over_vector {
            let vector = self.scratch(ValType::V128, 0);
            let address = self.scratch(ValType::I32, 0);
            self.put()
                .local_set(vector)
                .local_tee(address)
                .global_set(last_load)
                .local_get(address)
                .local_get(vector);
        } else if let Some(local) = self.on_top {
            self.put().local_get(local).global_set(last_load);
        } else {
            let address = self.scratch(ValType::I32, 0);
            self.put()
                .local_tee(address)
                .global_set(last_load)
                .local_get(address);
        }
    }

    /// Whether a load through this local has reached as far; it has from now on.
    fn has_reached(&mut self, local: u32, reach: u64) -> bool {
        let has_room = self.reached.len() < MOST_REACHED;
        match self.reached.iter_mut().find(|(known, _)| *known == local) {
            Some((_, far)) if *far >= reach => return true,
            Some((_, far)) => *far = reach,
            None if has_room => self.reached.push((local, reach)),
            None => {}
        }
        false
    }

    /// Keeps track of which local's value is on top of the stack, and of locals that get another
    /// one.
    fn note_local(&mut self, operator: &Operator<'_>) {
        self.on_top = match *operator {
            Operator::LocalGet { local_index } => Some(local_index),
            Operator::LocalTee { local_index } => {
                self.reached.retain(|(local, _)| *local != local_index);
                Some(local_index)
            }
            Operator::LocalSet { local_index } => {
                self.reached.retain(|(local, _)| *local != local_index);
                None
            }
            _ => None,
        };
    }
}

/// A place in the journal's memory.
pub(super) fn word(offset: u32, memory: u32) -> MemArg {
    MemArg {
        offset: offset.into(),
        align: 0,
        memory_index: memory,
    }
}
