//! What a person's keys and mouse mean.

pub mod key;
pub mod keymap;
pub mod mouse;
