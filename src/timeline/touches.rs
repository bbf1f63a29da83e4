//! The writes to a byte or a span, back and forth in time.

use super::{EventLog, Moment, Span, Timeline, Write, Writer};

/// A write to some bytes, and the moment just after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Touch {
    /// The moment just after the write.
    pub moment: Moment,
    /// All bytes that it wrote.
    pub whole: Span,
    /// Those of the bytes in question that it wrote.
    pub part: Span,
    /// The bytes of `part` before the write.
    pub before: Vec<u8>,
    /// The bytes of `part` after the write.
    pub after: Vec<u8>,
    /// Who wrote.
    pub writer: Writer,
    /// Whether only a difference of memory across several stores is known.
    pub is_difference: bool,
}

impl Timeline {
    /// Returns the write that set the byte at `address`, as of `moment`, and the moment just after
    /// it. Returns `None` for a byte that nobody wrote.
    pub fn last_write(&self, address: u64, moment: Moment) -> Option<(Moment, Write)> {
        self.writes_to(address, moment).next()
    }

    /// Returns all writes to the byte at `address` up to `moment`, latest first, each with the
    /// moment just after it. Steps that did not touch the byte take little time.
    pub fn writes_to(
        &self,
        address: u64,
        moment: Moment,
    ) -> impl Iterator<Item = (Moment, Write)> + '_ {
        self.steps_until(moment)
            .rev()
            .flat_map(move |(step, events, most)| {
                let writes = events.writes_to(address, most);
                writes.map(move |(event, write)| (after_event(step, event), write))
            })
    }

    /// Returns the moment just after the next write to the byte at `address`, after `moment`.
    pub fn next_touch(&self, address: u64, moment: Moment) -> Option<Moment> {
        self.next_write_in(Span::of_byte(address), moment)
    }

    /// Returns the moment just after the next write to any byte of a span, after `moment`.
    pub(crate) fn next_write_in(&self, span: Span, moment: Moment) -> Option<Moment> {
        let mut steps = self.steps().iter().enumerate().skip(moment.step);
        steps.find_map(|(step, record)| {
            let from = if step == moment.step { moment.event } else { 0 };
            let write = record.events.first_write_in(span, from..usize::MAX)?;
            Some(after_event(step, write.event))
        })
    }

    /// Returns the moment just after the last write to the byte at `address` before `moment`. If
    /// `moment` is just after a write, that is the one before it. The end of a step comes after all
    /// of its events.
    pub fn previous_touch(&self, address: u64, moment: Moment) -> Option<Moment> {
        self.previous_write_in(Span::of_byte(address), moment)
    }

    /// Returns the moment just after the last write to any byte of a span before `moment`, as
    /// [`previous_touch`](Timeline::previous_touch) does.
    pub(crate) fn previous_write_in(&self, span: Span, moment: Moment) -> Option<Moment> {
        self.steps_until(moment)
            .rev()
            .find_map(|(step, events, most)| {
                let is_at_event = step == moment.step && moment.event <= events.len();
                let most = if is_at_event {
                    most.saturating_sub(1)
                } else {
                    most
                };
                let write = events.last_write_in(span, 0..most)?;
                Some(after_event(step, write.event))
            })
    }

    /// Returns the steps up to a moment, each with how many of its events came before that.
    fn steps_until(
        &self,
        moment: Moment,
    ) -> impl DoubleEndedIterator<Item = (usize, &EventLog, usize)> {
        let shown = self.steps().len().min(moment.step.saturating_add(1));
        let steps = self.steps().get(..shown).unwrap_or_default();
        steps.iter().enumerate().map(move |(step, record)| {
            let most = if step == moment.step {
                moment.event
            } else {
                usize::MAX
            };
            (step, &record.events, most.min(record.events.len()))
        })
    }

    /// Returns the moment just after the last write to any byte of a span up to `moment`.
    pub(crate) fn last_write_in(&self, span: Span, moment: Moment) -> Option<Moment> {
        self.steps_until(moment)
            .rev()
            .find_map(|(step, events, most)| {
                let write = events.last_write_in(span, 0..most)?;
                Some(after_event(step, write.event))
            })
    }

    /// Returns the write that `last` is just after, and the writes before it to any byte of a span,
    /// latest first. Each is found when it is read.
    pub(crate) fn touches_back(
        &self,
        span: Span,
        last: Option<Moment>,
    ) -> impl Iterator<Item = Touch> + '_ {
        let mut next = last.and_then(|moment| self.touch_without_before(span, moment));
        std::iter::from_fn(move || {
            let mut touch = next.take()?;
            let earlier = self.previous_write_in(span, touch.moment);
            next = earlier.and_then(|moment| self.touch_without_before(span, moment));
            touch.before = match &next {
                // To read memory takes longer, and this is the usual case in a loop.
                Some(earlier) if earlier.part == touch.part => earlier.after.clone(),
                _ => self.bytes_before(&touch),
            };
            Some(touch)
        })
    }

    /// Returns the write that a moment is just after, with `before` empty.
    fn touch_without_before(&self, span: Span, moment: Moment) -> Option<Touch> {
        let events = &self.step(moment.step)?.events;
        let (header, after) = events.written_part(moment.event.checked_sub(1)?, span)?;
        Some(Touch {
            moment,
            whole: header.span(),
            part: header.span().intersection(span),
            before: Vec::new(),
            after,
            writer: events.writer_of(header.by),
            is_difference: header.is_difference,
        })
    }

    /// Returns all bytes of the write that a moment is just after.
    pub(crate) fn written_by(&self, moment: Moment) -> Option<Span> {
        let nothing = Span::default();
        let touch = self.touch_without_before(nothing, moment)?;
        Some(touch.whole)
    }

    fn bytes_before(&self, touch: &Touch) -> Vec<u8> {
        let event = touch.moment.event.saturating_sub(1);
        let record = self.step(touch.moment.step);
        record.map_or_else(Vec::new, |record| {
            record.events.bytes_before(event, touch.part)
        })
    }
}

/// Returns the moment just after event number `event` of a step, counted from 0.
fn after_event(step: usize, event: usize) -> Moment {
    Moment {
        step,
        event: event.saturating_add(1),
    }
}
