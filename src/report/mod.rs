//! A timeline as a document: the text transcript, the JSON trace, the Markdown report, the page,
//! the picture of a moment, and the one line that `linmem test` prints.
//!
//! Reads the timeline and nothing else: no files, no clock, no terminal. The same timeline and
//! options give the same bytes. A broken pipe is an error like any other here; what it means is the
//! caller's business.

mod common;
mod format;

pub use common::options::{Format, Options};
pub use common::summary::{problem, summary_line};
pub use format::{Case, Verdict, write, write_comparison, write_junit};
