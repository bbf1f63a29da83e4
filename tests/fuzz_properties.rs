//! The properties that the fuzz targets check, for inputs that are the same in each run. The fuzz
//! targets need another compiler; this keeps what they share compiled and true. `LINMEM_FUZZ_ROUNDS`
//! multiplies how many inputs there are.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a property that does not hold panics"
)]

#[path = "../fuzz/src/allocators.rs"]
mod allocators;
#[path = "../fuzz/src/hostlog.rs"]
mod hostlog;
#[path = "../fuzz/src/screen.rs"]
mod screen;
#[path = "../fuzz/src/script_gen.rs"]
mod script_gen;
#[path = "../fuzz/src/session.rs"]
mod session;
#[path = "../fuzz/src/smith.rs"]
mod smith;
#[path = "../fuzz/src/steps.rs"]
mod steps;
#[path = "../fuzz/src/types.rs"]
mod types;

use std::fs;
use std::path::{Path, PathBuf};

use linmem::safe;

/// Panics where `text` contains a character that a terminal would interpret. Line breaks are allowed
/// where `lines` is set.
#[track_caller]
fn assert_safe(text: &str, lines: bool) {
    let raw = text
        .chars()
        .find(|c| safe::is_unsafe(*c) && !(lines && *c == '\n'));
    assert!(raw.is_none(), "a raw {raw:?} in {text:?}");
}

/// A sequence of numbers (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Changes a few bytes, and cuts the rest off now and then.
    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        for _ in 0..1 + self.next() % 8 {
            let at = self.next() as usize % damaged.len();
            damaged[at] = self.next() as u8;
        }
        if self.next().is_multiple_of(4) {
            damaged.truncate(self.next() as usize % bytes.len());
        }
        damaged
    }
}

/// Returns how many inputs are tried.
fn rounds(count: u64) -> u64 {
    let factor = std::env::var("LINMEM_FUZZ_ROUNDS");
    factor.map_or(count, |factor| count * factor.parse::<u64>().unwrap())
}

/// Returns the files of a folder of the repository with one of these endings.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let is_wanted = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| endings.contains(&ending))
    };
    let mut files: Vec<PathBuf> = paths.filter(is_wanted).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn damaged_steps_files_are_refused_without_a_panic() {
    let mut numbers = Numbers(1);
    for folder in [
        "guest",
        "guest/examples",
        "guest/lessons",
        "guest/exercises",
    ] {
        for file in files(folder, &["steps", "md"]) {
            let bytes = fs::read(&file).unwrap();
            steps::check(&bytes);
            for _ in 0..rounds(10) {
                steps::check(&numbers.damage(&bytes));
            }
        }
    }
    for count in 0..rounds(200) {
        steps::check(&numbers.bytes(count as usize % 1000));
    }
}

#[test]
fn damaged_debug_information_is_read_without_a_panic() {
    let mut numbers = Numbers(2);
    for file in files("tests/types", &["wasm"]) {
        let bytes = fs::read(&file).unwrap();
        types::check(&bytes);
        for _ in 0..rounds(20) {
            types::check(&numbers.damage(&bytes));
        }
    }
}

#[test]
fn any_bytes_are_read_as_a_recording_of_a_host() {
    let mut numbers = Numbers(3);
    for count in 0..rounds(400) {
        hostlog::check(&numbers.bytes(count as usize % 1000));
    }
}

#[test]
fn generated_sessions_and_their_screens_hold() {
    let mut numbers = Numbers(4);
    for _ in 0..rounds(60) {
        session::check(&numbers.bytes(600));
    }
    for _ in 0..rounds(4) {
        allocators::check(&numbers.bytes(200));
    }
}
