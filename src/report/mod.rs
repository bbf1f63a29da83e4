//! A timeline as a document: the text transcript, the JSON trace, the Markdown report, the page,
//! the picture of a moment, and the one line that `linmem test` prints. Two timelines as a
//! comparison, many runs as JUnit XML, and answers to questions about a run.
//!
//! A report reads the timeline and nothing else: no files, no clock, no terminal. The same timeline
//! and options give the same bytes. A broken pipe is an error like any other; the caller decides
//! what it means.

mod common;
mod format;
mod lesson_check;

pub use common::options::{Format, LessonPage, Options};
pub use common::summary::{ending, problem, summary_line};
pub use format::{
    Case, Verdict, write, write_answer_line, write_comparison, write_fields, write_greeting,
    write_junit, write_memory, write_touch, write_writers,
};
pub use lesson_check::lesson_problems;
