//! `linmem lesson [NAME]`: the list of lessons, or one of them.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use linmem::{safe, terminal, text};

use crate::cli::LessonArgs;

use super::builtin::LESSONS;
use super::file_watch::WatchedFiles;
use super::session_host::InitialSession;
use super::{atomic_file, lesson_folder, lesson_page, lesson_progress, load, run, theme, tui};

/// Each lesson with the lessons that it needs, in an order in which they can be taken.
const MAP: &[(&str, &[&str])] = &[
    ("bytes", &[]),
    ("numbers", &["bytes"]),
    ("alignment", &["numbers"]),
    ("in-place", &["numbers"]),
    ("strings", &["bytes"]),
    ("nul", &["strings"]),
    ("utf16", &["strings", "numbers"]),
    ("protocol", &["strings"]),
    ("growing", &["bytes"]),
    ("moving", &["protocol", "growing"]),
    ("structs", &["numbers"]),
    ("padding", &["structs"]),
    ("results", &["structs", "protocol"]),
    ("struct-result", &["padding", "results"]),
    ("overrun", &["numbers"]),
    ("out-of-bounds", &["overrun"]),
    ("rollback", &["out-of-bounds"]),
    ("isolation", &["out-of-bounds"]),
    ("function-pointers", &["overrun"]),
    ("imports", &["protocol"]),
    ("locals", &["numbers"]),
    ("dead-frame", &["locals"]),
    ("ownership", &["protocol"]),
    ("leak", &["ownership"]),
    ("double-free", &["ownership"]),
    ("who-frees", &["double-free", "leak"]),
    ("toolchains", &["results", "ownership", "dead-frame"]),
    ("canonical-abi", &["toolchains"]),
    ("real-host", &["growing", "double-free"]),
];

pub fn lesson(args: &LessonArgs) -> Result<ExitCode> {
    if let Some(name) = args
        .name
        .as_deref()
        .filter(|name| lesson_folder::is_folder(name))
    {
        return open_folder(Path::new(name), args);
    }
    if args.map {
        return map();
    }
    let Some(name) = &args.name else {
        return list(args);
    };
    let file = Path::new(name);
    if is_lesson_file(file) {
        return open_file(file, args);
    }
    let index = find(name)?;
    if let Some(folder) = &args.export {
        return export(index, folder);
    }
    if let Some(format) = args.format {
        let opening = load::lesson(index, &args.screen.session)?;
        let title = LESSONS.get(index).map_or("", |lesson| lesson.name);
        return lesson_page::write(opening, title, format, args);
    }
    let files = WatchedFiles::of_session(None, &args.screen.session);
    let opening = load::lesson(index, &args.screen.session)?;
    if shows_screen(args) {
        let initial = InitialSession {
            opening,
            lesson: Some(index),
            file: None,
            files,
        };
        tui::play(initial, &args.screen)
    } else {
        run::transcript_of(
            opening,
            args.screen.session.at.as_ref(),
            &args.screen.appearance,
        )
    }
}

/// Returns whether the name of a lesson is that of a Markdown file.
fn is_lesson_file(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "md") && file.is_file()
}

/// Lists the lessons of a folder.
fn open_folder(folder: &Path, args: &LessonArgs) -> Result<ExitCode> {
    if args.export.is_some() || args.format.is_some() {
        bail!(
            "{} is a folder; --format and --export need one lesson, such as {}",
            atomic_file::printable(folder),
            atomic_file::printable(&folder.join("NAME.md"))
        );
    }
    lesson_folder::list(folder, args.map)
}

/// Opens a lesson in a file, or writes it.
fn open_file(file: &Path, args: &LessonArgs) -> Result<ExitCode> {
    if args.export.is_some() {
        bail!(
            "{} is a file of your own; --export writes built-in lessons",
            atomic_file::printable(file)
        );
    }
    let files = WatchedFiles::of_session(Some(file), &args.screen.session);
    let opening = load::opening(Some(file), &args.screen.session)?;
    if let Some(format) = args.format {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        return lesson_page::write(opening, &name, format, args);
    }
    if shows_screen(args) {
        let initial = InitialSession {
            opening,
            lesson: None,
            file: Some(file.to_path_buf()),
            files,
        };
        return tui::play(initial, &args.screen);
    }
    run::transcript_of(
        opening,
        args.screen.session.at.as_ref(),
        &args.screen.appearance,
    )
}

/// Returns whether the lesson is shown on the terminal.
pub fn shows_screen(args: &LessonArgs) -> bool {
    let is_lesson = |name: &String| !lesson_folder::is_folder(name);
    let is_opened = args.name.as_ref().is_some_and(is_lesson)
        && !args.map
        && args.export.is_none()
        && args.format.is_none();
    is_opened && terminal::is_usable() && args.screen.session.stdin.is_none()
}

