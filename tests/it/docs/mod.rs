//! The documents agree with the program.

mod examples;
mod json;
mod readme;
