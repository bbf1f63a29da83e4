//! `linmem [FILE]` on a terminal.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Result;
use linmem::app::{App, Course, SessionChoice};
use linmem::terminal;
use linmem::ui::Theme;

use crate::cli::{Cli, LookArgs, SessionArgs, ThemeName};

use super::builtin::SESSIONS;
use super::session_host::{SessionHost, Subject};
use super::{answer_parser, history, lesson, load, wants_color};

pub fn show(cli: &Cli) -> Result<ExitCode> {
    // A file that cannot be used is said on the plain terminal, before the screen is taken.
    let opening = load::opening(cli.file.as_deref(), &cli.session)?;
    let subject = Subject {
        opening,
        lesson: None,
        file: cli.file.clone(),
    };
    play(subject, &cli.session, &cli.look, !cli.mouse.no_mouse)
}

/// Shows a session or a lesson.
pub fn play(
    subject: Subject,
    session: &SessionArgs,
    look: &LookArgs,
    mouse: bool,
) -> Result<ExitCode> {
    let choices = SESSIONS
        .iter()
        .map(|s| SessionChoice {
            name: s.name.into(),
            description: s.description.into(),
        })
        .collect();
    let mut app = App::new((80, 24), choices, mouse);
    app.keys = look.keys.clone();
    app.course = Course::new(lesson::course(), subject.lesson, answer_parser::read);
    if let Some(at) = session.at {
        app.goal = Some(at.step);
        app.goal_event = at
            .store
            .map(|store| u32::try_from(store).unwrap_or(u32::MAX));
    }
    app.history = history::read();
    let mut host = SessionHost::new(subject, session.clone(), look.ascii);
    let options = terminal::Options { mouse };
    match terminal::run(app, theme(look), &mut host, options)? {
        terminal::Exit::Quit => Ok(ExitCode::SUCCESS),
        terminal::Exit::Signal(number) => Ok(ExitCode::from(
            u8::try_from(128 + number).unwrap_or(u8::MAX),
        )),
    }
}

fn theme(look: &LookArgs) -> Theme {
    theme_of(look, wants_color(look, std::io::stdout().is_terminal()))
}

/// The theme with or without colours.
pub fn theme_of(look: &LookArgs, has_color: bool) -> Theme {
    let theme = match look.theme {
        _ if !has_color => Theme::mono(),
        ThemeName::Dark => Theme::dark(),
        ThemeName::Light => Theme::light(),
        ThemeName::Mono => Theme::mono(),
    };
    if look.ascii {
        theme.with_ascii()
    } else {
        theme
    }
}
