//! Arena for bytes that come one after another and stay. Fresh memory is dear, page by page, and in
//! a loop that stores it would cost more than all else: where much is needed, it comes in large
//! pieces, which another thread has made ready.

use std::sync::Arc;

use memmap2::MmapMut;

use super::prefault::{self, PIECE};

const FIRST: usize = 16 << 10;
/// Each piece is so many times as large as the one before it, up to [`PIECE`].
const GROWTH: usize = 16;

/// Where bytes lie in a room.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    piece: u32,
    at: u32,
    len: u32,
}

/// Pieces, each larger than the one before it until they are as large as they get. A copy shares
/// them.
#[derive(Debug, Clone, Default)]
pub(super) struct Arena {
    pieces: Vec<Arc<Piece>>,
}

#[derive(Debug, Default)]
struct Piece {
    bytes: Bytes,
    end: usize,
}

#[derive(Debug)]
enum Bytes {
    Plain(Vec<u8>),
    Mapped(MmapMut),
}

impl Default for Bytes {
    fn default() -> Self {
        Bytes::Plain(Vec::new())
    }
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Bytes::Plain(bytes) => bytes,
            Bytes::Mapped(bytes) => bytes,
        }
    }

    fn get_mut(&mut self) -> &mut [u8] {
        match self {
            Bytes::Plain(bytes) => bytes,
            Bytes::Mapped(bytes) => bytes,
        }
    }
}

impl Piece {
    /// With room for so many bytes, where `larger` would be a good size.
    fn new(len: usize, larger: usize) -> Self {
        if larger >= PIECE
            && len <= PIECE
            && let Some(bytes) = prefault::take()
        {
            return Piece {
                bytes: Bytes::Mapped(bytes),
                end: 0,
            };
        }
        Piece {
            bytes: Bytes::Plain(vec![0; larger.min(PIECE).max(len)]),
            end: 0,
        }
    }

    fn size(&self) -> usize {
        self.bytes.get().len()
    }

    fn left(&self) -> usize {
        self.size() - self.end
    }
}

impl Arena {
    /// Takes so many bytes, to be written once by who asks; fewer than 4 GiB.
    pub(super) fn take(&mut self, len: usize) -> (Place, &mut [u8]) {
        let has_room = self
            .pieces
            .last_mut()
            .and_then(Arc::get_mut)
            .is_some_and(|piece| piece.left() >= len);
        if !has_room {
            let larger = self
                .pieces
                .last()
                .map_or(FIRST, |piece| piece.size().saturating_mul(GROWTH));
            self.pieces.push(Arc::new(Piece::new(len, larger)));
        }
        let index = self.pieces.len() - 1;
        let Some(piece) = self.pieces.last_mut().and_then(Arc::get_mut) else {
            return Default::default();
        };
        let at = piece.end;
        piece.end += len;
        let place = Place {
            piece: index as u32,
            at: at as u32,
            len: len as u32,
        };
        (
            place,
            piece
                .bytes
                .get_mut()
                .get_mut(at..at + len)
                .unwrap_or_default(),
        )
    }

    #[inline]
    pub(super) fn get(&self, place: Place) -> &[u8] {
        let piece = self.pieces.get(place.piece as usize);
        let (at, len) = (place.at as usize, place.len as usize);
        piece
            .and_then(|piece| piece.bytes.get().get(at..at + len))
            .unwrap_or_default()
    }

    /// Gives back the pieces in which none of these lie, and what the last has too much.
    pub(super) fn keep(&mut self, places: impl Iterator<Item = Place>) {
        let mut used = vec![false; self.pieces.len()];
        for place in places {
            if let Some(used) = used.get_mut(place.piece as usize) {
                *used = true;
            }
        }
        for (piece, _) in self.pieces.iter_mut().zip(used).filter(|(_, used)| !used) {
            *piece = Arc::default();
        }
        if let Some(last) = self.pieces.last_mut()
            && last.left() > last.end / 4
        {
            let bytes = last
                .bytes
                .get()
                .get(..last.end)
                .unwrap_or_default()
                .to_vec();
            *last = Arc::new(Piece {
                end: bytes.len(),
                bytes: Bytes::Plain(bytes),
            });
        }
    }

    /// What it takes, in bytes.
    pub(super) fn kept_bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.size()).sum()
    }
}
