//! The answers that a lesson's page accepts, as hashes: the page can check an answer, and its source
//! does not show it at a glance. Short answers can be found by trying, so that this is no secret.
//!
//! An answer has canonical forms, a letter for its kind and the value. `lesson.js` makes the same
//! forms of what a reader types; the equivalents are those of the terminal.

use sha2::{Digest, Sha256};

use crate::timeline::{AnswerForm, Timeline};
use crate::value::{Float, Value};

use crate::report::common::options::LessonPage;

/// The characters of a hash in a page.
const HASH: usize = 24;

/// Returns the hashes of an answer to the question of a step.
pub(super) fn hashes(page: &LessonPage, step: usize, answer: &Value) -> Vec<String> {
    let forms = canonical_forms(answer);
    forms.iter().map(|form| hash(page, step, form)).collect()
}

/// Returns the hashes of answers that are nearly right: a text with letters in another case.
pub(super) fn nearly(page: &LessonPage, step: usize, answer: &Value) -> Vec<String> {
    match answer {
        Value::Text(text) => {
            let form = format!("l:{}", text.trim().to_ascii_lowercase());
            vec![hash(page, step, &form)]
        }
        _ => Vec::new(),
    }
}

/// Returns the value that the author of a reply means: an expression, the text of a choice, or a
/// text without quotes.
pub(super) fn meant_by_reply(
    page: &LessonPage,
    timeline: &Timeline,
    step: usize,
    answer: &str,
    form: &AnswerForm,
) -> Value {
    let chosen = form
        .choices
        .iter()
        .position(|choice| choice.trim().eq_ignore_ascii_case(answer.trim_matches('"')));
    if let Some(number) = chosen.and_then(|index| i128::try_from(index + 1).ok()) {
        return Value::Int(number);
    }
    let value = (page.evaluate)(answer, timeline, step);
    value.unwrap_or_else(|| Value::Text(answer.trim_matches('"').to_owned()))
}

/// Returns the forms of an answer. What a reader types must have one of them.
fn canonical_forms(answer: &Value) -> Vec<String> {
    match answer {
        Value::Int(number) => vec![format!("i:{number}")],
        Value::Float(float) => vec![of_float(*float)],
        Value::Bool(truth) => vec![format!("b:{truth}")],
        Value::Bytes(bytes) => vec![format!("h:{}", hex(bytes))],
        Value::Text(text) => of_text(text.trim()),
        other => {
            let mut written = other.to_string();
            written.retain(|c| !c.is_whitespace());
            vec![format!("o:{written}")]
        }
    }
}

/// Returns the form of a float; a whole one is equal to the integer.
fn of_float(float: Float) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = float.to_f64();
    if number.fract() == 0.0 && number.abs() < EXACT {
        return format!("i:{}", number as i64);
    }
    match float {
        Float::F32(bits) => format!("g:{bits:08x}"),
        Float::F64(bits) => format!("f:{bits:016x}"),
    }
}

/// Returns the forms of a text: itself, its hexadecimal digits where it is some, and the number of
/// its only character.
fn of_text(text: &str) -> Vec<String> {
    let mut forms = vec![format!("t:{text}")];
    let mut chars = text.chars();
    if let (Some(only), None) = (chars.next(), chars.next())
        && !only.is_ascii_digit()
    {
        forms.push(format!("c:{}", u32::from(only)));
    }
    if text.len() > 1 && text.chars().all(|c| c.is_ascii_hexdigit()) {
        forms.push(format!("x:{}", text.to_ascii_lowercase()));
    }
    forms
}

/// Returns the hash of a form. The lesson and the step are in it, so that equal answers differ.
fn hash(page: &LessonPage, step: usize, form: &str) -> String {
    let text = format!("{}\n{step}\n{form}", page.hash);
    let mut digits = hex(&Sha256::digest(text.as_bytes()));
    digits.truncate(HASH);
    digits
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
