//! What happened in a step, in one or two sentences, for people who learn and people who debug.
//!
//! Every sentence follows from the record of the step and is true of it. Addresses are hexadecimal,
//! lengths and counts decimal. A span ends before its second number.

mod agents;
mod child;
mod findings;
pub(super) mod phrases;
mod pointers;
mod stack_pointer;
mod stored;
mod views;

pub use views::describe_view;

use crate::data_types::TypeRef;
use crate::safe;
use crate::text::{count, list, size};
use crate::value::Value;
use crate::wasm_types::{PAGE, memory_size};

use super::event_log::{Agent, Spans, Summary};
use super::{
    Answer, ImportCall, Naming, Outcome, Pointer, SpanKind, StepKind, StepRecord, Timeline,
};

pub(crate) use child::describe_child;

use agents::{Agents, MAX_AGENTS};
use phrases::{as_text, join, name, placed, sentence, stopped, the_bytes};
use pointers::{compare_with_known, describe_fetch, describe_held_pointers, fetched_pointers};
use stored::changed_by_guest;

/// The longest value in a sentence, in characters.
const MAX_VALUE: usize = 60;

/// Describes what happened in a step. For a step that failed, the error comes first. The text is
/// one line and safe to print; it may be empty.
pub fn describe_step(timeline: &Timeline, step: usize) -> String {
    let describe_failure = timeline.step(step).and_then(describe_failure);
    join(describe_failure.into_iter().chain([effect(timeline, step)]))
}

/// Describes what happened in a step without the error, for readers that show it separately. May be
/// empty.
pub fn effect(timeline: &Timeline, step: usize) -> String {
    let Some(record) = timeline.step(step) else {
        return if step < timeline.planned.len() {
            "This step has not run yet.".into()
        } else {
            String::new()
        };
    };
    let mut sentences = match record.outcome {
        Outcome::Ok => describe_success(timeline, record),
        _ => describe_until_failure(timeline, record),
    };
    sentences.extend(describe_fields(timeline, record));
    sentences.extend(stack_pointer::describe(record));
    sentences.extend(describe_held_pointers(timeline, record));
    sentences.extend(findings::describe(record));
    sentences.extend(record.answers.iter().map(describe_answer));
    join(sentences)
}

fn describe_success(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    match record.kind {
        StepKind::Instantiate => describe_instantiation(timeline, record),
        StepKind::Call => describe_call(timeline, record),
        StepKind::Write => describe_write(record),
        StepKind::Read => describe_read(timeline, record),
        StepKind::Grow => vec![describe_growth_by_host(record)],
        StepKind::Global => describe_bindings(timeline, record, "The global holds"),
        StepKind::Set => vec![match record.bindings.first() {
            Some(binding) => format!(
                "The host set the global to {}.",
                format_bound(record, &binding.name, &binding.value)
            ),
            None => "The host set the global. Memory is unchanged.".into(),
        }],
        StepKind::Table => {
            vec!["The host changed a table of the guest. Memory is unchanged.".into()]
        }
        StepKind::Callback => describe_bindings(
            timeline,
            record,
            "The host put a function into the guest's table. Its place is",
        ),
        StepKind::Let => describe_bindings(timeline, record, ""),
        StepKind::Region | StepKind::View | StepKind::Block | StepKind::Release => {
            describe_naming(timeline, record)
        }
        StepKind::Expect => describe_expectation(record),
        StepKind::Ask => describe_question(timeline, record),
    }
}

/// Describes the fields of views that the step changed.
fn describe_fields(timeline: &Timeline, record: &StepRecord) -> Option<String> {
    const MAX_FIELDS: usize = 6;
    const MAX_FIELD_VALUE: usize = 40;
    let changes = timeline.field_changes(record);
    let labels = changes.iter().map(|change| change.label(MAX_FIELD_VALUE));
    let noun = if changes.len() == 1 {
        "Changed field"
    } else {
        "Changed fields"
    };
    (!changes.is_empty()).then(|| format!("{noun}: {}.", list::first(labels, MAX_FIELDS)))
}

// Steps that failed.

fn describe_failure(record: &StepRecord) -> Option<String> {
    let word = match record.outcome {
        Outcome::Ok => return None,
        Outcome::Failed => "The step failed.",
        Outcome::Trapped => "The guest trapped.",
        Outcome::Cancelled => "The step was cancelled.",
    };
    let error: Vec<String> = record
        .error
        .iter()
        .flat_map(|e| e.lines())
        .map(|l| safe::plain(l.trim()))
        .filter(|l| !l.is_empty())
        .collect();
    let separator = match record.outcome {
        // The lines of a failed expectation are phrases of their own.
        Outcome::Failed => "; ",
        _ => " ",
    };
    let error = error.join(separator);
    Some(match record.outcome {
        _ if error.is_empty() => word.into(),
        // A failed expectation begins with names of the script, which keep their case.
        Outcome::Failed => stopped(&error),
        _ => sentence(&error),
    })
}

