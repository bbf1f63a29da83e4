//! The parts of a step that open: the imports that the guest called, and what the host did in each.
//!
//! Each is an interval of the step's events, and is within the interval of its parent. So there is
//! one order of events, and memory before and after a child is memory at two [moments](super::Moment).

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::{Outcome, Span};
use crate::source::HostPlace;

/// The kind of thing that a child was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChildKind {
    /// The guest called an import.
    Import,
    /// The host called an export of the guest from within an import.
    Call,
    /// The host read from memory.
    Read,
    /// The host wrote to memory.
    Write,
    /// The host made memory grow.
    Grow,
}

/// A part of a step that opens.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildStep {
    /// What it was.
    pub kind: ChildKind,
    /// What was done, in the words of the steps language; safe to print.
    pub text: String,
    /// The bytes that it read or wrote. Of a text up to a NUL it is the first one.
    pub bytes: Option<Span>,
    /// What was returned or read, in short; safe to print. `None` where nothing was.
    pub result: Option<String>,
    /// Where a recorded host did it.
    pub host: Option<Arc<HostPlace>>,
    /// How it ended.
    pub outcome: Outcome,
    /// How many events of the step came before it began, and before it ended.
    pub events: Range<usize>,
    /// The index of the child that it is a part of; `None` for a part of the step itself.
    pub parent: Option<usize>,
    /// Its number among the parts of its parent, from 1.
    pub number: usize,
}

/// The children of a step and their children, each before its own parts. A clone shares them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Children {
    list: Arc<[ChildStep]>,
    /// How many there were, recorded or not.
    total: u64,
}

impl Children {
    /// Creates the children of a step. `total` counts also those that were not recorded.
    pub(crate) fn new(list: Vec<ChildStep>, total: u64) -> Self {
        let total = total.max(list.len() as u64);
        let list = list.into();
        Children { list, total }
    }

    /// Returns how many are recorded.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns whether none is recorded.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns how many there were, recorded or not.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns a child by its index in the order in which they began.
    pub fn get(&self, index: usize) -> Option<&ChildStep> {
        self.list.get(index)
    }

    /// Returns all of them in the order in which they began.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &ChildStep)> {
        self.list.iter().enumerate()
    }

    /// Returns the parts of a child, or those of the step itself.
    pub fn parts_of(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &ChildStep)> {
        let first = parent.map_or(0, |index| index.saturating_add(1));
        let mut at = first;
        std::iter::from_fn(move || {
            let child = self.list.get(at).filter(|child| child.parent == parent)?;
            let index = at;
            at = self.end_of(index);
            Some((index, child))
        })
    }

    /// Returns the index after the last part of a child, and of its parts.
    pub fn end_of(&self, index: usize) -> usize {
        let from = index.saturating_add(1);
        let after = self.list.get(from..).unwrap_or_default();
        let is_part = |child: &&ChildStep| child.parent.is_some_and(|parent| parent >= index);
        from.saturating_add(after.iter().take_while(is_part).count())
    }

    /// Returns how deep a child is: 0 for a part of the step itself.
    pub fn depth(&self, index: usize) -> usize {
        self.ancestors(index).count().saturating_sub(1)
    }

    /// Returns a child and the ones that it is a part of, from the inside to the outside.
    pub fn ancestors(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = Some(index).filter(|index| *index < self.len());
        std::iter::from_fn(move || {
            let index = next?;
            // A parent is always before its parts.
            let parent = self.get(index).and_then(|child| child.parent);
            next = parent.filter(|parent| *parent < index);
            Some(index)
        })
    }

    /// Returns the numbers that lead to a child: `2/1` for the first part of the second child.
    pub fn path(&self, index: usize) -> String {
        let number = |index| self.get(index).map_or(0, |child| child.number).to_string();
        let mut numbers: Vec<String> = self.ancestors(index).map(number).collect();
        numbers.reverse();
        numbers.join("/")
    }

    /// Returns the index of the child to which these numbers lead, each counted from 1.
    pub fn find(&self, path: &[usize]) -> Option<usize> {
        let mut found = None;
        for number in path {
            let (index, _) = self
                .parts_of(found)
                .find(|(_, child)| child.number == *number)?;
            found = Some(index);
        }
        found
    }

    /// Returns the innermost child in which event `number` happened, counted from 1.
    pub fn innermost(&self, number: usize) -> Option<usize> {
        let contains =
            |child: &ChildStep| child.events.start < number && number <= child.events.end;
        let mut innermost = None;
        while let Some((index, _)) = self.parts_of(innermost).find(|(_, child)| contains(child)) {
            innermost = Some(index);
        }
        innermost
    }

    /// Returns how much memory they take, in bytes.
    pub(crate) fn history_bytes(&self) -> usize {
        let texts =
            |child: &ChildStep| child.text.len() + child.result.as_ref().map_or(0, String::len);
        self.list.len() * size_of::<ChildStep>() + self.list.iter().map(texts).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(parent: Option<usize>, number: usize, events: Range<usize>) -> ChildStep {
        ChildStep {
            kind: ChildKind::Import,
            text: format!("{number}"),
            bytes: None,
            result: None,
            host: None,
            outcome: Outcome::Ok,
            events,
            parent,
            number,
        }
    }

    /// `1` with `1/1`, `1/2` and in that `1/2/1`; then `2`.
    fn nested() -> Children {
        Children::new(
            vec![
                child(None, 1, 1..6),
                child(Some(0), 1, 1..1),
                child(Some(0), 2, 2..5),
                child(Some(2), 1, 3..4),
                child(None, 2, 6..8),
            ],
            5,
        )
    }

    #[test]
    fn paths_lead_to_their_child_and_back() {
        let children = nested();
        let paths: Vec<String> = (0..children.len()).map(|at| children.path(at)).collect();
        assert_eq!(paths, ["1", "1/1", "1/2", "1/2/1", "2"]);
        for (index, path) in paths.iter().enumerate() {
            let numbers: Vec<usize> = path.split('/').map(|n| n.parse().unwrap()).collect();
            assert_eq!(children.find(&numbers), Some(index), "{path}");
        }
        for missing in [&[3][..], &[1, 3], &[2, 1], &[0], &[1, 2, 1, 1]] {
            assert_eq!(children.find(missing), None, "{missing:?}");
        }
        assert_eq!(children.depth(3), 2);
        assert_eq!(children.path(9), "");
    }

    #[test]
    fn the_parts_of_a_child_are_its_own_only() {
        let children = nested();
        let parts = |of| children.parts_of(of).map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(parts(None), [0, 4]);
        assert_eq!(parts(Some(0)), [1, 2]);
        assert_eq!(parts(Some(2)), [3]);
        assert_eq!(parts(Some(4)), [0; 0]);
        assert_eq!(
            (children.end_of(0), children.end_of(2), children.end_of(4)),
            (4, 4, 5)
        );
    }

    #[test]
    fn an_event_is_in_the_innermost_child_around_it() {
        let children = nested();
        let found = (1..=9).map(|event| children.innermost(event));
        let expected = [
            None,
            Some(0),
            Some(2),
            Some(3),
            Some(2),
            Some(0),
            Some(4),
            Some(4),
            None,
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
