//! The moments at which one byte was written, found from a moment: forward and back.

use crate::timeline::{Moment, Timeline};

/// Just after the first write to the byte at `address` later than `moment`, in any step that has run.
pub(super) fn next_touch(timeline: &Timeline, address: u64, moment: Moment) -> Option<Moment> {
    let last = Moment::end_of(timeline.steps().len().checked_sub(1)?);
    timeline.writes_to(address, last).map(|(at, _)| at).take_while(|at| *at > moment).last()
}

/// Just after the last write to the byte at `address` that was over before `moment`.
pub(super) fn previous_touch(timeline: &Timeline, address: u64, moment: Moment) -> Option<Moment> {
    timeline.writes_to(address, moment).map(|(at, _)| at).find(|at| *at < moment)
}
