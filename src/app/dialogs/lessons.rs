//! The lessons: which one is open, the answers given to the questions of the session, and the hints
//! shown. While a question is open, the steps after it are hidden. It never stops a session: going
//! on without an answer is possible.

use std::collections::BTreeMap;

use tui_input::Input;

use super::answers::{Attempts, TRIES};
use crate::app::execution::{advance, run, switch};
use crate::app::{Action, App, Effect, Overlay};
use crate::prose::{Paragraph, Prose};
use crate::timeline::{Answer, AnswerForm, Timeline};
use crate::value::Value;

pub(crate) use super::answers::AnswerGiven;
pub use super::answers::QuestionOutcome;

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

/// What a person did in a lesson.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The step shown last.
    pub step: usize,
    /// The number of its last step; 0 if the lesson was never opened.
    pub last: usize,
    /// Each question with its outcome and the answers typed, in order.
    pub questions: Vec<QuestionProgress>,
}

/// What a person did at a question of a lesson.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QuestionProgress {
    /// The question as written.
    pub question: String,
    /// How it ended.
    pub outcome: QuestionOutcome,
    /// The answers as typed.
    pub typed: Vec<String>,
}

impl Progress {
    /// Returns how many questions have an outcome.
    pub fn count(&self, outcome: QuestionOutcome) -> usize {
        let questions = self.questions.iter();
        questions.filter(|q| q.outcome == outcome).count()
    }

    /// Returns whether the last step was shown and every question was answered, right or not.
    pub fn is_finished(&self) -> bool {
        let is_over = self.last > 0 && self.step >= self.last;
        is_over
            && self.count(QuestionOutcome::Open) == 0
            && self.count(QuestionOutcome::Skipped) == 0
    }

    /// Returns the progress in a few words: `1 of 2 right`, `2 skipped`; empty without any.
    pub fn describe(&self) -> String {
        let all = self.questions.len();
        let right = self.count(QuestionOutcome::Right);
        let skipped = self.count(QuestionOutcome::Skipped);
        match (right + self.count(QuestionOutcome::Missed), skipped) {
            _ if all == 0 => String::new(),
            (0, 0) => String::new(),
            (0, skipped) => format!("{skipped} of {all} skipped"),
            _ => format!("{right} of {all} right"),
        }
    }
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

    fn set_outcome(&mut self, step: usize, outcome: QuestionOutcome) {
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

/// Takes the answer. The steps after the question run until they show whether it is right. An empty
/// line goes on without an answer.
pub(in crate::app) fn confirm(app: &mut App) -> Option<Effect> {
    let Overlay::Answer { input, error } = &mut app.overlay else {
        return None;
    };
    let typed = input.value().trim().to_owned();
    let step = app.moment.step;
    if typed.is_empty() {
        app.overlay = Overlay::None;
        return advance::next(app);
    }
    let value = (app.course.evaluate)(without_unit(&typed), &app.timeline, step);
    if let Err(why) = &value
        && is_meant_as_expression(&typed)
        && !is_hexadecimal(&typed)
    {
        *error = Some(why.to_string());
        return None;
    }
    let given = AnswerGiven {
        typed,
        value: value.ok(),
    };
    let form = form(app, step);
    if let Some(advice) = kind_advice(&given, &form) {
        if let Overlay::Answer { error, .. } = &mut app.overlay {
            *error = Some(advice);
        }
        return None;
    }
    app.overlay = Overlay::None;
    app.course
        .attempts
        .entry(step)
        .or_default()
        .given
        .push(given);
    judge(app, step)
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
        Some(kind) => format!("{}.", super::answers::asked_for(kind)),
        None => return None,
    })
}

/// Decides about the last answer to the question of a step, or runs the next step to find out.
fn judge(app: &mut App, step: usize) -> Option<Effect> {
    app.course.judging = None;
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
            app.course.judging = Some(step);
            let effect = run::run_planned(app);
            app.session.set_follows(false);
            effect
        }
        None if app.session.is_running() => {
            app.course.judging = Some(step);
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
        let form = form(app, step);
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
    judge(app, app.course.judging?)
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

/// Returns the progress `new` with the better outcomes of `old`.
fn merged(old: &Progress, new: &Progress) -> Progress {
    let questions = new.questions.iter().map(|question| {
        let mut question = question.clone();
        let before = old
            .questions
            .iter()
            .find(|q| q.question == question.question);
        if let Some(before) = before {
            let outcome = question.outcome.better(before.outcome);
            if outcome != question.outcome {
                question.typed.clone_from(&before.typed);
            }
            question.outcome = outcome;
        }
        question
    });
    Progress {
        questions: questions.collect(),
        ..*new
    }
}

/// Returns the step at which the open lesson was left the last time, where it can go on there.
pub(crate) fn place_left(app: &App) -> Option<usize> {
    let lesson = app.course.lessons.get(app.course.open?)?;
    let left = lesson.progress.step;
    let is_new = app.course.furthest == 0 && app.moment.step == 0;
    let last = app.timeline.planned.len().saturating_sub(1);
    (is_new && left > 0 && left < last).then_some(left)
}

/// Goes on in the open lesson where it was left, with the answers given then.
fn resume(app: &mut App, step: usize) -> Option<Effect> {
    let lesson = app.course.lessons.get(app.course.open?)?;
    let known = lesson.progress.questions.clone();
    let asked: Vec<usize> = questions(app).filter(|asked| *asked < step).collect();
    for asked in asked {
        let question = question_of(app, asked);
        if let Some(known) = known.iter().find(|known| known.question == question) {
            let attempts = app.course.attempts.entry(asked).or_default();
            attempts.outcome = known.outcome;
            let given = known.typed.iter().map(|typed| AnswerGiven {
                value: (app.course.evaluate)(typed, &app.timeline, 0).ok(),
                typed: typed.clone(),
            });
            attempts.given = given.collect();
        }
    }
    advance::go_to(app, step)
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
    if let Some(step) = place_left(app) {
        return resume(app, step);
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

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn progress_keeps_the_better_outcome_and_its_answers() {
        let of = |outcome, typed: &str| Progress {
            step: 3,
            last: 9,
            questions: vec![QuestionProgress {
                question: "how many?".into(),
                outcome,
                typed: vec![typed.into()],
            }],
        };
        let new = of(QuestionOutcome::Skipped, "x");
        let both = merged(&of(QuestionOutcome::Right, "5"), &new);
        assert_eq!(both, of(QuestionOutcome::Right, "5"));
        assert_eq!(both.describe(), "1 of 1 right");
        assert_eq!(new.describe(), "1 of 1 skipped");
        assert!(!both.is_finished());
        let over = Progress { step: 9, ..both };
        assert!(over.is_finished());
        assert!(!Progress { step: 9, ..new }.is_finished());
    }
}
