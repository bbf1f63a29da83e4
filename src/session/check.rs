//! The recorder checks itself: after every step, memory before plus what was recorded must be memory now.
//!
//! Every leaf of 4 KiB that the record touches is compared with live memory, and a window that moves on with each step
//! over all the others: a write that nobody recorded is found sooner or later, and a step still costs what it touched,
//! not how large memory is. A memory no larger than the window is compared whole each time.

use wasmer::{AsStoreRef, Memory};

use crate::timeline::{Difference, Image, LEAF, Writer};

/// Leaves of the window: a page of 64 KiB.
const WINDOW: u64 = 16;

/// In a leaf whose stores were not kept one by one, so many equal bytes do not part two differences: most are the bytes of
/// a number that were written as they were, and millions of differences would take longer than the call itself.
const LONGEST_GAP: usize = 7;

/// Where the window stands.
#[derive(Debug, Default)]
pub(super) struct Check {
    next: u64,
}

/// What live memory is apart from the record.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What has to be added to the record so that it is true.
    pub differences: Vec<Difference>,
    /// The first address nobody can tell the writer of.
    pub unexplained: Option<u64>,
}

impl Check {
    /// Compares memory as the record has it with the live one. `touched` are the leaves that the record names, ascending;
    /// in those that are `noted` too, differences are what was not kept store by store, and no fault.
    pub fn compare(
        &mut self,
        recorded: &Image,
        touched: &[u64],
        noted: &[u64],
        live: &Memory,
        store: &impl AsStoreRef,
    ) -> Found {
        let mut found = Found::default();
        let mut bytes = [0; LEAF as usize];
        let others = self.window(recorded.len()).filter(|start| touched.binary_search(start).is_err());
        for start in touched.iter().copied().chain(others) {
            let len = recorded.len().saturating_sub(start).min(LEAF);
            let Some(bytes) = bytes.get_mut(..len as usize) else { continue };
            if len == 0 || live.view(store).read(start, bytes).is_err() {
                continue;
            }
            if !recorded.begins_with(start, bytes) {
                found.add(start, &recorded.read(start, len), bytes, noted.binary_search(&start).is_ok());
            }
        }
        found
    }

    /// The next leaves to look at, all of them where memory is small.
    fn window(&mut self, len: u64) -> impl Iterator<Item = u64> + use<> {
        let leaves = len.div_ceil(LEAF);
        let first = if leaves <= WINDOW { 0 } else { self.next % leaves };
        self.next = first + WINDOW;
        (first..first + WINDOW.min(leaves)).map(move |leaf| leaf % leaves * LEAF)
    }
}

impl Found {
    fn add(&mut self, start: u64, known: &[u8], live: &[u8], is_noted: bool) {
        let longest_gap = if is_noted { LONGEST_GAP } else { 0 };
        let mut at = 0;
        while let Some(from) = first_different(known, live, at) {
            let end = end_of_run(known, live, from, longest_gap);
            let first = start + from as u64;
            let bytes = live.get(from..end).unwrap_or_default().to_vec();
            self.differences.push(Difference { start: first, bytes, writer: Writer::guest() });
            if !is_noted {
                self.unexplained = Some(self.unexplained.map_or(first, |known| known.min(first)));
            }
            at = end;
        }
    }
}

/// Where a run of different bytes ends that begins at `from`: in front of more equal bytes than may lie in a gap.
fn end_of_run(known: &[u8], live: &[u8], from: usize, longest_gap: usize) -> usize {
    let mut end = from;
    while let Some(next) = first_different(known, live, end).filter(|next| *next == from || next - end <= longest_gap) {
        let same = known.iter().zip(live).skip(next).position(|(a, b)| a == b);
        end = same.map_or(known.len().min(live.len()), |len| next + len);
    }
    end
}

fn first_different(a: &[u8], b: &[u8], from: usize) -> Option<usize> {
    a.iter().zip(b).skip(from).position(|(a, b)| a != b).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(known: &[u8], live: &[u8], is_noted: bool) -> Vec<(u64, Vec<u8>)> {
        let mut found = Found::default();
        found.add(0x1000, known, live, is_noted);
        found.differences.into_iter().map(|one| (one.start, one.bytes)).collect()
    }

    #[test]
    fn what_was_not_kept_is_parted_by_more_than_a_number_only() {
        let (mut known, mut live) = ([0; 40], [0; 40]);
        for at in [1, 2, 10, 19, 39] {
            live[at] = 9;
        }
        known[20] = 7;
        let joined = [(0x1001, live[1..11].to_vec()), (0x1013, vec![9, 0]), (0x1027, vec![9])];
        assert_eq!(differences(&known, &live, true), joined);
        let apart = [(0x1001, vec![9, 9]), (0x100a, vec![9]), (0x1013, vec![9, 0]), (0x1027, vec![9])];
        assert_eq!(differences(&known, &live, false), apart);
        assert_eq!(differences(&live, &live, true), []);
    }
}
