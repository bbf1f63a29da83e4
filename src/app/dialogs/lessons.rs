//! The lessons: which one is open, the answers given to the questions of the session, and the hints
//! shown. A question never stops a session: going on without an answer shows the answer too.

use std::collections::BTreeMap;

use tui_input::Input;

use crate::app::execution::{advance, switch};
use crate::app::{Action, App, Effect, Overlay};
use crate::prose::Prose;
use crate::timeline::{Answer, Timeline};
use crate::value::Value;

/// Evaluates what was typed as an expression, with the variables known at the end of a step.
pub(crate) type EvaluateAnswer = fn(&str, &Timeline, usize) -> Result<Value, AnswerError>;

/// Why an answer is no expression, safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AnswerError(pub String);

/// A lesson that can be opened. Its index in [`Effect::OpenSession`] comes after the sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// The name in the list.
    pub name: String,
    /// The description in the list.
    pub description: String,
    /// Whether its last step has ever run.
    pub finished: bool,
}

/// The lessons, and what the person did in the one that is open.
#[derive(Debug, Clone)]
pub struct Course {
    /// All lessons, in the order of the list.
    pub lessons: Vec<Lesson>,
    /// The index of the lesson that is open.
    pub open: Option<usize>,
    pub(crate) evaluate: EvaluateAnswer,
    /// The answer given to the question of each step.
    answers: BTreeMap<usize, AnswerGiven>,
    /// How many hints of each step are shown.
    hints: BTreeMap<usize, usize>,
}

/// An answer that a person gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AnswerGiven {
    pub typed: String,
    /// The value of what was typed; `None` where it is no expression, and is taken as text.
    value: Option<Value>,
}

impl Default for Course {
    /// Returns a course without lessons; every answer is taken as text.
    fn default() -> Self {
        Course::new(Vec::new(), None, |_, _, _| {
            Err(AnswerError("expressions cannot be evaluated here".into()))
        })
    }
}

impl Course {
    /// Returns a course of these lessons; `open` is the index of the open one.
    pub fn new(lessons: Vec<Lesson>, open: Option<usize>, evaluate: EvaluateAnswer) -> Self {
        Course {
            lessons,
            open,
            evaluate,
            answers: BTreeMap::new(),
            hints: BTreeMap::new(),
        }
    }

    /// Returns the answer given to the question of a step.
    pub(crate) fn answer(&self, step: usize) -> Option<&AnswerGiven> {
        self.answers.get(&step)
    }

    /// Returns how many hints of a step are shown.
    pub(crate) fn hints(&self, step: usize) -> usize {
        self.hints.get(&step).copied().unwrap_or(0)
    }

    /// Returns the lesson after the open one.
    pub(crate) fn next(&self) -> Option<(usize, &Lesson)> {
        let next = self.open?.checked_add(1)?;
        Some((next, self.lessons.get(next)?))
    }

    /// Forgets answers and hints, for another run.
    pub(in crate::app) fn forget(&mut self) {
        self.answers.clear();
        self.hints.clear();
    }
}

impl AnswerGiven {
    /// Returns whether this is the answer. Text may be without quotes, and a truth value may be yes
    /// or no.
    pub fn is(&self, answer: &Value) -> bool {
        let typed = self.typed.trim();
        match (answer, &self.value) {
            (_, Some(value)) if value == answer => true,
            (Value::Int(wanted), Some(Value::Float(given))) => given.to_f64() == *wanted as f64,
            (Value::Float(wanted), Some(Value::Int(given))) => wanted.to_f64() == *given as f64,
            (Value::Text(wanted), _) => wanted.trim() == typed,
            (Value::Bytes(wanted), Some(Value::Text(given))) => wanted == given.as_bytes(),
            (Value::Bool(wanted), _) => match typed.to_ascii_lowercase().as_str() {
                "yes" | "y" => *wanted,
                "no" | "n" => !*wanted,
                _ => false,
            },
            _ => false,
        }
    }
}

/// Returns the step shown, where it asks a question whose answer is not shown yet.
pub(crate) fn open_question(app: &App) -> Option<usize> {
    let step = app.record().filter(|step| step.ask.is_some())?.index;
    app.timeline.answer_to(step).is_none().then_some(step)
}

/// Returns the answers given to earlier questions that a step decides, each with the right answer.
pub(crate) fn verdicts(app: &App, step: usize) -> impl Iterator<Item = (&AnswerGiven, &Answer)> {
    let answers = app
        .timeline
        .step(step)
        .map(|step| step.answers.as_slice())
        .unwrap_or_default();
    answers
        .iter()
        .filter_map(|answer| Some((app.course.answer(answer.asked_in)?, answer)))
}

