//! `linmem lesson NAME --format html`: a lesson as a page that asks its questions, or as a handout.

use std::process::ExitCode;

use anyhow::Result;
use linmem::report::{self, LessonPage};
use linmem::session::SessionConfig;
use linmem::session::files::Files;
use sha2::{Digest, Sha256};

use crate::cli::{LessonArgs, LessonFormat};

use super::{answer_parser, report_options, run};

/// Characters of the hash of a lesson.
const HASH: usize = 16;

/// Writes a lesson to the file of `--output`, or to standard output.
pub fn write(
    opening: SessionConfig,
    name: &str,
    format: LessonFormat,
    args: &LessonArgs,
) -> Result<ExitCode> {
    let is_built_in = matches!(opening.files, Files::BuiltIn(_));
    let hash = hash(&opening.script.source.text, opening.guest.given_bytes());
    let timeline = run::complete(opening)?;
    if let (true, Some(path)) = (timeline.interrupted, &args.output) {
        run::refuse_partial(&timeline, path);
        return Ok(run::exit_code(&timeline, false));
    }
    let page = LessonPage {
        name: name.to_owned(),
        hash,
        evaluate: |text, timeline, step| answer_parser::evaluate(text, timeline, step).ok(),
    };
    let options = report::Options {
        format: match format {
            LessonFormat::Html => report::Format::Html,
            LessonFormat::Markdown => report::Format::Markdown,
        },
        lesson: (format == LessonFormat::Html).then_some(page),
        module: report_options::module_line(&timeline, args.output.as_deref(), is_built_in),
        again: report_options::again(&args.screen.session),
        ascii: args.screen.appearance.ascii,
        ..report::Options::default()
    };
    run::write_output(args.output.as_deref(), &mut |out| {
        Ok(report::write(&timeline, &options, out)?)
    })?;
    Ok(run::exit_code(&timeline, false))
}

/// Returns the hash of a lesson, by which answers belong to this version of it. The ends of lines do
/// not matter, because tools change them.
pub fn hash(text: &str, guest: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"linmem.lesson/1\n");
    hasher.update(text.replace("\r\n", "\n"));
    hasher.update(b"\0");
    hasher.update(guest);
    let mut digits: String = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.truncate(HASH);
    digits
}
