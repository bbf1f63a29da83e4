//! A timeline as a document: the text transcript, the JSON trace, the Markdown report, the page,
//! the picture of a moment, and the one line that `linmem test` prints.
//!
//! Reads the timeline and nothing else: no files, no clock, no terminal. The same timeline and
//! options give the same bytes. A broken pipe is an error like any other here; what it means is the
//! caller's business.

mod diff;
mod event_lines;
mod hex_dump;
mod html;
mod json;
mod junit;
mod markdown;
mod summary;
mod svg;
mod text;
mod text_writer;
mod trap;
mod writer_label;

use std::io;

use crate::timeline::{Moment, Timeline};

pub use diff::write_comparison;
pub use junit::{Case, Verdict, write_junit};
pub use summary::{problem, summary_line};

/// How a run is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Reads like the session; for people and for `grep`.
    #[default]
    Text,
    /// `linmem.trace/1`, described in `docs/json.md`.
    Json,
    /// A report for an issue tracker, which can be run again.
    Markdown,
    /// One page that works without a network, with a scrubber through steps and stores.
    Html,
    /// A picture of one moment.
    Svg,
}

/// What goes into the document, and how it looks.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Markdown: what the session at its end names as its module, relative to where the report
    /// goes; else the guest's path as it was named.
    pub module: Option<String>,
    /// Markdown: the options that a run needs beside the file, as typed on a command line: `
    /// --max-memory 64KiB`.
    pub again: String,
    pub format: Format,
    /// `--at`: later steps are left out; the text ends with memory at this moment.
    pub until: Option<Moment>,
    /// Text: changed bytes and errors stand out by bold and underline. The text is the same
    /// without.
    pub color: bool,
    /// Text, Markdown and the picture: no character outside ASCII is written. JSON and the page are
    /// UTF-8.
    pub ascii: bool,
    /// `--stores`: each step is unfolded into its events, every recorded write and growth, and not
    /// only what changed.
    pub stores: bool,
}

/// Writes the whole document. Fails only where `out` does.
pub fn write(timeline: &Timeline, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    match options.format {
        Format::Text => text::write(timeline, options, out),
        Format::Json => json::write(timeline, options, out),
        Format::Markdown => markdown::write(timeline, options, out),
        Format::Html => html::write(timeline, options, out),
        Format::Svg => svg::write(timeline, options, out),
    }
}

/// How many steps the document has.
fn steps_shown(timeline: &Timeline, options: &Options) -> usize {
    let run = timeline.steps().len();
    options
        .until
        .map_or(run, |until| until.step.saturating_add(1).min(run))
}
