//! Running steps.

pub mod advance;
pub mod branches;
pub mod run;
