//! Answers to questions about a run: as text, as a JSON document, and as the lines of
//! `linmem.query/1`.

mod json;
mod text;

use std::io;

use serde_json::Value;

use crate::answers::{Answer, AnswerError, FieldRow, FoundTouch, MemoryPart, Writers};
use crate::report::common::options::{Format, Options};
use crate::timeline::{Moment, Timeline};

/// Writes who wrote a range: as text, or else as JSON, `linmem.who/1`.
///
/// # Errors
/// Those of `out`.
pub fn write_writers(
    writers: &Writers,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match options.format {
        Format::Text => text::write_writers(writers, options, out),
        _ => json::write_writers(writers, out),
    }
}

/// Writes the next or the previous write to a range: as text, or else as JSON, `linmem.who/1`.
///
/// # Errors
/// Those of `out`.
pub fn write_touch(
    found: &FoundTouch,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match options.format {
        Format::Text => text::write_touch(found, options, out),
        _ => json::write_touch(found, out),
    }
}

/// Writes memory at a moment: as rows of text, or else as JSON, `linmem.memory/1`.
///
/// # Errors
/// Those of `out`.
pub fn write_memory(
    memory: &MemoryPart,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match options.format {
        Format::Text => text::write_memory(memory, options, out),
        _ => json::write_memory(memory, out),
    }
}

/// Writes the fields that have bytes of a range, as text.
///
/// # Errors
/// Those of `out`.
pub fn write_fields(
    memory: &MemoryPart,
    rows: &[FieldRow],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    text::write_fields(memory, rows, options, out)
}

/// Writes the first line of `linmem.query/1`. `moment` is that of questions that have none.
///
/// # Errors
/// Those of `out`.
pub fn write_greeting(
    timeline: &Timeline,
    moment: Option<Moment>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    json::write_greeting(timeline, moment, out)
}

/// Writes the answer to the question with this id as one line of JSON.
///
/// # Errors
/// Those of `out`.
pub fn write_answer_line(
    id: &Value,
    answer: &Result<Answer, AnswerError>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    json::write_answer_line(id, answer, out)
}
