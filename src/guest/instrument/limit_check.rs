//! Checks of the journal's limit, and calls of the host.

use wasm_encoder::{BlockType, ValType};

use super::body::{Body, Mode};
use super::journal_layout::{LIMIT, SPILL_AREA, SPILL_SIZE};
use super::loop_analysis::Float;

impl Body<'_> {
    /// Calls the host if the position is past the limit.
    pub(super) fn check_limit(&mut self) {
        self.check_limit_spilling(&[]);
    }

    pub(super) fn check_limit_spilling(&mut self, floats: &[Float]) {
        self.flush();
        if self.is_large {
            // A block for the call of the host would be compiled for each check.
            self.call_check();
            self.is_unchecked = false;
            return;
        }
        self.push_is_past_limit();
        self.sink().if_(BlockType::Empty);
        self.call_tick_spilling(floats);
        self.sink().end();
        self.is_unchecked = false;
    }

    /// Calls the host near a loop that uses these floats.
    ///
    /// A call leaves no float in its register. The compiler would keep the floats on the stack in
    /// the whole loop, and access them there in each round. So they are stored to the private memory
    /// for the time of the call, and loaded again after it.
    pub(super) fn call_tick_spilling(&mut self, floats: &[Float]) {
        let (tick, global) = (self.added.tick, self.added.position);
        let places = || (SPILL_AREA..).step_by(SPILL_SIZE as usize).zip(floats);
        for (offset, float) in places() {
            self.spill_float(offset, *float);
        }
        if self.mode == Mode::Inline && !self.is_synced {
            let position = self.position_local();
            self.sink().local_get(position).global_set(global);
        }
        self.sink().call(tick);
        if self.mode == Mode::Inline {
            let position = self.position_local();
            self.sink().global_get(global).local_set(position);
        }
        for (offset, float) in places() {
            self.load_float(offset, *float);
        }
    }

    fn spill_float(&mut self, offset: u32, float: Float) {
        let at = self.added.journal(offset);
        let mut sink = self.sink();
        sink.i32_const(0).local_get(float.local);
        match float.ty {
            ValType::F32 => sink.f32_store(at),
            ValType::F64 => sink.f64_store(at),
            _ => sink.v128_store(at),
        };
    }

    fn load_float(&mut self, offset: u32, float: Float) {
        let at = self.added.journal(offset);
        let mut sink = self.sink();
        sink.i32_const(0);
        match float.ty {
            ValType::F32 => sink.f32_load(at),
            ValType::F64 => sink.f64_load(at),
            _ => sink.v128_load(at),
        };
        sink.local_set(float.local);
    }

    /// Pushes whether the host is to be called.
    fn push_is_past_limit(&mut self) {
        let limit = self.added.journal(LIMIT);
        match self.mode {
            // There is no position at hand, so only a limit of 0 is found.
            Mode::NoStores | Mode::Outlined => {
                self.sink().i32_const(0).i32_load(limit).i32_eqz();
            }
            Mode::Inline => {
                let position = self.position_local();
                self.sink()
                    .local_get(position)
                    .i32_const(0)
                    .i32_load(limit)
                    .i32_gt_u();
            }
        }
    }

    /// Calls the host unconditionally.
    pub(super) fn call_tick(&mut self) {
        self.sync_position();
        let tick = self.added.tick;
        self.sink().call(tick);
        if self.mode == Mode::Inline {
            self.load_position();
        }
    }
}
