//! Learning: the lessons and which of them is open, what the person said to the questions of the
//! session, and the hints asked for. A question is never in the way: whoever goes on without a word
//! is told the answer all the same.

use std::collections::BTreeMap;

use tui_input::Input;

use crate::app::execution::{advance, switch};
use crate::app::{Action, App, Effect, Overlay};
use crate::prose::Prose;
use crate::timeline::{Answer, Timeline};
use crate::value::Value;

/// Reads what was typed as an expression, with the variables that a step knows; else why it is
/// none, safe to print.
pub type ReadValue = fn(&str, &Timeline, usize) -> Result<Value, String>;

/// A lesson that can be opened. They stand behind the sessions in what [`Effect::Open`] counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    pub name: String,
    pub description: String,
    /// Its last step was run, today or on an earlier day.
    pub finished: bool,
}

/// What a person has learnt, said and asked.
#[derive(Debug, Clone)]
pub struct Course {
    pub lessons: Vec<Lesson>,
    /// The lesson that is open.
    pub open: Option<usize>,
    pub read_value: ReadValue,
    /// What was said to the question of a step.
    said: BTreeMap<usize, AnswerGiven>,
    /// How many hints of a step's question are shown.
    hints: BTreeMap<usize, usize>,
}

/// A prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerGiven {
    pub typed: String,
    /// What that comes to as an expression; `None` where it is none, and so taken as text.
    value: Option<Value>,
}

impl Default for Course {
    /// Without any lesson; every answer is taken as text.
    fn default() -> Self {
        Course::new(Vec::new(), None, |_, _, _| {
            Err("expressions cannot be read here".into())
        })
    }
}

impl Course {
    /// With these lessons, of which one may be open.
    pub fn new(lessons: Vec<Lesson>, open: Option<usize>, read_value: ReadValue) -> Self {
        Course {
            lessons,
            open,
            read_value,
            said: BTreeMap::new(),
            hints: BTreeMap::new(),
        }
    }

    /// What was said to the question of a step.
    pub fn said(&self, step: usize) -> Option<&AnswerGiven> {
        self.said.get(&step)
    }

    /// How many hints of a step are shown.
    pub fn hints(&self, step: usize) -> usize {
        self.hints.get(&step).copied().unwrap_or(0)
    }

    /// The lesson behind the open one.
    pub fn next(&self) -> Option<(usize, &Lesson)> {
        let next = self.open?.checked_add(1)?;
        Some((next, self.lessons.get(next)?))
    }

    /// For another run: what was said about the old one does not hold.
    pub(in crate::app) fn forget(&mut self) {
        self.said.clear();
        self.hints.clear();
    }
}

impl AnswerGiven {
    /// Whether this is the answer. Text may be said without quotes, and truth as yes and no.
    pub fn is(&self, answer: &Value) -> bool {
        let typed = self.typed.trim();
        match (answer, &self.value) {
            (_, Some(value)) if value == answer => true,
            (Value::Int(wanted), Some(Value::Float(said))) => said.to_f64() == *wanted as f64,
            (Value::Float(wanted), Some(Value::Int(said))) => wanted.to_f64() == *said as f64,
            (Value::Text(wanted), _) => wanted.trim() == typed,
            (Value::Bytes(wanted), Some(Value::Text(said))) => wanted == said.as_bytes(),
            (Value::Bool(wanted), _) => match typed.to_ascii_lowercase().as_str() {
                "yes" | "y" => *wanted,
                "no" | "n" => !*wanted,
                _ => false,
            },
            _ => false,
        }
    }
}

/// The question of the step shown, while nobody knows its answer.
pub fn open_question(app: &App) -> Option<usize> {
    let step = app.record().filter(|step| step.ask.is_some())?.index;
    app.timeline.answer_to(step).is_none().then_some(step)
}

/// The answers that a step brought to what was said before.
pub fn verdicts(app: &App, step: usize) -> impl Iterator<Item = (&AnswerGiven, &Answer)> {
    let answers = app
        .timeline
        .step(step)
        .map(|step| step.answers.as_slice())
        .unwrap_or_default();
    answers
        .iter()
        .filter_map(|answer| Some((app.course.said(answer.asked_in)?, answer)))
}

