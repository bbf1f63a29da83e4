//! How the function that is being read enters and leaves blocks, loops and branches.

use wasmparser::BlockType;

use super::control::{self, Frame};
use super::scan::Scan;
use super::value::Value;

impl Scan<'_, '_> {
    pub fn open(&mut self, is_loop: bool, params: usize, results: usize) {
        self.frames.push(Frame {
            is_loop,
            height: self.stack.len().saturating_sub(params),
            params,
            results,
            otherwise: None,
            branched: None,
        });
    }

    pub fn open_block(&mut self, is_loop: bool, ty: BlockType) {
        let (params, results) = control::arity(self.code.guest, ty);
        self.open(is_loop, params, results);
        if !is_loop {
            return;
        }
        let set = self.set_in_loops.remove(&self.loops).unwrap_or_default();
        self.loops += 1;
        for local in set {
            let symbols = &mut self.symbols;
            if let Some(local) = self.locals.get_mut(local as usize) {
                let symbol = match local.symbol {
                    0 => 0,
                    _ => {
                        *symbols += 1;
                        *symbols
                    }
                };
                *local = Value {
                    distance: None,
                    symbol,
                    is_truth: false,
                    ..*local
                };
            }
        }
    }

    /// Ends a block, and continues with what all ways to its end have in common.
    pub fn close(&mut self) {
        let Some(mut frame) = self.frames.pop() else {
            return;
        };
        let mut results = Vec::new();
        if self.is_reachable {
            let from = self
                .stack
                .len()
                .saturating_sub(frame.results)
                .max(frame.height);
            results = self.stack.split_off(from.min(self.stack.len()));
            control::join(&mut frame.branched, &self.locals);
        }
        if let Some(locals) = frame.otherwise.take() {
            control::join(&mut frame.branched, &locals);
        }
        self.stack.truncate(frame.height);
        if self.frames.is_empty() {
            self.results.extend(results);
            return;
        }
        self.is_reachable = frame.branched.is_some();
        if let Some(locals) = frame.branched {
            self.locals = locals;
        }
        while results.len() < frame.results {
            let unknown = self.fresh();
            results.push(unknown);
        }
        self.stack.extend(results);
    }

    pub fn begin_else(&mut self) {
        let is_reachable = std::mem::replace(&mut self.is_reachable, true);
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if is_reachable {
            control::join(&mut frame.branched, &self.locals);
        }
        if let Some(locals) = frame.otherwise.take() {
            self.locals = locals;
        }
        let (height, params) = (frame.height, frame.params);
        self.stack.truncate(height);
        for _ in 0..params {
            let unknown = self.fresh();
            self.push(unknown);
        }
    }

    pub fn branch(&mut self, depth: u32) {
        let Some(at) = self.frames.len().checked_sub(1 + depth as usize) else {
            return;
        };
        if at == 0 {
            self.returns();
        }
        if let Some(frame) = self.frames.get_mut(at).filter(|frame| !frame.is_loop) {
            control::join(&mut frame.branched, &self.locals);
        }
    }

    pub fn returns(&mut self) {
        if let Some(top) = self.stack.last().copied()
            && self.frames.first().is_some_and(|frame| frame.results == 1)
        {
            self.results.push(top);
        }
    }

    pub fn end_reachable(&mut self) {
        self.is_reachable = false;
        let height = self.frames.last().map_or(0, |frame| frame.height);
        self.stack.truncate(height);
    }

    /// Branches on a value, which may end a loop.
    pub fn condition(&mut self) {
        let value = self.pop();
        self.uses(value);
        if let Some(index) = value.as_parameter().filter(|_| self.is_in_loop())
            && let Some(parameter) = self.parameter(index)
        {
            parameter.bounds = true;
        }
    }
}
