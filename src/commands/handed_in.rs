//! `linmem answers FILE…`: the lines that learners handed in from pages of lessons, as a table.

mod line;
mod table;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use linmem::safe;

use crate::cli::AnswersArgs;

use super::builtin::LESSONS;
use super::{input_file, lesson_page, load, run};
use line::HandedIn;

/// The most bytes of a file with answers.
const MAX_FILE: u64 = 16 << 20;

/// A line that was handed in, and what is wrong with it.
struct Row {
    /// The file, safe to print.
    file: String,
    /// The number of the line in it, from 1.
    number: usize,
    handed_in: HandedIn,
    problem: Option<Problem>,
}

/// What is wrong with a line. A later one is not looked for if there is an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    /// The checksum is not that of the line.
    Changed,
    /// Neither a built-in lesson nor one that `--lesson` names has this name.
    UnknownLesson,
    /// The lesson has another hash.
    OtherVersion,
}

impl Problem {
    /// Returns the name in JSON and CSV.
    fn as_str(self) -> &'static str {
        match self {
            Problem::Changed => "changed",
            Problem::UnknownLesson => "unknown-lesson",
            Problem::OtherVersion => "other-version",
        }
    }

    /// Returns a sentence for people.
    fn message(self) -> &'static str {
        match self {
            Problem::Changed => "the line was changed: its checksum does not fit",
            Problem::UnknownLesson => "the lesson is not known: name its file with --lesson",
            Problem::OtherVersion => "the answers are to another version of the lesson",
        }
    }
}

/// Prints the lines of all files. The exit status is 1 if one of them has a problem.
pub fn answers(args: &AnswersArgs) -> Result<ExitCode> {
    let known = known_hashes(&args.lessons)?;
    let mut rows = Vec::new();
    for file in &args.files {
        let before = rows.len();
        let shown = match load::is_stdin(file) {
            true => "standard input".to_owned(),
            false => safe::plain(&file.to_string_lossy()),
        };
        let text = read(file, &shown)?;
        rows.extend(rows_of(&shown, &text, &known));
        if rows.len() == before {
            bail!(
                "{shown} has no line of answers; such a line begins with {}",
                line::BEGINNING
            );
        }
    }
    run::write_output(None, &mut |out| Ok(table::write(&rows, args.format, out)?))?;
    let is_well = rows.iter().all(|row| row.problem.is_none());
    Ok(ExitCode::from(u8::from(!is_well)))
}

/// The hashes of known lessons by their names. Lessons in several folders may have one name.
type Hashes = BTreeMap<String, Vec<String>>;

/// Returns the lines of answers in a text.
fn rows_of(file: &str, text: &str, known: &Hashes) -> Vec<Row> {
    let found = line::all(text).into_iter();
    found
        .map(|(number, handed_in)| Row {
            file: file.to_owned(),
            number,
            problem: problem(&handed_in, known),
            handed_in,
        })
        .collect()
}

/// Returns what is wrong with a line.
fn problem(handed_in: &HandedIn, known: &Hashes) -> Option<Problem> {
    if !handed_in.is_intact {
        return Some(Problem::Changed);
    }
    match known.get(&handed_in.lesson) {
        Some(hashes) if hashes.contains(&handed_in.hash) => None,
        Some(_) => Some(Problem::OtherVersion),
        None => Some(Problem::UnknownLesson),
    }
}

/// Returns the hashes of the built-in lessons and of those in files.
fn known_hashes(files: &[PathBuf]) -> Result<Hashes> {
    let mut hashes = Hashes::new();
    for lesson in LESSONS {
        if let Some((_, guest)) = lesson.files.first() {
            let hash = lesson_page::hash(lesson.steps.1, guest);
            hashes.insert(lesson.name.to_owned(), vec![hash]);
        }
    }
    for file in files {
        let (text, guest) = load::text_and_guest(file)?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let hash = lesson_page::hash(&text, guest.given_bytes());
        hashes.entry(name.into_owned()).or_default().push(hash);
    }
    Ok(hashes)
}

/// Reads a file, or standard input for `-`. Bytes that are not UTF-8 are replaced, because other text
/// than the lines does not matter.
fn read(file: &Path, shown: &str) -> Result<String> {
    let mut from: Box<dyn Read> = match load::is_stdin(file) {
        true => Box::new(io::stdin().lock()),
        false => {
            let _notice = input_file::notice_of_wait(file);
            Box::new(File::open(file).with_context(|| format!("cannot read {shown}"))?)
        }
    };
    let mut bytes = Vec::new();
    input_file::read_at_most(&mut from, MAX_FILE, &mut bytes)
        .with_context(|| format!("cannot read {shown}"))?;
    if bytes.len() as u64 > MAX_FILE {
        bail!(
            "{shown} is larger than {} MiB, the limit for a file with answers; split it",
            MAX_FILE >> 20
        );
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
