//! Answers to questions: what was typed, whether it is right, and how a question ended.

use crate::timeline::{AnswerForm, AnswerKind};
use crate::value::Value;

/// The number of wrong answers after which the answer is shown.
pub(crate) const TRIES: usize = 3;

/// An answer that a person gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AnswerGiven {
    pub typed: String,
    /// The value of what was typed; `None` where it is no expression, and is taken as text.
    pub value: Option<Value>,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuestionOutcome {
    /// It has not ended.
    #[default]
    Open,
    /// The person went on without a right answer.
    Skipped,
    /// All tries were wrong, and the answer was shown.
    Missed,
    /// A right answer was given.
    Right,
}

impl QuestionOutcome {
    /// All outcomes; a later one is better.
    pub const ALL: [QuestionOutcome; 4] = [
        QuestionOutcome::Open,
        QuestionOutcome::Skipped,
        QuestionOutcome::Missed,
        QuestionOutcome::Right,
    ];

    /// Returns the name in the file of answers.
    pub fn as_str(self) -> &'static str {
        match self {
            QuestionOutcome::Open => "open",
            QuestionOutcome::Skipped => "skipped",
            QuestionOutcome::Missed => "missed",
            QuestionOutcome::Right => "right",
        }
    }

    /// Returns the outcome of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }

    /// Returns the better one of two outcomes.
    #[must_use]
    pub fn better(self, other: Self) -> Self {
        let rank = |outcome| Self::ALL.iter().position(|o| *o == outcome);
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

/// What a person did at a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Attempts {
    /// The answers, in order.
    pub given: Vec<AnswerGiven>,
    pub outcome: QuestionOutcome,
}

impl AnswerGiven {
    /// Returns whether this is the answer. Equivalent forms are equal: `78`, `0x78` and `"78"`;
    /// hexadecimal without `0x` where the answer is written so; yes and true.
    pub fn is(&self, answer: &Value, form: &AnswerForm) -> bool {
        let typed = self.typed.trim().trim_matches('"').trim();
        if let (Value::Int(number), false) = (answer, form.choices.is_empty()) {
            let number = usize::try_from(*number).ok();
            let chosen = number.and_then(|number| form.choices.get(number.checked_sub(1)?));
            if chosen.is_some_and(|chosen| chosen.trim().eq_ignore_ascii_case(typed)) {
                return true;
            }
        }
        match (answer, &self.value) {
            (_, Some(value)) if value == answer => true,
            (Value::Int(wanted), Some(Value::Float(given))) => given.to_f64() == *wanted as f64,
            (Value::Float(wanted), Some(Value::Int(given))) => wanted.to_f64() == *given as f64,
            (Value::Int(wanted), _) => {
                integer(typed) == Some(*wanted)
                    || (form.is_hexadecimal && hexadecimal(typed) == Some(*wanted))
            }
            (Value::Text(wanted), value) => is_text(wanted.trim(), typed, value.as_ref()),
            (Value::Bytes(wanted), Some(Value::Text(given))) if wanted == given.as_bytes() => true,
            (Value::Bytes(wanted), _) => bytes(typed).as_ref() == Some(wanted),
            (Value::Bool(wanted), _) => truth(typed) == Some(*wanted),
            _ => false,
        }
    }

    /// Returns what is wrong with an answer, where that differs from a mistake in
    /// thinking: it has another kind, another base, or letters in another case.
    pub fn advice(&self, answer: &Value, form: &AnswerForm) -> Option<String> {
        let typed = self.typed.trim().trim_matches('"').trim();
        match answer {
            Value::Int(wanted) if hexadecimal(typed) == Some(*wanted) => {
                let meant = typed.trim_start_matches("0x");
                Some(format!(
                    "A number without 0x is decimal: for hexadecimal write 0x{meant}."
                ))
            }
            Value::Text(wanted) if wanted.trim().eq_ignore_ascii_case(typed) => {
                Some("A capital letter is another byte than a small one.".into())
            }
            _ if self.has_other_kind(form) => form.kind.map(|kind| format!("{}.", asked_for(kind))),
            _ => None,
        }
    }

    /// Returns whether this is certainly no answer of the kind that is asked for.
    pub fn has_other_kind(&self, form: &AnswerForm) -> bool {
        let typed = self.typed.trim().trim_matches('"').trim();
        if !form.choices.is_empty() {
            let names = |choice: &String| choice.trim().eq_ignore_ascii_case(typed);
            let number = integer(typed).and_then(|number| usize::try_from(number).ok());
            let is_number = number.is_some_and(|n| (1..=form.choices.len()).contains(&n));
            return !is_number && !form.choices.iter().any(names);
        }
        match form.kind {
            Some(AnswerKind::Number) => {
                let is_number = matches!(self.value, Some(Value::Int(_) | Value::Float(_)));
                !is_number && integer(typed).is_none() && hexadecimal(typed).is_none()
            }
            Some(AnswerKind::Truth) => {
                truth(typed).is_none() && !matches!(self.value, Some(Value::Bool(_)))
            }
            _ => false,
        }
    }
}

/// Returns a sentence, without its full stop, about the kind of answer that is asked for.
pub(crate) fn asked_for(kind: AnswerKind) -> &'static str {
    match kind {
        AnswerKind::Number => "A number is asked for",
        AnswerKind::Text => "A text is asked for",
        AnswerKind::Truth => "The answer is true or false",
        AnswerKind::Other => "A list or bytes are asked for",
    }
}

