//! The guest's shadow stack: where its stack pointer is, and which bytes the stack can have.

use super::{LayoutFacts, Moment, PartKind, Span, StackPointer, Timeline};

/// The bytes that the shadow stack can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StackRange {
    /// The lowest address. If `is_low_known` is false, it is only known that the stack does not go
    /// below it, because data is there.
    pub low: u64,
    /// The address at which the stack begins. It grows down from there.
    pub end: u64,
    /// Whether `low` is the lower end.
    pub is_low_known: bool,
}

impl StackRange {
    /// Returns the range that the layout of a module reveals.
    pub fn of(layout: &[LayoutFacts]) -> Option<Self> {
        let stack = layout.iter().find(|facts| facts.kind == PartKind::Stack)?;
        let end = stack.end?;
        let data = layout
            .iter()
            .filter(|facts| matches!(facts.kind, PartKind::Data | PartKind::Segment));
        let data_below = data
            .filter_map(|facts| facts.end)
            .filter(|data_end| *data_end < end)
            .max();
        let low = stack.start.or(data_below).unwrap_or(0);
        Some(StackRange {
            low,
            end,
            is_low_known: stack.start.is_some(),
        })
    }

    /// Returns the bytes of the range.
    pub fn span(&self) -> Span {
        Span {
            start: self.low,
            len: self.end.saturating_sub(self.low),
        }
    }

    /// Returns a stack pointer as a signed address. A subtraction can take it below 0, near 2^32.
    pub fn signed(&self, stack_pointer: u64) -> i64 {
        const HALF: u64 = 1 << 31;
        let value = i64::try_from(stack_pointer).unwrap_or(i64::MAX);
        match stack_pointer >= HALF && self.end < HALF {
            true => value.saturating_sub(1 << 32),
            false => value,
        }
    }
}

impl Timeline {
    /// Returns the stack pointer at a moment. Within a step that moved it, or that ran guest code,
    /// it is not known.
    pub(crate) fn stack_pointer_at(&self, moment: Moment) -> Option<u64> {
        let record = self.step(moment.step)?;
        let StackPointer { before, after } = record.stack_pointer?;
        match moment.event {
            event if event >= record.events.len() => Some(after),
            0 => before,
            _ if record.call.is_none() => before.filter(|before| *before == after),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: PartKind, start: Option<u64>, end: Option<u64>) -> LayoutFacts {
        LayoutFacts {
            kind,
            name: String::new(),
            segment: None,
            start,
            end,
            known_by: String::new(),
        }
    }

    #[test]
    fn range_goes_down_to_known_end_or_to_data() {
        let range =
            |layout: &[LayoutFacts]| StackRange::of(layout).map(|r| (r.low, r.end, r.is_low_known));
        let segment = facts(PartKind::Segment, Some(0x100), Some(0x120));
        let above = facts(PartKind::Segment, Some(0x1000), Some(0x1100));
        let open = facts(PartKind::Stack, None, Some(0x1000));
        let known = facts(PartKind::Stack, Some(0), Some(0x1000));
        assert_eq!(range(std::slice::from_ref(&segment)), None);
        assert_eq!(
            range(&[open.clone(), segment]),
            Some((0x120, 0x1000, false))
        );
        assert_eq!(range(&[open, above.clone()]), Some((0, 0x1000, false)));
        assert_eq!(range(&[known, above]), Some((0, 0x1000, true)));
    }

    #[test]
    fn stack_pointer_near_the_end_of_the_addresses_is_below_zero() {
        let range = StackRange {
            low: 0,
            end: 0x1000,
            is_low_known: true,
        };
        assert_eq!(range.signed(0xffff_fc00), -1024);
        assert_eq!(range.signed(0xc00), 0xc00);
        let high = StackRange {
            end: 0x9000_0000,
            ..range
        };
        assert_eq!(high.signed(0x8fff_0000), 0x8fff_0000);
    }
}