/// Describes what a step did before it failed.
fn describe_until_failure(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let is_call =
        record.call.is_some() || matches!(record.kind, StepKind::Call | StepKind::Instantiate);
    let mut sentences = Vec::new();
    let changed = Agents::of(record).phrases();
    if !changed.is_empty() {
        sentences.push(sentence(&format!("Until then {}", list::and(&changed))));
    } else if is_call
        && record.kind != StepKind::Instantiate
        && has_memory(timeline)
        && !grew(record)
    {
        sentences.push(format!(
            "The call changed nothing in {}.",
            memory_name(timeline)
        ));
    }
    sentences.extend(describe_growth(record));
    if is_call {
        sentences.extend(describe_imports(record, "The guest"));
    }
    sentences
}

// Instantiation.

fn describe_instantiation(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let mut parts = describe_data_segments(record);
    parts.extend(
        Agents::of(record)
            .without(|agent| matches!(agent, Agent::Data(_)))
            .phrases_with("its start code"),
    );
    let mut sentences = match parts.is_empty() {
        true => vec!["The module was instantiated.".to_string()],
        false => vec![format!(
            "The module was instantiated: {}.",
            list::and(&parts)
        )],
    };
    sentences.push(
        match (
            has_memory(timeline) || record.pages_after > 0,
            record.pages_after,
        ) {
            (false, _) => "It has no memory.".into(),
            (true, 0) => "Its memory is empty: 0 pages.".into(),
            (true, pages) => {
                let rest = if record.changes.is_empty() {
                    "all zero"
                } else {
                    "zero elsewhere"
                };
                format!("Memory is {}, {rest}.", memory_size(pages))
            }
        },
    );
    sentences.extend(describe_imports(record, "It"));
    sentences
}

/// Returns a phrase for each data segment, or one for all if they are many.
fn describe_data_segments(record: &StepRecord) -> Vec<String> {
    let Summary { segments, data, .. } = record.changes.summary();
    if segments.len() > MAX_AGENTS {
        return vec![format!(
            "{} data segments wrote {}",
            segments.len(),
            placed(data)
        )];
    }
    segments
        .iter()
        .map(|(segment, spans)| format!("data segment {segment} wrote {}", placed(spans)))
        .collect()
}

// Calls.

fn describe_call(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let agents = Agents::of(record);
    let results = record
        .call
        .as_ref()
        .map(|c| c.results.as_slice())
        .unwrap_or_default();
    let fetched: Vec<&Pointer> = fetched_pointers(record).collect();
    let mut sentences = Vec::new();
    let guest = agents.guest();
    if !fetched.is_empty() {
        sentences.extend(
            fetched
                .iter()
                .map(|pointer| describe_fetch(timeline, record, pointer)),
        );
        sentences.extend(describe_other_bindings(record));
        sentences.extend(guest.map(|spans| {
            format!(
                "The guest changed {}{}.",
                changed_by_guest(record, &spans),
                relation_to_write(timeline, record, &spans)
            )
        }));
    } else {
        sentences.push(match guest {
            Some(spans) => {
                let relation = relation_to_write(timeline, record, &spans);
                let and = if relation.is_empty() { " and" } else { ", and" };
                let returned = if results.is_empty() {
                    String::new()
                } else {
                    format!("{and} {}", describe_results(results))
                };
                let changed = changed_by_guest(record, &spans);
                format!("The guest changed {changed}{relation}{returned}.")
            }
            None if record.changes.is_empty() && has_memory(timeline) => {
                format!(
                    "The guest {} and changed nothing in {}.",
                    describe_results(results),
                    memory_name(timeline)
                )
            }
            None => format!("The guest {}.", describe_results(results)),
        });
    }
    sentences.extend(
        agents
            .without(|agent| *agent == Agent::Guest)
            .phrases()
            .iter()
            .map(|phrase| sentence(phrase)),
    );
    match describe_growth(record) {
        Some(growth) => sentences.push(growth),
        None if guest.is_some() => sentences.push("Its memory did not grow.".into()),
        None if !record.changes.is_empty() => sentences.push("Memory did not grow.".into()),
        None => {}
    }
    sentences.extend(describe_imports(record, "The guest"));
    sentences
}