/// Returns how many hints the step shown has.
pub(crate) fn hints_here(app: &App) -> usize {
    app.timeline
        .document
        .of_step(app.moment.step)
        .map_or(0, |prose: &Prose| prose.hints.len())
}

/// Returns whether every step of the session has run and the last one is shown.
pub(crate) fn is_at_end(app: &App) -> bool {
    let planned = app.timeline.planned.len();
    planned > 0
        && app.timeline.steps().len() >= planned
        && app.moment.step.saturating_add(1) >= planned
}

/// Opens the line for an answer to the question of the step shown.
pub(in crate::app) fn open(app: &mut App) {
    match open_question(app) {
        Some(_) => {
            app.overlay = Overlay::Answer {
                input: Input::default(),
                error: None,
            }
        }
        None if app.record().is_some_and(|step| step.ask.is_some()) => {
            app.notify("This question is already answered.");
        }
        None => app.notify("This step asks no question."),
    }
}

/// Shows one more hint.
pub(in crate::app) fn hint(app: &mut App) {
    let step = app.moment.step;
    let (shown, all) = (app.course.hints(step), hints_here(app));
    match all {
        0 => app.notify("This step has no hints."),
        _ if shown >= all => app.notify("No more hints."),
        _ => {
            app.course.hints.insert(step, shown + 1);
            app.scroll.happened = 0;
        }
    }
}

/// Takes the answer and runs the step that shows whether it is right. An empty line only runs it.
pub(in crate::app) fn confirm(app: &mut App) -> Option<Effect> {
    let Overlay::Answer { input, error } = &mut app.overlay else {
        return None;
    };
    let typed = input.value().trim().to_owned();
    let step = app.moment.step;
    if !typed.is_empty() {
        match (app.course.evaluate)(&typed, &app.timeline, step) {
            Err(why) if is_meant_as_expression(&typed) => {
                *error = Some(why.to_string());
                return None;
            }
            value => app.course.answers.insert(
                step,
                AnswerGiven {
                    typed,
                    value: value.ok(),
                },
            ),
        };
    }
    app.overlay = Overlay::None;
    advance::next(app)
}

/// Returns whether a line that cannot be evaluated was meant as an expression, and not as text
/// without quotes.
fn is_meant_as_expression(typed: &str) -> bool {
    typed.starts_with(|c: char| c.is_ascii_digit() || "\"-([".contains(c))
        || typed.starts_with("hex\"")
}

/// Opens the lesson after the one that is open.
pub(in crate::app) fn next_lesson(app: &mut App) -> Option<Effect> {
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

/// Marks the open lesson as finished, where the session ended well.
pub(in crate::app) fn finish(app: &mut App) {
    if app.timeline.status() == crate::timeline::Status::Ok
        && let Some(lesson) = app
            .course
            .open
            .and_then(|open| app.course.lessons.get_mut(open))
    {
        lesson.finished = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(typed: &str, value: Option<Value>) -> AnswerGiven {
        AnswerGiven {
            typed: typed.into(),
            value,
        }
    }

    #[test]
    fn an_answer_is_right_in_each_of_its_forms() {
        let right = [
            (given("26", Some(Value::Int(26))), Value::Int(26)),
            (
                given("\"a b\"", Some(Value::Text("a b".into()))),
                Value::Text("a b".into()),
            ),
            (given("a b", None), Value::Text("a b".into())),
            (given("12", Some(Value::Int(12))), Value::Text("12".into())),
            (given("yes", None), Value::Bool(true)),
            (given("No", None), Value::Bool(false)),
            (given("false", Some(Value::Bool(false))), Value::Bool(false)),
            (
                given("\"ab\"", Some(Value::Text("ab".into()))),
                Value::Bytes(b"ab".to_vec()),
            ),
        ];
        for (given, answer) in right {
            assert!(given.is(&answer), "{given:?} {answer:?}");
        }
        let wrong = [
            (given("25", Some(Value::Int(25))), Value::Int(26)),
            (given("yes", None), Value::Bool(false)),
            (given("perhaps", None), Value::Bool(false)),
            (given("26 bytes", None), Value::Int(26)),
            (given("a", None), Value::Text("b".into())),
        ];
        for (given, answer) in wrong {
            assert!(!given.is(&answer), "{given:?} {answer:?}");
        }
    }

    #[test]
    fn words_are_text_and_broken_numbers_are_mistakes() {
        assert!(
            is_meant_as_expression("0x4g")
                && is_meant_as_expression("\"open")
                && is_meant_as_expression("-")
        );
        assert!(!is_meant_as_expression("Did you know") && !is_meant_as_expression("yes"));
    }
}
