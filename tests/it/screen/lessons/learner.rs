//! A learner at a lesson: the app over its session, with keys and answers.

use super::*;

/// Answers that name no variable.
struct NoNames;

impl EvalEnv for NoNames {
    fn variable(&self, _: &str) -> Option<&Value> {
        None
    }

    fn pages(&self) -> Result<u64, EnvError> {
        Ok(1)
    }
}

/// A lesson in the app.
pub(super) struct Learner(pub(super) Driver<LiveSession>);

impl Learner {
    /// Opens the lesson of this index.
    pub(super) fn open(lesson: usize, size: (u16, u16)) -> Learner {
        Learner::with(lesson, size, |_| {})
    }

    /// Opens the lesson of this index in a course that `change` has changed.
    pub(super) fn with(
        lesson: usize,
        size: (u16, u16),
        change: impl FnOnce(&mut Vec<Lesson>),
    ) -> Learner {
        let lessons = LESSONS.iter().map(|l| Lesson {
            name: l.file[3..].into(),
            description: format!("about {}", &l.file[3..]),
            ..Lesson::default()
        });
        let choice = SessionChoice {
            name: "wasm_is_cool".into(),
            description: "the default session".into(),
        };
        let mut app = App::new(size, vec![choice], true);
        let mut lessons: Vec<Lesson> = lessons.collect();
        change(&mut lessons);
        app.course = Course::new(lessons, Some(lesson), |typed, _, _| {
            let expr = parse_expression(typed, &[]);
            let value = expr
                .ok()
                .and_then(|expr| eval::evaluate(&expr, &NoNames).ok());
            value.ok_or_else(|| AnswerError("expected a value".into()))
        });
        let config = SessionConfig {
            title: format!("lesson {} of 29", lesson + 1),
            ..config(LESSONS[lesson].file)
        };
        Learner(Driver::live(app, config))
    }

    pub(super) fn app(&mut self) -> &mut App {
        &mut self.0.app
    }

    /// Performs an action that opens a session or a lesson. Returns its index.
    pub(super) fn opens(&mut self, action: Action) -> Option<usize> {
        match app::update(self.app(), action)[..] {
            [Effect::OpenSession(index)] => Some(index),
            _ => None,
        }
    }

    pub(super) fn update(&mut self, action: Action) {
        self.0.update(action);
    }

    pub(super) fn answer(&mut self, text: &str) {
        self.update(Action::Answer);
        self.0.paste(text);
        self.update(Action::Confirm);
    }

    /// Goes forward to `step`.
    pub(super) fn go_to(&mut self, step: usize) {
        while self.0.app.moment.step < step {
            self.update(Action::Next);
        }
    }

    pub(super) fn screen(&self) -> String {
        screen_text(&self.0.app)
    }
}
