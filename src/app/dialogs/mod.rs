//! What opens over the panes and asks something.

pub mod inputs;
pub mod lessons;
pub mod save;
pub mod session_list;
