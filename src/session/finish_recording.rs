//! Closing a step's recording: what was recorded is checked against live memory, and the
//! instructions that stored are given their names.

use std::sync::Arc;

use crate::guest::{Guest, InstrumentedModule, Site, SiteKind as GuestKind};
use crate::timeline::{
    Finding, FindingKind, Recording, SiteKind, SiteShape, SiteTable, StepKind, StepRecord, Writer,
};

use super::{Session, memory};

/// The instructions that store, as the timeline knows them.
pub(super) fn site_table(guest: &Guest, rewritten: &InstrumentedModule) -> Arc<SiteTable> {
    let shapes = rewritten
        .journal
        .sites
        .iter()
        .map(|site| shape(guest, site))
        .collect();
    Arc::new(SiteTable::new(shapes))
}

fn shape(guest: &Guest, site: &Site) -> SiteShape {
    let kind = match site.kind {
        GuestKind::Store { width } => SiteKind::Store { width },
        GuestKind::Wide => SiteKind::Wide,
        GuestKind::Fill => SiteKind::Fill,
        GuestKind::Copy => SiteKind::Copy,
        GuestKind::CopyFrom => SiteKind::CopyFrom,
        GuestKind::Init { segment } => SiteKind::Init {
            bytes: guest.segment(segment).unwrap_or_default().into(),
        },
        GuestKind::Grow => SiteKind::Grow,
    };
    SiteShape {
        immediate: site.immediate,
        kind,
    }
}

impl Session {
    /// A step of which nothing has happened yet.
    pub(super) fn begin(&self, kind: StepKind, text: String) -> StepRecord {
        let mut record = StepRecord::begin(self.progress.next_step, kind, text, self.image.clone());
        record.recording = Recording::over(self.image.clone(), Arc::clone(&self.sites));
        record
    }

    /// Makes the step's events, its changes and memory after it out of its recording.
    pub(super) fn settle(&mut self, record: &mut StepRecord) {
        let recording = std::mem::take(&mut record.recording);
        let noted = recording.noted_leaves();
        let mut unexplained = None;
        let mut settled = recording.settle_against(&self.image, |recorded, touched| {
            if let Some(live) = &self.memory {
                unexplained = self
                    .check
                    .compare(recorded, touched, &noted, live, &self.store);
            }
        });
        let refused = std::mem::take(&mut settled.refused);
        let used = record.take_settled(settled);
        self.name_sites(&used, record);
        record.findings.extend(self.refusal(&refused));
        record.facts.functions = self.functions(&used);
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
            .filter(|number| !self.sites.is_named(*number))
        {
            let index = number
                .checked_sub(1)
                .and_then(|index| usize::try_from(index).ok());
            let Some(site) = index.and_then(|index| self.rewritten.journal.sites.get(index)) else {
                continue;
            };
            let place = self.guest.place(site.offset);
            let writer = Writer::Guest {
                function: Some(Arc::from(self.guest.function_name(site.function))),
                offset: Some(site.offset),
                source: place.source.clone(),
            };
            self.sites.name(number, writer);
            record.places.push((site.offset, Arc::new(place)));
        }
        let frames = record
            .trap
            .iter()
            .flat_map(|trap| &trap.chain)
            .filter_map(|frame| frame.offset);
        let trapped: Vec<_> = frames
            .map(|offset| (offset, Arc::new(self.guest.place(offset))))
            .collect();
        record.places.extend(trapped);
    }

    /// The functions that these instructions are in, each once.
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

    /// Memory's size is recorded like its bytes, so it is checked like them.
    fn check_size(&self, record: &mut StepRecord) {
        let Some(live) = &self.memory else { return };
        let (live, recorded) = (memory::size(live, &self.store), record.memory.len());
        if live > recorded {
            let message = format!(
                "memory is {live} bytes now, but what was recorded makes it {recorded}: a mistake \
                 of linmem itself; please report it with this guest"
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
        "memory at {address:#x} is not what was recorded there, so nobody can say who wrote it: a \
         mistake of linmem itself; please report it with this guest. What memory holds now is \
         shown, as a difference"
    );
    Finding::new(FindingKind::Unattributed, message).at(address)
}
