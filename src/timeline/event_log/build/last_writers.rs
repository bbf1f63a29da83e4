//! The last writer of each byte of a leaf. Most leaves have one writer or two; only for those with
//! more is a writer kept for each byte.

use std::ops::Range;

use crate::timeline::event_log::byte_mask::{
    ByteMask, clear, for_each_part, mark, marked_edges, value_edges,
};
use crate::timeline::event_log::leaf_index::WriterId;
use crate::timeline::image::LEAF;

/// The last writers of a leaf's bytes. For bytes that were not written they are undefined.
#[derive(Debug)]
pub(in crate::timeline::event_log) enum LastWriters {
    /// All bytes have this writer.
    One(WriterId),
    /// All bytes have the first writer, except the marked ones, which have the second.
    Two(WriterId, WriterId, Box<ByteMask>),
    /// The writer of each byte.
    Each(Box<[ShortId; LEAF as usize]>),
    /// There is a writer that has no short id.
    Unknown,
}

/// A writer in 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::timeline::event_log) struct ShortId(u16);

impl LastWriters {
    /// Returns how much memory the writers take besides the list itself, in bytes.
    pub(super) fn boxed_bytes(&self) -> usize {
        match self {
            LastWriters::One(_) | LastWriters::Unknown => 0,
            LastWriters::Two(_, _, second) => size_of_val(&**second),
            LastWriters::Each(each) => size_of_val(&**each),
        }
    }

    /// Sets the writer of a range of bytes.
    pub(super) fn set(&mut self, range: Range<usize>, by: WriterId) {
        match self {
            LastWriters::One(one) if *one == by => {}
            LastWriters::One(one) => {
                let mut second = Box::new([0; LEAF as usize / 64]);
                mark(&mut second, range.start, range.end);
                *self = LastWriters::Two(*one, by, second);
            }
            LastWriters::Two(first, _, second) if *first == by => {
                clear(second, range.start, range.end);
            }
            LastWriters::Two(_, other, second) if *other == by => {
                mark(second, range.start, range.end);
            }
            LastWriters::Two(first, other, second) => {
                *self = Self::each_of_two(*first, *other, second);
                self.set(range, by);
            }
            LastWriters::Each(each) => match (ShortId::new(by), each.get_mut(range)) {
                (Some(by), Some(bytes)) => bytes.fill(by),
                _ => *self = LastWriters::Unknown,
            },
            LastWriters::Unknown => {}
        }
    }

    fn each_of_two(first: WriterId, other: WriterId, second: &ByteMask) -> Self {
        let (Some(first), Some(other)) = (ShortId::new(first), ShortId::new(other)) else {
            return LastWriters::Unknown;
        };
        let mut each = Box::new([first; LEAF as usize]);
        for_each_part(second, [0; LEAF as usize / 64], |range| {
            if let Some(bytes) = each.get_mut(range) {
                bytes.fill(other);
            }
        });
        LastWriters::Each(each)
    }

    /// Calls `visit` for each maximal run of marked bytes with one writer, in order; never if the
    /// writers are unknown.
    pub(in crate::timeline::event_log) fn for_each_run(
        &self,
        marked: &ByteMask,
        mut visit: impl FnMut(Range<usize>, WriterId),
    ) {
        match self {
            LastWriters::One(by) => {
                for_each_part(marked, [0; LEAF as usize / 64], |range| visit(range, *by));
            }
            LastWriters::Two(first, other, second) => {
                for_each_part(marked, marked_edges(second), |range| {
                    let is_second = second
                        .get(range.start / 64)
                        .is_some_and(|word| word >> (range.start % 64) & 1 == 1);
                    visit(range, if is_second { *other } else { *first });
                });
            }
            LastWriters::Each(each) => for_each_part(marked, value_edges(each), |range| {
                if let Some(by) = each.get(range.start) {
                    visit(range, by.writer());
                }
            }),
            LastWriters::Unknown => {}
        }
    }
}

impl ShortId {
    /// Set for a writer that is not a store site.
    const OTHER: u16 = 1 << 15;

    /// Returns the short id of a writer; `None` if its number has more than 15 bits.
    fn new(by: WriterId) -> Option<Self> {
        let flag = if by.is_site() { 0 } else { Self::OTHER };
        let number = u16::try_from(by.number())
            .ok()
            .filter(|number| *number < Self::OTHER)?;
        Some(ShortId(number | flag))
    }

    fn writer(self) -> WriterId {
        let number = u32::from(self.0 & !Self::OTHER);
        if self.0 & Self::OTHER == 0 {
            WriterId::site(number)
        } else {
            WriterId::other(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_whose_number_is_large_is_not_mistaken_for_another() {
        for number in [0, 1, 0x7ffe, 0x7fff, 0x8000, 0xffff, 0x1_0001] {
            for by in [WriterId::site(number), WriterId::other(number)] {
                assert_eq!(
                    ShortId::new(by).map(ShortId::writer),
                    Some(by).filter(|_| number < 0x8000)
                );
            }
        }
    }
}
