//! `linmem lesson [NAME]`: the list of lessons, or one of them.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Result, bail};
use linmem::{safe, terminal, text};

use crate::cli::LessonArgs;

use super::builtin::LESSONS;
use super::load::InitialSession;
use super::theme::wants_color;
use super::{lesson_progress, load, run, tui};

pub fn lesson(args: &LessonArgs) -> Result<ExitCode> {
    let Some(name) = &args.name else {
        return list(args);
    };
    let index = find(name)?;
    let opening = load::lesson(index, &args.session)?;
    if shows_screen(args) {
        let initial = InitialSession {
            opening,
            lesson: Some(index),
            file: None,
        };
        tui::play(
            initial,
            &args.session,
            &args.appearance,
            !args.mouse.no_mouse,
        )
    } else {
        run::transcript_of(opening, args.session.at, &args.appearance)
    }
}

/// Returns whether the lesson is shown on the terminal.
pub fn shows_screen(args: &LessonArgs) -> bool {
    args.name.is_some() && terminal::is_usable() && args.session.stdin.is_none()
}

fn list(args: &LessonArgs) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let lessons = lesson_progress::lessons();
    let is_bold = wants_color(args.appearance.color, out.is_terminal());
    let (bold, plain) = if is_bold {
        ("\x1b[1m", "\x1b[0m")
    } else {
        ("", "")
    };
    let mark = if args.appearance.ascii { "x" } else { "✓" };
    for (index, lesson) in lessons.iter().enumerate() {
        let done = if lesson.finished { mark } else { " " };
        writeln!(
            out,
            "{done} {:>2}  {bold}{:<13}{plain}  {}",
            index + 1,
            lesson.name,
            lesson.description
        )?;
        let progress = lesson.progress.describe();
        if !progress.is_empty() {
            writeln!(out, "{:20}{progress}", "")?;
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
            name("12").unwrap_err(),
            "there is no lesson 12: they are numbered from 1 to 11"
        );
        assert!(name("0").unwrap_err().contains("numbered from 1"));
        assert!(name("").is_err() && name("\u{1b}[2J").unwrap_err().contains("\\u{1b}"));
    }
}
