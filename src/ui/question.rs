//! A question in the details of a step: its prose, the question, the hints shown, and whether the
//! answer is right. Also the end of a session: its closing prose, and the key for the next lesson.

use ratatui::style::Style;

use crate::app::dialogs::lessons;
use crate::app::{Action, App};
use crate::prose::{Piece, PieceStyle};
use crate::safe;
use crate::timeline::{StepRecord, describe_answer, format_answer};

use super::prose;
use super::step_prose::{prose_of, push, spaced};
use super::text;
use super::text::Line;
use super::theme::{Theme, Tone};

/// Returns the lines of a step that asks a question. Where not all of them fit in `rows`, the question
/// comes first.
pub fn lines(app: &App, step: &StepRecord, columns: u16, rows: usize, theme: &Theme) -> Vec<Line> {
    let before = prose_of(app, step, columns, theme);
    let asked = asked(app, step, columns, theme);
    if before.is_empty() {
        return asked;
    }
    let filled = before
        .iter()
        .chain(&asked)
        .filter(|line| !line.is_empty())
        .count();
    let parts = if filled > rows {
        [asked, before]
    } else {
        [before, asked]
    };
    parts.join(&Line::new())
}

/// Returns the question, the hints shown, and the answer or the keys to go on.
fn asked(app: &App, step: &StepRecord, columns: u16, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let question = step
        .ask
        .as_ref()
        .map(|ask| safe::cut(&ask.question, 400))
        .unwrap_or_default();
    push(&mut lines, &question, columns, theme.strong());
    let hints = app
        .timeline
        .document
        .of_step(step.index)
        .map(|prose| prose.hints.as_slice())
        .unwrap_or_default();
    let shown = app.course.hints(step.index);
    for hint in hints.iter().take(shown) {
        let mut hint = hint.clone();
        hint.pieces.insert(
            0,
            Piece {
                text: "Hint: ".into(),
                style: PieceStyle::Emphasis,
            },
        );
        lines.extend(prose::paragraph(&hint, columns, theme));
    }
    let given = app.course.answer(step.index);
    match (app.timeline.answer_to(step.index), given) {
        (Some(answer), given) => {
            let given = given
                .map(|given| format!("You answered {}. ", safe::cut(&given.typed, 80)))
                .unwrap_or_default();
            let answer = match &answer.value {
                Ok(value) => format!("The answer: {}.", format_answer(value)),
                Err(why) => format!("The answer could not be evaluated: {}", safe::plain(why)),
            };
            let text = format!("{given}{answer}");
            push(&mut lines, &text, columns, theme.text());
        }
        (None, Some(given)) => {
            let text = format!(
                "You answered {}. The next step shows whether that is right.",
                safe::cut(&given.typed, 80)
            );
            push(&mut lines, &text, columns, theme.text());
        }
        (None, None) => {
            let hint = (Action::Hint, "gives a hint");
            let mut choices = vec![
                (Action::Answer, "answers"),
                hint,
                (Action::Next, "goes on without"),
            ];
            choices.retain(|choice| *choice != hint || shown < hints.len());
            lines.extend(keys(app, &choices, columns, theme));
        }
    }
    lines
}

/// Returns keys with what they do, several on a line where they fit.
fn keys(app: &App, choices: &[(Action, &str)], columns: u16, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (Line::new(), 0);
    for (action, what) in choices {
        let (key, style) = key(app, *action, theme);
        let width = text::width(&key)
            .saturating_add(text::width(what))
            .saturating_add(1);
        if used > 0 && width.saturating_add(2).saturating_add(used) > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if used > 0 {
            line.push(("  ".to_owned(), theme.faint()));
            used += 2;
        }
        line.extend([(key, style), (format!(" {what}"), theme.faint())]);
        used = used.saturating_add(width);
    }
    lines.push(line);
    lines
}

fn key(app: &App, action: Action, theme: &Theme) -> (String, Style) {
    (theme.glyphs.key(app.keys.key_of(action)), theme.key())
}

/// Returns whether the answers given to earlier questions are right, where this step decides that.
pub fn verdicts(app: &App, columns: u16, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    for (given, answer) in lessons::verdicts(app, app.moment.step) {
        let Ok(value) = &answer.value else { continue };
        let (what, answer) = (safe::cut(&given.typed, 80), format_answer(value));
        if given.is(value) {
            push(
                &mut lines,
                &format!("You answered {what}: right."),
                columns,
                theme.tone(Tone::Good),
            );
        } else {
            push(
                &mut lines,
                &format!("You answered {what}. Not quite: it is {answer}."),
                columns,
                theme.tone(Tone::Warning),
            );
        }
    }
    lines
}

/// Returns the narration of a step without the answers that [`verdicts`] shows.
pub fn without_answers(app: &App, narration: String) -> String {
    let mut rest = narration.as_str();
    let answers = app
        .record()
        .map(|step| step.answers.as_slice())
        .unwrap_or_default();
    for answer in answers.iter().rev() {
        let Some(before) = rest.strip_suffix(&describe_answer(answer)) else {
            break;
        };
        if app.course.answer(answer.asked_in).is_none() {
            break;
        }
        rest = before.trim_end();
    }
    rest.to_owned()
}

/// Returns the end of a session: its closing prose, and the key for the next lesson.
pub fn closing(app: &App, columns: u16, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let is_over = app
        .position()
        .is_none_or(|at| app.record().is_none_or(|step| at >= step.events.len()));
    if !lessons::is_at_end(app) || !is_over {
        return lines;
    }
    let closing = spaced(
        &app.timeline.document.closing.paragraphs,
        app,
        columns,
        theme,
    );
    if !closing.is_empty() {
        lines.push(Line::new());
        lines.extend(closing);
    }
    if let Some(open) = app.course.open {
        let mut line = vec![(format!("Lesson {} is done. ", open + 1), theme.text())];
        match app.course.next() {
            Some((next, lesson)) => {
                let text = format!(" opens lesson {}, {}.", next + 1, safe::plain(&lesson.name));
                line.extend([key(app, Action::NextLesson, theme), (text, theme.text())]);
            }
            None => line.extend([
                ("That was the last one: ".to_string(), theme.text()),
                key(app, Action::ChooseSession, theme),
                (" lists them all.".to_string(), theme.text()),
            ]),
        }
        lines.extend(prose::wrap(&line, columns));
    }
    lines
}