/// Writes the files of a lesson into a folder. A file that exists is not replaced.
fn export(index: usize, folder: &Path) -> Result<ExitCode> {
    let Some(lesson) = LESSONS.get(index) else {
        bail!("there is no lesson {}", index.saturating_add(1))
    };
    if let Some(file) = lesson.existing_file(folder) {
        let shown = atomic_file::printable(&file);
        bail!("{shown} exists; name another folder, or remove it");
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", atomic_file::printable(folder)))?;
    let mut out = io::stdout().lock();
    for file in lesson.write_into(folder)? {
        writeln!(out, "wrote {}", atomic_file::printable(&file))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints which lesson needs which.
fn map() -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    for (name, needs) in MAP {
        let number = LESSONS.iter().position(|lesson| lesson.name == *name);
        let number = number.map_or(0, |index| index + 1);
        let after = match needs {
            [] => String::new(),
            some => format!("after {}", some.join(", ")),
        };
        writeln!(
            out,
            "{}",
            format!("{number:>2}  {name:<18} {after}").trim_end()
        )?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn list(args: &LessonArgs) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let lessons = lesson_progress::lessons();
    let [bold, plain] = theme::bold(args.screen.appearance.color, out.is_terminal());
    let mark = if args.screen.appearance.ascii {
        "x"
    } else {
        "✓"
    };
    for (index, lesson) in lessons.iter().enumerate() {
        let done = if lesson.finished { mark } else { " " };
        writeln!(
            out,
            "{done} {:>2}  {bold}{:<17}{plain}  {}",
            index + 1,
            lesson.name,
            lesson.description
        )?;
        let progress = lesson.progress.describe();
        if !progress.is_empty() {
            writeln!(out, "{:24}{progress}", "")?;
        }
    }
    let done = lessons.iter().filter(|lesson| lesson.finished).count();
    let next = lessons.iter().find(|lesson| !lesson.finished);
    writeln!(out)?;
    match next {
        Some(next) => writeln!(
            out,
            "{done} of {} finished. Go on with: linmem lesson {}",
            lessons.len(),
            next.name
        )?,
        None => writeln!(
            out,
            "All {} finished. Open any of them again: linmem lesson NAME",
            lessons.len()
        )?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the index of a lesson by its number, its name, the beginning of its name, or a similar
/// name.
fn find(name: &str) -> Result<usize> {
    let wanted = name.trim().to_ascii_lowercase();
    let digits = wanted.trim_end_matches(".md");
    if let Ok(number) = digits.parse::<usize>() {
        return match number.checked_sub(1).filter(|index| *index < LESSONS.len()) {
            Some(index) => Ok(index),
            None => bail!(
                "there is no lesson {number}: they are numbered from 1 to {}",
                LESSONS.len()
            ),
        };
    }
    // The name of a lesson's file begins with the number.
    let wanted = digits
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches('-');
    if let Some(index) = LESSONS.iter().position(|lesson| lesson.name == wanted) {
        return Ok(index);
    }
    let mut beginning = LESSONS
        .iter()
        .enumerate()
        .filter(|(_, l)| !wanted.is_empty() && l.name.starts_with(wanted));
    if let (Some((index, _)), None) = (beginning.next(), beginning.next()) {
        return Ok(index);
    }
    let nearest = text::nearest(wanted, LESSONS.iter().map(|lesson| lesson.name));
    match LESSONS
        .iter()
        .position(|lesson| Some(lesson.name) == nearest)
    {
        Some(index) => Ok(index),
        None => bail!(
            "there is no lesson {}; `linmem lesson` lists them",
            safe::quoted(name, 60)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_has_every_lesson_after_those_that_it_needs() {
        let names: Vec<&str> = MAP.iter().map(|(name, _)| *name).collect();
        for lesson in LESSONS {
            assert!(
                names.contains(&lesson.name),
                "{} is not in the map",
                lesson.name
            );
        }
        assert_eq!(names.len(), LESSONS.len());
        for (at, (name, needs)) in MAP.iter().enumerate() {
            for need in *needs {
                assert!(names[..at].contains(need), "{name} needs {need}");
            }
        }
    }

    #[test]
    fn a_lesson_is_found_by_number_name_beginning_and_likeness() {
        let name = |wanted: &str| {
            find(wanted)
                .map(|index| LESSONS[index].name)
                .map_err(|error| error.to_string())
        };
        assert_eq!(name("3"), Ok("strings"));
        assert_eq!(name("03"), Ok("strings"));
        assert_eq!(name("strings"), Ok("strings"));
        assert_eq!(name("03-strings.md"), Ok("strings"));
        assert_eq!(name("Over"), Ok("overrun"));
        assert_eq!(name("owner"), Ok("ownership"));
        assert_eq!(name("sringts"), Ok("strings"));
        assert_eq!(
            name("o").unwrap_err(),
            "there is no lesson \"o\"; `linmem lesson` lists them"
        );
        assert_eq!(
            name("30").unwrap_err(),
            "there is no lesson 30: they are numbered from 1 to 29"
        );
        assert!(name("0").unwrap_err().contains("numbered from 1"));
        assert!(name("").is_err() && name("\u{1b}[2J").unwrap_err().contains("\\u{1b}"));
    }
}
