//! The options of a report.

use crate::timeline::{Moment, Timeline};
use crate::value::Value;

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
    /// HTML: the lesson whose page asks the questions; `None` for a page that shows all steps.
    pub lesson: Option<LessonPage>,
}

/// What the page of a lesson needs besides the run.
#[derive(Debug, Clone)]
pub struct LessonPage {
    /// The name of the lesson in the line to hand in.
    pub name: String,
    /// The hash of the lesson's text and guest, by which answers belong to this version of it.
    pub hash: String,
    /// Evaluates an expression with the variables known at the end of a step.
    pub evaluate: fn(&str, &Timeline, usize) -> Option<Value>,
}

/// Returns the number of steps that a report shows, counted from step 0.
pub(in crate::report) fn steps_shown(timeline: &Timeline, options: &Options) -> usize {
    let run = timeline.steps().len();
    options
        .until
        .map_or(run, |until| until.step.saturating_add(1).min(run))
}
