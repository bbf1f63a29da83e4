//! Moves within what is recorded: steps and events, addresses, findings, matches, panes.
//!
//! Owns the moment shown, the cursor, and the part of memory in view. Knows the panes; requests
//! nothing from the session, and knows nothing of dialogs or keys.

pub mod address_names;
pub mod fields;
pub mod findings;
pub mod focus;
pub mod scroll;
pub mod search;
pub mod time;
pub mod viewport;
