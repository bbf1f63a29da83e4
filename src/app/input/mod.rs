//! Keys, pasted text and the mouse, as the terminal reports them, become actions and edits.
//!
//! Owns the keymap, the hit test, and the keys that the status line offers. It is the uppermost room:
//! it knows all others, and only the root of the app names it.

pub mod hit_test;
pub mod key;
pub mod key_hints;
pub mod keyboard;
pub mod keymap;
pub mod mouse;
