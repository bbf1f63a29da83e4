//! A question in the details of a step: its prose, the question, the hints shown, and whether the
//! answer is right. Also the end of a session: its closing prose, and the key for the next lesson.

use ratatui::style::Style;

use crate::app::course::{self, AnswerGiven, QuestionOutcome, TRIES};
use crate::app::{Action, App};
use crate::prose::{Paragraph, Piece, PieceStyle};
use crate::safe;
use crate::timeline::{AnswerKind, StepRecord, describe_answer, format_answer};

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
    let choices = step.ask.iter().flat_map(|ask| &ask.form.choices);
    for (number, choice) in (1..).zip(choices) {
        let text = format!("{number}  {}", safe::cut(choice, 200));
        push(&mut lines, &text, columns, theme.text());
    }
    let hints = app
        .timeline
        .document
        .of_step(step.index)
        .map(|prose| prose.hints.as_slice())
        .unwrap_or_default();
    let shown = app.course.hints(step.index);
    for hint in hints.iter().take(shown) {
        lines.extend(prose::paragraph(&labelled("Hint: ", hint), columns, theme));
    }
    let given = app.course.given(step.index);
    if app.course.outcome(step.index) != QuestionOutcome::Open {
        push_ended(&mut lines, app, step, columns, theme);
        return lines;
    }
    if let Some(last) = given.last() {
        push_try(&mut lines, app, step, last, columns, theme);
    }
    let form = step.ask.as_ref().map(|ask| &ask.form);
    let answers = match form {
        Some(form) if !form.choices.is_empty() => "answers with a number",
        Some(form) => match form.kind {
            Some(AnswerKind::Number) => "answers with a number",
            Some(AnswerKind::Text) => "answers with a text",
            Some(AnswerKind::Truth) => "answers true or false",
            Some(AnswerKind::Other) | None => "answers",
        },
        None => "answers",
    };
    let mut choices = vec![(answer_key(app).to_owned(), answers)];
    if shown < hints.len() {
        choices.push((app.keys.key_of(Action::Hint).to_owned(), "gives a hint"));
    }
    choices.push((app.keys.key_of(Action::Next).to_owned(), "goes on without"));
    lines.extend(keys(&choices, columns, theme));
    lines
}

/// Returns the key that opens the line for an answer at an open question.
fn answer_key(app: &App) -> &str {
    let key = app.keys.key_of(Action::Answer);
    match app.keys.is_chosen(Action::Answer) || app.keys.is_chosen(Action::Next) {
        true => key,
        false => "enter",
    }
}

/// Returns a paragraph with a label before it.
fn labelled(label: &str, paragraph: &Paragraph) -> Paragraph {
    let mut paragraph = paragraph.clone();
    paragraph.pieces.insert(
        0,
        Piece {
            text: label.into(),
            style: PieceStyle::Emphasis,
        },
    );
    paragraph
}

/// Adds how the last try went, the author's reply to it, and how many tries are left.
fn push_try(
    lines: &mut Vec<Line>,
    app: &App,
    step: &StepRecord,
    given: &AnswerGiven,
    columns: u16,
    theme: &Theme,
) {
    let what = safe::cut(&given.typed, 80);
    let Some(Ok(answer)) = app.timeline.answer_to(step.index).map(|a| &a.value) else {
        push(lines, &format!("Answered: {what}."), columns, theme.text());
        return;
    };
    let form = course::form(app, step.index);
    let left = TRIES.saturating_sub(app.course.given(step.index).len());
    let advice = given.advice(answer, &form).unwrap_or_default();
    let left = match left {
        1 => "One try is left.".to_owned(),
        left => format!("{left} tries are left."),
    };
    let text = [format!("Not {what}."), safe::plain(&advice), left];
    let text: Vec<String> = text.into_iter().filter(|part| !part.is_empty()).collect();
    push(lines, &text.join(" "), columns, theme.tone(Tone::Warning));
    if let Some(reply) = course::reply(app, step.index, given) {
        lines.extend(prose::paragraph(reply, columns, theme));
    }
}

/// Adds the answer to a question that has ended.
fn push_ended(lines: &mut Vec<Line>, app: &App, step: &StepRecord, columns: u16, theme: &Theme) {
    let form = course::form(app, step.index);
    let given = app.course.given(step.index).last();
    let answer = match app.timeline.answer_to(step.index).map(|a| &a.value) {
        Some(Ok(value)) => {
            let what = given.map(|given| safe::cut(&given.typed, 80));
            match (what, given.is_some_and(|given| given.is(value, &form))) {
                (Some(what), true) => format!("You answered {what}: right."),
                (Some(what), false) => {
                    format!("You answered {what}. The answer: {}.", format_answer(value))
                }
                (None, _) => format!("The answer: {}.", format_answer(value)),
            }
        }
        Some(Err(why)) => format!("The answer could not be evaluated: {}", safe::plain(why)),
        None => "You went on without an answer.".to_owned(),
    };
    push(lines, &answer, columns, theme.text());
    let again = [
        (app.keys.key_of(Action::Answer).to_owned(), "answers again"),
        (app.keys.key_of(Action::Next).to_owned(), "goes on"),
    ];
    lines.extend(keys(&again, columns, theme));
}

/// Returns keys with what they do, several on a line where they fit.
fn keys(choices: &[(String, &str)], columns: u16, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (Line::new(), 0);
    for (key, what) in choices {
        let (key, style) = (theme.glyphs.key(key), theme.key());
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
    for (given, answer) in course::verdicts(app, app.moment.step) {
        let Ok(value) = &answer.value else { continue };
        let asked_in = answer.asked_in;
        let (what, answer) = (safe::cut(&given.typed, 80), format_answer(value));
        if given.is(value, &course::form(app, asked_in)) {
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
            if let Some(reply) = course::reply(app, asked_in, given) {
                lines.extend(prose::paragraph(reply, columns, theme));
            }
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
        if app.course.given(answer.asked_in).is_empty() {
            break;
        }
        rest = before.trim_end();
    }
    rest.to_owned()
}

/// Returns the offer to go on where the open lesson was left.
pub fn offer(app: &App, columns: u16, theme: &Theme) -> Vec<Line> {
    let Some(step) = course::place_left(app) else {
        return Vec::new();
    };
    let line = vec![
        (format!("Last time you came to step {step}: "), theme.text()),
        key(app, Action::NextLesson, theme),
        (" goes on there.".to_owned(), theme.text()),
    ];
    prose::wrap(&line, columns)
}

/// Returns the end of a session: its closing prose, and the key for the next lesson.
pub fn closing(app: &App, columns: u16, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let is_over = app
        .position()
        .is_none_or(|at| app.record().is_none_or(|step| at >= step.events.len()));
    if !course::is_at_end(app) || !is_over {
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
    if let Some(score) = course::score(app) {
        let tone = theme.text();
        push(&mut lines, &score, columns, tone);
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
