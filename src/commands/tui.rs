//! `linmem [FILE]` on a terminal.

use std::process::ExitCode;

use anyhow::Result;
use linmem::app::{App, Course, Goal, SessionChoice};
use linmem::terminal;

use crate::cli::{Cli, ScreenArgs};

use super::builtin::SESSIONS;
use super::file_watch::WatchedFiles;
use super::session_host::{InitialSession, SessionHost};
use super::{answer_parser, history, lesson_progress, load, theme};

pub fn show(cli: &Cli) -> Result<ExitCode> {
    // An error about the file goes to the plain terminal, before the screen is taken.
    let session = &cli.screen.session;
    let files = WatchedFiles::of_session(cli.file.as_deref(), session);
    let opening = load::opening(cli.file.as_deref(), session)?;
    let initial = InitialSession {
        files,
        opening,
        lesson: None,
        file: cli.file.clone(),
    };
    play(initial, &cli.screen)
}

/// Shows a session or a lesson.
pub fn play(initial: InitialSession, screen: &ScreenArgs) -> Result<ExitCode> {
    let ScreenArgs {
        session,
        appearance,
        mouse,
        watch,
    } = screen;
    let mouse = !mouse.no_mouse;
    let choices = SESSIONS
        .iter()
        .map(|s| SessionChoice {
            name: s.name.into(),
            description: s.description.into(),
        })
        .collect();
    let mut app = App::new((80, 24), choices, mouse);
    app.keys = appearance.keys.clone();
    app.course = Course::new(
        lesson_progress::lessons(),
        initial.lesson,
        answer_parser::evaluate,
    );
    if let Some(at) = &session.at {
        app.session.set_goal(Goal::Step(at.step));
        app.opens_at = Some(at.clone());
    }
    app.reload.is_automatic = *watch;
    app.history = history::read();
    let mut host = SessionHost::new(initial, session.clone(), appearance.ascii);
    let options = terminal::Options { mouse };
    match terminal::run(app, theme::of(appearance), &mut host, options)? {
        terminal::Exit::Quit => Ok(ExitCode::SUCCESS),
        terminal::Exit::Signal(number) => Ok(ExitCode::from(
            u8::try_from(128 + number).unwrap_or(u8::MAX),
        )),
    }
}
