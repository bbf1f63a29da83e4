//! The formats, each in a room of its own. A format names `common` and no other format; only
//! `junit` contains another one, the text transcript, which it gets from [`write()`].

mod answers;
mod diff;
mod html;
mod json;
mod junit;
mod markdown;
mod svg;
mod text;

use std::io;

use super::common::options::{Format, Options};
use crate::timeline::Timeline;

pub use answers::{
    write_answer_line, write_fields, write_greeting, write_memory, write_touch, write_writers,
};
pub use diff::write_comparison;
pub use junit::{Case, Verdict, write_junit};

/// Writes a timeline as a report.
///
/// # Errors
/// Those of `out`.
pub fn write(timeline: &Timeline, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    match options.format {
        Format::Text => text::write(timeline, options, out),
        Format::Json => json::write(timeline, options, out),
        Format::Markdown => markdown::write(timeline, options, out),
        Format::Html => html::write(timeline, options, out),
        Format::Svg => svg::write(timeline, options, out),
    }
}
