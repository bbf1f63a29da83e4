//! Loops, their checks of the limit, and the branches to them.

use wasm_encoder::{BlockType, Instruction};

use super::body::{Body, Mode};
use super::journal_layout::{LAST, LIMIT};
use super::loop_analysis::SplittableLoop;

/// The number of labels where one loop became two; the innermost is that of the rounds.
const LABELS_OF_SPLIT_LOOP: u32 = 4;

impl Body<'_> {
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
    pub(super) fn open_loop(&mut self, instruction: &Instruction<'_>) {
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
    pub(super) fn close_split_loop(&mut self, split: &SplittableLoop) {
        // `br $done`, and the end of `$call`.
        self.sink().br(2).end();
        // A round that ends here came with the position in the local only.
        self.is_synced = false;
        self.call_tick_spilling(&split.floats);
        // `br $again`, and the ends of `$again` and `$done`.
        self.sink().br(0).end().end();
    }

    /// Writes `br` or `br_if`. `depth` is that of the function as given.
    pub(super) fn branch(&mut self, depth: u32, is_conditional: bool) {
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
}
