//! Compares two runs: the first step and the first byte in which they differ, and how they
//! continue.
//!
//! Steps are matched by their number. A step is the same on both sides if it ended alike, returned
//! the same, called the same imports with the same values, printed the same, has the same findings,
//! and left the same memory. How its statement is written, how long the module is, and which
//! instruction stored a byte are no differences.

use super::{
    Binding, Event, EventLog, Image, ImportCall, Moment, Outcome, Span, Status, StepRecord,
    Timeline, Writer,
};
use crate::value::Value;

/// The largest number of spans of differing bytes that are kept.
const MAX_SPANS: usize = 256;

/// How far two runs are the same. Side 0 is the first run, side 1 the second.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How many steps each side ran.
    pub(crate) steps: [usize; 2],
    /// The first step that differs; `None` if there is none.
    pub(crate) divergence: Option<Divergence>,
    /// How they continue after that; `None` if nothing differs.
    pub(crate) rest: Option<Rest>,
}

/// The first step in which two runs differ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Divergence {
    /// The number of the step.
    pub step: usize,
    /// What differs in it; at least one thing.
    pub parts: Vec<Mismatch>,
    /// The first event that differs; `None` if the events are the same, or are not recorded one by
    /// one up to there.
    pub store: Option<FirstStore>,
    /// The lowest address where memory differs after the step; `None` if memory is the same.
    pub byte: Option<FirstByte>,
    /// The first spans where memory differs after the step, by address.
    pub spans: Vec<Span>,
    /// How many bytes differ after the step.
    pub differing: u64,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mismatch {
    /// What it is.
    pub what: What,
    /// The name of the variable or the question, or the import with the number of its call.
    pub name: Option<String>,
    /// The value on each side; `None` if a side has none.
    pub sides: [Option<Value>; 2],
}

/// What may differ in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Only one side ran the step.
    Step,
    /// How it ended.
    Outcome,
    /// Why it failed, if it failed on both sides.
    Error,
    /// How the guest trapped.
    Trap,
    /// The arguments of its call.
    Arguments,
    /// The results of its call.
    Results,
    /// The value of a variable.
    Binding,
    /// A call of an import.
    ImportCall,
    /// What the guest printed.
    Output,
    /// The code with which the guest exited.
    ExitCode,
    /// The answer to a question.
    Answer,
    /// The size of memory, in pages.
    Pages,
    /// What was found in it.
    Findings,
    /// The bytes of memory.
    Memory,
}

impl What {
    /// Returns the name in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            What::Step => "step",
            What::Outcome => "outcome",
            What::Error => "error",
            What::Trap => "trap",
            What::Arguments => "arguments",
            What::Results => "results",
            What::Binding => "binding",
            What::ImportCall => "import call",
            What::Output => "output",
            What::ExitCode => "exit code",
            What::Answer => "answer",
            What::Pages => "pages",
            What::Findings => "findings",
            What::Memory => "memory",
        }
    }
}

/// The first event in which a step differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FirstStore {
    /// Its number in the step, from 1.
    pub number: usize,
    /// The event on each side; `None` if a side has no further one.
    pub sides: [Option<Event>; 2],
}

/// A byte that differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FirstByte {
    /// Its address.
    pub address: u64,
    /// The byte on each side.
    pub sides: [ByteSide; 2],
}

/// A byte on one side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ByteSide {
    /// Its value; `None` past the end of memory.
    pub value: Option<u8>,
    /// Who wrote it last, and the moment just after that; `None` if nobody did.
    pub written: Option<(Moment, Writer)>,
}

/// How two runs continue after the step in which they differ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rest {
    /// How many further steps both sides ran.
    pub both_ran: usize,
    /// Those of them that ended differently or returned something else. Memory is compared after
    /// the last step only.
    pub differ: Vec<usize>,
    /// What differs in the first of them.
    pub parts: Vec<Mismatch>,
    /// How each run ended.
    pub status: [Status; 2],
    /// How many bytes of memory differ after the last step of each.
    pub differing: u64,
}

impl Comparison {
    /// Compares two runs. The time that this takes depends on what the runs touched, not on how
    /// large memory is.
    pub fn of(a: &Timeline, b: &Timeline) -> Comparison {
        let steps = [a.steps().len(), b.steps().len()];
        let most = steps[0].max(steps[1]);
        let divergence = (0..most).find_map(|step| Divergence::at(step, a, b));
        let rest = divergence
            .as_ref()
            .map(|divergence| Rest::after(divergence.step, a, b));
        Comparison {
            steps,
            divergence,
            rest,
        }
    }

    /// Returns the numbers of the steps that differ, in order. After the first one, a step in which
    /// only memory differs is not among them.
    pub(crate) fn differing_steps(&self) -> impl Iterator<Item = usize> {
        let first = self.divergence.iter().map(|divergence| divergence.step);
        let rest = self
            .rest
            .iter()
            .flat_map(|rest| rest.differ.iter().copied());
        first.chain(rest)
    }

