//! The recording as the host of a run: what comes next, what memory is according to it, and which
//! bytes the host has changed.

pub(super) mod call_text;
pub(super) mod literal;
pub(super) mod table_changes;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::hostlog::{Entry, Event, HostLog};
use crate::script::ast::{DetachedWrite, ImportName, RecordedActions};
use crate::source::HostPlace;
use crate::timeline::PAGE;
use crate::value::Value;

use table_changes::{KnownTable, tables_of};

/// Bytes that stayed the same between two changes, and count to the same write.
const MAX_GAP: u64 = 3;

/// A write of the host.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlannedWrite {
    pub address: u64,
    pub bytes: Vec<u8>,
    /// The line of the method that wrote; `None` where no method was seen.
    pub place: Option<Arc<HostPlace>>,
    /// Whether a method of the host wrote this.
    pub is_exact: bool,
}

/// What the recording has about memory since the guest was left.
#[derive(Default)]
struct Pending {
    /// The spans that methods wrote, in order.
    wrote: Vec<(u64, u64, Option<Arc<HostPlace>>)>,
    /// The spans that are as the guest left them, but for what changed since.
    left: Vec<(u64, u64)>,
    /// The entries with the bytes that changed, by their index in the recording.
    changed: Vec<usize>,
    /// Whether all of memory is known.
    is_full: bool,
}

/// A recording while it is replayed.
pub(super) struct Playback {
    pub(super) log: Arc<HostLog>,
    /// The entries about the instance, by index.
    pub(super) entries: Vec<usize>,
    /// The instance.
    instance: u32,
    /// Its tables.
    tables: Vec<KnownTable>,
    /// The index into `entries` of the next one.
    next: usize,
    /// The memory that is compared.
    memory: Option<u32>,
    /// Its size according to the recording, in pages.
    pages: Option<u64>,
    /// Its bytes according to the recording, as far as they are known.
    bytes: Vec<u8>,
    pending: Pending,
    /// The actions of each call of each import so far, as text.
    pub(super) imports: BTreeMap<ImportName, Vec<Vec<String>>>,
    /// Where in the host each action was done, in the same order.
    pub(super) places: RecordedActions,
    /// How the names of files begin.
    file_prefix: String,
    /// Bytes that are too long for a statement, by the names of their files.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// The first difference between the replay and the recording.
    pub(super) divergence: Option<String>,
    /// The writes into detached views since the step before.
    pub(super) detached: Vec<DetachedWrite>,
    /// Whether the host changed a table, which is not replayed.
    pub(super) has_table_changes: bool,
}

impl Playback {
    pub fn new(log: Arc<HostLog>, instance: u32, memory: Option<u32>, file_prefix: &str) -> Self {
        Playback {
            entries: entries_of(&log, instance, memory),
            tables: tables_of(log.instances.get(instance as usize)),
            instance,
            log,
            next: 0,
            memory,
            pages: None,
            bytes: Vec::new(),
            pending: Pending::default(),
            imports: BTreeMap::new(),
            places: RecordedActions::new(),
            file_prefix: file_prefix.to_owned(),
            files: Vec::new(),
            divergence: None,
            detached: Vec::new(),
            has_table_changes: false,
        }
    }

    /// Returns the index in the recording of the next entry.
    pub fn next_index(&self) -> Option<usize> {
        self.entries.get(self.next).copied()
    }

    /// Returns the next event after those about memory and tables, which are taken in.
    pub fn peek(&mut self) -> Option<Event> {
        loop {
            let index = self.next_index()?;
            let event = &self.log.entries.get(index)?.event;
            match event {
                Event::Memory { pages, .. } => self.pages = Some(*pages),
                Event::Changed { is_full, .. } => {
                    self.pending.changed.push(index);
                    self.pending.is_full |= is_full;
                }
                Event::Left { spans, .. } => self.pending.left.extend(spans),
                Event::Wrote {
                    address,
                    length,
                    at,
                    ..
                } => self.pending.wrote.push((*address, *length, at.clone())),
                other => return Some(other.clone()),
            }
            self.next += 1;
        }
    }

