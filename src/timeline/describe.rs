//! What happened in a step, in one or two sentences computed from its record, for people who learn
//! and people who debug. Every sentence must be true of the record at hand: where the record does
//! not tell, nothing is said. Addresses are hex, lengths and counts decimal, spans end before their
//! second number.

mod agents;
mod findings;
pub(super) mod phrases;

use crate::safe;
use crate::text::{count, list, size};
use crate::value::Value;
use crate::wasm_types::{PAGE, memory_size};

use super::event_log::{Agent, Spans, Summary};
use super::{
    Answer, ImportCall, Naming, Outcome, Pointer, SpanKind, StalePointer, StepKind, StepRecord,
    Timeline,
};

use agents::{AGENTS, Agents};
use phrases::{as_text, join, name, placed, sentence, stopped, the_bytes};

/// Characters of a value that are shown before it is cut.
const VALUE: usize = 60;

/// Tells what happened in a step. A step that did not end in ok begins with its error. Safe to
/// print, one line.
pub fn narrate(timeline: &Timeline, step: usize) -> String {
    let failure = timeline.step(step).and_then(failure);
    join(failure.into_iter().chain([effect(timeline, step)]))
}

/// Like [`narrate`], without the error: for readers that show the error by itself. May be empty.
pub fn effect(timeline: &Timeline, step: usize) -> String {
    let Some(record) = timeline.step(step) else {
        return if step < timeline.planned.len() {
            "This step has not run yet.".into()
        } else {
            String::new()
        };
    };
    let mut said = match record.outcome {
        Outcome::Ok => done(timeline, record),
        _ => until_it_stopped(timeline, record),
    };
    said.extend(held(timeline, record));
    said.extend(findings::told(record));
    said.extend(record.answers.iter().map(told_answer));
    join(said)
}

fn done(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    match record.kind {
        StepKind::Instantiate => instantiated(timeline, record),
        StepKind::Call => called(timeline, record),
        StepKind::Write => wrote(record),
        StepKind::Read => read(timeline, record),
        StepKind::Grow => vec![host_grew(record)],
        StepKind::Global => bound(timeline, record, "The global holds"),
        StepKind::Set => vec![match record.bindings.first() {
            Some(binding) => format!(
                "The host set the global to {}.",
                shown(record, &binding.name, &binding.value)
            ),
            None => "The host set the global. Memory is untouched.".into(),
        }],
        StepKind::Let => bound(timeline, record, ""),
        StepKind::Region | StepKind::Block | StepKind::Release => named(timeline, record),
        StepKind::Expect => expected(record),
        StepKind::Ask => asked(timeline, record),
    }
}

// Endings that are not ok.

fn failure(record: &StepRecord) -> Option<String> {
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
    let error = error.join(" ");
    Some(match record.outcome {
        _ if error.is_empty() => word.into(),
        // A failed expectation begins with the script's own names.
        Outcome::Failed => stopped(&error),
        _ => sentence(&error),
    })
}

/// What a step did before it ended in anything but ok.
fn until_it_stopped(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let is_call =
        record.call.is_some() || matches!(record.kind, StepKind::Call | StepKind::Instantiate);
    let mut said = Vec::new();
    let changed = Agents::of(record).phrases();
    if !changed.is_empty() {
        said.push(sentence(&format!("Until then {}", list::and(&changed))));
    } else if is_call
        && record.kind != StepKind::Instantiate
        && has_memory(timeline)
        && !grew(record)
    {
        said.push("Memory is as it was before the call.".into());
    }
    said.extend(growth(record));
    if is_call {
        said.extend(imports(record, "The guest"));
    }
    said
}

// Instantiation.

