//! The commands and options of the real program.

mod answers;
mod bad_input;
#[cfg(target_os = "linux")]
mod cache;
#[cfg(target_os = "linux")]
mod config;
mod diff;
mod drafts;
mod exercises;
mod help;
mod input_files;
mod inspect;
mod interrupted;
mod junit;
mod record;
mod shipped_hosts;
