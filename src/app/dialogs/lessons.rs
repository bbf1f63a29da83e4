//! What a person does in a lesson: answers a question, asks for a hint, goes on where a lesson was left
//! or to the next one. A question never stops a session: going on without an answer is possible.

use tui_input::Input;

use crate::app::course::{self, AnswerError, AnswerGiven, QuestionOutcome, TRIES};
use crate::app::execution::{advance, run, switch};
use crate::app::{Action, App, Effect, Overlay};
use crate::timeline::AnswerForm;
use crate::value::Value;

/// Opens the line for an answer to the question of the step shown, with `typed` in it.
pub(in crate::app) fn open(app: &mut App, typed: &str) {
    if app.record().is_some_and(|step| step.ask.is_some()) {
        app.overlay = Overlay::Answer {
            input: Input::new(typed.to_owned()),
            error: None,
        };
    } else {
        app.notify("This step asks no question.");
    }
}

/// Shows one more hint.
pub(in crate::app) fn hint(app: &mut App) {
    let step = app.moment.step;
    let (shown, all) = (app.course.hints(step), course::hints_here(app));
    match all {
        0 => app.notify("This step has no hints."),
        _ if shown >= all => app.notify("No more hints."),
        _ => {
            app.course.show_hints(step, shown + 1);
            app.scroll.happened = 0;
        }
    }
}

/// Takes the answer. The steps after the question run until they show whether it is right. An empty
/// line goes on without an answer.
pub(in crate::app) fn confirm(app: &mut App) -> Option<Effect> {
    let Overlay::Answer { input, .. } = &app.overlay else {
        return None;
    };
    let typed = input.value().trim().to_owned();
    let step = app.moment.step;
    if typed.is_empty() {
        app.overlay = Overlay::None;
        return advance::next(app);
    }
    let value = (app.course.evaluate)(without_unit(&typed), &app.timeline, step);
    let given = match read_answer(typed, value, &course::form(app, step)) {
        Ok(given) => given,
        Err(advice) => {
            if let Overlay::Answer { error, .. } = &mut app.overlay {
                *error = Some(advice);
            }
            return None;
        }
    };
    app.overlay = Overlay::None;
    app.course.add_answer(step, given);
    judge(app, step)
}

/// Returns the answer that a line is, with the value that it has as an expression.
///
/// # Errors
/// The line is no answer of the kind that is asked for, which is no try: the message for it.
fn read_answer(
    typed: String,
    value: Result<Value, AnswerError>,
    form: &AnswerForm,
) -> Result<AnswerGiven, String> {
    if let Err(why) = &value
        && is_meant_as_expression(&typed)
        && !is_hexadecimal(&typed)
    {
        return Err(why.to_string());
    }
    let value = value.ok();
    let given = AnswerGiven { typed, value };
    match kind_advice(&given, form) {
        Some(advice) => Err(advice),
        None => Ok(given),
    }
}

/// Returns the message for an answer that is certainly of another kind than the one asked for. It is
/// no try.
fn kind_advice(given: &AnswerGiven, form: &AnswerForm) -> Option<String> {
    if !given.has_other_kind(form) {
        return None;
    }
    let number = form.choices.len();
    Some(match form.kind {
        _ if number > 0 => format!("Choose one of the answers by its number, 1 to {number}."),
        Some(kind) => format!("{}.", course::asked_for(kind)),
        None => return None,
    })
}

/// Decides about the last answer to the question of a step, or runs the next step to find out.
fn judge(app: &mut App, step: usize) -> Option<Effect> {
    app.course.set_judging(None);
    let answer = app
        .timeline
        .answer_to(step)
        .map(|answer| answer.value.clone());
    match answer {
        Some(Ok(answer)) => decide(app, step, &answer),
        // No answer is known, so that none can be wrong.
        Some(Err(_)) => {
            app.course.set_outcome(step, QuestionOutcome::Missed);
            go_on_after(app, step)
        }
        None if app.session.is_ready() => {
            app.course.set_judging(Some(step));
            let effect = run::run_planned(app);
            app.session.set_follows(false);
            effect
        }
        None if app.session.is_running() => {
            app.course.set_judging(Some(step));
            None
        }
        None => {
            app.course.set_outcome(step, QuestionOutcome::Skipped);
            app.notify("The session is over, so that this question has no answer.");
            None
        }
    }
}

fn decide(app: &mut App, step: usize, answer: &Value) -> Option<Effect> {
    let is_right = {
        let form = course::form(app, step);
        let given = app.course.given(step).last();
        given.is_some_and(|given| given.is(answer, &form))
    };
    let was_open = app.course.outcome(step) == QuestionOutcome::Open;
    if is_right {
        app.course.set_outcome(step, QuestionOutcome::Right);
    } else if app.course.given(step).len() >= TRIES {
        app.course.set_outcome(step, QuestionOutcome::Missed);
    }
    app.scroll.happened = 0;
    match app.course.outcome(step) {
        QuestionOutcome::Open => None,
        _ if was_open => go_on_after(app, step),
        _ => None,
    }
}

