//! Runs steps: what is requested of the session, and the state that follows from it.
//!
//! Owns [`state::SessionState`], the branches, and what a session needs to run again. Knows the
//! panes and the navigation below it; knows nothing of dialogs, of the prompt, or of keys.

pub mod advance;
pub mod branches;
pub mod cancel;
pub mod reload;
pub mod rerun;
pub mod run;
pub mod state;
pub mod switch;
