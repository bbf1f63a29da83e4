//! What a person's keys and mouse mean.

pub mod hit_test;
pub mod key;
pub mod key_hints;
pub mod keyboard;
pub mod keymap;
pub mod mouse;
