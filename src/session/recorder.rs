//! Records what a step does to memory, whoever does it: the guest's own code through its journal,
//! the imports that it calls, and the host.

use std::sync::Arc;

use wasmer::sys::vm::TrapCode;
use wasmer::{AsStoreMut, AsStoreRef, Memory};

use crate::source::HostPlace;
use crate::timeline::{ChildKind, Image, Outcome, Recording, SiteTable};

use super::child_recorder::ChildRecorder;
use super::child_text::Label;
use super::history_budget::HistoryBudget;
use super::journal::{Journal, JournalError, LastStore};
use super::memory;

/// The one owner of the recording of the current step, and of the guest's journal.
pub(super) struct Recorder {
    /// `None` until the guest is instantiated.
    journal: Option<Journal>,
    recording: Recording,
    children: ChildRecorder,
    /// What the records of the session may take.
    pub budget: HistoryBudget,
}

impl Recorder {
    /// Creates the recorder of a session whose records may take `max_history` bytes.
    pub fn new(max_history: u64) -> Self {
        Recorder {
            journal: None,
            recording: Recording::default(),
            children: ChildRecorder::default(),
            budget: HistoryBudget::new(max_history),
        }
    }

    /// Sets the journal of the instance that was created.
    pub fn attach(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// Begins the recording of a step. `before` is memory as the step before left it.
    pub fn begin_step(&mut self, before: Image, sites: Arc<SiteTable>) {
        self.recording = Recording::over(before, sites);
        self.children = ChildRecorder::default();
    }

    /// Begins a call of the guest. Up to `max_stores` of its stores are recorded one by one.
    pub fn begin_call(&mut self, max_stores: u64) {
        if let Some(journal) = &mut self.journal {
            journal.begin_call(max_stores);
        }
    }

    /// Returns the recording of the current step, to append what the host or an import does. What
    /// the guest stored before must be [drained](Recorder::drain) first.
    pub fn recording(&mut self) -> &mut Recording {
        &mut self.recording
    }

    /// Records what the guest has stored since the last drain. Returns how many slots that were.
    ///
    /// # Errors
    ///
    /// Returns an error if the engine refuses to reset the journal.
    pub fn drain(
        &mut self,
        store: &mut impl AsStoreMut,
        memory: Option<&Memory>,
    ) -> Result<u64, JournalError> {
        match &mut self.journal {
            Some(journal) => journal.drain(store, memory, &mut self.recording),
            None => Ok(0),
        }
    }

    /// Records the rest of a call that has ended, whether it returned or trapped. Returns how many
    /// slots that were.
    ///
    /// # Errors
    ///
    /// Returns an error if the engine refuses to reset the journal.
    pub fn drain_rest(
        &mut self,
        store: &mut impl AsStoreMut,
        memory: Option<&Memory>,
    ) -> Result<u64, JournalError> {
        match &mut self.journal {
            Some(journal) => journal.drain_rest(store, memory, &mut self.recording),
            None => Ok(0),
        }
    }

    /// Returns whether the current step takes more memory than the records of the session may.
    pub fn is_over_budget(&mut self, store: &impl AsStoreRef, memory: Option<&Memory>) -> bool {
        let len = memory.map_or(0, |memory| memory::size(memory, store));
        self.recording.exceeds(self.budget.available(), len)
    }

    /// Returns whether there were more calls of the guest's allocator than a session keeps.
    pub fn misses_calls(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::misses_calls)
    }

    /// Removes the last store of the guest, one that trapped before it wrote anything.
    pub fn undo_last_store(&mut self) {
        self.recording.undo_last_store();
    }

    /// Removes the last store of a call that has ended in a trap which its host catches, if it is the
    /// one that trapped.
    pub fn undo_trapped_store(
        &mut self,
        code: Option<TrapCode>,
        store: &impl AsStoreRef,
        memory: Option<&Memory>,
    ) {
        let end = memory.map_or(0, |memory| memory::size(memory, store));
        let last = self.last_store(end).map(|last| last.attempt);
        let is_trapped = last.is_some_and(|attempt| match code {
            Some(TrapCode::HeapAccessOutOfBounds) => attempt.past_end() > 0,
            Some(TrapCode::UnalignedAtomic) => attempt.is_misaligned(),
            _ => false,
        });
        if is_trapped {
            self.recording.undo_last_store();
        }
        if let Some(journal) = &mut self.journal {
            journal.forget_last_store();
        }
    }

    /// Returns the last store of a call that has ended, as an access that may have trapped.
    /// `memory_end` is the size of memory in bytes.
    pub fn last_store(&self, memory_end: u64) -> Option<LastStore> {
        self.journal.as_ref()?.last_store(memory_end)
    }

    /// Returns the address operand of the load that the guest noted last.
    pub fn last_load(&self, store: &mut impl AsStoreMut) -> Option<u32> {
        self.journal.as_ref()?.last_load(store)
    }

    /// Returns whether further child steps are only counted.
    pub fn are_children_full(&self) -> bool {
        self.children.is_full()
    }

    /// Begins a child step. What the guest stored before must be [drained](Recorder::drain) first.
    pub fn begin_child(&mut self, kind: ChildKind, label: Label, host: Option<Arc<HostPlace>>) {
        let number = self.children.begin(kind, label, host);
        self.recording.push_child(number, false);
    }

    /// Begins a child step that is only counted.
    pub fn begin_counted_child(&mut self) {
        self.children.begin_counted();
    }

    /// Ends the child step that began last. What the guest stored before must be
    /// [drained](Recorder::drain) first.
    pub fn end_child(&mut self, outcome: Outcome, result: Option<String>) {
        if let Some(number) = self.children.end(outcome, result) {
            self.recording.push_child(number, true);
        }
    }

    /// Ends the recording of the step and returns it, with its child steps.
    pub fn finish(&mut self) -> (Recording, ChildRecorder) {
        (
            std::mem::take(&mut self.recording),
            std::mem::take(&mut self.children),
        )
    }
}
