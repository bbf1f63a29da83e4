//! Finishes the recording of a step: compares it with live memory, and names the instructions that
//! stored.

use std::sync::Arc;

use wasmer::Value as Wasm;

use crate::guest::{Guest, InstrumentedModule};
use crate::timeline::{
    Finding, FindingKind, SiteTable, StackPointer, StepKind, StepRecord, Writer,
};

use super::recorder::Recorder;
use super::{Session, memory};

/// Creates the timeline's table of the instrumented guest's store sites.
pub(super) fn site_table(guest: &Guest, instrumented: &InstrumentedModule) -> Arc<SiteTable> {
    let sites = instrumented.journal.sites.clone();
    Arc::new(SiteTable::new(sites).with_segments(|segment| guest.segment(segment)))
}

impl Session {
    /// Begins the record of a step, and its recording.
    pub(super) fn begin(&mut self, kind: StepKind, text: String) -> StepRecord {
        let (before, sites) = (self.image.clone(), Arc::clone(&self.sites));
        self.recorder().begin_step(before, sites);
        let mut record = StepRecord::begin(self.progress.next_step, kind, text, self.image.clone());
        record.stack_pointer = self.stack_pointer().map(|now| StackPointer {
            before: Some(now),
            after: now,
        });
        record
    }

    /// Returns the value of the guest's stack pointer, unsigned.
    fn stack_pointer(&mut self) -> Option<u64> {
        match self.stack_pointer.as_ref()?.get(&mut self.store) {
            Wasm::I32(value) => Some(u64::from(value.cast_unsigned())),
            _ => None,
        }
    }

    /// Returns the recorder of the session, which its host functions share.
    pub(super) fn recorder(&mut self) -> &mut Recorder {
        &mut self.env.as_mut(&mut self.store).recorder
    }

    /// Ends the recording of a step and derives from it the step's events, its changes and memory
    /// after it.
    pub(super) fn finish_recording(&mut self, record: &mut StepRecord) {
        let (recording, children) = self.recorder().finish();
        let summarized = recording.summarized_leaves();
        let mut unexplained = None;
        let settled = recording.settle_against(&self.image, |recorded, touched| {
            if let Some(live) = &self.memory {
                unexplained = self
                    .check
                    .compare(recorded, touched, &summarized, live, &self.store);
            }
        });
        record.set_effects(&settled);
        record.children = children.finish(&settled.child_marks, settled.events.len());
        self.name_sites(&settled.sites, record);
        record
            .findings
            .extend(self.refused_growth(&settled.refused));
        record.facts.functions = self.functions(&settled.sites);
        record.facts.frame_bytes = self.frame_bytes(&settled.sites, record);
        record.stack_pointer = self.stack_pointer().map(|after| StackPointer {
            before: record.stack_pointer.and_then(|known| known.before),
            after,
        });
        self.record_allocator_calls(&settled.allocator_records, record);
        record.findings.extend(unexplained.map(unattributed));
        self.check_size(record);
        self.image = record.memory.clone();
        record.pages_after = self.image.pages();
    }

    /// Names the instructions that stored for the first time.
    fn name_sites(&self, used: &[u32], record: &mut StepRecord) {
        for number in used
            .iter()
            .copied()
            .filter(|number| !self.sites.has_writer(*number))
        {
            let Some(site) = self.compiled.instrumented.journal.site(number) else {
                continue;
            };
            let place = self.guest.locate(site.offset);
            let writer = Writer::Guest {
                function: Some(Arc::from(self.guest.function_name(site.function))),
                offset: Some(site.offset),
                source: place.source.clone(),
            };
            self.sites.set_writer(number, writer);
            record.places.push((site.offset, Arc::new(place)));
        }
        let frames = record
            .trap
            .iter()
            .flat_map(|trap| &trap.chain)
            .filter_map(|frame| frame.offset);
        let trapped: Vec<_> = frames
            .map(|offset| (offset, Arc::new(self.guest.locate(offset))))
            .collect();
        record.places.extend(trapped);
    }

    /// Returns the functions that contain these store sites, each once.
    fn functions(&self, sites: &[u32]) -> Vec<Arc<str>> {
        let mut found: Vec<Arc<str>> = Vec::new();
        for site in sites {
            if let Writer::Guest {
                function: Some(function),
                ..
            } = self.sites.writer(*site)
                && found.last() != Some(&function)
            {
                found.push(function);
            }
        }
        found
    }

    /// Returns how many bytes of the guest's stack the frames took at least that a call made: the
    /// one of the function that was called, and the largest one of a function that stored below it.
    fn frame_bytes(&self, sites: &[u32], record: &StepRecord) -> u64 {
        if self.stack_pointer.is_none() || !Self::runs_guest(record) {
            return 0;
        }
        let entry = self.entry(record);
        let mut functions: Vec<u32> = sites
            .iter()
            .filter_map(|site| Some(self.compiled.instrumented.journal.site(*site)?.function))
            .collect();
        functions.dedup();
        let inner = functions
            .into_iter()
            .filter(|function| Some(*function) != entry)
            .map(|function| self.guest.frame_size(function))
            .max();
        let outer = entry.map_or(0, |function| self.guest.frame_size(function));
        outer.saturating_add(inner.unwrap_or(0))
    }

    fn runs_guest(record: &StepRecord) -> bool {
        record.call.is_some() || record.kind == StepKind::Instantiate
    }

    /// Compares the recorded size of memory with that of live memory.
    fn check_size(&self, record: &mut StepRecord) {
        let Some(live) = &self.memory else { return };
        let (live, recorded) = (memory::size(live, &self.store), record.memory.len());
        if live > recorded {
            let message = format!(
                "memory has {live} bytes, but {recorded} were recorded: this is a bug in linmem; \
                 please report it with this guest"
            );
            record
                .findings
                .push(Finding::new(FindingKind::Unattributed, message).at(recorded));
            record.memory.grow(live);
        }
    }
}

fn unattributed(address: u64) -> Finding {
    let message = format!(
        "memory at {address:#x} differs from what was recorded, so the writer is not known: this \
         is a bug in linmem; please report it with this guest. The bytes are shown as they are now"
    );
    Finding::new(FindingKind::Unattributed, message).at(address)
}
