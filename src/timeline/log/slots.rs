//! Where events are kept: slots of 16 bytes, and the bytes that do not fit into them.

/// `[u32 site][u32 address][u64 value]`, little-endian.
pub(super) type Slot = [u8; SLOT];

pub(super) const SLOT: usize = 16;
/// In place of a site: the second half of a wide store.
pub(super) const CONTINUATION: u32 = u32::MAX;
/// In place of a site, in a log: the value counts the events that are not the guest's own stores.
pub(super) const ASIDE: u32 = 0;

pub(super) fn slot(site: u32, address: u32, value: u64) -> Slot {
    ((u128::from(value) << 64) | (u128::from(address) << 32) | u128::from(site)).to_le_bytes()
}

/// Site, address and value.
pub(super) fn parts(slot: &Slot) -> (u32, u32, u64) {
    let all = u128::from_le_bytes(*slot);
    (all as u32, (all >> 32) as u32, (all >> 64) as u64)
}

const CHUNK_BITS: u32 = 16;
/// Slots in a chunk: 1 MiB of them.
const CHUNK: usize = 1 << CHUNK_BITS;

/// A long list of slots in chunks, so that it grows without being moved.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    /// All but the last are full.
    chunks: Vec<Vec<Slot>>,
    /// Room that was used and is free again.
    spare: Option<Vec<Slot>>,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        match self.chunks.split_last() {
            Some((last, full)) => full.len() * CHUNK + last.len(),
            None => 0,
        }
    }

    pub(super) fn push(&mut self, slot: Slot) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(slot),
            _ => self.next_chunk().push(slot),
        }
    }

    /// Appends slots as they lie in memory; a part of a slot at the end is left out.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let (mut slots, _) = bytes.as_chunks::<SLOT>();
        while !slots.is_empty() {
            let chunk = match self.chunks.last() {
                Some(last) if last.len() < CHUNK => self.chunks.last_mut(),
                _ => Some(self.next_chunk()),
            };
            let Some(chunk) = chunk else { return };
            let (now, later) = slots.split_at(slots.len().min(CHUNK - chunk.len()));
            chunk.extend_from_slice(now);
            slots = later;
        }
    }

    /// The first chunk grows as it must; the log of a short step takes little room.
    fn next_chunk(&mut self) -> &mut Vec<Slot> {
        let room = if self.chunks.is_empty() { 0 } else { CHUNK };
        let chunk = self.spare.take().unwrap_or_else(|| Vec::with_capacity(room));
        self.chunks.push_mut(chunk)
    }

    /// Takes a chunk whose slots are not needed any more, to use its room again.
    pub(super) fn reuse(&mut self, mut chunk: Vec<Slot>) {
        chunk.clear();
        self.spare = Some(chunk);
    }

    pub(super) fn pop(&mut self) -> Option<Slot> {
        let slot = self.chunks.last_mut()?.pop();
        if self.chunks.last().is_some_and(Vec::is_empty) {
            self.chunks.pop();
        }
        slot
    }

    pub(super) fn get(&self, index: usize) -> Option<&Slot> {
        self.chunks.get(index >> CHUNK_BITS)?.get(index & (CHUNK - 1))
    }

    pub(super) fn into_chunks(self) -> Vec<Vec<Slot>> {
        self.chunks
    }

    pub(super) fn shrink(&mut self) {
        self.spare = None;
        if let Some(last) = self.chunks.last_mut() {
            last.shrink_to_fit();
        }
    }

    pub(super) fn kept_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.capacity() * SLOT).sum()
    }
}

const PART_BITS: u32 = 20;
const PART: usize = 1 << PART_BITS;

/// Bytes that belong to slots, put there one after another and found again by their place.
#[derive(Debug, Clone, Default)]
pub(super) struct Blob {
    parts: Vec<Vec<u8>>,
}

impl Blob {
    /// Keeps at most 64 KiB and tells where they lie: a number below 2^47.
    pub(super) fn put(&mut self, bytes: &[u8]) -> u64 {
        if self.parts.last().is_none_or(|part| part.len() + bytes.len() > PART) {
            self.parts.push(Vec::new());
        }
        let index = self.parts.len() - 1;
        let Some(part) = self.parts.last_mut() else { return 0 };
        let place = (index as u64) << PART_BITS | part.len() as u64;
        part.extend_from_slice(bytes);
        place
    }

    pub(super) fn get(&self, place: u64, len: usize) -> &[u8] {
        let within = place as usize & (PART - 1);
        let part = self.parts.get((place >> PART_BITS) as usize);
        part.and_then(|part| part.get(within..within + len)).unwrap_or_default()
    }

    pub(super) fn shrink(&mut self) {
        if let Some(last) = self.parts.last_mut() {
            last.shrink_to_fit();
        }
    }

    pub(super) fn kept_bytes(&self) -> usize {
        self.parts.iter().map(Vec::capacity).sum()
    }
}