fn instantiated(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let mut parts = data_segments(record);
    parts.extend(
        Agents::of(record)
            .without(|agent| matches!(agent, Agent::Data(_)))
            .phrases_with("its start code"),
    );
    let mut said = match parts.is_empty() {
        true => vec!["The module was instantiated.".to_string()],
        false => vec![format!(
            "The module was instantiated: {}.",
            list::and(&parts)
        )],
    };
    said.push(
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
    said.extend(imports(record, "It"));
    said
}

/// One phrase for each data segment, or one for all where they are many.
fn data_segments(record: &StepRecord) -> Vec<String> {
    let Summary { segments, data, .. } = record.changes.summary();
    if segments.len() > AGENTS {
        return vec![format!(
            "{} data segments put {}",
            segments.len(),
            placed(data)
        )];
    }
    segments
        .iter()
        .map(|(segment, spans)| format!("data segment {segment} put {}", placed(spans)))
        .collect()
}

// Calls.

fn called(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let agents = Agents::of(record);
    let results = record
        .call
        .as_ref()
        .map(|c| c.results.as_slice())
        .unwrap_or_default();
    let fetched: Vec<&Pointer> = fetched(record).collect();
    let mut said = Vec::new();
    let guest = agents.guest();
    if !fetched.is_empty() {
        said.extend(
            fetched
                .iter()
                .map(|pointer| answered(timeline, record, pointer)),
        );
        said.extend(other_bindings(record));
        said.extend(guest.map(|spans| {
            format!(
                "The guest changed {}{}.",
                placed(&spans),
                place(timeline, record, &spans)
            )
        }));
    } else {
        said.push(match guest {
            Some(spans) => {
                let place = place(timeline, record, &spans);
                let and = if place.is_empty() { " and" } else { ", and" };
                let returned = if results.is_empty() {
                    String::new()
                } else {
                    format!("{and} {}", returned(results))
                };
                format!("The guest changed {}{place}{returned}.", placed(&spans))
            }
            None if record.changes.is_empty() && has_memory(timeline) => {
                format!(
                    "The guest {} and changed nothing in memory.",
                    returned(results)
                )
            }
            None => format!("The guest {}.", returned(results)),
        });
    }
    said.extend(
        agents
            .without(|agent| *agent == Agent::Guest)
            .phrases()
            .iter()
            .map(|phrase| sentence(phrase)),
    );
    match growth(record) {
        Some(growth) => said.push(growth),
        None if guest.is_some() => said.push("Its memory did not grow.".into()),
        None if !record.changes.is_empty() => said.push("Memory did not grow.".into()),
        None => {}
    }
    said.extend(imports(record, "The guest"));
    said
}

/// The pointers that this step bound.
fn fetched(record: &StepRecord) -> impl Iterator<Item = &Pointer> {
    record
        .pointers
        .iter()
        .filter(|p| p.fetched && record.bindings.iter().any(|b| b.name == p.name))
}

/// What a call said about a pointer, and how that compares with what was known.
fn answered(timeline: &Timeline, record: &StepRecord, pointer: &Pointer) -> String {
    if let Some(again) = compared(timeline, record, pointer) {
        return again;
    }
    let outside = !record.memory.is_empty() && pointer.address >= record.memory.len();
    match outside {
        true => format!(
            "The guest answers {:#x} for {}: that lies past the end of memory, {:#x}.",
            pointer.address,
            name(&pointer.name),
            record.memory.len()
        ),
        false => format!(
            "The guest answers {:#x}: {} points there.",
            pointer.address,
            name(&pointer.name)
        ),
    }
}

/// How a pointer that was known before stands now; `None` for one that was not.
fn compared(timeline: &Timeline, record: &StepRecord, pointer: &Pointer) -> Option<String> {
    let which = match record.pointers.len() {
        0 | 1 => "The pointer".to_string(),
        _ => format!("The pointer {}", name(&pointer.name)),
    };
    if let Some(old) = pointer.moved_from.filter(|old| *old != pointer.address) {
        return Some(format!(
            "{which} moved from {old:#x} to {:#x}: whatever the host worked out from the old one \
             is out of date.",
            pointer.address
        ));
    }
    let before = timeline.step(record.index.checked_sub(1)?)?;
    let known = before.pointers.iter().find(|p| p.name == pointer.name)?;
    (known.address == pointer.address)
        .then(|| format!("{which} is the same as before: {:#x}.", pointer.address))
}

/// The step's bindings that are not pointers it fetched.
fn other_bindings(record: &StepRecord) -> Option<String> {
    let parts: Vec<String> = record
        .bindings
        .iter()
        .filter(|b| !fetched(record).any(|p| p.name == b.name))
        .map(|b| format!("{} is {}", name(&b.name), b.value.brief(VALUE)))
        .collect();
    (!parts.is_empty()).then(|| format!("{}.", list::and(&parts)))
}

/// Where changed bytes lie with respect to what the host wrote last; empty where there is nothing
/// to say.
fn place(timeline: &Timeline, record: &StepRecord, spans: &Spans) -> String {
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
        format!(", right behind the {it} the host wrote")
    } else if span == written && spans.runs == 1 {
        format!(", exactly the {it} the host wrote")
    } else if written.start <= span.start && span.end() <= written.end() {
        format!(", among the {it} the host wrote")
    } else {
        String::new()
    }
}

fn returned(results: &[Value]) -> String {
    match results {
        [] => "returned".into(),
        _ => format!(
            "returned {}",
            list::and(&results.iter().map(|v| v.brief(VALUE)).collect::<Vec<_>>())
        ),
    }
}

