//! Chunks of zeroed memory, the large ones in huge pages.

use memmap2::MmapMut;

/// The size of a huge page, in bytes.
pub(super) const HUGE_PAGE: usize = 2 << 20;

/// Bytes that are zero at first. Their number never changes.
///
/// The system hands out memory page by page, each when it is first written, and clears it then.
/// With huge pages it does so for 2 MiB at once, which takes a fifth of the time
/// (`docs/performance.md`).
#[derive(Debug)]
pub(super) enum Chunk {
    Heap(Vec<u8>),
    Mapped {
        map: MmapMut,
        /// Where the bytes begin in the mapping: at a multiple of a huge page.
        start: usize,
        len: usize,
    },
}

impl Chunk {
    /// Creates a chunk of `len` bytes: on the heap, or mapped if it is at least a huge page long.
    pub(super) fn zeroed(len: usize) -> Self {
        Chunk::mapped(len).unwrap_or_else(|| Chunk::Heap(vec![0; len]))
    }

    /// Maps a chunk of `len` bytes. Returns `None` for less than a huge page, and if the system has
    /// no memory left.
    pub(super) fn mapped(len: usize) -> Option<Self> {
        if len < HUGE_PAGE {
            return None;
        }
        // A huge page must begin at a multiple of its size. The mapping is longer by one, so that
        // such a place is in it wherever the system puts it.
        let map = MmapMut::map_anon(len + HUGE_PAGE).ok()?;
        // The chunk is usable without huge pages too, so an error is of no interest.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        let start = map.as_ptr().align_offset(HUGE_PAGE).min(HUGE_PAGE);
        Some(Chunk::Mapped { map, start, len })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Chunk::Heap(bytes) => bytes.len(),
            Chunk::Mapped { len, .. } => *len,
        }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Chunk::Heap(bytes) => bytes,
            Chunk::Mapped { map, start, len } => map.get(*start..*start + *len).unwrap_or_default(),
        }
    }

    #[inline]
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Chunk::Heap(bytes) => bytes,
            Chunk::Mapped { map, start, len } => {
                map.get_mut(*start..*start + *len).unwrap_or_default()
            }
        }
    }
}
