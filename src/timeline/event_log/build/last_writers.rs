//! Who wrote the bytes of a leaf last. Most leaves have one writer or two; only where there are
//! more is it kept for each byte.

use std::ops::Range;

use crate::timeline::event_log::byte_mask::{Bits, changing, clear, each_part, edges, mark};
use crate::timeline::event_log::leaf_index::WriterId;
use crate::timeline::image::LEAF;

/// The last writers of a leaf's bytes. Bytes that nobody wrote may have any.
#[derive(Debug, Clone)]
pub(in crate::timeline::event_log) enum Owners {
    One(WriterId),
    /// And which bytes are the second one's.
    Two(WriterId, WriterId, Box<Bits>),
    Each(Box<[Short; LEAF as usize]>),
    /// Too many to tell them apart.
    Unknown,
}

/// A writer in 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::timeline::event_log) struct Short(u16);

impl Owners {
    pub(super) fn wrote(&mut self, range: Range<usize>, by: WriterId) {
        match self {
            Owners::One(one) if *one == by => {}
            Owners::One(one) => {
                let mut second = Box::new([0; LEAF as usize / 64]);
                mark(&mut second, range.start, range.end);
                *self = Owners::Two(*one, by, second);
            }
            Owners::Two(first, _, second) if *first == by => clear(second, range.start, range.end),
            Owners::Two(_, other, second) if *other == by => mark(second, range.start, range.end),
            Owners::Two(first, other, second) => {
                *self = Self::each_of(*first, *other, second);
                self.wrote(range, by);
            }
            Owners::Each(each) => match (Short::of(by), each.get_mut(range)) {
                (Some(by), Some(bytes)) => bytes.fill(by),
                _ => *self = Owners::Unknown,
            },
            Owners::Unknown => {}
        }
    }

    fn each_of(first: WriterId, other: WriterId, second: &Bits) -> Self {
        let (Some(first), Some(other)) = (Short::of(first), Short::of(other)) else {
            return Owners::Unknown;
        };
        let mut each = Box::new([first; LEAF as usize]);
        each_part(second, [0; LEAF as usize / 64], |range| {
            if let Some(bytes) = each.get_mut(range) {
                bytes.fill(other);
            }
        });
        Owners::Each(each)
    }

    /// Tells the longest runs of bytes that are marked and share a writer, in order. Nothing where
    /// these are unknown.
    pub(in crate::timeline::event_log) fn each_run(
        &self,
        bits: &Bits,
        mut tell: impl FnMut(Range<usize>, WriterId),
    ) {
        match self {
            Owners::One(by) => each_part(bits, [0; LEAF as usize / 64], |range| tell(range, *by)),
            Owners::Two(first, other, second) => each_part(bits, edges(second), |range| {
                let is_second = second
                    .get(range.start / 64)
                    .is_some_and(|word| word >> (range.start % 64) & 1 == 1);
                tell(range, if is_second { *other } else { *first });
            }),
            Owners::Each(each) => each_part(bits, changing(each), |range| {
                if let Some(by) = each.get(range.start) {
                    tell(range, by.by());
                }
            }),
            Owners::Unknown => {}
        }
    }
}

impl Short {
    const OTHER: u16 = 1 << 15;

    /// `None` where it takes more.
    fn of(by: WriterId) -> Option<Self> {
        let flag = if by.is_site() { 0 } else { Self::OTHER };
        let number = u16::try_from(by.number())
            .ok()
            .filter(|number| *number < Self::OTHER)?;
        Some(Short(number | flag))
    }

    fn by(self) -> WriterId {
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
                    Short::of(by).map(Short::by),
                    Some(by).filter(|_| number < 0x8000)
                );
            }
        }
    }
}
