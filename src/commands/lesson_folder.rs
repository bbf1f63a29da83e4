//! `linmem lesson FOLDER`: a course, which is a folder of lessons.
//!
//! The order of the lessons is that of their file names. A file `course.txt` in the folder gives
//! another one, and which lesson needs which: a line has the name of a lesson, and after a colon the
//! names of those that it needs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use linmem::{safe, text};

use super::atomic_file::printable;
use super::builtin::LESSONS;

/// The name of the file with the order.
const ORDER: &str = "course.txt";

/// The most bytes that are read of a file.
const MAX_FILE: u64 = 1 << 20;

/// Characters of a name and of a title that are shown before it is cut.
const NAME: usize = 24;
const TITLE: usize = 60;

/// A lesson of a course.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// The name of its file without the ending, not safe to print.
    name: String,
    /// Its heading.
    title: String,
    /// The names of the lessons that it needs.
    needs: Vec<String>,
}

/// Returns whether the name of a lesson is that of a folder. A built-in lesson is preferred to a
/// folder of its name, which `./NAME` means.
pub fn is_folder(name: &str) -> bool {
    let is_built_in = name.parse::<usize>().is_ok() || LESSONS.iter().any(|l| l.name == name);
    !is_built_in && Path::new(name).is_dir()
}

/// Prints the lessons of a folder, or with `is_map` which lesson needs which.
pub fn list(folder: &Path, is_map: bool) -> Result<ExitCode> {
    let lessons = in_order(folder, lessons(folder)?)?;
    let width = lessons
        .iter()
        .map(|l| text::width(&safe::cut(&l.name, NAME)));
    let width = width.max().unwrap_or(0);
    let mut out = io::stdout().lock();
    for (number, lesson) in (1..).zip(&lessons) {
        let name = safe::cut(&lesson.name, NAME);
        let blanks = " ".repeat(width.saturating_sub(text::width(&name)));
        let about = match (is_map, lesson.needs.as_slice()) {
            (false, _) => safe::cut(&lesson.title, TITLE),
            (true, []) => String::new(),
            (true, needs) => format!("after {}", safe::plain(&needs.join(", "))),
        };
        writeln!(
            out,
            "{}",
            format!("{number:>2}  {name}{blanks}  {about}").trim_end()
        )?;
    }
    if let (false, Some(first)) = (is_map, lessons.first()) {
        let file = printable(&folder.join(format!("{}.md", first.name)));
        writeln!(out, "\nOpen one of them with: linmem lesson {file}")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the lessons of a folder, in the order of their file names: the Markdown files that have
/// steps.
fn lessons(folder: &Path) -> Result<Vec<Entry>> {
    let shown = printable(folder);
    let files = fs::read_dir(folder).with_context(|| format!("cannot read the folder {shown}"))?;
    let mut lessons = Vec::new();
    for file in files {
        let path = file
            .with_context(|| format!("cannot read the folder {shown}"))?
            .path();
        let (Some(name), true) = (
            path.file_stem().and_then(|name| name.to_str()),
            path.is_file(),
        ) else {
            continue;
        };
        if path.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        let text = read(&path)?;
        if text.lines().any(|line| line.trim() == "```steps") {
            lessons.push(Entry {
                name: name.to_owned(),
                title: title(&text),
                needs: Vec::new(),
            });
        }
    }
    if lessons.is_empty() {
        bail!("{shown} has no lesson; a lesson is a Markdown file with blocks that begin ```steps");
    }
    lessons.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(lessons)
}

/// Returns the heading of a lesson.
fn title(text: &str) -> String {
    let heading = text.lines().find_map(|line| line.strip_prefix("# "));
    heading.unwrap_or_default().trim().to_owned()
}

/// Returns the lessons in the order of the file with it, if there is one.
fn in_order(folder: &Path, lessons: Vec<Entry>) -> Result<Vec<Entry>> {
    let file = folder.join(ORDER);
    if !file.is_file() {
        return Ok(lessons);
    }
    ordered(&read(&file)?, lessons).with_context(|| printable(&file))
}

/// Returns the lessons in the order of a text.
///
/// # Errors
/// A line names no lesson, or one for the second time; a lesson needs one that does not come before
/// it; a lesson is missing.
fn ordered(order: &str, lessons: Vec<Entry>) -> Result<Vec<Entry>> {
    let mut left: BTreeMap<String, Entry> = lessons
        .into_iter()
        .map(|lesson| (lesson.name.clone(), lesson))
        .collect();
    let mut found: Vec<Entry> = Vec::new();
    for (number, line) in (1..).zip(order.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, needs) = line.split_once(':').unwrap_or((line, ""));
        let (name, quoted) = (name.trim(), safe::quoted(name.trim(), NAME));
        let Some(mut lesson) = left.remove(name) else {
            bail!(match found.iter().any(|lesson| lesson.name == name) {
                true => format!("line {number} names {quoted} again; name each lesson once"),
                false => format!("line {number} names {quoted}, and the folder has no such lesson"),
            });
        };
        let needs = needs.split(',').map(str::trim);
        for need in needs.filter(|need| !need.is_empty()) {
            if !found.iter().any(|lesson| lesson.name == need) {
                let need = safe::quoted(need, NAME);
                bail!("line {number}: {quoted} needs {need}, which is in no line before it");
            }
            lesson.needs.push(need.to_owned());
        }
        found.push(lesson);
    }
    match left.into_keys().next() {
        Some(name) => bail!(
            "{} is in no line; name each lesson of the folder",
            safe::quoted(&name, NAME)
        ),
        None => Ok(found),
    }
}

/// Reads the beginning of a file as text.
fn read(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", printable(path)))?;
    file.take(MAX_FILE)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", printable(path)))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lessons(names: &[&str]) -> Vec<Entry> {
        let entry = |name: &&str| Entry {
            name: (*name).to_owned(),
            title: String::new(),
            needs: Vec::new(),
        };
        names.iter().map(entry).collect()
    }

    fn order(text: &str) -> Result<Vec<(String, Vec<String>)>, String> {
        let found = ordered(text, lessons(&["a", "b", "c"])).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|l| (l.name, l.needs)).collect())
    }

    #[test]
    fn an_order_names_every_lesson_once_and_after_what_it_needs() {
        let found = order("# My course\nc\n\n a : c\nb: a, c\r\n").unwrap();
        let needs = |index: usize| found[index].1.join(" ");
        assert_eq!(found[0].0, "c");
        assert_eq!(
            (needs(0).as_str(), needs(1).as_str(), needs(2).as_str()),
            ("", "c", "a c")
        );
        for (text, part) in [
            ("a\nb", "\"c\" is in no line"),
            ("a\na\nb\nc", "line 2 names \"a\" again"),
            (
                "a\nd",
                "line 2 names \"d\", and the folder has no such lesson",
            ),
            ("a: b\nb\nc", "line 1: \"a\" needs \"b\""),
            ("a: a\nb\nc", "needs \"a\""),
        ] {
            let error = order(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
