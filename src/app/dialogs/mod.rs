//! The dialogs over the panes: inputs, answers to the questions of a lesson, file names, the list of
//! sessions.
//!
//! Each owns what is typed in it and what happens when it is confirmed. Knows `execution` and below;
//! knows nothing of the line of `:`.

pub mod inputs;
pub mod lessons;
pub mod save;
pub mod session_list;
pub mod types;
