//! The parts of memory that a byte is in, in words, and where it is relative to the stack pointer.

use crate::safe;
use crate::timeline::{Moment, Part, PartKind, Span, Timeline};

/// The most characters of a name.
const MAX_NAME: usize = 60;

/// Returns the parts of memory that a byte is in: those that the script named, the last one first,
/// then those of the module.
pub(super) fn places(
    timeline: &Timeline,
    moment: Moment,
    address: u64,
    memory_len: u64,
) -> Vec<String> {
    let parts = timeline.parts_at(moment, memory_len);
    let stack_pointer = timeline.stack_pointer_at(moment);
    let stack = parts.iter().find(|part| part.kind == PartKind::Stack);
    // If the start of the stack is not known, a byte above the stack pointer is in it all the same.
    let is_in = |part: &Part| {
        let is_live = stack_pointer.is_some_and(|pointer| pointer <= address);
        part.span.contains(address)
            || (part.kind == PartKind::Stack && is_live && address < part.span.end())
    };
    let mut places: Vec<String> = parts
        .iter()
        .rev()
        .filter(|part| is_in(part))
        .map(|part| in_part(part, address, stack_pointer))
        .collect();
    if let Some(end) = stack
        .map(|part| part.span.end())
        .filter(|end| places.is_empty() && address >= *end)
    {
        places.push(format!("beyond the stack's end, {end:#x}"));
    }
    places
}

fn in_part(part: &Part, address: u64, stack_pointer: Option<u64>) -> String {
    let Span { start, len } = part.span;
    let offset = address.saturating_sub(start);
    let name = safe::cut(&part.name, MAX_NAME);
    match part.kind {
        PartKind::Region => format!("{name} + {offset} of {len}  (region at {start:#x})"),
        PartKind::Block if part.released => {
            format!("{name} + {offset} of {len}  (released block at {start:#x})")
        }
        PartKind::Block => format!("{name} + {offset} of {len}  (block at {start:#x})"),
        PartKind::Segment => format!("{} + {offset} of {len}", safe::cut(&part.label(), MAX_NAME)),
        PartKind::Stack => {
            let end = part.span.end();
            let below = end.saturating_sub(address);
            let frame = stack_pointer.map(|pointer| in_frame(address, pointer));
            format!(
                "stack, {below} below its end {end:#x}{}",
                frame.unwrap_or_default()
            )
        }
        PartKind::Data | PartKind::Heap => format!("{} + {offset}", part.label()),
    }
}

/// Describes where a byte of the stack is relative to the stack pointer.
fn in_frame(address: u64, pointer: u64) -> String {
    match address.checked_sub(pointer) {
        Some(0) => format!("; at the stack pointer {pointer:#x}, in a live frame"),
        Some(above) => {
            format!("; {above} above the stack pointer {pointer:#x}, in a live frame")
        }
        None => {
            let below = pointer.saturating_sub(address);
            format!("; {below} below the stack pointer {pointer:#x}: no live frame has it")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::timelines::TimelineBuilder;
    use crate::timeline::{LayoutFacts, PAGE, StackPointer, StepKind};

    /// Returns the parts of a byte after a step that moved the stack pointer to 0x7f00. The stack
    /// ends at 0x8000.
    fn parts(start: Option<u64>, address: u64) -> String {
        let mut builder = TimelineBuilder::new("", 1);
        builder.timeline().guest.layout = vec![LayoutFacts {
            kind: PartKind::Stack,
            name: "stack".into(),
            segment: None,
            start,
            end: Some(0x8000),
            known_by: String::new(),
        }];
        builder.instantiate();
        builder.step(StepKind::Call, "call f()", |step| {
            step.stack_pointer = Some(StackPointer {
                before: Some(0x8000),
                after: 0x7f00,
            });
        });
        let timeline = builder.finish();
        places(&timeline, Moment::end_of(1), address, PAGE).join(" | ")
    }

    #[test]
    fn bytes_of_the_stack_are_in_a_live_frame_or_below_the_stack_pointer() {
        let known = |address| parts(Some(0x4000), address);
        assert_eq!(
            known(0x7f10),
            "stack, 240 below its end 0x8000; 16 above the stack pointer 0x7f00, in a live frame"
        );
        assert_eq!(
            known(0x7f00),
            "stack, 256 below its end 0x8000; at the stack pointer 0x7f00, in a live frame"
        );
        assert_eq!(
            known(0x7eff),
            "stack, 257 below its end 0x8000; 1 below the stack pointer 0x7f00: no live frame has it"
        );
        assert_eq!(known(0x8000), "beyond the stack's end, 0x8000");
        assert_eq!(known(0x3fff), "");
    }

    #[test]
    fn a_live_frame_is_in_a_stack_of_unknown_start_too() {
        let unknown = |address| parts(None, address);
        assert!(unknown(0x7f10).ends_with("in a live frame"));
        assert_eq!(unknown(0x7eff), "");
    }
}