/// Describes the bindings that are not fetched pointers.
fn describe_other_bindings(record: &StepRecord) -> Option<String> {
    let parts: Vec<String> = record
        .bindings
        .iter()
        .filter(|b| !fetched_pointers(record).any(|p| p.name == b.name))
        .map(|b| format!("{} is {}", name(&b.name), b.value.brief(MAX_VALUE)))
        .collect();
    (!parts.is_empty()).then(|| format!("{}.", list::and(&parts)))
}

/// Describes where changed bytes are relative to what the host wrote last; empty if they are
/// somewhere else.
fn relation_to_write(timeline: &Timeline, record: &StepRecord, spans: &Spans) -> String {
    let span = spans.hull();
    let earlier = timeline.steps().get(..record.index).unwrap_or_default();
    let Some(written) = earlier
        .iter()
        .rev()
        .filter(|s| s.kind == StepKind::Write)
        .find_map(|s| s.changes.summary().last_by_host)
    else {
        return String::new();
    };
    let it = if written.len == 1 {
        "one byte".to_string()
    } else {
        written.len.to_string()
    };
    if written.end() == span.start && spans.runs == 1 {
        format!(", right after the {it} the host wrote")
    } else if span == written && spans.runs == 1 {
        format!(", exactly the {it} the host wrote")
    } else if written.start <= span.start && span.end() <= written.end() {
        format!(", among the {it} the host wrote")
    } else {
        String::new()
    }
}

fn describe_results(results: &[Value]) -> String {
    match results {
        [] => "returned".into(),
        _ => format!(
            "returned {}",
            list::and(
                &results
                    .iter()
                    .map(|v| v.brief(MAX_VALUE))
                    .collect::<Vec<_>>()
            )
        ),
    }
}

fn describe_imports(record: &StepRecord, who: &str) -> Option<String> {
    let first = record.imports_called.first()?;
    let total = record
        .imports_called_total
        .max(record.imports_called.len() as u64);
    let complete = total == record.imports_called.len() as u64;
    let same = |call: &ImportCall| call.name == first.name;
    Some(match total {
        1 => format!("{who} called {} once.", name(&first.name)),
        _ if complete && record.imports_called.iter().all(same) => {
            format!("{who} called {} {total} times.", name(&first.name))
        }
        _ => format!(
            "{who} called imports {total} times, {} first.",
            name(&first.name)
        ),
    })
}

fn grew(record: &StepRecord) -> bool {
    record.pages_after > record.pages_before
}

fn describe_growth(record: &StepRecord) -> Option<String> {
    (grew(record) && record.kind != StepKind::Instantiate).then(|| {
        format!(
            "Memory grew {}: views that the host held are no longer valid.",
            from_to(record)
        )
    })
}

fn from_to(record: &StepRecord) -> String {
    format!(
        "from {} to {} ({})",
        record.pages_before,
        count(record.pages_after, "page"),
        size(record.pages_after.saturating_mul(PAGE))
    )
}

// The host's steps.

fn describe_write(record: &StepRecord) -> Vec<String> {
    let Summary {
        host, host_writes, ..
    } = record.changes.summary();
    let Some(write) = record.events.writes().next() else {
        let at = record
            .focus
            .map(|f| format!(" at {:#x}", f.start))
            .unwrap_or_default();
        return vec![format!("The host wrote 0 bytes{at}: nothing changed.")];
    };
    let what = if *host_writes == 1 {
        format!(": {}", as_text(&write.after, host.bytes))
    } else {
        String::new()
    };
    let mut sentences = vec![format!("The host wrote {}{what}.", placed(host))];
    if record.changes.is_empty() {
        sentences.push("These bytes were there already: nothing changed.".into());
    }
    sentences
}

fn describe_read(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let mut sentences = Vec::new();
    let value = record
        .bindings
        .first()
        .map(|b| format_bound(record, &b.name, &b.value));
    sentences.push(match (record.focus, value) {
        (Some(span), Some(value)) => format!("The host read {}: {value}.", placed(&span.into())),
        (Some(span), None) => format!("The host read {}.", placed(&span.into())),
        (None, Some(value)) => format!("The host read {value}."),
        (None, None) => "The host read from memory.".into(),
    });
    match findings::other_encoding(record) {
        Some(sentence) => sentences.push(sentence.into()),
        None => sentences.extend(findings::counted_nul(record)),
    }
    sentences.extend(
        fetched_pointers(record)
            .filter_map(|pointer| compare_with_known(timeline, record, pointer)),
    );
    sentences
}

fn describe_growth_by_host(record: &StepRecord) -> String {
    match grew(record) {
        true => format!(
            "The host grew memory {}: views that it held are no longer valid.",
            from_to(record)
        ),
        false => format!(
            "Memory did not grow: it stays {}.",
            memory_size(record.pages_after)
        ),
    }
}

