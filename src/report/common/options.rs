//! How a report is written.

use crate::timeline::{Moment, Timeline};

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

/// How many steps the document has.
pub(in crate::report) fn steps_shown(timeline: &Timeline, options: &Options) -> usize {
    let run = timeline.steps().len();
    options
        .until
        .map_or(run, |until| until.step.saturating_add(1).min(run))
}
