//! Runs of writes, which sessions can cause only one way.

use std::sync::Arc;

use super::*;
use crate::testing::steps::name_span;
use crate::timeline::{
    Event, Facts, FindingKind, Image, Naming, PAGE, SpanKind, StepBuilder, Use, UseKind, Write,
};

/// Returns checks after a step that named a span of these bytes.
fn watching(kind: SpanKind, start: u64, len: u64) -> Checks {
    let mut checks = Checks::default();
    let mut step = record(1, StepKind::Region);
    name_span(&mut step, "r", kind, start, len);
    assert!(checks.check_step(&step).is_empty());
    checks
}

fn record(index: usize, kind: StepKind) -> StepRecord {
    StepRecord::begin(index, kind, String::new(), Image::zeroed(PAGE))
}

fn guest(function: &str) -> Writer {
    Writer::Guest {
        function: Some(function.into()),
        offset: None,
        source: None,
    }
}

/// Returns the findings of a call that writes this many bytes at each of these addresses, each by its
/// function.
fn found(checks: &mut Checks, writes: &[(&str, u64, usize)]) -> Vec<(FindingKind, Option<u64>)> {
    let mut step = StepBuilder::from(record(2, StepKind::Call));
    for (function, start, len) in writes {
        step.push(Event::Write(Write {
            start: *start,
            before: Arc::default(),
            after: vec![7; *len].into(),
            writer: guest(function),
            is_difference: false,
        }));
    }
    let step = step.finish(&Image::zeroed(PAGE));
    checks
        .check_step(&step)
        .into_iter()
        .map(|finding| (finding.kind, finding.address))
        .collect()
}

#[test]
fn a_run_goes_on_through_other_writes_and_other_instructions() {
    let checks = || watching(SpanKind::Region, 0x400, 16);
    let over = [(FindingKind::Overrun, Some(0x410))];
    // Counters in between, inside the region and elsewhere.
    let writes: Vec<(&str, u64, usize)> = (0..18)
        .flat_map(|i| [("f", 0x400 + i, 1), ("f", 0x40f, 1), ("f", 0x800, 4)])
        .collect();
    assert_eq!(found(&mut checks(), &writes), over);
    assert_eq!(
        found(
            &mut checks(),
            &[("f", 0x400, 8), ("f", 0x408, 8), ("f", 0x410, 1)]
        ),
        over
    );
    assert_eq!(found(&mut checks(), &[("f", 0x40f, 2)]), over);
    // By another function, downwards, with a gap, from before, right after it.
    for quiet in [
        [("f", 0x400, 16), ("g", 0x410, 1)],
        [("f", 0x410, 8), ("f", 0x408, 8)],
        [("f", 0x400, 15), ("f", 0x410, 8)],
        [("f", 0x3ff, 1), ("f", 0x400, 64)],
        [("f", 0x3f8, 16), ("f", 0x408, 64)],
        [("f", 0x410, 8), ("f", 0x418, 8)],
    ] {
        let findings = found(&mut checks(), &quiet);
        assert_eq!(findings, [], "{quiet:?}");
    }
    let from_before: Vec<(&str, u64, usize)> = (0..64)
        .flat_map(|i| [("f", 0x3f0 + i, 1), ("f", 0x100, 4)])
        .collect();
    assert_eq!(found(&mut checks(), &from_before), []);
}

#[test]
fn many_runs_at_a_time_are_followed() {
    let mut checks = watching(SpanKind::Region, 0x400, 256);
    let writes: Vec<(&str, u64, usize)> = (0..40)
        .flat_map(|i| (0..8).map(move |run| ("f", 0x400 + run * 32 + i, 1)))
        .collect();
    assert_eq!(
        found(&mut checks, &writes),
        [(FindingKind::Overrun, Some(0x500))]
    );
}

#[test]
fn a_write_of_many_pages_is_one_run() {
    let mut checks = watching(SpanKind::Block, 0, 40_000);
    assert_eq!(
        found(&mut checks, &[("f", 0, 65_536)]),
        [(FindingKind::Overrun, Some(40_000))]
    );
}

#[test]
fn a_use_without_any_variable_is_checked_by_its_bytes_alone() {
    let mut checks = watching(SpanKind::Block, 0x400, 8);
    let mut release = record(2, StepKind::Release);
    release.naming = Some(Naming::Released("r".into()));
    assert!(checks.check_step(&release).is_empty());
    let mut read = record(3, StepKind::Read);
    let span = Span {
        start: 0x3fe,
        len: 4,
    };
    let used = Use {
        names: Vec::new(),
        how: UseKind::Read,
        span,
        length_names: Vec::new(),
        scaled: None,
    };
    read.facts = Facts {
        uses: vec![used],
        ..Facts::default()
    };
    let found = checks.check_step(&read);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].kind, found[0].address, found[0].blamed),
        (FindingKind::UseAfterRelease, Some(0x400), Some(2))
    );
}

#[test]
fn a_released_name_that_nobody_knows_is_let_be() {
    let mut checks = Checks::default();
    let mut release = record(1, StepKind::Release);
    release.naming = Some(Naming::Released("r".into()));
    assert!(checks.check_step(&release).is_empty());
}
