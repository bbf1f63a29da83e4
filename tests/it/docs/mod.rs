//! The documents agree with the program.

mod examples;
mod glossary;
mod json;
mod paths;
mod readme;
mod recording;
