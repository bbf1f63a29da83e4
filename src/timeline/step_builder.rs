//! Builds the record of a step by hand, for tests and benches, which have no session to run one.

use std::ops::{Deref, DerefMut};

use super::{Event, Image, Recording, StepKind, StepRecord};

/// The record of a step and the events that it will have.
#[derive(Debug)]
pub struct StepBuilder {
    record: StepRecord,
    recording: Recording,
    has_growth: bool,
}

impl StepBuilder {
    /// Creates a step without events, as [`StepRecord::begin`] does.
    pub(crate) fn begin(index: usize, kind: StepKind, text: String, memory: Image) -> Self {
        StepBuilder::from(StepRecord::begin(index, kind, text, memory))
    }

    /// Appends an event. The bytes before a write are not kept: they follow from the events before.
    pub(crate) fn push(&mut self, event: Event) {
        self.has_growth |= matches!(event, Event::Growth(_));
        self.recording.push(event);
    }

    /// Finishes the record: its events, its changes and memory after the step follow from what was
    /// appended, over memory `before` the step. Memory that became longer without an event is taken
    /// to have been so before. Counts of stores that were set higher stay.
    pub(crate) fn finish(self, before: &Image) -> StepRecord {
        let mut record = self.record;
        let mut before = before.clone();
        if !self.has_growth {
            before.grow(record.memory.len());
        }
        let (stores, recorded) = (record.stores, record.stores_recorded);
        record.set_effects(&self.recording.settle(&before));
        record.stores = record.stores.max(stores);
        record.stores_recorded = record.stores_recorded.max(recorded);
        record
    }
}

impl From<StepRecord> for StepBuilder {
    fn from(record: StepRecord) -> Self {
        StepBuilder {
            record,
            recording: Recording::default(),
            has_growth: false,
        }
    }
}

impl Deref for StepBuilder {
    type Target = StepRecord;

    fn deref(&self) -> &StepRecord {
        &self.record
    }
}

impl DerefMut for StepBuilder {
    fn deref_mut(&mut self) -> &mut StepRecord {
        &mut self.record
    }
}
