//! Where the body of each function is in the module.

use std::ops::Range;

/// The bodies of a module's own functions, in order, as offsets from the start of the module in
/// bytes.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    /// Where the contents of the code section begin.
    code: u64,
    /// The range of each body, from after its length to its end. The binary format has them in
    /// ascending order.
    ranges: Vec<Range<u64>>,
}

impl Bodies {
    /// Sets where the contents of the code section begin.
    pub fn set_code_start(&mut self, code: u64) {
        self.code = code;
    }

    /// Adds the range of the next body.
    pub fn push(&mut self, body: Range<u64>) {
        self.ranges.push(body);
    }

    /// Returns where the contents of the code section begin. Debug information counts from there.
    pub fn code_start(&self) -> u64 {
        self.code
    }

    /// Returns how many bytes the number of bodies takes, in its shortest encoding. It is the first
    /// thing in the section.
    pub fn count_length(&self) -> u32 {
        let bits = usize::BITS - self.ranges.len().leading_zeros();
        bits.div_ceil(7).max(1)
    }

    /// Returns the range of a body by its number.
    pub fn get(&self, body: usize) -> Option<Range<u64>> {
        self.ranges.get(body).cloned()
    }

    /// Returns the number of the body that contains a byte.
    pub fn body_at(&self, offset: u64) -> Option<usize> {
        let body = self
            .ranges
            .partition_point(|range| range.start <= offset)
            .checked_sub(1)?;
        self.ranges
            .get(body)
            .filter(|range| range.contains(&offset))
            .map(|_| body)
    }

    /// Returns the number of the body that contains a whole range. The length before a body belongs
    /// to it, because some tools let a function begin there.
    pub fn body_around(&self, range: &Range<u64>) -> Option<usize> {
        let body = self.ranges.partition_point(|body| body.end <= range.start);
        let before = match body.checked_sub(1) {
            Some(before) => self.ranges.get(before)?.end,
            // The number of bodies comes first in the section, and takes at least one byte.
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
    fn a_range_belongs_to_the_body_it_lies_in_as_a_whole() {
        let mut bodies = Bodies::default();
        bodies.set_code_start(100);
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
            assert_eq!(bodies.body_around(&range), body, "{range:?}");
        }
        let at: Vec<_> = [101, 102, 109, 110, 111, 119, 120]
            .map(|offset| bodies.body_at(offset))
            .to_vec();
        assert_eq!(at, [None, Some(0), Some(0), None, Some(1), Some(1), None]);
    }
}
