//! Expectations and predictions: what a failed one leads to, and what is answered when.

use crate::script::ast::{Call, Expr, ExprKind, StatementKind};
use crate::script::eval;
use crate::timeline::{Answer, Finding, Outcome, Severity, Span, StepKind, StepRecord};
use crate::value::Value;

use super::Session;
use super::call::StepError;
use super::value_origin::{Difference, OriginByte};

impl Session {
    /// Returns whether the next statements expect one of the errors that this step found.
    pub(super) fn is_expected(&self, record: &StepRecord) -> bool {
        let has_error = |kind: &str| {
            record.findings.iter().any(|finding| {
                finding.kind.as_str() == kind && finding.severity() == Severity::Error
            })
        };
        self.remaining_steps()
            .map_while(|kind| match kind {
                StatementKind::ExpectFinding { kind } => Some(kind.text.as_str()),
                _ => None,
            })
            .any(has_error)
    }

    pub(super) fn answer_questions(&mut self, record: &mut StepRecord) {
        let has_more = self.progress.is_interactive || self.has_more_steps();
        let questions = std::mem::take(&mut self.progress.questions);
        for (step, expr) in questions {
            // A step that asks changes nothing that could answer another question.
            if step == record.index || record.kind == StepKind::Ask {
                self.progress.questions.push((step, expr));
                continue;
            }
            match eval::evaluate(&expr, &self.eval_env()) {
                Ok(value) => record.answers.push(Answer {
                    asked_in: step,
                    value: Ok(value),
                }),
                Err(_) if has_more && record.outcome == Outcome::Ok => {
                    self.progress.questions.push((step, expr));
                }
                Err(error) => record.answers.push(Answer {
                    asked_in: step,
                    value: Err(error.to_string()),
                }),
            }
        }
    }

    pub(super) fn perform_expect(
        &mut self,
        condition: &Expr,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        if self.evaluate(condition)? == Value::Bool(true) {
            return Ok(());
        }
        let mut message = eval::explain_failure(condition, &self.eval_env());
        if let Some(byte) = self.differing_byte(condition) {
            record.focus = Some(Span {
                start: byte.address,
                len: 1,
            });
            message.push('\n');
            message.push_str(&self.judging.history.describe_byte(byte));
        }
        Err(StepError::failed(message))
    }

    /// Returns the byte of memory that makes a condition false: the first one that differs
    /// from the other side of a comparison.
    fn differing_byte(&self, condition: &Expr) -> Option<OriginByte> {
        if self.origins.is_empty() {
            return None;
        }
        let ExprKind::Binary { op, left, right } = &condition.kind else {
            return self.origin_of(condition)?.locate(&Difference::Whole);
        };
        if !op.is_comparison() {
            return self.origin_of(condition)?.locate(&Difference::Whole);
        }
        let (a, b) = (self.evaluate(left).ok()?, self.evaluate(right).ok()?);
        let locate = |expr: &Expr, value: &Value, other: &Value| {
            let origin = self.origin_of(expr)?;
            origin.locate(&Difference::between(value, other))
        };
        locate(left, &a, &b).or_else(|| locate(right, &b, &a))
    }

    pub(super) fn perform_expect_trap(
        &mut self,
        words: Option<&str>,
        call: &Call,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let (_, shown) = self.callee(call)?;
        match self.call_export(call, 0, record) {
            Ok(results) => {
                let outcome = match results.as_slice() {
                    [] if record.exit_code == Some(0) => "it exited with exit code 0".to_string(),
                    [] => "it returned".to_string(),
                    some => {
                        let list: Vec<String> = some.iter().map(|v| v.brief(60)).collect();
                        format!("it returned {}", list.join(", "))
                    }
                };
                Err(StepError::failed(format!(
                    "{shown} was expected to trap, but {outcome}"
                )))
            }
            Err(error) if error.outcome != Outcome::Trapped => Err(error),
            Err(error) => {
                let wanted = words.unwrap_or_default();
                if !error
                    .message
                    .to_lowercase()
                    .contains(&wanted.to_lowercase())
                {
                    return Err(StepError::failed(format!(
                        "{shown} trapped, but not with {}: {}",
                        crate::safe::quoted(wanted, 200),
                        error.message
                    )));
                }
                record
                    .findings
                    .extend(error.findings.into_iter().map(|finding| Finding {
                        claimed: true,
                        ..finding
                    }));
                Ok(())
            }
        }
    }

    pub(super) fn perform_expect_finding(
        &mut self,
        word: &str,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let (step, kinds) = self.judging.last_findings();
        match kinds.iter().find(|kind| kind.as_str() == word) {
            Some(kind) => {
                record.claims.push((step, *kind));
                Ok(())
            }
            None => {
                let found = match kinds {
                    [] => "it has none".to_string(),
                    some => format!(
                        "it has {}",
                        some.iter()
                            .map(|k| k.as_str())
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                };
                Err(StepError::failed(format!(
                    "step {step} was expected to have the finding {word}; {found}"
                )))
            }
        }
    }
}