fn go_on_after(app: &mut App, step: usize) -> Option<Effect> {
    (app.moment.step == step)
        .then(|| advance::next(app))
        .flatten()
}

/// Continues to find out an answer after a step has run that is not shown.
pub(in crate::app) fn continue_judging(app: &mut App) -> Option<Effect> {
    judge(app, app.course.judging()?)
}

/// Returns whether a line that cannot be evaluated was meant as an expression, and not as text
/// without quotes.
fn is_meant_as_expression(typed: &str) -> bool {
    typed.starts_with(|c: char| c.is_ascii_digit() || "\"-([".contains(c))
        || typed.starts_with("hex\"")
}

/// Returns whether a line is digits of a hexadecimal number without `0x`, or pairs of them.
fn is_hexadecimal(typed: &str) -> bool {
    typed.chars().all(|c| c.is_ascii_hexdigit() || c == ' ')
}

/// Returns a number without the unit after it, such as `5` of `5 bytes`.
fn without_unit(typed: &str) -> &str {
    const UNITS: [&str; 6] = ["byte", "bytes", "page", "pages", "character", "characters"];
    match typed.rsplit_once(' ') {
        Some((number, unit)) if UNITS.contains(&unit) => number.trim(),
        _ => typed,
    }
}

/// Goes on where the open lesson was left; else opens the lesson after it.
pub(in crate::app) fn next_lesson(app: &mut App) -> Option<Effect> {
    if let Some(step) = course::place_left(app) {
        course::recall(app, step);
        return advance::go_to(app, step);
    }
    match (app.course.open, app.course.next()) {
        (_, Some((next, _))) => switch::open_session(app, app.sessions.len().saturating_add(next)),
        (Some(_), None) => {
            let list = app.keys.key_of(Action::ChooseSession);
            app.notify(format!(
                "This was the last lesson: {list} lists them all, and the sessions too."
            ));
            None
        }
        (None, _) => {
            let list = app.keys.key_of(Action::ChooseSession);
            app.notify(format!("No lesson is open: {list} lists them."));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::eval::{self, EvalEnv};
    use crate::script::parse_expression;
    use crate::testing::sessions;
    use std::path::Path;

    /// An answer without variables.
    struct NoVariables;

    impl EvalEnv for NoVariables {
        fn variable(&self, _name: &str) -> Option<&Value> {
            None
        }
    }

    fn value_of(typed: &str) -> Result<Value, AnswerError> {
        let no_value = |error: &dyn ToString| AnswerError(error.to_string());
        let expression = parse_expression(typed, &[]).map_err(|error| no_value(&error))?;
        eval::evaluate(&expression, &NoVariables).map_err(|error| no_value(&error))
    }

    /// The test of the page in `tests/page/lesson.rs` reads the same file.
    #[test]
    fn answers_that_the_page_accepts_are_accepted() {
        let timeline = sessions::run(sessions::file_config(Path::new(
            "tests/page/equal_answers.md",
        )));
        let mut checked = 0;
        for step in timeline.steps() {
            let Some(ask) = &step.ask else { continue };
            let answer = timeline
                .answer_to(step.index)
                .unwrap()
                .value
                .clone()
                .unwrap();
            let (right, wrong) = ask.question.split_once(" wrong: ").unwrap();
            let right = right.strip_prefix("right: ").unwrap();
            for (list, is_right) in [(right, true), (wrong, false)] {
                for typed in list.split(" | ") {
                    let value = value_of(without_unit(typed));
                    let given = read_answer(typed.to_owned(), value, &ask.form);
                    let is = given.is_ok_and(|given| given.is(&answer, &ask.form));
                    assert_eq!(is, is_right, "{typed} for {answer}");
                    checked += 1;
                }
            }
        }
        assert!(checked > 80, "{checked}");
    }

    #[test]
    fn words_are_text_and_broken_numbers_are_mistakes() {
        assert!(
            is_meant_as_expression("0x4g")
                && is_meant_as_expression("\"open")
                && is_meant_as_expression("-")
        );
        assert!(!is_meant_as_expression("Did you know") && !is_meant_as_expression("yes"));
        assert!(is_hexadecimal("4f") && is_hexadecimal("68 69") && !is_hexadecimal("0x4g"));
    }

    #[test]
    fn a_unit_after_a_number_is_ignored() {
        assert_eq!(without_unit("5 bytes"), "5");
        assert_eq!(without_unit("64 * 2 pages"), "64 * 2");
        assert_eq!(without_unit("5 apples"), "5 apples");
        assert_eq!(without_unit("bytes"), "bytes");
    }
}
