//! How a step moved the guest's stack pointer, in a sentence.

use crate::text::count;
use crate::timeline::StepRecord;

/// Describes how a step that ran the guest moved the stack pointer; `None` if it is where it was.
pub(super) fn describe(record: &StepRecord) -> Option<String> {
    let known = record.stack_pointer.filter(|_| record.call.is_some())?;
    let (before, after) = known.moved()?;
    // It wraps around at 2^32.
    let distance = before.wrapping_sub(after) as u32;
    let down = distance.cast_signed();
    let direction = if down > 0 { "down" } else { "up" };
    Some(format!(
        "The stack pointer moved {direction} by {}, from {before:#x} to {after:#x}.",
        count(down.unsigned_abs(), "byte")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{CallRecord, Image, StackPointer, StepKind};

    fn sentence(before: Option<u64>, after: u64) -> Option<String> {
        let mut record = StepRecord::begin(1, StepKind::Call, String::new(), Image::zeroed(0));
        record.stack_pointer = Some(StackPointer { before, after });
        assert_eq!(describe(&record), None, "no call");
        record.call = Some(CallRecord {
            export: "f".into(),
            args: Vec::new(),
            results: Vec::new(),
        });
        describe(&record)
    }

    #[test]
    fn moves_are_described_with_direction_and_distance() {
        assert_eq!(
            sentence(Some(0x1000), 0xc00).as_deref(),
            Some("The stack pointer moved down by 1024 bytes, from 0x1000 to 0xc00.")
        );
        assert_eq!(
            sentence(Some(0x10), 0x11).as_deref(),
            Some("The stack pointer moved up by 1 byte, from 0x10 to 0x11.")
        );
        let below = sentence(Some(0x100), 0xffff_ff00);
        assert!(below.is_some_and(|text| text.contains("down by 512 bytes")));
        assert_eq!(sentence(Some(0x1000), 0x1000), None);
        assert_eq!(sentence(None, 0x1000), None);
    }
}
