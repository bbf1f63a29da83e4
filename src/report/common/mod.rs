//! What several formats have in common. Knows no format.

pub(super) mod event_lines;
pub(super) mod hex_dump;
pub(super) mod json;
pub(super) mod options;
mod side_by_side;
pub(super) mod step_details;
pub(super) mod summary;
pub(super) mod trap;
pub(super) mod writer_label;

pub(super) use side_by_side::both_sides;