    /// Returns whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.divergence.is_none()
    }
}

impl Divergence {
    /// Compares a step, given that all steps before it are the same. Returns `None` if it is the
    /// same.
    fn at(step: usize, a: &Timeline, b: &Timeline) -> Option<Divergence> {
        let (Some(x), Some(y)) = (a.step(step), b.step(step)) else {
            return Some(Divergence::missing(step, a, b));
        };
        let mut parts = parts(a, x, b, y);
        let before = (a.memory_before(step), b.memory_before(step));
        let was_same = step > 0 || before.0 == before.1;
        let is_same = match was_same {
            true => x.memory.is_same_since(&before.0, &y.memory, &before.1),
            false => x.memory == y.memory,
        };
        if parts.is_empty() && is_same {
            return None;
        }
        let mut spans = if is_same {
            Vec::new()
        } else {
            x.memory.differences(&y.memory)
        };
        let differing = spans.iter().map(|span| span.len).sum();
        if differing > 0 {
            parts.push(Mismatch {
                what: What::Memory,
                name: None,
                sides: [None, None],
            });
        }
        let byte = spans.first().map(|span| FirstByte {
            address: span.start,
            sides: [
                ByteSide::at(a, step, span.start),
                ByteSide::at(b, step, span.start),
            ],
        });
        spans.truncate(MAX_SPANS);
        let store = if was_same {
            FirstStore::of(&x.events, &y.events)
        } else {
            None
        };
        Some(Divergence {
            step,
            parts,
            store,
            byte,
            spans,
            differing,
        })
    }

    fn missing(step: usize, a: &Timeline, b: &Timeline) -> Divergence {
        let text = |timeline: &Timeline| {
            timeline
                .step(step)
                .map(|record| Value::Text(record.text.clone()))
        };
        let part = Mismatch {
            what: What::Step,
            name: None,
            sides: [text(a), text(b)],
        };
        Divergence {
            step,
            parts: vec![part],
            store: None,
            byte: None,
            spans: Vec::new(),
            differing: 0,
        }
    }
}

impl ByteSide {
    fn at(timeline: &Timeline, step: usize, address: u64) -> ByteSide {
        let moment = Moment::end_of(step);
        let written = timeline
            .last_write(address, moment)
            .map(|(moment, write)| (moment, write.writer));
        ByteSide {
            value: timeline.memory_at(moment).byte(address),
            written,
        }
    }
}

impl FirstStore {
    /// Returns the first event that differs; `None` if there is none, or if it is not recorded one
    /// by one up to there.
    fn of(a: &EventLog, b: &EventLog) -> Option<FirstStore> {
        let (mut a, mut b) = (a.iter(), b.iter());
        let mut number = 0;
        loop {
            number += 1;
            match (a.next(), b.next()) {
                (None, None) => return None,
                (Some(x), Some(y)) if has_same_effect(&x, &y) => {}
                (x, y) if [&x, &y].into_iter().flatten().any(is_difference) => return None,
                sides => {
                    return Some(FirstStore {
                        number,
                        sides: sides.into(),
                    });
                }
            }
        }
    }
}

fn is_difference(event: &Event) -> bool {
    matches!(event, Event::Write(write) if write.is_difference)
}

fn has_same_effect(a: &Event, b: &Event) -> bool {
    match (a, b) {
        (Event::Write(x), Event::Write(y)) => x.start == y.start && x.after == y.after,
        (Event::Growth(x), Event::Growth(y)) => x.after == y.after,
        _ => false,
    }
}

impl Rest {
    fn after(step: usize, a: &Timeline, b: &Timeline) -> Rest {
        let from = step.saturating_add(1);
        let pairs = || a.steps().iter().zip(b.steps()).skip(from);
        let mut differ = Vec::new();
        let mut first = Vec::new();
        for (x, y) in pairs() {
            let grew = |s: &StepRecord| s.pages_after.saturating_sub(s.pages_before);
            let mut parts = parts(a, x, b, y);
            // A size that differs from the start on is reported once.
            parts.retain(|part| part.what != What::Pages || grew(x) != grew(y));
            if !parts.is_empty() {
                if differ.is_empty() {
                    first = parts;
                }
                differ.push(x.index);
            }
        }
        let last =
            |timeline: &Timeline| timeline.steps().last().map(|record| record.memory.clone());
        let (x, y): (Image, Image) = (last(a).unwrap_or_default(), last(b).unwrap_or_default());
        Rest {
            both_ran: pairs().count(),
            differ,
            parts: first,
            status: [a.status(), b.status()],
            differing: x.differences(&y).iter().map(|span| span.len).sum(),
        }
    }
}

