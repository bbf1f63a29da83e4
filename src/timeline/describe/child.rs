//! What happened in a child of a step, in sentences.

use crate::safe;
use crate::text::{count, list};
use crate::timeline::{ChildKind, ChildStep, Outcome, StepRecord};

/// Returns what a child of a step did, in one to three sentences that are safe to print; nothing for
/// a child that the step does not have.
pub(crate) fn describe_child(record: &StepRecord, index: usize) -> String {
    let Some(child) = record.children.get(index) else {
        return String::new();
    };
    let mut sentences = vec![format!("{}: {}", record.child_label(index), first(child))];
    sentences.extend(parts(record, index, child.kind));
    if child.kind != ChildKind::Read && child.kind != ChildKind::Grow {
        sentences.extend(events(child));
    }
    if let Some(place) = &child.host {
        sentences.push(format!(
            "The host did it at {}.",
            safe::plain(&place.to_string())
        ));
    }
    sentences.join(" ")
}

fn first(child: &ChildStep) -> String {
    let (text, result) = (&child.text, child.result.as_deref());
    let what = match child.kind {
        ChildKind::Import => format!("the guest called the import {text}"),
        ChildKind::Call => {
            let called = text.strip_prefix("call ").unwrap_or(text);
            format!("in the import, the host called the guest's {called}")
        }
        ChildKind::Read | ChildKind::Write | ChildKind::Grow => {
            format!("in the import, the host did `{text}`")
        }
    };
    let end = match (child.kind, result, child.outcome) {
        (ChildKind::Read, Some(value), Outcome::Ok) => format!(" and got {value}"),
        (_, Some(value), Outcome::Ok) => format!(", which returned {value}"),
        (_, None, Outcome::Ok) => String::new(),
        (.., Outcome::Failed) => ", which failed".into(),
        (.., Outcome::Trapped) => ", which trapped".into(),
        (.., Outcome::Cancelled) => ", which did not end".into(),
    };
    format!("{what}{end}.")
}

/// Returns a sentence about what was done in a child, as far as there is something.
fn parts(record: &StepRecord, index: usize, kind: ChildKind) -> Option<String> {
    let parts = || record.children.parts_of(Some(index));
    let done = |kind: ChildKind, one: &str, many: &str| {
        let times = parts().filter(|(_, part)| part.kind == kind).count();
        match times {
            0 => None,
            1 => Some(one.to_owned()),
            times => Some(format!("{many} {times} times")),
        }
    };
    let all: Vec<String> = [
        done(ChildKind::Read, "read from memory", "read from memory"),
        done(ChildKind::Write, "wrote to memory", "wrote to memory"),
        done(ChildKind::Grow, "made memory grow", "made memory grow"),
        done(ChildKind::Call, "called the guest", "called the guest"),
        done(ChildKind::Import, "called an import", "called imports"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let who = match kind {
        ChildKind::Import => "the host",
        _ => "the guest",
    };
    (!all.is_empty()).then(|| format!("In it {who} {}.", list::and(&all)))
}

fn events(child: &ChildStep) -> Option<String> {
    match (child.kind, child.events.len()) {
        (ChildKind::Write, _) => None,
        (_, 0) => Some("Memory is as before.".into()),
        (_, events) => Some(format!("Memory was written in {}.", count(events, "event"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Children, Image, StepKind};

    #[test]
    fn a_child_is_described_with_what_was_done_in_it() {
        let child = |kind, text: &str, result: Option<&str>, events, parent, number| ChildStep {
            kind,
            text: text.into(),
            bytes: None,
            result: result.map(str::to_owned),
            host: None,
            outcome: Outcome::Ok,
            events,
            parent,
            number,
        };
        let list = vec![
            child(ChildKind::Import, "env.fetch(16)", Some("1"), 0..4, None, 1),
            child(
                ChildKind::Read,
                "read 0x10 as cstr",
                Some("\"k\""),
                0..0,
                Some(0),
                1,
            ),
            child(
                ChildKind::Call,
                "call alloc(5)",
                Some("64"),
                0..3,
                Some(0),
                2,
            ),
            child(
                ChildKind::Write,
                "write 0x40, \"hello\"",
                None,
                3..4,
                Some(0),
                3,
            ),
            child(ChildKind::Import, "env.log()", None, 4..4, None, 2),
        ];
        let mut record = StepRecord::begin(4, StepKind::Call, "call f()".into(), Image::default());
        record.children = Children::new(list, 5);
        let described: Vec<String> = (0..6).map(|at| describe_child(&record, at)).collect();
        assert_eq!(
            described,
            [
                "4/1: the guest called the import env.fetch(16), which returned 1. In it the host \
                 read from memory, wrote to memory and called the guest. Memory was written in 4 \
                 events.",
                "4/1/1: in the import, the host did `read 0x10 as cstr` and got \"k\".",
                "4/1/2: in the import, the host called the guest's alloc(5), which returned 64. Memory \
                 was written in 3 events.",
                "4/1/3: in the import, the host did `write 0x40, \"hello\"`.",
                "4/2: the guest called the import env.log(). Memory is as before.",
                "",
            ]
        );
    }
}
