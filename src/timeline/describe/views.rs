//! What a step means for a view of memory that a JavaScript host holds.

use crate::timeline::Timeline;

/// Returns whether a `Uint8Array` over the whole memory that was made before a step can still be used
/// after it; `None` without memory or before the step has run.
///
/// Growth detaches the `ArrayBuffer` of a memory
/// (<https://webassembly.github.io/spec/js-api/#memories>), so that the view has length 0.
pub fn describe_view(timeline: &Timeline, step: usize) -> Option<String> {
    timeline.guest.memory.as_ref()?;
    let after = timeline.step(step)?.memory.len();
    let before = match step.checked_sub(1) {
        Some(earlier) => timeline.memory_after(earlier).len(),
        None => {
            return Some(format!(
                "A view of all memory has {after} bytes: Uint8Array({after})."
            ));
        }
    };
    Some(match after > before {
        true => format!(
            "Memory grew, so that a view made before this step is detached: Uint8Array({before}) has \
             length 0 now, and its reads give undefined. A new one has {after} bytes."
        ),
        false => format!(
            "A view made before this step is still valid: Uint8Array({after}) is not detached."
        ),
    })
}
