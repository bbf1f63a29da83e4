//! Where an instruction of the guest stands in text: its own source, or the disassembly around it.
//! Plain data that the guest part makes and everyone shows; all text in it is safe to print.

use std::sync::Arc;

/// What sort of text a [`Listing`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListingKind {
    /// The text module itself.
    Text,
    /// A file the guest was compiled from, found below the module's folder.
    Source,
    /// Instructions as the text format writes them, made from the binary.
    Disassembly,
}

/// A text in which instructions have their places. Shared by all places in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub kind: ListingKind,
    /// What the text is called: a path relative to the module's folder where it lies below it, or a
    /// function's name.
    pub title: String,
    /// The number of the first of `lines`, counted from 1.
    pub first_line: u32,
    pub lines: Vec<String>,
}

impl Listing {
    /// The text of a line by its number.
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = number.checked_sub(self.first_line)?;
        self.lines
            .get(usize::try_from(index).ok()?)
            .map(String::as_str)
    }
}

/// A function that was inlined at an instruction, or the one it was inlined into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub function: Arc<str>,
    /// `file:line`.
    pub source: Option<Arc<str>>,
}

/// Where one instruction stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As the text format writes it, with its immediates: `i32.store8 offset=4`.
    pub instruction: Arc<str>,
    /// `file:line` in the source; `None` where no debug information tells.
    pub source: Option<Arc<str>>,
    /// The text to show beside memory; `None` where there is none.
    pub listing: Option<Arc<Listing>>,
    /// The instruction's line in `listing`.
    pub line: u32,
    /// The functions inlined here, innermost first, the last being the one that is really in the
    /// module. Empty where nothing was inlined.
    pub inlined: Vec<Frame>,
}
