//! The lessons and the questions of the session: which lesson is open, the answers given, the hints
//! shown, and how far the person has come. While a question is open, the steps after it are hidden.
//!
//! What a person does in a lesson is in `dialogs::lessons`.

mod answers;
mod progress;

use std::collections::BTreeMap;

use super::{App, Effect};
use crate::prose::{Paragraph, Prose};
use crate::timeline::{Answer, AnswerForm, Timeline};
use crate::value::Value;

use answers::Attempts;
pub use answers::QuestionOutcome;
pub(crate) use answers::{AnswerGiven, TRIES, asked_for};
use progress::merged;
pub use progress::{Progress, QuestionProgress};

/// Evaluates what was typed as an expression, with the variables known at the end of a step.
pub(crate) type EvaluateAnswer = fn(&str, &Timeline, usize) -> Result<Value, AnswerError>;

/// Why an answer is no expression, safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AnswerError(pub String);

/// A lesson that can be opened. Its index in [`Effect::OpenSession`] comes after the sessions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lesson {
    /// The name in the list.
    pub name: String,
    /// The description in the list.
    pub description: String,
    /// Whether its last step has ever run and every question was answered.
    pub finished: bool,
    /// What was done in it before.
    pub progress: Progress,
}

/// The lessons, and what the person did in the one that is open.
#[derive(Debug, Clone)]
pub struct Course {
    /// All lessons, in the order of the list.
    pub lessons: Vec<Lesson>,
    /// The index of the lesson that is open.
    pub open: Option<usize>,
    pub(crate) evaluate: EvaluateAnswer,
    /// What was done at the question of each step.
    attempts: BTreeMap<usize, Attempts>,
    /// How many hints of each step are shown.
    hints: BTreeMap<usize, usize>,
    /// The question whose answer is being found out by running the steps after it.
    judging: Option<usize>,
    /// The furthest step shown.
    furthest: usize,
    /// The progress that was kept last.
    saved: Option<Progress>,
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
            attempts: BTreeMap::new(),
            hints: BTreeMap::new(),
            judging: None,
            furthest: 0,
            saved: None,
        }
    }

    /// Returns the answers given to the question of a step.
    pub(crate) fn given(&self, step: usize) -> &[AnswerGiven] {
        let attempts = self.attempts.get(&step);
        attempts.map_or(&[], |attempts| attempts.given.as_slice())
    }

    /// Returns how the question of a step ended.
    pub(crate) fn outcome(&self, step: usize) -> QuestionOutcome {
        self.attempts
            .get(&step)
            .map_or(QuestionOutcome::Open, |attempts| attempts.outcome)
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

    /// Adds an answer to the question of a step.
    pub(in crate::app) fn add_answer(&mut self, step: usize, given: AnswerGiven) {
        self.attempts.entry(step).or_default().given.push(given);
    }

    /// Shows this many hints of a step.
    pub(in crate::app) fn show_hints(&mut self, step: usize, count: usize) {
        self.hints.insert(step, count);
    }

    /// Sets the question whose answer the next steps are to find out.
    pub(in crate::app) fn set_judging(&mut self, step: Option<usize>) {
        self.judging = step;
    }

    /// Returns the question whose answer is being found out.
    pub(in crate::app) fn judging(&self) -> Option<usize> {
        self.judging
    }

    /// Returns whether steps run only to find an answer out, so that they are not shown.
    pub(in crate::app) fn is_judging(&self) -> bool {
        self.judging.is_some()
    }

    /// Forgets answers and hints, for another run.
    pub(in crate::app) fn forget(&mut self) {
        self.attempts.clear();
        self.hints.clear();
        self.judging = None;
        self.furthest = 0;
        self.saved = None;
    }

    pub(in crate::app) fn set_outcome(&mut self, step: usize, outcome: QuestionOutcome) {
        let attempts = self.attempts.entry(step).or_default();
        attempts.outcome = attempts.outcome.better(outcome);
    }
}

/// Returns the steps that ask, run or planned.
fn questions(app: &App) -> impl Iterator<Item = usize> {
    let planned = app.timeline.planned.iter().enumerate();
    planned.filter_map(|(index, planned)| planned.question.is_some().then_some(index))
}

/// Returns the first question that is open. The steps after it are hidden.
pub(crate) fn first_open(app: &App) -> Option<usize> {
    questions(app).find(|step| app.course.outcome(*step) == QuestionOutcome::Open)
}

/// Returns the step shown, where it asks a question that is open.
pub(crate) fn open_question(app: &App) -> Option<usize> {
    let step = app.record().filter(|step| step.ask.is_some())?.index;
    (app.course.outcome(step) == QuestionOutcome::Open).then_some(step)
}

/// Returns the form of the answer to the question of a step.
pub(crate) fn form(app: &App, step: usize) -> AnswerForm {
    let ask = app.timeline.step(step).and_then(|step| step.ask.as_ref());
    ask.map(|ask| ask.form.clone()).unwrap_or_default()
}

/// Returns the last answers given to earlier questions that a step decides, each with the right
/// answer.
pub(crate) fn verdicts(app: &App, step: usize) -> impl Iterator<Item = (&AnswerGiven, &Answer)> {
    let answers = app
        .timeline
        .step(step)
        .map(|step| step.answers.as_slice())
        .unwrap_or_default();
    answers
        .iter()
        .filter_map(|answer| Some((app.course.given(answer.asked_in).last()?, answer)))
}

