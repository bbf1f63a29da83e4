//! The session at the end of a report, as a document that can be run: the module, the statements
//! that are no steps, and the steps with their prose.

use std::io;

use super::escape::{code, fenced, prose};
use crate::report::common::options::Options;
use crate::safe;
use crate::timeline::Timeline;

/// A comment of Markdown, after which the steps language reads prose as narration.
const SESSION_BEGINS: &str = "<!-- linmem: the session -->";

/// Writes the session up to the steps shown, and what a run of it needs.
pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    shown: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let module = options.module.as_ref().unwrap_or(&timeline.guest.path);
    write_needs(timeline, options, module, out)?;
    writeln!(out, "\n{SESSION_BEGINS}\n")?;
    let mut block = format!("module {}\n", safe::quoted(module, usize::MAX));
    for line in &timeline.setup {
        push_statement(&mut block, line);
    }
    let mut has_steps = false;
    for (text, narration) in steps(timeline, options, shown) {
        if let Some(narration) = narration {
            let block = fenced("steps", &std::mem::take(&mut block));
            write!(out, "{block}\n{}\n", paragraphs(narration))?;
        } else if !has_steps {
            // A blank line comes before the first step.
            block.push('\n');
        }
        has_steps = true;
        push_statement(&mut block, text);
    }
    write!(out, "{}", fenced("steps", &block))
}

/// Writes how the report is run, and which files and options a run needs.
fn write_needs(
    timeline: &Timeline,
    options: &Options,
    module: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    writeln!(out, "## The session\n")?;
    let command = format!("linmem REPORT.md{}", safe::plain(&options.again));
    writeln!(
        out,
        "Saved as a file, this report runs the session again: {}.",
        code(&command)
    )?;
    if !module.starts_with("builtin:") {
        let (module, option) = (code(&safe::plain(module)), code("--module PATH"));
        writeln!(out, "It needs {module} there, or the option {option}.")?;
    }
    let steps = timeline.steps().iter().map(|step| &step.text);
    let mut statements = timeline.setup.iter().chain(steps);
    if statements.any(|text| text.contains("file(")) {
        writeln!(
            out,
            "The files that it reads with {} must be in the folder of the report.",
            code("file")
        )?;
    }
    if options.again.contains("--stdin") {
        writeln!(
            out,
            "What the guest read from its standard input is not part of this report."
        )?;
    }
    Ok(())
}

/// Returns the steps shown, and, where none is left out, those that did not run; each with its
/// narration. Step 0 is no statement.
fn steps<'a>(
    timeline: &'a Timeline,
    options: &Options,
    shown: usize,
) -> impl Iterator<Item = (&'a String, Option<&'a String>)> {
    let ran = timeline.steps().iter().take(shown);
    let ran = ran.map(|step| (&step.text, step.narration.as_ref()));
    let rest = match options.until {
        None => timeline.planned.get(shown..).unwrap_or_default(),
        Some(_) => &[],
    };
    let rest = rest
        .iter()
        .map(|step| (&step.text, step.narration.as_ref()));
    ran.chain(rest).skip(1)
}

/// Adds one statement on one line.
///
/// Characters that would act on a terminal are escaped. They can be in the statement's texts only,
/// where an escape means the character.
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

/// Returns narration as paragraphs of Markdown whose lines stay lines.
fn paragraphs(narration: &str) -> String {
    let escaped = |paragraph: &str| {
        let lines: Vec<String> = paragraph
            .lines()
            .map(|line| prose(&safe::plain(line.trim())))
            .collect();
        lines.join("\n") + "\n\n"
    };
    narration.split("\n\n").map(escaped).collect()
}
