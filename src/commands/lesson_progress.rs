//! Which lessons were finished, and what was answered: two small files in the platform's state
//! folder. `lessons` has a name on each line; other lines in it stay as they are. `answers.json` has
//! the place and the answers of each lesson. Without the files only marks and places are missing.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use linmem::app::Lesson;
use linmem::app::course::{Progress, QuestionOutcome, QuestionProgress};
use serde_json::{Value, json};

use super::atomic_file;
use super::builtin::{BuiltIn, LESSONS};
use super::{folders, input_file};

/// The most bytes of a file that are read.
const MAX_BYTES: u64 = 1 << 20;

/// The most answers to a question that are kept.
const MAX_TYPED: usize = 20;

/// Returns the lessons, as the screen lists them.
pub fn lessons() -> Vec<Lesson> {
    let finished = path("lessons").map(|path| names(&path)).unwrap_or_default();
    let answers = path("answers.json").map(|path| read_answers(&path));
    let lesson = |lesson: &BuiltIn| Lesson {
        name: lesson.name.into(),
        description: lesson.description.into(),
        finished: finished.contains(lesson.name),
        progress: answers
            .as_ref()
            .and_then(|all| all.get(lesson.name))
            .map(progress_of)
            .unwrap_or_default(),
    };
    LESSONS.iter().map(lesson).collect()
}

/// Keeps the progress of a lesson, and its name where it is finished.
///
/// # Errors
/// A file cannot be written; the message is a sentence for the screen.
pub fn keep(lesson: &Lesson) -> Result<()> {
    if let Some(path) = path("lessons").filter(|_| lesson.finished) {
        add(&path, &lesson.name).map_err(|error| {
            let (shown, why) = (
                atomic_file::printable(&path),
                atomic_file::os_message(&error),
            );
            anyhow!(
                "This lesson will not be marked as finished next time: cannot write {shown}: {why}."
            )
        })?;
    }
    match path("answers.json") {
        Some(path) => write_answers(&path, lesson)
            .map_err(|error| anyhow!("The answers will not be kept: {error:#}.")),
        None => Ok(()),
    }
}

/// Returns a file's path.
fn path(name: &str) -> Option<PathBuf> {
    Some(folders::state()?.join(name))
}

/// Returns the bytes of a file; none where it cannot be read.
fn read(path: &Path) -> Vec<u8> {
    if !input_file::is_regular(path) {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => bytes,
        Err(_) => Vec::new(),
    }
}

fn names(path: &Path) -> BTreeSet<String> {
    String::from_utf8_lossy(&read(path))
        .lines()
        .map(|line| line.trim().to_owned())
        .collect()
}

/// Returns the object with the progress of each lesson, by its name.
fn read_answers(path: &Path) -> Value {
    match serde_json::from_slice(&read(path)) {
        Ok(Value::Object(all)) => Value::Object(all),
        _ => json!({}),
    }
}

/// Returns the progress in an entry; what is no progress is left out.
fn progress_of(entry: &Value) -> Progress {
    let number = |key: &str| {
        let number = entry.get(key).and_then(Value::as_u64).unwrap_or(0);
        usize::try_from(number).unwrap_or(0)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: Option<&Value>| {
        let list = value.and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let question = |entry: &Value| {
        let outcome = entry.get("outcome").and_then(Value::as_str);
        QuestionProgress {
            question: entry.get("question").map(text).unwrap_or_default(),
            outcome: outcome
                .and_then(QuestionOutcome::from_name)
                .unwrap_or_default(),
            typed: list(entry.get("typed")).iter().map(text).collect(),
        }
    };
    Progress {
        step: number("step"),
        last: number("last"),
        questions: list(entry.get("questions")).iter().map(question).collect(),
    }
}

fn write_answers(path: &Path, lesson: &Lesson) -> Result<()> {
    let mut all = read_answers(path);
    let progress = &lesson.progress;
    let questions = progress.questions.iter().map(|question| {
        let typed: Vec<&String> = question.typed.iter().take(MAX_TYPED).collect();
        json!({
            "question": question.question, "outcome": question.outcome.as_str(), "typed": typed,
        })
    });
    let entry = json!({
        "step": progress.step, "last": progress.last, "questions": questions.collect::<Vec<_>>(),
    });
    if let Value::Object(all) = &mut all {
        all.insert(lesson.name.clone(), entry);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    atomic_file::write_file(path, |out| {
        serde_json::to_writer_pretty(&mut *out, &all)?;
        Ok(writeln!(out)?)
    })
}

fn add(path: &Path, name: &str) -> std::io::Result<()> {
    if names(path).contains(name) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if path.exists() && !input_file::is_regular(path) {
        return Err(std::io::Error::other("it is not a file"));
    }
    // The file may not end in a line break, so that the name brings its own.
    let is_new = fs::metadata(path).map_or(true, |facts| facts.len() == 0);
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let line = if is_new {
        format!("{name}\n")
    } else {
        format!("\n{name}\n")
    };
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_as_it_was_written_beside_that_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join("answers.json");
        let lesson = |name: &str, step| Lesson {
            name: name.into(),
            progress: Progress {
                step,
                last: 9,
                questions: vec![QuestionProgress {
                    question: "How many \"bytes\"?".into(),
                    outcome: QuestionOutcome::Right,
                    typed: vec!["5".into(), "\u{1b}[2J".into()],
                }],
            },
            ..Lesson::default()
        };
        write_answers(&path, &lesson("bytes", 3)).unwrap();
        write_answers(&path, &lesson("strings", 4)).unwrap();
        write_answers(&path, &lesson("bytes", 5)).unwrap();
        let all = read_answers(&path);
        let of = |name: &str| all.get(name).map(progress_of);
        assert_eq!(of("bytes"), Some(lesson("bytes", 5).progress));
        assert_eq!(of("strings"), Some(lesson("strings", 4).progress));
        fs::write(
            &path,
            b"{\"bytes\": [1], \"strings\": {\"questions\": [7, {}]}",
        )
        .unwrap();
        assert_eq!(read_answers(&path), json!({}));
        let odd = json!({"step": -1, "last": "x", "questions": [7, {"outcome": "great"}]});
        assert_eq!(
            progress_of(&odd).questions,
            vec![QuestionProgress::default(); 2]
        );
    }

    #[test]
    fn names_are_added_once_and_other_lines_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join("lessons");
        assert_eq!(names(&path), BTreeSet::new());
        add(&path, "bytes").unwrap();
        add(&path, "bytes").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "bytes\n");
        fs::write(&path, b"\xff\xfe\0 garbage\n  bytes \r\nno line break").unwrap();
        assert!(names(&path).contains("bytes"));
        add(&path, "strings").unwrap();
        assert!(fs::read(&path).unwrap().starts_with(b"\xff\xfe\0 garbage"));
        assert!(
            ["bytes", "strings", "no line break"]
                .iter()
                .all(|name| names(&path).contains(*name))
        );
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(
            names(&path).is_empty() && add(&path, "bytes").is_err(),
            "a folder in its place"
        );
    }
}