/// Compares everything except the bytes of memory.
fn parts(a: &Timeline, x: &StepRecord, b: &Timeline, y: &StepRecord) -> Vec<Mismatch> {
    let mut parts = Vec::new();
    let mut compare = |what, name: Option<String>, sides: [Option<Value>; 2]| {
        if !is_same_option(&sides[0], &sides[1]) {
            parts.push(Mismatch { what, name, sides });
        }
    };
    let text = |text: &str| Some(Value::Text(text.to_string()));
    let both = |of: &dyn Fn(&StepRecord) -> Option<Value>| [of(x), of(y)];
    compare(What::Outcome, None, both(&|s| text(s.outcome.as_str())));
    if [x, y].iter().all(|s| s.outcome == Outcome::Failed) {
        compare(
            What::Error,
            None,
            both(&|s| s.error.clone().map(Value::Text)),
        );
    }
    compare(
        What::Trap,
        None,
        both(&|s| s.trap.as_ref().and_then(|trap| text(&trap.kind))),
    );
    compare(
        What::Arguments,
        None,
        both(&|s| s.call.as_ref().map(|call| Value::List(call.args.clone()))),
    );
    if x.bindings.is_empty() && y.bindings.is_empty() {
        compare(
            What::Results,
            None,
            both(&|s| {
                s.call
                    .as_ref()
                    .map(|call| Value::List(call.results.clone()))
            }),
        );
    }
    for name in names(&x.bindings, &y.bindings) {
        compare(
            What::Binding,
            Some(name.clone()),
            both(&|s| bound(&s.bindings, &name)),
        );
    }
    if let Some(number) = first_call(x, y) {
        let call = |s: &StepRecord| s.imports_called.get(number).map(call_value);
        let name = [x, y]
            .into_iter()
            .find_map(|s| Some(s.imports_called.get(number)?.name.clone()));
        let name = name.map(|name| format!("{name} (call {})", number.saturating_add(1)));
        compare(What::ImportCall, name, both(&call));
    }
    let calls = |s: &StepRecord| Some(Value::Int(s.imports_called_total.into()));
    compare(What::ImportCall, Some("how many".into()), both(&calls));
    compare(
        What::Output,
        None,
        both(&|s| s.output.clone().map(Value::Text)),
    );
    compare(
        What::ExitCode,
        None,
        both(&|s| s.exit_code.map(|code| Value::Int(code.into()))),
    );
    for index in 0..x.answers.len().max(y.answers.len()) {
        let of = |timeline: &Timeline, s: &StepRecord| {
            let answer = s.answers.get(index)?;
            let question = timeline
                .step(answer.asked_in)?
                .ask
                .as_ref()?
                .question
                .clone();
            Some((question, answer.value.clone().unwrap_or_else(Value::Text)))
        };
        let (x, y) = (of(a, x), of(b, y));
        let name = x
            .as_ref()
            .or(y.as_ref())
            .map(|(question, _)| question.clone());
        compare(
            What::Answer,
            name,
            [x.map(|(_, value)| value), y.map(|(_, value)| value)],
        );
    }
    compare(
        What::Pages,
        None,
        both(&|s| Some(Value::Int(s.pages_after.into()))),
    );
    compare(What::Findings, None, both(&findings));
    parts
}

/// Returns the names that are bound on either side, each once.
fn names(a: &[Binding], b: &[Binding]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for binding in a.iter().chain(b) {
        if !names.contains(&binding.name) {
            names.push(binding.name.clone());
        }
    }
    names
}

fn bound(bindings: &[Binding], name: &str) -> Option<Value> {
    bindings
        .iter()
        .rev()
        .find(|binding| binding.name == name)
        .map(|binding| binding.value.clone())
}

/// Returns the number of the first call of an import that differs.
fn first_call(a: &StepRecord, b: &StepRecord) -> Option<usize> {
    let most = a.imports_called.len().max(b.imports_called.len());
    (0..most).find(|at| {
        let of = |s: &StepRecord| s.imports_called.get(*at).map(call_value);
        !is_same_option(&of(a), &of(b))
    })
}

/// Returns a call as a list: name, arguments, results, what it read, and the calls that it made.
fn call_value(call: &ImportCall) -> Value {
    let lists = [&call.args, &call.results, &call.saw].map(|values| Value::List(values.clone()));
    let inner = call.calls.iter().map(|inner| {
        let name = Value::Text(inner.export.clone());
        let lists = [&inner.args, &inner.results].map(|values| Value::List(values.clone()));
        Value::List(std::iter::once(name).chain(lists).collect())
    });
    Value::List(
        std::iter::once(Value::Text(call.name.clone()))
            .chain(lists)
            .chain(inner)
            .collect(),
    )
}

/// Returns the kinds and addresses of the findings. A message names functions and lines of one
/// module.
fn findings(step: &StepRecord) -> Option<Value> {
    let kinds = step.findings.iter().map(|finding| {
        let address = finding
            .address
            .map(|at| format!(" at {at:#x}"))
            .unwrap_or_default();
        Value::Text(format!("{}{address}", finding.kind))
    });
    Some(Value::List(kinds.collect())).filter(|_| !step.findings.is_empty())
}

fn is_same_option(a: &Option<Value>, b: &Option<Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.is_identical(b),
        (None, None) => true,
        _ => false,
    }
}