/// How many hints the step shown has.
pub fn hints_here(app: &App) -> usize {
    app.timeline
        .document
        .of_step(app.moment.step)
        .map_or(0, |prose: &Prose| prose.hints.len())
}

/// Whether every step of the open session has run, and the last one is shown.
pub fn is_at_end(app: &App) -> bool {
    let planned = app.timeline.planned.len();
    planned > 0
        && app.timeline.steps().len() >= planned
        && app.moment.step.saturating_add(1) >= planned
}

/// Opens the line for an answer.
pub(in crate::app) fn open(app: &mut App) {
    match open_question(app) {
        Some(_) => {
            app.overlay = Overlay::Answer {
                input: Input::default(),
                error: None,
            }
        }
        None if app.record().is_some_and(|step| step.ask.is_some()) => {
            app.say("This question is answered already.")
        }
        None => app.say("No question is asked here."),
    }
}

/// Shows one more hint.
pub(in crate::app) fn hint(app: &mut App) {
    let step = app.moment.step;
    let (shown, all) = (app.course.hints(step), hints_here(app));
    match all {
        0 => app.say("There is no hint here."),
        _ if shown >= all => app.say("That was all there is of hints."),
        _ => {
            app.course.hints.insert(step, shown + 1);
            app.scroll.happened = 0;
        }
    }
}

/// Takes what was typed, and runs the step that shows whether it is right. An empty line goes on
/// without a word.
pub(in crate::app) fn confirm(app: &mut App) -> Effect {
    let Overlay::Answer { input, error } = &mut app.overlay else {
        return Effect::None;
    };
    let typed = input.value().trim().to_owned();
    let step = app.moment.step;
    if !typed.is_empty() {
        match (app.course.read_value)(&typed, &app.timeline, step) {
            Err(why) if is_meant_as_expression(&typed) => {
                *error = Some(why);
                return Effect::None;
            }
            value => app.course.said.insert(
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

/// Whether a line that cannot be read was meant to be an expression, and is no text without quotes.
fn is_meant_as_expression(typed: &str) -> bool {
    typed.starts_with(|c: char| c.is_ascii_digit() || "\"-([".contains(c))
        || typed.starts_with("hex\"")
}

pub(in crate::app) fn next_lesson(app: &mut App) -> Effect {
    match (app.course.open, app.course.next()) {
        (_, Some((next, _))) => switch::open_session(app, app.sessions.len().saturating_add(next)),
        (Some(_), None) => {
            let list = app.keys.key_of(Action::ChooseSession);
            app.say(format!(
                "This was the last lesson: {list} lists them all, and the sessions too."
            ));
            Effect::None
        }
        (None, _) => {
            let list = app.keys.key_of(Action::ChooseSession);
            app.say(format!("No lesson is open: {list} lists them."));
            Effect::None
        }
    }
}

/// Notes that the open lesson came to its end.
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

    fn said(typed: &str, value: Option<Value>) -> AnswerGiven {
        AnswerGiven {
            typed: typed.into(),
            value,
        }
    }

    #[test]
    fn an_answer_is_right_in_each_of_its_forms() {
        let right = [
            (said("26", Some(Value::Int(26))), Value::Int(26)),
            (
                said("\"a b\"", Some(Value::Text("a b".into()))),
                Value::Text("a b".into()),
            ),
            (said("a b", None), Value::Text("a b".into())),
            (said("12", Some(Value::Int(12))), Value::Text("12".into())),
            (said("yes", None), Value::Bool(true)),
            (said("No", None), Value::Bool(false)),
            (said("false", Some(Value::Bool(false))), Value::Bool(false)),
            (
                said("\"ab\"", Some(Value::Text("ab".into()))),
                Value::Bytes(b"ab".to_vec()),
            ),
        ];
        for (said, answer) in right {
            assert!(said.is(&answer), "{said:?} {answer:?}");
        }
        let wrong = [
            (said("25", Some(Value::Int(25))), Value::Int(26)),
            (said("yes", None), Value::Bool(false)),
            (said("perhaps", None), Value::Bool(false)),
            (said("26 bytes", None), Value::Int(26)),
            (said("a", None), Value::Text("b".into())),
        ];
        for (said, answer) in wrong {
            assert!(!said.is(&answer), "{said:?} {answer:?}");
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
