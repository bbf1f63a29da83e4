//! An arena of bytes: they are appended, found again by their place, and freed together.
//!
//! Fresh memory is expensive, page by page, and in a loop that stores it would cost more than
//! everything else. So an arena that grows takes large chunks, which another thread has touched
//! before (`prefault`).

use super::chunk::Chunk;
use super::prefault::{self, CHUNK};
use crate::timeline::PAGE;

/// The size of an arena's first chunk, in bytes.
const FIRST_CHUNK: usize = 16 << 10;
/// Each chunk is this many times as large as the one before, up to [`CHUNK`].
const GROWTH: usize = 16;

/// Where bytes are in an arena, and how many they are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    chunk: u32,
    offset: u32,
    len: u32,
}

impl Place {
    const LEN_BITS: u32 = 17;
    const OFFSET_BITS: u32 = CHUNK.ilog2();

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Packs the place of at most 64 KiB into one number, so that it fits into an entry's value.
    pub(super) fn to_bits(self) -> u64 {
        debug_assert!(u64::from(self.len) <= PAGE && (self.offset as usize) < CHUNK);
        (u64::from(self.chunk) << Self::OFFSET_BITS | u64::from(self.offset)) << Self::LEN_BITS
            | u64::from(self.len)
    }

    /// Unpacks what [`to_bits`](Place::to_bits) packed.
    pub(super) fn from_bits(bits: u64) -> Self {
        let len = bits & ((1 << Self::LEN_BITS) - 1);
        let start = bits >> Self::LEN_BITS;
        Place {
            chunk: (start >> Self::OFFSET_BITS) as u32,
            offset: (start & ((1 << Self::OFFSET_BITS) - 1)) as u32,
            len: len as u32,
        }
    }
}

const _: () = assert!(PAGE < 1 << Place::LEN_BITS && CHUNK.is_power_of_two());

/// Chunks of bytes, each larger than the one before up to a limit.
#[derive(Debug, Default)]
pub(super) struct Arena {
    chunks: Vec<PartlyUsed>,
}

#[derive(Debug)]
struct PartlyUsed {
    chunk: Chunk,
    /// How many bytes are used, from the first on.
    used: usize,
}

impl PartlyUsed {
    /// Creates a chunk for at least `len` bytes; `preferred` is a good size for it.
    fn new(len: usize, preferred: usize) -> Self {
        let chunk = if preferred >= CHUNK && len <= CHUNK {
            prefault::take_chunk()
        } else {
            None
        };
        PartlyUsed {
            chunk: chunk.unwrap_or_else(|| Chunk::zeroed(preferred.min(CHUNK).max(len))),
            used: 0,
        }
    }

    fn free(&self) -> usize {
        self.chunk.len() - self.used
    }
}

impl Arena {
    /// Allocates `len` bytes, less than 4 GiB, for the caller to fill.
    pub(super) fn allocate(&mut self, len: usize) -> (Place, &mut [u8]) {
        let last = self.chunks.last();
        // No place begins at the end of a chunk, not even that of no bytes: see `Place::to_bits`.
        if last.is_none_or(|last| last.free() < len.max(1)) {
            let preferred =
                last.map_or(FIRST_CHUNK, |last| last.chunk.len().saturating_mul(GROWTH));
            self.chunks.push(PartlyUsed::new(len, preferred));
        }
        let index = self.chunks.len() - 1;
        let Some(last) = self.chunks.last_mut() else {
            return Default::default();
        };
        let offset = last.used;
        last.used += len;
        let place = Place {
            chunk: index as u32,
            offset: offset as u32,
            len: len as u32,
        };
        let bytes = last.chunk.bytes_mut().get_mut(offset..offset + len);
        (place, bytes.unwrap_or_default())
    }

    /// Allocates a copy of `bytes`.
    pub(super) fn store(&mut self, bytes: &[u8]) -> Place {
        let (place, to) = self.allocate(bytes.len());
        to.copy_from_slice(bytes);
        place
    }

    /// Returns the bytes at a place.
    #[inline]
    pub(super) fn get(&self, place: Place) -> &[u8] {
        let (offset, len) = (place.offset as usize, place.len as usize);
        self.chunks
            .get(place.chunk as usize)
            .and_then(|partly| partly.chunk.bytes().get(offset..offset + len))
            .unwrap_or_default()
    }

    /// Frees the chunks that contain none of these places. The last chunk is used again instead. All
    /// other places keep their bytes.
    pub(super) fn retain(&mut self, places: impl Iterator<Item = Place>) {
        let mut is_used = vec![false; self.chunks.len()];
        for place in places {
            if let Some(is_used) = is_used.get_mut(place.chunk as usize) {
                *is_used = true;
            }
        }
        let last = self.chunks.len().saturating_sub(1);
        for (index, (partly, is_used)) in self.chunks.iter_mut().zip(is_used).enumerate() {
            if is_used {
                continue;
            }
            partly.used = 0;
            if index != last {
                partly.chunk = Chunk::Heap(Vec::new());
            }
        }
    }

    /// Frees what the last chunk has free, where that is much.
    pub(super) fn shrink(&mut self) {
        if let Some(last) = self.chunks.last_mut()
            && last.free() > last.used / 4
        {
            let bytes = last.chunk.bytes().get(..last.used).unwrap_or_default();
            last.chunk = Chunk::Heap(bytes.to_vec());
        }
    }

    /// Returns how much memory the arena takes, in bytes.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.chunks.iter().map(|partly| partly.chunk.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_packing_into_bits() {
        let mut arena = Arena::default();
        let pieces: Vec<Vec<u8>> = [1, 0x1_0000, 300, 0, 0x1_0000]
            .iter()
            .cycle()
            .take(400)
            .enumerate()
            .map(|(nth, len)| vec![nth as u8; *len])
            .collect();
        let places: Vec<u64> = pieces.iter().map(|p| arena.store(p).to_bits()).collect();
        assert!(arena.chunks.len() > 3, "several chunks are in use");
        for (bits, piece) in places.iter().zip(&pieces) {
            assert_eq!(arena.get(Place::from_bits(*bits)), piece);
        }
    }

    #[test]
    fn an_arena_whose_bytes_are_never_retained_does_not_grow() {
        let mut arena = Arena::default();
        let mut round = || {
            for nth in 0..40 {
                arena.store(&[nth; 1 << 18]);
            }
            arena.retain(std::iter::empty());
            arena.allocated_bytes()
        };
        let first = round();
        assert_eq!((0..20).map(|_| round()).max(), Some(first));
    }

    #[test]
    fn chunks_without_retained_bytes_are_freed() {
        let mut arena = Arena::default();
        let places: Vec<Place> = (0..3).map(|nth| arena.store(&[nth; 1 << 20])).collect();
        let before = arena.allocated_bytes();
        arena.retain(places.iter().copied().skip(2));
        arena.shrink();
        assert!(arena.allocated_bytes() < before);
        assert_eq!(arena.get(places[2]), [2; 1 << 20]);
    }
}
