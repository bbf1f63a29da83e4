//! The session at the end of a report, as a document that runs: the module, what the script says
//! beside its steps, and the steps with their prose.

use std::io;

use super::escape::{code, fenced, prose};
use crate::report::common::options::Options;
use crate::safe;
use crate::timeline::Timeline;

/// Tells the steps language that nothing above is narration.
const FORGET: &str = "<!-- linmem: the session -->";

pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    shown: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    writeln!(out, "## The session\n")?;
    let command = format!("linmem REPORT.md{}", safe::plain(&options.again));
    writeln!(
        out,
        "Saved as a file, this report runs the session again: {}.",
        code(&command)
    )?;
    let module = options.module.as_ref().unwrap_or(&timeline.guest.path);
    if !module.starts_with("builtin:") {
        writeln!(
            out,
            "It needs {} there, or the option {}.",
            code(&safe::plain(module)),
            code("--module PATH")
        )?;
    }
    let all = || {
        timeline
            .setup
            .iter()
            .chain(timeline.steps().iter().map(|step| &step.text))
    };
    if all().any(|text| text.contains("file(")) {
        writeln!(
            out,
            "The files that it reads with {} must lie beside it.",
            code("file")
        )?;
    }
    if options.again.contains("--stdin") {
        writeln!(
            out,
            "What the guest read from its standard input is not part of this report."
        )?;
    }
    writeln!(out, "\n{FORGET}\n")?;
    let mut block = format!("module {}\n", quoted(module));
    for line in &timeline.setup {
        push_statement(&mut block, line);
    }
    for (text, narration) in steps(timeline, options, shown) {
        if let Some(narration) = narration {
            write!(
                out,
                "{}\n{}\n",
                fenced("steps", &block),
                paragraphs(narration)
            )?;
            block.clear();
        } else if block.lines().count() == timeline.setup.len() + 1 {
            block.push('\n');
        }
        push_statement(&mut block, text);
    }
    write!(out, "{}", fenced("steps", &block))
}

/// The steps shown, and, where nothing was left out, those that did not run.
fn steps<'a>(
    timeline: &'a Timeline,
    options: &Options,
    shown: usize,
) -> impl Iterator<Item = (&'a String, Option<&'a String>)> {
    let ran = timeline
        .steps()
        .iter()
        .take(shown)
        .map(|step| (&step.text, step.narration.as_ref()));
    let rest = if options.until.is_none() {
        timeline.planned.get(shown..)
    } else {
        None
    };
    let planned = rest
        .unwrap_or_default()
        .iter()
        .map(|step| (&step.text, step.narration.as_ref()));
    // Step 0 is no statement.
    ran.chain(planned).skip(1)
}

/// One statement on one line. Characters that would act on a terminal can stand in its texts only,
/// where an escape means the same.
fn push_statement(block: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\t' => block.push(c),
            c if safe::is_unsafe(c) => block.push_str(&safe::plain(c.encode_utf8(&mut [0; 4]))),
            c => block.push(c),
        }
    }
    block.push('\n');
}

/// A text as the steps language writes it.
fn quoted(text: &str) -> String {
    safe::quoted(text, usize::MAX)
}

fn paragraphs(narration: &str) -> String {
    let lines = |paragraph: &str| {
        let words: Vec<String> = paragraph
            .lines()
            .map(|line| prose(&safe::plain(line.trim())))
            .collect();
        words.join("\n")
    };
    narration
        .split("\n\n")
        .map(|paragraph| lines(paragraph) + "\n\n")
        .collect()
}
