//! The state of the line of `:`: what is typed, and the feedback to it.

use tui_input::Input;

/// The line being typed.
#[derive(Debug, Clone, Default)]
pub struct Prompt {
    pub(crate) input: Input,
    /// What is shown below the line.
    pub feedback: Feedback,
    /// Lines that were pasted after this one; they run after it.
    pub(crate) rest: Vec<String>,
    /// The index of the line of the history that is shown, and the line that was typed before.
    pub(super) recalled: Option<(usize, String)>,
}

/// What is shown below the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Feedback {
    /// Nothing.
    #[default]
    Nothing,
    /// What the line does, or what is missing yet.
    Hint(String),
    /// What is wrong with the line.
    Mistake(Mistake),
    /// What the word before the cursor can be completed to.
    Choices(Choices),
}

/// What is wrong with the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The first character concerned.
    pub(crate) from: usize,
    /// The character after the last one concerned.
    pub(crate) to: usize,
    /// Safe to print.
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// What a word of the line can be completed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// The first character of the word.
    pub(super) from: usize,
    /// The character after the word as it is now.
    pub(super) to: usize,
    /// As they would be in the line.
    pub(crate) words: Vec<String>,
    /// The index of the one that is in the line.
    pub(crate) chosen: Option<usize>,
}
