//! Collects the child steps of the step that runs: which began, which are open, and how each ended.
//!
//! Where they are among the events of the step is known only when the recording is settled.

use std::sync::Arc;

use crate::source::HostPlace;
use crate::timeline::{ChildKind, ChildMark, ChildStep, Children, Outcome};

use super::child_text::Label;

/// The most child steps that are recorded one by one in one step; further ones are counted.
pub(super) const MAX_CHILDREN: usize = 4000;

/// The child steps of the current step.
#[derive(Debug, Default)]
pub(super) struct ChildRecorder {
    list: Vec<ChildStep>,
    /// The children that have begun and not ended, each a part of the one before.
    open: Vec<Open>,
    /// How many parts the step itself has.
    parts: usize,
    total: u64,
}

/// A child that has begun.
#[derive(Debug)]
struct Open {
    /// Its number; `None` for one that is only counted.
    number: Option<usize>,
    /// How many parts it has.
    parts: usize,
}

impl ChildRecorder {
    /// Returns whether no more children are recorded.
    pub fn is_full(&self) -> bool {
        self.list.len() >= MAX_CHILDREN
    }

    /// Begins a child of the one that began last and has not ended. Returns its number, which is its
    /// index in the order in which they began.
    pub fn begin(&mut self, kind: ChildKind, label: Label, host: Option<Arc<HostPlace>>) -> usize {
        self.total += 1;
        let index = self.list.len();
        let (parent, parts) = match self.open.last_mut() {
            Some(open) => (open.number, &mut open.parts),
            None => (None, &mut self.parts),
        };
        *parts += 1;
        let number = *parts;
        self.list.push(ChildStep {
            kind,
            text: label.text,
            bytes: label.bytes,
            result: None,
            host,
            // Until it ends, it has not.
            outcome: Outcome::Cancelled,
            events: 0..usize::MAX,
            parent,
            number,
        });
        self.open.push(Open {
            number: Some(index),
            parts: 0,
        });
        index
    }

    /// Counts a child that is not recorded.
    pub fn begin_counted(&mut self) {
        self.total += 1;
        self.open.push(Open {
            number: None,
            parts: 0,
        });
    }

    /// Ends the child that began last. Returns its number, if it is recorded.
    pub fn end(&mut self, outcome: Outcome, result: Option<String>) -> Option<usize> {
        let number = self.open.pop()?.number?;
        let child = self.list.get_mut(number)?;
        (child.outcome, child.result) = (outcome, result);
        Some(number)
    }

    /// Returns the children with their places among the `events` events of the step.
    pub fn finish(self, marks: &[ChildMark], events: usize) -> Children {
        let mut list = self.list;
        for mark in marks {
            let Some(child) = list.get_mut(mark.number) else {
                continue;
            };
            match mark.is_end {
                false => child.events.start = mark.events,
                true => child.events.end = mark.events,
            }
        }
        for child in &mut list {
            child.events.end = child.events.end.min(events);
            child.events.start = child.events.start.min(child.events.end);
        }
        Children::new(list, self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::child_text;

    #[test]
    fn children_are_numbered_in_their_parents() {
        let call = |word, name| child_text::call(word, name, &[]);
        let mut recorder = ChildRecorder::default();
        let outer = recorder.begin(ChildKind::Import, call("", "env.f"), None);
        let inner = recorder.begin(ChildKind::Call, call("call ", "g"), None);
        assert_eq!(recorder.end(Outcome::Ok, Some("7".into())), Some(inner));
        recorder.begin_counted();
        assert_eq!(recorder.end(Outcome::Ok, None), None);
        let open = recorder.begin(ChildKind::Read, call("read ", "0x0"), None);
        let at = |number, is_end, events| ChildMark {
            number,
            is_end,
            events,
        };
        let marks = [
            at(outer, false, 1),
            at(inner, false, 2),
            at(inner, true, 4),
            at(open, false, 9),
        ];
        let children = recorder.finish(&marks, 6);
        let shown: Vec<_> = children
            .iter()
            .map(|(at, child)| (children.path(at), child.events.clone(), child.outcome))
            .collect();
        assert_eq!(
            shown,
            [
                ("1".to_owned(), 1..6, Outcome::Cancelled),
                ("1/1".to_owned(), 2..4, Outcome::Ok),
                ("1/2".to_owned(), 6..6, Outcome::Cancelled),
            ]
        );
        assert_eq!(children.total(), 4);
    }
}
