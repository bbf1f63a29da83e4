//! The commands and options of the real program.

mod answers;
mod bad_input;
#[cfg(target_os = "linux")]
mod cache;
#[cfg(target_os = "linux")]
mod config;
mod course;
mod diff;
mod drafts;
mod exercises;
mod fields;
mod handed_in;
mod help;
mod input_files;
mod inspect;
mod interrupted;
mod javascript;
mod junit;
mod record;
mod shipped_hosts;
