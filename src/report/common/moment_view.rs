//! The moment of `--at`: memory before and after the step or the child that it names.

use crate::timeline::{ChildStep, Image, Moment, Span, StepRecord, Timeline};

use super::child_lines;
use super::options::Options;

/// A moment of a step, or of one of its children.
pub(in crate::report) struct MomentView<'a> {
    pub record: &'a StepRecord,
    pub moment: Moment,
    child: Option<(usize, &'a ChildStep)>,
    /// Memory before the step or the child.
    pub before: Image,
    /// Memory at the moment.
    pub after: Image,
}

impl<'a> MomentView<'a> {
    /// Returns a moment of a step. `options` may name a child of that.
    pub fn of(
        timeline: &Timeline,
        record: &'a StepRecord,
        moment: Moment,
        options: &Options,
    ) -> Self {
        let child = options
            .child
            .and_then(|index| Some((index, record.children.get(index)?)));
        let step = record.index;
        let before = match child {
            Some((_, child)) => timeline.memory_at(Moment {
                step,
                event: child.events.start,
            }),
            None => timeline.memory_before(step),
        };
        MomentView {
            record,
            moment,
            child,
            before,
            after: timeline.memory_at(moment),
        }
    }

    /// Returns the name of the step or child: `step 4`, `4/2`.
    pub fn label(&self) -> String {
        match self.child {
            Some((index, _)) => self.record.child_label(index),
            None => format!("step {}", self.record.index),
        }
    }

    /// Returns what the child was, in a line.
    pub fn child_line(&self) -> Option<String> {
        self.child.map(|(_, child)| child_lines::line(child))
    }

    /// Returns how many events of the step or child have happened, and how many it has; `None` at
    /// its end.
    pub fn event(&self) -> Option<(usize, usize)> {
        let events = match self.child {
            Some((_, child)) => child.events.clone(),
            None => 0..self.record.events.len(),
        };
        let is_inside = self.moment.event < events.end;
        is_inside.then(|| (self.moment.event.saturating_sub(events.start), events.len()))
    }

    /// Returns the bytes that the event before the moment wrote, where the moment is after one.
    pub fn written(&self) -> Option<Span> {
        let is_at_event = self.child.is_none() || self.event().is_some_and(|(at, _)| at > 0);
        let write = self.record.events.write_of(self.moment.event);
        write.filter(|_| is_at_event).map(|write| write.span())
    }

    /// Returns the bytes that the moment is about.
    pub fn focus(&self) -> Option<Span> {
        let changed = || self.after.differences(&self.before).into_iter().next();
        let of_child = self
            .child
            .and_then(|(_, child)| child.bytes.or_else(changed));
        self.written().or(of_child).or(self.record.focus)
    }
}
