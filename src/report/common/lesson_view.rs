//! What a report shows of a session with prose or questions: the title, the narration of a step, its
//! question, and the answer and the hints, which every format folds.

use crate::prose::Paragraph;
use crate::safe;
use crate::timeline::{StepRecord, Timeline, effect, format_answer};

/// Characters of a question that are shown before it is cut.
const QUESTION: usize = 400;

/// Returns the title of the session: its heading with the name of its file, or only that.
pub(in crate::report) fn title(timeline: &Timeline) -> String {
    match &timeline.document.title {
        Some(heading) if !heading.is_empty() => format!("{heading} ({})", timeline.title),
        _ => timeline.title.clone(),
    }
}

/// Returns the heading of the session, or its name where it has none.
pub(in crate::report) fn heading(timeline: &Timeline) -> String {
    match &timeline.document.title {
        Some(heading) if !heading.is_empty() => heading.clone(),
        _ => timeline.title.clone(),
    }
}

/// Returns whether a step of the session asks a question.
pub(in crate::report) fn has_questions(timeline: &Timeline) -> bool {
    timeline.steps().iter().any(|step| step.ask.is_some())
}

/// Returns the paragraphs that introduce a step, safe to print and each on one line.
pub(in crate::report) fn narration(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    // The heading is shown as the title.
    let title = timeline.document.title.as_deref();
    let title = title.filter(|_| record.index == 0);
    let one_line = |text: String| {
        let words: Vec<&str> = text.split_whitespace().collect();
        safe::plain(&words.join(" "))
    };
    let paragraphs: Vec<String> = match timeline.document.of_step(record.index) {
        Some(prose) => prose.paragraphs.iter().map(Paragraph::plain).collect(),
        None => record
            .narration
            .iter()
            .flat_map(|text| text.split("\n\n").map(str::to_owned))
            .collect(),
    };
    paragraphs
        .into_iter()
        .filter(|text| Some(text.as_str()) != title)
        .map(one_line)
        .filter(|text| !text.is_empty())
        .collect()
}

/// Returns the paragraphs after the last step.
pub(in crate::report) fn closing(timeline: &Timeline) -> Vec<String> {
    let paragraphs = timeline.document.closing.paragraphs.iter();
    paragraphs.map(|text| safe::plain(&text.plain())).collect()
}

/// Returns the hints to the question of a step.
pub(in crate::report) fn hints(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let hints = timeline.document.of_step(record.index).map(|p| &p.hints);
    let hints = hints.into_iter().flatten();
    hints.map(|hint| safe::plain(&hint.plain())).collect()
}

/// Returns the statement of a step; that of a question without the expression for its answer.
pub(in crate::report) fn statement(record: &StepRecord, limit: usize) -> String {
    match &record.ask {
        Some(ask) => safe::cut(
            &format!("ask {}", safe::quoted(&ask.question, QUESTION)),
            limit,
        ),
        None => super::step_view::StepView(record).statement(limit),
    }
}

/// Returns the question of a step, with its choices.
pub(in crate::report) fn question(record: &StepRecord) -> Option<String> {
    let ask = record.ask.as_ref()?;
    let mut question = safe::cut(&ask.question, QUESTION);
    for (number, choice) in (1..).zip(&ask.form.choices) {
        question.push_str(&format!(" ({number}) {}", safe::cut(choice, QUESTION)));
    }
    Some(question)
}

/// Returns the answer to the question of a step, where it is known.
pub(in crate::report) fn answer(timeline: &Timeline, record: &StepRecord) -> Option<String> {
    record.ask.as_ref()?;
    let answer = timeline.answer_to(record.index)?;
    answer.value.as_ref().ok().map(format_answer)
}

/// Returns a step in JavaScript, safe to print; nothing for a step without code.
pub(in crate::report) fn javascript(timeline: &Timeline, record: &StepRecord) -> String {
    let planned = timeline.planned.get(record.index);
    let code = planned.map_or("", |planned| planned.javascript.as_str());
    let lines: Vec<String> = code.lines().map(safe::plain).collect();
    lines.join("\n")
}

/// Returns what a step did; nothing for a question, whose answer is folded.
pub(in crate::report) fn effect_without_answer(timeline: &Timeline, record: &StepRecord) -> String {
    match record.ask {
        Some(_) => String::new(),
        None => effect(timeline, record.index),
    }
}