    /// Goes past the event that [`Playback::peek`] has returned.
    pub fn advance(&mut self) {
        self.next += 1;
    }

    /// Returns whether the host went on after the next event: it called the guest again, or ended well.
    pub fn goes_on(&self) -> bool {
        let ends_well = |entry: &Entry| {
            matches!(
                entry.event,
                Event::End {
                    status: Some(0),
                    ..
                }
            )
        };
        if self.log.entries.last().is_some_and(ends_well) {
            return true;
        }
        let rest = self.entries.iter().skip(self.next + 1);
        rest.filter_map(|index| self.log.entries.get(*index))
            .any(|entry| matches!(entry.event, Event::Call { .. }))
    }

    /// Returns the end of the call that begins at the next event: its index among `entries`.
    pub fn end_of_call(&self) -> Option<&Event> {
        let mut depth = 0_usize;
        for index in self.entries.iter().skip(self.next) {
            let event = &self.log.entries.get(*index)?.event;
            match event {
                Event::Call { .. } | Event::Import { .. } => depth += 1,
                Event::Return(_) | Event::Throw(_) | Event::Answer(_) | Event::Fail(_) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(event);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The host grew memory.
    pub fn grew(&mut self, by: u64) {
        self.pages = self.pages.map(|pages| pages.saturating_add(by));
    }

    /// Takes the memory of the new guest for known, where the recording has not followed it.
    pub fn adopt(&mut self, live: Vec<u8>) {
        self.bytes = live;
    }

    /// Returns the writes of the host since the guest was left. `read` reads live memory, which has
    /// `size` bytes.
    ///
    /// # Errors
    /// How memory differs from the recording in what the host cannot have written.
    pub(super) fn host_writes(
        &mut self,
        size: u64,
        read: impl Fn(u64, u64) -> Option<Vec<u8>>,
    ) -> Result<Vec<PlannedWrite>, String> {
        let pending = std::mem::take(&mut self.pending);
        if self.memory.is_none() {
            return Ok(Vec::new());
        }
        if let Some(pages) = self.pages
            && pages.saturating_mul(PAGE) != size
        {
            let now = size / PAGE;
            return Err(format!(
                "memory has {now} pages here, and {pages} in the recording"
            ));
        }
        let changed = self.take_in(&pending, size, &read);
        let mut writes = Vec::new();
        for (start, len, place) in pending.wrote {
            let end = start.saturating_add(len);
            if let Some(bytes) = self.bytes.get(index(start)..index(end)) {
                writes.push(PlannedWrite {
                    address: start,
                    bytes: bytes.to_vec(),
                    place,
                    is_exact: true,
                });
            }
        }
        let mut covered: Vec<(u64, u64)> = writes
            .iter()
            .map(|write| (write.address, write.address + write.bytes.len() as u64))
            .collect();
        covered.sort_unstable();
        let found = self.differences(&changed, &covered, &read);
        covered.extend(found.iter().copied());
        covered.sort_unstable();
        writes.extend(found.into_iter().filter_map(|(start, end)| {
            Some(PlannedWrite {
                address: start,
                bytes: self.bytes.get(index(start)..index(end))?.to_vec(),
                place: None,
                is_exact: false,
            })
        }));
        if pending.is_full {
            self.compare_all(size, &covered, &read)?;
        }
        Ok(writes)
    }

    /// Brings the bytes of the recording up to date: first what the recorder took over from the guest,
    /// then what changed since. Returns the spans that changed. Nothing past the end of memory, which
    /// has `size` bytes, is taken in.
    fn take_in(
        &mut self,
        pending: &Pending,
        size: u64,
        read: &impl Fn(u64, u64) -> Option<Vec<u8>>,
    ) -> Vec<(u64, u64)> {
        self.bytes.resize(index(size), 0);
        for (start, len) in &pending.left {
            let live = read(*start, (*len).min(size.saturating_sub(*start)));
            live.and_then(|live| self.set(*start, &live));
        }
        let log = Arc::clone(&self.log);
        let entries = pending.changed.iter();
        let writes = entries.filter_map(|index| match &log.entries.get(*index)?.event {
            Event::Changed { writes, .. } => Some(writes),
            _ => None,
        });
        writes
            .flatten()
            .filter_map(|(address, bytes)| {
                self.set(*address, bytes)?;
                Some((*address, bytes.len() as u64))
            })
            .collect()
    }

    /// Sets bytes of the recording; `None` if they are not all in memory.
    fn set(&mut self, address: u64, bytes: &[u8]) -> Option<()> {
        let start = index(address);
        let known = self.bytes.get_mut(start..start.checked_add(bytes.len())?)?;
        known.copy_from_slice(bytes);
        Some(())
    }

    /// Returns the spans among `changed` in which live memory differs, without those that are covered.
    fn differences(
        &self,
        changed: &[(u64, u64)],
        covered: &[(u64, u64)],
        read: &impl Fn(u64, u64) -> Option<Vec<u8>>,
    ) -> Vec<(u64, u64)> {
        let mut found: Vec<(u64, u64)> = Vec::new();
        for (start, len) in changed {
            let Some(live) = read(*start, *len) else {
                continue;
            };
            let recorded = self.bytes.get(index(*start)..).unwrap_or_default();
            for (offset, (live, recorded)) in (0..).zip(live.iter().zip(recorded)) {
                let at = start + offset;
                if live == recorded || is_covered(covered, at) {
                    continue;
                }
                match found.last_mut() {
                    Some((_, end)) if at >= *end && at - *end <= MAX_GAP => *end = at + 1,
                    _ => found.push((at, at + 1)),
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Compares all of memory with the recording, but for what the host has written.
    fn compare_all(
        &self,
        size: u64,
        covered: &[(u64, u64)],
        read: &impl Fn(u64, u64) -> Option<Vec<u8>>,
    ) -> Result<(), String> {
        for start in (0..size).step_by(index(PAGE)) {
            let Some(live) = read(start, PAGE) else {
                continue;
            };
            let recorded = self.bytes.get(index(start)..).unwrap_or_default();
            let recorded = recorded.get(..live.len()).unwrap_or(recorded);
            if live == recorded {
                continue;
            }
            for (offset, (live, recorded)) in (0..).zip(live.iter().zip(recorded)) {
                let at = start + offset;
                if live != recorded && !is_covered(covered, at) {
                    return Err(format!(
                        "memory at {at:#x} holds {live:02x} here, and {recorded:02x} in the recording"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Notes the first difference between the replay and the recording, with its probable cause.
    pub fn diverged(&mut self, what: &str) -> String {
        let is_shared = self.log.entries.iter().any(|entry| {
            matches!(entry.event, Event::Memory { memory, is_shared: true, .. }
                if Some(memory) == self.memory)
        });
        let has_late_changes = self.log.entries.iter().any(|entry| {
            matches!(entry.event, Event::Changed { memory, since: Some(_), .. }
                if Some(memory) == self.memory)
        });
        let others = self.log.instances.iter().filter(|one| {
            let exports = one.memories.iter().map(|(_, memory)| *memory);
            let given = one.given.iter().filter_map(|given| match given.what {
                crate::hostlog::GivenItem::Memory { memory, .. } => Some(memory),
                _ => None,
            });
            exports
                .chain(given)
                .any(|memory| Some(memory) == self.memory)
        });
        let known = [
            (
                is_shared,
                "the memory is shared, so another thread may have written to it",
            ),
            (
                others.count() > 1,
                "another instance uses the same memory, and only one is replayed",
            ),
            (
                has_late_changes,
                "some changes of memory were found late, so their moment is not known: record again \
                 with `--exact`",
            ),
            (
                self.has_table_changes,
                "the host put a function of its own into a table, which is not replayed",
            ),
        ];
        let causes = known.iter().filter(|(fits, _)| *fits);
        let causes: String = causes.map(|(_, cause)| format!("; {cause}")).collect();
        let message = format!("the replay differs from the recording: {what}{causes}");
        self.divergence.get_or_insert(message).clone()
    }

    /// Returns the name of a file with these bytes.
    pub fn file(&mut self, bytes: &[u8]) -> String {
        let known = self.files.iter().find(|(_, known)| known == bytes);
        if let Some((name, _)) = known {
            return name.clone();
        }
        let number = self.files.len() + 1;
        let name = format!("{}data-{number}.bin", self.file_prefix);
        self.files.push((name.clone(), bytes.to_vec()));
        name
    }

    /// Returns bytes as an expression of the language.
    pub fn bytes_text(&mut self, bytes: &[u8]) -> String {
        match literal::bytes(bytes) {
            Some(text) => text,
            None => format!("file({})", Value::Text(self.file(bytes))),
        }
    }

    /// Begins a call of an import. Returns its number.
    pub fn begin_import(&mut self, import: &ImportName) -> usize {
        self.places
            .entry(import.clone())
            .or_default()
            .push(Vec::new());
        let calls = self.imports.entry(import.clone()).or_default();
        calls.push(Vec::new());
        calls.len() - 1
    }

    /// Adds an action to a call of an import, with its place in the host.
    pub fn add_action(
        &mut self,
        import: &ImportName,
        call: usize,
        action: String,
        place: Option<Arc<HostPlace>>,
    ) {
        let calls = self.imports.get_mut(import);
        if let Some(actions) = calls.and_then(|calls| calls.get_mut(call)) {
            actions.push(action);
        }
        let places = self.places.get_mut(import);
        if let Some(places) = places.and_then(|calls| calls.get_mut(call)) {
            places.push(place);
        }
    }
}

fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Returns whether one of the sorted spans has this address.
fn is_covered(spans: &[(u64, u64)], at: u64) -> bool {
    let after = spans.partition_point(|(start, _)| *start <= at);
    // Spans can overlap, so the ones before are examined too; there are few.
    spans
        .get(..after)
        .unwrap_or_default()
        .iter()
        .rev()
        .take(64)
        .any(|(_, end)| at < *end)
}

/// Returns the entries about an instance and its memory.
fn entries_of(log: &HostLog, instance: u32, memory: Option<u32>) -> Vec<usize> {
    let mut open: Vec<bool> = Vec::new();
    let tables = tables_of(log.instances.get(instance as usize));
    let is_of_instance = |function: &u32| {
        let function = log.functions.get(*function as usize);
        function.is_some_and(|function| function.instance == instance)
    };
    let mut is_relevant = |event: &Event| match event {
        Event::Memory { memory: of, .. }
        | Event::Changed { memory: of, .. }
        | Event::Left { memory: of, .. }
        | Event::Wrote { memory: of, .. }
        | Event::Detached { memory: of, .. }
        | Event::Grow { memory: of, .. } => Some(*of) == memory,
        Event::Instance(of) | Event::Created(of) => *of == instance,
        Event::SetGlobal { instance: of, .. } => *of == instance,
        Event::Call { function, .. } | Event::Import { function, .. } => {
            open.push(is_of_instance(function));
            is_of_instance(function)
        }
        Event::Return(_) | Event::Throw(_) | Event::Answer(_) | Event::Fail(_) => {
            open.pop().unwrap_or_default()
        }
        Event::SetTable { table, .. } | Event::GrowTable { table, .. } => {
            tables.iter().any(|known| known.is_numbered(*table))
        }
        Event::End { .. } => false,
    };
    let entries = log.entries.iter().enumerate();
    entries
        .filter(|(_, entry)| is_relevant(&entry.event))
        .map(|(index, _)| index)
        .collect()
}
