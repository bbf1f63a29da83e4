//! The options of a report.

use crate::timeline::{Moment, Timeline};

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A transcript that reads like the session, for people and for `grep`.
    #[default]
    Text,
    /// `linmem.trace/1`, described in `docs/json.md`.
    Json,
    /// A report for an issue tracker, which can be run again.
    Markdown,
    /// One page that works without a network, with a slider through steps and stores.
    Html,
    /// A picture of one moment.
    Svg,
}

/// What a report contains, and how it looks.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The format of the report.
    pub format: Format,
    /// Markdown: the module that the session at the end names, relative to the folder of the
    /// report. `None` means the guest's path as it was given.
    pub module: Option<String>,
    /// Markdown: the options that a run needs besides the file, as typed on a command line and with
    /// a blank before each: ` --max-memory 64KiB`.
    pub again: String,
    /// The moment of `--at`. Later steps are left out of text and Markdown; the text ends with
    /// memory at this moment. The page opens at it, and the picture shows it.
    pub until: Option<Moment>,
    /// The child of that step that `--at` names, by its index. Text, Markdown and the picture show
    /// memory before and after the child.
    pub child: Option<usize>,
    /// Text: whether changed bytes and errors are in bold. The characters are the same in both cases.
    pub color: bool,
    /// Text, Markdown and the picture: whether characters outside ASCII are replaced. JSON and the
    /// page are UTF-8.
    pub ascii: bool,
    /// Text and JSON: whether each step is followed by its events, which are every recorded write
    /// and growth.
    pub stores: bool,
}

/// Returns the number of steps that a report shows, counted from step 0.
pub(in crate::report) fn steps_shown(timeline: &Timeline, options: &Options) -> usize {
    let run = timeline.steps().len();
    options
        .until
        .map_or(run, |until| until.step.saturating_add(1).min(run))
}