fn imports(record: &StepRecord, who: &str) -> Option<String> {
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

fn growth(record: &StepRecord) -> Option<String> {
    (grew(record) && record.kind != StepKind::Instantiate).then(|| {
        format!(
            "Memory grew {}: views the host held are dead.",
            from_to(record)
        )
    })
}

/// What the host still holds from before the growth.
fn held(timeline: &Timeline, record: &StepRecord) -> Option<String> {
    let held = timeline.held_through_growth(record.index);
    let (which, they) = match held.len() {
        0 => return None,
        1 => ("was", ("it", "points")),
        _ => ("were", ("they", "point")),
    };
    let named = |held: &StalePointer| match held.since {
        0 => name(&held.name),
        since => format!("{} (step {since})", name(&held.name)),
    };
    let names: Vec<String> = held.iter().map(named).collect();
    let (they, point) = they;
    Some(format!(
        "{} {which} taken before that: as a number {they} still {point} to the same bytes, unless \
         the guest moved what lay there.",
        list::and(&names)
    ))
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

fn wrote(record: &StepRecord) -> Vec<String> {
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
    let mut said = vec![format!("The host wrote {}{what}.", placed(host))];
    if record.changes.is_empty() {
        said.push("These were the bytes already there: nothing changed.".into());
    }
    said
}

fn read(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let mut said = Vec::new();
    let value = record
        .bindings
        .first()
        .map(|b| shown(record, &b.name, &b.value));
    said.push(match (record.focus, value) {
        (Some(span), Some(value)) => format!("The host read {}: {value}.", placed(&span.into())),
        (Some(span), None) => format!("The host read {}.", placed(&span.into())),
        (None, Some(value)) => format!("The host read {value}."),
        (None, None) => "The host read from memory.".into(),
    });
    said.extend(findings::counted_nul(record));
    said.extend(fetched(record).filter_map(|pointer| compared(timeline, record, pointer)));
    said
}

fn host_grew(record: &StepRecord) -> String {
    match grew(record) {
        true => format!(
            "The host grew memory {}: views it held are dead.",
            from_to(record)
        ),
        false => format!(
            "Memory did not grow: it stays {}.",
            memory_size(record.pages_after)
        ),
    }
}

/// A value that got a name; the first introduced by `intro`, or by its name where that is empty.
fn bound(timeline: &Timeline, record: &StepRecord, intro: &str) -> Vec<String> {
    let mut said: Vec<String> = record
        .bindings
        .iter()
        .map(|b| {
            let value = shown(record, &b.name, &b.value);
            if intro.is_empty() {
                format!("{} is {value}.", name(&b.name))
            } else {
                format!("{intro} {value}.")
            }
        })
        .collect();
    said.extend(fetched(record).filter_map(|pointer| compared(timeline, record, pointer)));
    said
}

fn named(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    match &record.naming {
        Some(Naming::Named(span)) => {
            let (what, span, called) = (span.kind, span.span, name(&span.name));
            vec![match what {
                SpanKind::Region => format!("From here on {called} means {}.", the_bytes(span)),
                SpanKind::Block => {
                    format!(
                        "From here on {called} means {}, owned until they are released.",
                        the_bytes(span)
                    )
                }
            }]
        }
        Some(Naming::Released(block)) => {
            let known = timeline.spans_at(record.index);
            let span = known
                .iter()
                .find(|s| s.kind == SpanKind::Block && s.name == *block)
                .map(|s| s.span);
            vec![match span {
                Some(span) => {
                    format!(
                        "{} is given back: {} may not be touched any more.",
                        name(block),
                        the_bytes(span)
                    )
                }
                None => format!(
                    "{} is given back: it may not be touched any more.",
                    name(block)
                ),
            }]
        }
        None => Vec::new(),
    }
}

fn expected(record: &StepRecord) -> Vec<String> {
    if record.call.is_some() {
        let mut said = vec!["The call trapped, as expected.".to_string()];
        said.extend(until_it_stopped_expectedly(record));
        return said;
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

fn until_it_stopped_expectedly(record: &StepRecord) -> Vec<String> {
    let changed = Agents::of(record).phrases();
    let mut said = Vec::new();
    if !changed.is_empty() {
        said.push(sentence(&format!("Until then {}", list::and(&changed))));
    }
    said.extend(growth(record));
    said.extend(imports(record, "The guest"));
    said
}

fn asked(timeline: &Timeline, record: &StepRecord) -> Vec<String> {
    let mut said: Vec<String> = record
        .ask
        .iter()
        .map(|ask| format!("The question: {}", stopped(&safe::cut(&ask.question, 400))))
        .collect();
    match timeline.answer_to(record.index).map(|answer| &answer.value) {
        Some(Ok(value)) => said.push(format!("The answer: {}.", answer_in_words(value))),
        Some(Err(why)) => said.push(sentence(&format!(
            "The answer could not be told: {}",
            safe::plain(why)
        ))),
        None => {}
    }
    said
}

/// A value as an answer is told: a larger number in hexadecimal too, since it may be an address.
pub fn answer_in_words(value: &Value) -> String {
    match value {
        Value::Int(number @ 256..) => format!("{number} ({number:#x})"),
        value => value.brief(VALUE),
    }
}

/// The sentence that tells the answer to an earlier question.
pub fn told_answer(answer: &Answer) -> String {
    match &answer.value {
        Ok(value) => format!(
            "The answer to the question of step {}: {}.",
            answer.asked_in,
            answer_in_words(value)
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

/// A bound value: in hex where the script uses it as an address.
fn shown(record: &StepRecord, bound: &str, value: &Value) -> String {
    match (value, record.pointers.iter().find(|p| p.name == bound)) {
        (Value::Int(_), Some(pointer)) => format!("{:#x}", pointer.address),
        _ => value.brief(VALUE),
    }
}

#[cfg(test)]
mod tests;
