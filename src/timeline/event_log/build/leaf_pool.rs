//! The bytes of the leaves that were touched, as they are now: a few of them each for itself, many
//! together in huge pages. Stores that go anywhere wait for little else than for where a page lies.

use memmap2::MmapMut;

use crate::timeline::image::{LEAF, Leaf};

/// Of a huge page, in bytes.
const HUGE: usize = 2 << 20;

/// Leaves by their places: each piece holds twice as many as the one before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Sheets {
    pieces: Vec<Piece>,
    len: u32,
}

#[derive(Debug)]
enum Piece {
    Plain(Vec<u8>),
    /// From where on it is used.
    Mapped(MmapMut, usize),
}

impl Clone for Piece {
    fn clone(&self) -> Self {
        Piece::Plain(self.leaves().as_flattened().to_vec())
    }
}

impl Piece {
    /// Arena for so many bytes, all zero.
    fn new(size: usize) -> Self {
        if size >= HUGE
            && let Ok(bytes) = MmapMut::map_anon(size + HUGE)
        {
            // Without huge pages it only takes longer.
            #[cfg(target_os = "linux")]
            let _ = bytes.advise(memmap2::Advice::HugePage);
            let start = bytes.as_ptr().align_offset(HUGE).min(HUGE);
            return Piece::Mapped(bytes, start);
        }
        Piece::Plain(vec![0; size])
    }

    #[inline]
    fn leaves(&self) -> &[Leaf] {
        match self {
            Piece::Plain(bytes) => bytes.as_chunks().0,
            Piece::Mapped(bytes, start) => bytes.get(*start..).unwrap_or_default().as_chunks().0,
        }
    }

    #[inline]
    fn leaves_mut(&mut self) -> &mut [Leaf] {
        match self {
            Piece::Plain(bytes) => bytes.as_chunks_mut().0,
            Piece::Mapped(bytes, start) => {
                bytes
                    .get_mut(*start..)
                    .unwrap_or_default()
                    .as_chunks_mut()
                    .0
            }
        }
    }
}

/// In which piece a leaf lies, and where in it.
#[inline]
fn find(place: u32) -> (usize, usize) {
    let piece = (place + 1).ilog2();
    (piece as usize, (place + 1 - (1 << piece)) as usize)
}

impl Sheets {
    /// Appends a leaf; `None` is one of zeros.
    pub(super) fn push(&mut self, leaf: Option<&Leaf>) {
        let (piece, at) = find(self.len);
        if piece == self.pieces.len() {
            self.pieces.push(Piece::new((LEAF as usize) << piece));
        }
        self.len += 1;
        let new = self
            .pieces
            .get_mut(piece)
            .and_then(|piece| piece.leaves_mut().get_mut(at));
        if let (Some(new), Some(leaf)) = (new, leaf) {
            *new = *leaf;
        }
    }

    pub(super) fn get(&self, place: u32) -> Option<&Leaf> {
        let (piece, at) = find(place);
        self.pieces.get(piece)?.leaves().get(at)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut Leaf> {
        let (piece, at) = find(place);
        self.pieces.get_mut(piece)?.leaves_mut().get_mut(at)
    }
}
