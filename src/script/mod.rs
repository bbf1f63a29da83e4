//! The steps language: text in, checked `Script` out, expressions evaluated.

pub mod ast;
pub mod encoding;
pub mod eval;