/// Returns the author's reply to a wrong answer.
pub(crate) fn reply<'a>(app: &'a App, step: usize, given: &AnswerGiven) -> Option<&'a Paragraph> {
    let replies = &app.timeline.document.of_step(step)?.replies;
    let form = form(app, step);
    replies
        .iter()
        .find(|reply| {
            let meant = (app.course.evaluate)(&reply.answer, &app.timeline, step);
            let text = reply.answer.trim_matches('"').to_owned();
            given.is(&meant.unwrap_or(Value::Text(text)), &form)
        })
        .map(|reply| &reply.paragraph)
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

/// Returns the step at which the open lesson was left the last time, where it can go on there.
pub(crate) fn place_left(app: &App) -> Option<usize> {
    let lesson = app.course.lessons.get(app.course.open?)?;
    let left = lesson.progress.step;
    let is_new = app.course.furthest == 0 && app.moment.step == 0;
    let last = app.timeline.planned.len().saturating_sub(1);
    (is_new && left > 0 && left < last).then_some(left)
}

/// Marks the questions that the person has passed as skipped, and remembers how far the person has
/// come. Returns the effect that keeps the progress, if it changed.
pub(in crate::app) fn note_progress(app: &mut App) -> Option<Effect> {
    let shown = app.moment.step;
    let passed: Vec<usize> = questions(app).filter(|step| *step < shown).collect();
    for step in passed {
        app.course.set_outcome(step, QuestionOutcome::Skipped);
    }
    app.course.furthest = app.course.furthest.max(shown);
    // Opening a lesson is no progress: the place of the last time stays.
    let open = app.course.open.filter(|_| app.course.furthest > 0)?;
    if app.session.is_opening() {
        return None;
    }
    let progress = progress(app);
    if app.course.saved.as_ref() == Some(&progress) {
        return None;
    }
    let is_well = app.timeline.status() == crate::timeline::Status::Ok;
    let lesson = app.course.lessons.get_mut(open)?;
    lesson.progress = merged(&lesson.progress, &progress);
    lesson.finished |= lesson.progress.is_finished() && is_well;
    app.course.saved = Some(progress);
    Some(Effect::KeepProgress(open))
}

/// Takes up what was done in the open lesson up to the step at which it was left.
pub(in crate::app) fn recall(app: &mut App, step: usize) {
    let lesson = app
        .course
        .open
        .and_then(|open| app.course.lessons.get(open));
    let known = lesson.map(|lesson| lesson.progress.questions.clone());
    let known = known.unwrap_or_default();
    let asked: Vec<usize> = questions(app).filter(|asked| *asked < step).collect();
    for asked in asked {
        let question = question_of(app, asked);
        if let Some(known) = known.iter().find(|known| known.question == question) {
            let given = known.typed.iter().map(|typed| AnswerGiven {
                value: (app.course.evaluate)(typed, &app.timeline, 0).ok(),
                typed: typed.clone(),
            });
            let attempts = Attempts {
                given: given.collect(),
                outcome: known.outcome,
            };
            app.course.attempts.insert(asked, attempts);
        }
    }
}

/// The questions of a session, each with the answers to it.
pub(in crate::app) struct Answers(Vec<(String, Attempts)>);

/// Returns the answers given so far, to put them back when the session was opened again.
pub(in crate::app) fn answers(app: &App) -> Answers {
    let attempts = app.course.attempts.iter();
    Answers(
        attempts
            .map(|(step, attempts)| (question_of(app, *step), attempts.clone()))
            .collect(),
    )
}

/// Puts the answers back to the questions that the session still has.
pub(in crate::app) fn put_back(app: &mut App, answers: Answers) {
    let asked: Vec<usize> = questions(app).collect();
    for step in asked {
        let question = question_of(app, step);
        let known = answers.0.iter().find(|(known, _)| *known == question);
        if let Some((_, attempts)) = known {
            app.course.attempts.insert(step, attempts.clone());
        }
    }
}

/// Returns what was done in the open lesson so far.
fn progress(app: &App) -> Progress {
    let questions = questions(app).map(|step| QuestionProgress {
        question: question_of(app, step),
        outcome: app.course.outcome(step),
        typed: app
            .course
            .given(step)
            .iter()
            .map(|given| given.typed.clone())
            .collect(),
    });
    Progress {
        step: app.course.furthest,
        last: app.timeline.planned.len().saturating_sub(1),
        questions: questions.collect(),
    }
}

/// Returns the question of a step that may not have run yet.
fn question_of(app: &App, step: usize) -> String {
    let planned = app.timeline.planned.get(step);
    planned
        .and_then(|planned| planned.question.clone())
        .unwrap_or_default()
}

/// Returns the score of the session at its end: `You answered 1 of 3 questions right, 2 skipped.`
pub(crate) fn score(app: &App) -> Option<String> {
    let progress = progress(app);
    let all = progress.questions.len();
    let right = progress.count(QuestionOutcome::Right);
    let skipped = progress.count(QuestionOutcome::Skipped) + progress.count(QuestionOutcome::Open);
    let questions = match all {
        0 => return None,
        1 => "the question",
        _ => "questions",
    };
    let what = match (all, right) {
        (1, 1) => format!("You answered {questions} right."),
        (1, _) if skipped == 1 => format!("You skipped {questions}."),
        (1, _) => format!("You did not answer {questions} right."),
        _ if skipped > 0 => {
            format!("You answered {right} of {all} {questions} right, {skipped} skipped.")
        }
        _ => format!("You answered {right} of {all} {questions} right."),
    };
    Some(what)
}
