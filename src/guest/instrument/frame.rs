//! What is open at a place of a function: its blocks, loops, branches and `try`s.

use super::loop_analysis::SplittableLoop;

/// An open block, loop or branch of the function as given.
pub(super) struct Frame {
    /// For a loop that is written as two: see `loops`.
    pub split: Option<SplittableLoop>,
    /// For a `try` of the old form: see `legacy_exceptions`.
    pub legacy: Option<OpenTry>,
    /// How many labels are open around it in the instrumented body.
    pub labels_around: u32,
    /// How many labels it has itself, and which of them is the one that it has as given, counted
    /// from the innermost.
    pub labels: u32,
    pub own_label: u32,
    /// Whether the limit was unchecked where the frame begins.
    pub was_unchecked: bool,
    /// How many calls there are before it.
    pub calls_before: u32,
}

/// An open `try` of the old form.
#[derive(Clone, Copy)]
pub(super) struct OpenTry {
    /// Its number among all of the function.
    pub number: usize,
    /// Which of its handlers is being written; `None` before the first.
    pub handler: Option<usize>,
    /// How many handlers around it keep an exception.
    pub exceptions_around: u32,
    /// The local with the exception that the handler can throw again.
    pub exception: Option<u32>,
}
