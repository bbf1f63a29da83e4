//! Running steps.

pub mod advance;
pub mod branches;
pub mod cancel;
pub mod run;
pub mod switch;