/// Returns whether a text is the one wanted: as text, as hexadecimal digits where it is some, or as
/// the number of its only character.
fn is_text(wanted: &str, typed: &str, value: Option<&Value>) -> bool {
    if wanted == typed {
        return true;
    }
    let mut chars = wanted.chars();
    if let (Some(only), None) = (chars.next(), chars.next())
        && let Some(Value::Int(number)) = value
        && !only.is_ascii_digit()
    {
        return *number == i128::from(u32::from(only));
    }
    let is_hex = wanted.len() > 1 && wanted.chars().all(|c| c.is_ascii_hexdigit());
    let digits = typed.strip_prefix("0x").unwrap_or(typed);
    is_hex && digits.eq_ignore_ascii_case(wanted)
}

fn truth(typed: &str) -> Option<bool> {
    match typed.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" => Some(true),
        "no" | "n" | "false" => Some(false),
        _ => None,
    }
}

/// Returns a number in decimal or, after `0x`, in hexadecimal.
fn integer(typed: &str) -> Option<i128> {
    match typed
        .strip_prefix("0x")
        .or_else(|| typed.strip_prefix("0X"))
    {
        Some(digits) => i128::from_str_radix(digits, 16).ok(),
        None => typed.parse().ok(),
    }
}

fn hexadecimal(typed: &str) -> Option<i128> {
    let digits = typed.strip_prefix("0x").unwrap_or(typed);
    i128::from_str_radix(digits, 16).ok()
}

/// Returns pairs of hexadecimal digits, with or without blanks, as bytes.
fn bytes(typed: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = typed
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(typed: &str) -> AnswerGiven {
        AnswerGiven {
            typed: typed.into(),
            value: match typed.strip_prefix('"') {
                Some(text) => Some(Value::Text(text.trim_end_matches('"').into())),
                None => integer(typed).map(Value::Int),
            },
        }
    }

    fn form(kind: AnswerKind, is_hexadecimal: bool) -> AnswerForm {
        AnswerForm {
            kind: Some(kind),
            is_hexadecimal,
            choices: Vec::new(),
        }
    }

    #[test]
    fn equivalent_answers_are_right() {
        let text = |text: &str| Value::Text(text.into());
        let rows: [(&[&str], Value, bool); 8] = [
            (&["26", "\"26\"", "0x1a", "0x1A"], Value::Int(26), false),
            (
                &["65535", "0xffff", "FFFF", "ffff"],
                Value::Int(65535),
                true,
            ),
            (&["0x400", "400", "1024"], Value::Int(1024), true),
            (&["78", "0x78", "\"78\""], text("78"), false),
            (&["dd", "DD", "0xdd", "\"dd\""], text("dd"), false),
            (&["I", "73", "0x49", "\"I\""], text("I"), false),
            (&["yes", "true", "Y", "True"], Value::Bool(true), false),
            (
                &["68 69", "6869", "\"hi\""],
                Value::Bytes(b"hi".to_vec()),
                false,
            ),
        ];
        for (typed, answer, is_hexadecimal) in rows {
            for typed in typed {
                let form = AnswerForm {
                    is_hexadecimal,
                    ..AnswerForm::default()
                };
                assert!(given(typed).is(&answer, &form), "{typed} {answer:?}");
            }
        }
    }

    #[test]
    fn near_misses_are_wrong() {
        let text = |text: &str| Value::Text(text.into());
        let rows: [(&[&str], Value); 6] = [
            (&["25", "26 bytes", "yes", "1a"], Value::Int(26)),
            (&["400"], Value::Int(1024)),
            (&["i", "J", "105"], text("I")),
            (&["hello"], text("HELLO")),
            (&["yes", "perhaps", "0"], Value::Bool(false)),
            (&["6", "69 68"], Value::Bytes(b"hi".to_vec())),
        ];
        for (typed, answer) in rows {
            for typed in typed {
                let is = given(typed).is(&answer, &AnswerForm::default());
                assert!(!is, "{typed} {answer:?}");
            }
        }
    }

    #[test]
    fn advice_names_the_base_the_case_and_the_kind() {
        let number = form(AnswerKind::Number, false);
        let advice = |typed: &str, answer: Value, form: &AnswerForm| {
            given(typed).advice(&answer, form).unwrap_or_default()
        };
        assert!(advice("400", Value::Int(1024), &number).contains("write 0x400"));
        assert!(advice("hi!", Value::Int(3), &number).contains("A number is asked for"));
        assert_eq!(advice("25", Value::Int(26), &number), "");
        let text = form(AnswerKind::Text, false);
        assert!(advice("hello", Value::Text("HELLO".into()), &text).contains("capital"));
        let truth = form(AnswerKind::Truth, false);
        assert!(advice("20", Value::Bool(true), &truth).contains("true or false"));
    }

    #[test]
    fn a_choice_is_made_by_number_or_text() {
        let form = AnswerForm {
            choices: vec!["a page".into(), "a byte".into()],
            ..AnswerForm::default()
        };
        assert!(given("2").is(&Value::Int(2), &form) && given("A byte").is(&Value::Int(2), &form));
        assert!(!given("a page").is(&Value::Int(2), &form));
        assert!(given("3").has_other_kind(&form) && given("a word").has_other_kind(&form));
        assert!(!given("1").has_other_kind(&form));
    }

    #[test]
    fn the_better_outcome_is_kept() {
        use QuestionOutcome::{Missed, Open, Right, Skipped};
        assert_eq!(Skipped.better(Right), Right);
        assert_eq!(Right.better(Missed), Right);
        assert_eq!(Open.better(Skipped), Skipped);
        for outcome in QuestionOutcome::ALL {
            assert_eq!(QuestionOutcome::from_name(outcome.as_str()), Some(outcome));
        }
    }
}
