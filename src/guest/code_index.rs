//! Where each function's instructions lie in the module.

use std::ops::Range;

/// The bodies of a module's own functions, in order, as offsets from the module's start.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    code: u64,
    /// Each from behind its length, which comes first, to its end. Sorted, as the binary format has
    /// them.
    ranges: Vec<Range<u64>>,
}

impl Bodies {
    /// Notes where the code section's contents begin.
    pub fn start(&mut self, code: u64) {
        self.code = code;
    }

    pub fn push(&mut self, body: Range<u64>) {
        self.ranges.push(body);
    }

    /// Where the code section's contents begin: what debug information counts from.
    pub fn code(&self) -> u64 {
        self.code
    }

    /// How many bytes the number of bodies takes, the first thing in the section, as short as it
    /// can be written.
    pub fn count_length(&self) -> u32 {
        let bits = usize::BITS - self.ranges.len().leading_zeros();
        bits.div_ceil(7).max(1)
    }

    pub fn get(&self, body: usize) -> Option<Range<u64>> {
        self.ranges.get(body).cloned()
    }

    /// The number of the body that holds this byte.
    pub fn at(&self, offset: u64) -> Option<usize> {
        let body = self
            .ranges
            .partition_point(|range| range.start <= offset)
            .checked_sub(1)?;
        self.ranges
            .get(body)
            .filter(|range| range.contains(&offset))
            .map(|_| body)
    }

    /// The number of the body that a range lies in as a whole. The length in front of the body
    /// counts as its part, because some tools let a function begin there.
    pub fn around(&self, range: &Range<u64>) -> Option<usize> {
        let body = self.ranges.partition_point(|body| body.end <= range.start);
        let before = match body.checked_sub(1) {
            Some(before) => self.ranges.get(before)?.end,
            // The first thing in the section is the number of bodies: one byte at least.
            None => self.code.checked_add(1)?,
        };
        let end = self.ranges.get(body)?.end;
        (range.start < range.end && before <= range.start && range.end <= end).then_some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init)]
    fn a_range_belongs_to_the_body_it_lies_in_as_a_whole() {
        let mut bodies = Bodies::default();
        bodies.start(100);
        bodies.push(102..110);
        bodies.push(111..120);
        let rows = [
            (100..105, None),
            (101..110, Some(0)),
            (102..110, Some(0)),
            (109..112, None),
            (110..120, Some(1)),
            (115..115, None),
            (115..121, None),
            (120..121, None),
        ];
        for (range, body) in rows {
            assert_eq!(bodies.around(&range), body, "{range:?}");
        }
        let at: Vec<_> = [101, 102, 109, 110, 111, 119, 120]
            .map(|offset| bodies.at(offset))
            .to_vec();
        assert_eq!(at, [None, Some(0), Some(0), None, Some(1), Some(1), None]);
    }
}
