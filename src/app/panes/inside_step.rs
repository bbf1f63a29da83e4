//! The rows of an unfolded step in the order of time: its events, and its children. A child is one row
//! while it is closed, and has its own parts below it while it is open.

use std::collections::BTreeSet;

use crate::app::App;
use crate::timeline::{ChildKind, ChildStep, Children, Moment, StepRecord};

/// A row of an unfolded step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsideRow {
    /// An event, counted from 1.
    Event(usize),
    /// A child, by its index.
    Child(usize),
}

/// Which children of a step are open, and which one is the row shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OpenChildren {
    /// The step. All children of other steps are closed.
    step: usize,
    open: BTreeSet<usize>,
    here: Option<usize>,
}

impl OpenChildren {
    /// Makes another row the one shown: that of a child, or of the event of the moment.
    pub(in crate::app) fn set_here(&mut self, step: usize, here: Option<usize>) {
        if self.step != step {
            *self = OpenChildren {
                step,
                ..OpenChildren::default()
            };
        }
        self.here = here;
    }

    /// Opens a child.
    pub(in crate::app) fn open(&mut self, child: usize) {
        self.open.insert(child);
    }

    /// Closes a child.
    pub(in crate::app) fn close(&mut self, child: usize) {
        self.open.remove(&child);
    }
}

/// Consecutive rows of one sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment {
    /// This many events, after `before` others.
    Events {
        before: usize,
        count: usize,
    },
    Child(usize),
}

impl Segment {
    fn rows(self) -> usize {
        match self {
            Segment::Events { count, .. } => count,
            Segment::Child(_) => 1,
        }
    }
}

/// The rows of a step.
#[derive(Debug, Clone, Default)]
pub(crate) struct InsideRows {
    /// Each with the number of rows before it.
    segments: Vec<(usize, Segment)>,
    len: usize,
}

impl InsideRows {
    /// Returns the rows of the step shown; none where it is folded.
    pub(crate) fn of(app: &App) -> Self {
        let mut rows = InsideRows::default();
        if let Some(step) = app.record().filter(|_| app.is_unfolded()) {
            rows.push_parts(app, &step.children, None, 0, step.events.len());
        }
        rows
    }

    /// Appends the rows of a child, or of the step itself, which has these events.
    fn push_parts(
        &mut self,
        app: &App,
        children: &Children,
        parent: Option<usize>,
        start: usize,
        end: usize,
    ) {
        let mut at = start;
        for (index, child) in children.parts_of(parent) {
            self.push_events(at, child.events.start);
            self.push(Segment::Child(index));
            if app.is_child_open(index) {
                let events = child.events.clone();
                self.push_parts(app, children, Some(index), events.start, events.end);
            }
            at = child.events.end;
        }
        self.push_events(at, end);
    }

    fn push_events(&mut self, from: usize, to: usize) {
        let count = to.saturating_sub(from);
        if count > 0 {
            self.push(Segment::Events {
                before: from,
                count,
            });
        }
    }

    fn push(&mut self, segment: Segment) {
        self.segments.push((self.len, segment));
        self.len += segment.rows();
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns a row by its index.
    pub(crate) fn get(&self, index: usize) -> Option<InsideRow> {
        let at = self
            .segments
            .partition_point(|(first, segment)| first + segment.rows() <= index);
        let (first, segment) = self.segments.get(at)?;
        Some(match segment {
            Segment::Events { before, .. } => InsideRow::Event(before + (index - first) + 1),
            Segment::Child(child) => InsideRow::Child(*child),
        })
    }

    /// Returns the index of a row. An event in a closed child has none.
    pub(crate) fn index_of(&self, row: InsideRow) -> Option<usize> {
        self.segments
            .iter()
            .find_map(|(first, segment)| match (*segment, row) {
                (Segment::Child(child), InsideRow::Child(wanted)) => {
                    (child == wanted).then_some(*first)
                }
                (Segment::Events { before, count }, InsideRow::Event(number)) => {
                    let offset = number.checked_sub(before + 1)?;
                    (offset < count).then_some(first + offset)
                }
                _ => None,
            })
    }
}

impl App {
    /// Returns whether a child of the step shown is open.
    pub(crate) fn is_child_open(&self, child: usize) -> bool {
        self.opened.step == self.moment.step && self.opened.open.contains(&child)
    }

    /// Returns the child whose row is the one shown.
    pub(crate) fn child_here(&self) -> Option<(usize, &ChildStep)> {
        let index = self.opened.here.filter(|_| self.is_unfolded())?;
        let child = self.record()?.children.get(index)?;
        let is_here = self.opened.step == self.moment.step
            && self.moment.event == self.event_of_child(index, child);
        is_here.then_some((index, child))
    }

    /// Returns how many events have happened where the row of a child is shown: those before it while
    /// it is open, else also its own.
    pub(in crate::app) fn event_of_child(&self, index: usize, child: &ChildStep) -> usize {
        match self.is_child_open(index) {
            true => child.events.start,
            false => child.events.end,
        }
    }

    /// Returns the innermost open child in which the row shown is, its own row included.
    pub(crate) fn child_around(&self) -> Option<(usize, &ChildStep)> {
        if let Some(here) = self.child_here() {
            return Some(here);
        }
        let children = &self.record()?.children;
        let innermost = children.innermost(self.position()?)?;
        let index = children
            .ancestors(innermost)
            .find(|index| self.is_child_open(*index))?;
        Some((index, children.get(index)?))
    }

    /// Returns the row shown; `None` before the first one.
    pub(crate) fn row_here(&self) -> Option<InsideRow> {
        match (self.child_here(), self.position()) {
            (Some((index, _)), _) => Some(InsideRow::Child(index)),
            (None, Some(at @ 1..)) => Some(InsideRow::Event(at)),
            _ => None,
        }
    }

    /// Returns the beginning of what the row shown is a part of: of the innermost child around it, or
    /// of the step.
    pub(crate) fn begin_of_part(&self) -> Moment {
        Moment {
            step: self.moment.step,
            event: self
                .child_around()
                .map_or(0, |(_, child)| child.events.start),
        }
    }
}

/// Returns whether a child has something to open: parts, or events that are not the child itself.
pub(crate) fn can_open(step: &StepRecord, index: usize) -> bool {
    let has_events = |child: &ChildStep| match child.kind {
        ChildKind::Import | ChildKind::Call => !child.events.is_empty(),
        ChildKind::Read | ChildKind::Write | ChildKind::Grow => child.events.len() > 1,
    };
    step.children.parts_of(Some(index)).next().is_some()
        || step.children.get(index).is_some_and(has_events)
}