/// Describes the values that got a name. Each is introduced by `intro`, or by its name if that is
/// empty.
fn describe_bindings(timeline: &Timeline, record: &StepRecord, intro: &str) -> Vec<String> {
    let mut sentences: Vec<String> = record
        .bindings
        .iter()
        .map(|b| {
            let value = format_bound(record, &b.name, &b.value);
            if intro.is_empty() {
                format!("{} is {value}.", name(&b.name))
            } else {
                format!("{intro} {value}.")
            }
        })
        .collect();
    sentences.extend(
        fetched_pointers(record)
            .filter_map(|pointer| compare_with_known(timeline, record, pointer)),
    );
    sentences
}

fn describe_naming(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    match &record.naming {
        Some(Naming::Named(span)) => {
            let ty = span.data_type.as_ref();
            let (what, span, called) = (span.kind, span.span, name(&span.name));
            vec![match what {
                SpanKind::Region => {
                    let label =
                        |ty: &TypeRef| format!(", as {}", safe::cut(&ty.label(), MAX_VALUE));
                    let ty = ty.map(label).unwrap_or_default();
                    format!("From here on, {called} means {}{ty}.", the_bytes(span))
                }
                SpanKind::Block => {
                    format!(
                        "From here on, {called} means {}, in use until they are released.",
                        the_bytes(span)
                    )
                }
            }]
        }
        Some(Naming::Released(block)) => {
            vec![match timeline.span_of_block(block, record.index) {
                Some(span) => {
                    format!(
                        "{} is released: {} must not be used any more.",
                        name(block),
                        the_bytes(span)
                    )
                }
                None => format!("{} is released: it must not be used any more.", name(block)),
            }]
        }
        None => Vec::new(),
    }
}

fn describe_expectation(record: &StepRecord) -> Vec<String> {
    if record.call.is_some() {
        let mut sentences = vec!["The call trapped, as expected.".to_string()];
        sentences.extend(describe_expected_trap(record));
        return sentences;
    }
    let claims: Vec<String> = record
        .claims
        .iter()
        .map(|(step, kind)| format!("step {step} has {kind}"))
        .collect();
    match claims.is_empty() {
        true => vec!["It holds.".into()],
        false => vec![format!("It holds: {}.", list::and(&claims))],
    }
}

fn describe_expected_trap(record: &StepRecord) -> Vec<String> {
    let changed = Agents::of(record).phrases();
    let mut sentences = Vec::new();
    if !changed.is_empty() {
        sentences.push(sentence(&format!("Until then {}", list::and(&changed))));
    }
    sentences.extend(describe_growth(record));
    sentences.extend(describe_imports(record, "The guest"));
    sentences
}

fn describe_question(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let mut sentences: Vec<String> = record
        .ask
        .iter()
        .map(|ask| format!("The question: {}", stopped(&safe::cut(&ask.question, 400))))
        .collect();
    match timeline.answer_to(record.index).map(|answer| &answer.value) {
        Some(Ok(value)) => sentences.push(format!("The answer: {}.", format_answer(value))),
        Some(Err(why)) => sentences.push(sentence(&format!(
            "The answer is not known: {}",
            safe::plain(why)
        ))),
        None => {}
    }
    sentences
}

/// Returns a value as an answer. A large number is also in hexadecimal, because it may be an
/// address.
pub fn format_answer(value: &Value) -> String {
    match value {
        Value::Int(number @ 256..) => format!("{number} ({number:#x})"),
        value => value.brief(MAX_VALUE),
    }
}

/// Describes the answer to the question of an earlier step.
pub fn describe_answer(answer: &Answer) -> String {
    match &answer.value {
        Ok(value) => format!(
            "The answer to the question of step {}: {}.",
            answer.asked_in,
            format_answer(value)
        ),
        Err(why) => sentence(&format!(
            "The question of step {} could not be answered: {}",
            answer.asked_in,
            safe::plain(why)
        )),
    }
}

fn has_memory(timeline: &Timeline) -> bool {
    timeline.guest.memory.is_some()
}

/// Returns `memory`, or a longer name if the guest may have written another memory.
fn memory_name(timeline: &Timeline) -> &'static str {
    match timeline.guest.has_other_memories {
        true => "the memory that is recorded",
        false => "memory",
    }
}

/// Returns a bound value: in hexadecimal if the script uses it as an address.
fn format_bound(record: &StepRecord, bound: &str, value: &Value) -> String {
    match (value, record.pointers.iter().find(|p| p.name == bound)) {
        (Value::Int(_), Some(pointer)) => format!("{:#x}", pointer.address),
        _ => value.brief(MAX_VALUE),
    }
}

#[cfg(test)]
mod tests;
