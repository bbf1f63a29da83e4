//! What a person did in a lesson, as it is kept for the next time.

use super::answers::QuestionOutcome;

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

/// Returns the progress `new` with the better outcomes of `old`.
pub(super) fn merged(old: &Progress, new: &Progress) -> Progress {
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

#[cfg(test)]
mod tests {
    use super::*;

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
