//! Where an instruction of the guest is in text: its own source, or a disassembly.
//!
//! A leaf of plain data: the guest makes it, and the screen and reports show it. All text in it is
//! safe to print.

use std::fmt;
use std::sync::Arc;

/// The origin of a [`Listing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListingKind {
    /// The text module itself.
    Text,
    /// A file that the guest was compiled from, in the module's folder or below.
    Source,
    /// Instructions in the text format, made from the binary.
    Disassembly,
}

/// A text with instructions, which all places in it share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The origin of the text.
    pub kind: ListingKind,
    /// A path, relative to the module's folder if it is in there, or a function's name.
    pub title: String,
    /// The number of the first of `lines`, counted from 1.
    pub first_line: u32,
    /// The lines of the text.
    pub lines: Vec<String>,
}

impl Listing {
    /// Returns the line of this number; `None` where the text has no such line.
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = number.checked_sub(self.first_line)?;
        self.lines
            .get(usize::try_from(index).ok()?)
            .map(String::as_str)
    }
}

/// A function that was inlined at an instruction, or the one that it was inlined into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The name of the function.
    pub function: Arc<str>,
    /// The place in the source, as `file:line`.
    pub source: Option<Arc<str>>,
}

/// The place of one instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The instruction in the text format, with its immediates: `i32.store8 offset=4`.
    pub instruction: Arc<str>,
    /// The place in the source, as `file:line`; `None` where no debug information has it.
    pub source: Option<Arc<str>>,
    /// The text to show beside memory; `None` where there is none.
    pub listing: Option<Arc<Listing>>,
    /// The number of the instruction's line in `listing`.
    pub line: u32,
    /// The functions that are inlined at the instruction, innermost first. The last one is the
    /// function of the module. Empty where none is inlined.
    pub inlined: Vec<Frame>,
}

/// A place in the host's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPlace {
    /// The file, relative to the folder in which the host was started if it is below it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
    /// The function of the host, if it has a name.
    pub function: Option<String>,
    /// The number of the first of `lines`, counted from 1.
    pub first: u32,
    /// The lines of the source around the place; empty if the recorder could not read them.
    pub lines: Vec<String>,
    /// The place that called this function.
    pub from: Option<Arc<HostPlace>>,
}

/// Displays as `file:line:column in function`.
impl fmt::Display for HostPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        match &self.function {
            Some(function) => write!(f, " in {function}"),
            None => Ok(()),
        }
    }
}
