//! Checks of `linmem test --lesson`: what `docs/lessons.md` asks of a lesson.

use super::common::lesson_view;
use crate::safe;
use crate::text::count;
use crate::timeline::{StepRecord, Timeline};
use crate::value::Value;

/// The most steps of a lesson after instantiation.
const MAX_STEPS: usize = 16;

/// The most characters of a step's prose that fit a terminal of 80 columns and 24 rows.
const MAX_PROSE: usize = 400;

/// Returns what is missing in a lesson or may be wrong with it: one sentence each, safe to print.
pub fn lesson_problems(timeline: &Timeline) -> Vec<String> {
    let mut problems = Vec::new();
    let mut add = |text: String| problems.push(text);
    let document = &timeline.document;
    if document.title.is_none() {
        add("the lesson has no title: begin the file with a heading".into());
    }
    if document.opening.paragraphs.len() <= usize::from(document.title.is_some()) {
        add(
            "step 0 has no introduction: put `module` and `input` into a block of their own, after \
             the introduction"
                .into(),
        );
    }
    if document.closing.paragraphs.is_empty() {
        add("the lesson has no ending: write a sentence after the last block".into());
    }
    let steps = timeline.steps().len().saturating_sub(1);
    if steps > MAX_STEPS {
        add(format!(
            "the lesson has {}, and {MAX_STEPS} are enough for one idea",
            count(steps as u64, "step")
        ));
    }
    if !lesson_view::has_questions(timeline) {
        add("the lesson asks no question".into());
    }
    for step in timeline.steps() {
        problems.extend(step_problems(timeline, step));
    }
    problems
}

fn step_problems(timeline: &Timeline, step: &StepRecord) -> Vec<String> {
    let mut problems = Vec::new();
    let prose = lesson_view::narration(timeline, step);
    let index = step.index;
    let characters: usize = prose.iter().map(|text| text.chars().count()).sum();
    if characters > MAX_PROSE {
        problems.push(format!(
            "the prose of step {index} has {characters} characters, and {MAX_PROSE} fit on a small \
             terminal"
        ));
    }
    if step.ask.is_none() {
        return problems;
    }
    if lesson_view::hints(timeline, step).is_empty() {
        problems.push(format!(
            "the question of step {index} has no hint: write a paragraph that begins with `Hint:`"
        ));
    }
    problems.extend(unused_replies(timeline, step));
    let answer = timeline
        .answer_to(index)
        .and_then(|a| a.value.as_ref().ok());
    let question = step.ask.as_ref().map(|ask| ask.question.as_str());
    for form in answer.map(forms).unwrap_or_default() {
        let shown = safe::plain(&form);
        if prose.iter().any(|text| has_word(text, &form)) {
            problems.push(format!(
                "the prose before the question of step {index} has its answer, {shown}"
            ));
        }
        if question.is_some_and(|text| has_word(text, &form)) {
            problems.push(format!(
                "the question of step {index} has its answer, {shown}"
            ));
        }
        if shown_before(timeline, step).any(|text| has_word(text, &form)) {
            problems.push(format!(
                "a step before the question of step {index} has its answer, {shown}"
            ));
        }
    }
    problems
}

/// Returns the texts of a session's `expect` lines that are on the screen at a question.
fn shown_before<'a>(
    timeline: &'a Timeline,
    step: &StepRecord,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let planned = timeline.planned.iter().take(step.index);
    let texts = planned.map(|planned| planned.text.as_str());
    texts.filter(|text| text.starts_with("expect "))
}

/// Returns the replies to answers that a question with choices does not have.
fn unused_replies(timeline: &Timeline, step: &StepRecord) -> Vec<String> {
    let form = step.ask.as_ref().map(|ask| &ask.form);
    let Some(form) = form.filter(|form| !form.choices.is_empty()) else {
        return Vec::new();
    };
    let is_choice = |answer: &str| {
        let answer = answer.trim_matches('"').trim();
        let by_number = answer
            .parse()
            .is_ok_and(|n| (1..=form.choices.len()).contains(&n));
        let by_text = |choice: &String| choice.trim().eq_ignore_ascii_case(answer);
        by_number || form.choices.iter().any(by_text)
    };
    let prose = timeline.document.of_step(step.index);
    let replies = prose.into_iter().flat_map(|prose| &prose.replies);
    replies
        .filter(|reply| !is_choice(&reply.answer))
        .map(|reply| {
            format!(
                "the reply to {} is never shown: the question of step {} has no such choice",
                safe::quoted(&reply.answer, 60),
                step.index
            )
        })
        .collect()
}

/// Returns an answer as an author may write it; nothing for one that is too short to be found.
fn forms(answer: &Value) -> Vec<String> {
    match answer {
        Value::Int(number) if number.abs() > 99 => {
            vec![number.to_string(), format!("{number:#x}")]
        }
        Value::Text(text) if text.chars().count() > 2 => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// Returns whether a text has `word`, and not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + found.len()..);
        !is_part(before) && !is_part(after.and_then(|after| after.chars().next()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_as_a_whole_word() {
        assert!(has_word("it is 114.", "114") && has_word("`0x72`", "0x72"));
        assert!(!has_word("1140 or 0114", "114") && !has_word("", "114"));
        assert_eq!(forms(&Value::Int(114)), ["114", "0x72"]);
        assert!(forms(&Value::Int(8)).is_empty() && forms(&Value::Bool(true)).is_empty());
    }
}
