//! The labels of the function as given, in an instrumented body that has more.

use wasm_encoder::Instruction;

use super::body::Body;
use super::frame::Frame;

impl Body<'_> {
    pub(super) fn target(&self, depth: u32) -> Option<&Frame> {
        self.frames.iter().rev().nth(depth as usize)
    }

    /// Returns the depth of a label in the instrumented body, from that in the body as given.
    pub(super) fn depth(&self, given: u32) -> u32 {
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
    pub(super) fn labels(&self) -> u32 {
        let base = u32::from(self.legacy.has_escape);
        self.frames
            .last()
            .map_or(base, |frame| frame.labels_around + frame.labels)
    }

    pub(super) fn open(&mut self, instruction: &Instruction<'_>) {
        self.push_frame();
        self.emit(instruction);
    }

    /// Adds a frame with one label.
    pub(super) fn push_frame(&mut self) {
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

    pub(super) fn close(&mut self, instruction: &Instruction<'_>) {
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
}
