//! The replay of a journal over memory. It follows the description of the slots and shares no code with
//! the program, so that it is an independent check.

use std::collections::BTreeMap;

use super::adapter::{Kind, Site};

const PAGE: usize = 65536;

/// The site number of a slot that holds the high half of a vector.
const CONTINUED: u32 = u32::MAX;

/// One slot of a journal.
#[derive(Debug, Clone, Default)]
pub struct Slot {
    pub site: u32,
    pub address: u32,
    pub value: u64,
    /// The bytes of a copy from another memory.
    pub copied: Option<Vec<u8>>,
}

impl Slot {
    pub const SIZE: usize = 16;

    /// Reads a slot. Returns `None` for an empty one.
    pub fn read(bytes: &[u8]) -> Option<Slot> {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let value = u64::from_le_bytes(bytes[8..16].try_into().unwrap());
        (word(0) != 0).then(|| Slot {
            site: word(0),
            address: word(4),
            value,
            copied: None,
        })
    }

    /// Returns whether the next slot holds the vector that this one stores.
    pub fn is_wide(&self, sites: &[Site]) -> bool {
        sites
            .get(self.site as usize - 1)
            .is_some_and(|site| matches!(site.kind, Kind::Vector))
    }

    /// Reads slots up to an empty one. The low half of a vector becomes the value of its slot, the
    /// high half a slot after it.
    pub fn read_all(bytes: &[u8], sites: &[Site]) -> Vec<Slot> {
        let mut slots = Vec::new();
        let mut rest = bytes.chunks_exact(Slot::SIZE);
        while let Some(mut slot) = rest.next().and_then(Slot::read) {
            if !slot.is_wide(sites) {
                slots.push(slot);
                continue;
            }
            let Some(vector) = rest.next() else { break };
            let half = |at: usize| u64::from_le_bytes(vector[at..at + 8].try_into().unwrap());
            slot.value = half(0);
            slots.push(slot);
            slots.push(Slot {
                site: CONTINUED,
                address: 0,
                value: half(8),
                copied: None,
            });
        }
        slots
    }

    pub fn is_continuation(&self) -> bool {
        self.site == CONTINUED
    }
}

/// The number of slots of each kind: `store 4`, `wide`, `fill` and others.
pub type SlotCounts = BTreeMap<String, u64>;

/// A memory that is computed from the journal.
#[derive(Debug, Default)]
pub struct Image {
    pub bytes: Vec<u8>,
    /// The number of slots that were applied, by kind.
    pub slot_counts: SlotCounts,
    /// The bytes of each data segment. Active segments are empty, because they have been dropped.
    pub segments: Vec<Vec<u8>>,
}

impl Image {
    /// Applies the slots of a call and compares the result with `now`. After a trap the last slot may
    /// be a store that did not run.
    pub fn replay(
        &mut self,
        slots: &[Slot],
        sites: &[Site],
        now: &[u8],
        has_trapped: bool,
    ) -> Result<(), String> {
        let last = slots
            .iter()
            .rposition(|slot| !slot.is_continuation())
            .unwrap_or(0);
        for (at, slot) in slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| !slot.is_continuation())
        {
            if at == last && has_trapped && self.bytes == now {
                break;
            }
            let high = slots.get(at + 1).filter(|next| next.is_continuation());
            let site = sites.get(slot.site as usize - 1).ok_or_else(|| {
                format!(
                    "slot {at} of {}: there is no site {}",
                    slots.len(),
                    slot.site
                )
            })?;
            *self.slot_counts.entry(name(site.kind)).or_default() += 1;
            self.apply(slot, high, site).ok_or_else(|| {
                format!(
                    "slot {at} of {} does not fit a memory of {:#x} bytes: {slot:?} {site:?}",
                    slots.len(),
                    self.bytes.len()
                )
            })?;
        }
        match self.bytes == now {
            true => Ok(()),
            false => Err(self.difference(now, slots, sites)),
        }
    }

    /// Applies one slot. Returns `None` where it does not fit the memory.
    fn apply(&mut self, slot: &Slot, high: Option<&Slot>, site: &Site) -> Option<()> {
        let start = usize::try_from(u64::from(slot.address) + site.immediate).ok()?;
        let (low_word, high_word) = (slot.value as u32 as usize, (slot.value >> 32) as usize);
        match &site.kind {
            Kind::Store { width } => {
                self.put(start, &slot.value.to_le_bytes()[..usize::from(*width)])
            }
            Kind::Vector => {
                let high = high?;
                self.put(start, &slot.value.to_le_bytes())?;
                self.put(start + 8, &high.value.to_le_bytes())
            }
            Kind::Fill => {
                self.bytes
                    .get_mut(start..start.checked_add(low_word)?)?
                    .fill(high_word as u8);
                Some(())
            }
            Kind::Copy => {
                let bytes = self
                    .bytes
                    .get(high_word..high_word.checked_add(low_word)?)?
                    .to_vec();
                self.put(start, &bytes)
            }
            Kind::CopyFrom => {
                let bytes = slot
                    .copied
                    .clone()
                    .filter(|bytes| bytes.len() == low_word)?;
                self.put(start, &bytes)
            }
            Kind::Init { segment } => {
                let segment = self.segments.get(*segment as usize)?;
                let bytes = segment
                    .get(high_word..high_word.checked_add(low_word)?)?
                    .to_vec();
                self.put(start, &bytes)
            }
            Kind::Grow => self.grow(slot.address as usize, slot.value as u32),
        }
    }

    fn put(&mut self, start: usize, bytes: &[u8]) -> Option<()> {
        self.bytes
            .get_mut(start..start.checked_add(bytes.len())?)?
            .copy_from_slice(bytes);
        Some(())
    }

    fn grow(&mut self, pages: usize, before: u32) -> Option<()> {
        if before == u32::MAX {
            return Some(());
        }
        let is_true = before as usize * PAGE == self.bytes.len();
        is_true.then(|| self.bytes.resize(self.bytes.len() + pages * PAGE, 0))
    }

    fn difference(&self, now: &[u8], slots: &[Slot], sites: &[Site]) -> String {
        let at = self
            .bytes
            .iter()
            .zip(now)
            .position(|(replayed, now)| replayed != now);
        let first = at.map(|at| {
            format!(
                "{:#x} is {:#04x}, computed {:#04x}",
                at, now[at], self.bytes[at]
            )
        });
        let last: Vec<_> = slots
            .iter()
            .rev()
            .take(4)
            .map(|slot| (slot, sites.get(slot.site as usize - 1)))
            .collect();
        format!(
            "the replay differs from memory: {} bytes computed, {} in memory; {}; {} slots, the last ones {last:?}",
            self.bytes.len(),
            now.len(),
            first.unwrap_or_default(),
            slots.len()
        )
    }
}

fn name(kind: Kind) -> String {
    match kind {
        Kind::Store { width } => format!("store {width}"),
        Kind::Vector => "wide".into(),
        Kind::Fill => "fill".into(),
        Kind::Copy => "copy".into(),
        Kind::CopyFrom => "copy from".into(),
        Kind::Init { .. } => "init".into(),
        Kind::Grow => "grow".into(),
    }
}
