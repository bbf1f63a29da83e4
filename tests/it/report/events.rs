//! `--stores` and traps, as snapshots: the events of each step, and how a trap is reported.

use super::{event_timelines, timelines};
use crate::support::reports::{report, without_history_bytes};

use std::io;

use linmem::report::{Format, Options, write};
use linmem::testing::timelines::standard_session;
use linmem::timeline::{Event, Moment, Timeline};
use serde_json::Value;

fn unfolded(timeline: &Timeline) -> String {
    report(
        timeline,
        &Options {
            stores: true,
            ..Options::default()
        },
    )
}

fn json(timeline: &Timeline) -> String {
    report(
        timeline,
        &Options {
            format: Format::Json,
            stores: true,
            ..Options::default()
        },
    )
}

fn parsed(timeline: &Timeline) -> Value {
    serde_json::from_str(&json(timeline)).unwrap()
}

#[test]
fn standard_session_with_its_stores() {
    let timeline = standard_session();
    insta::assert_snapshot!("fourteen_stores", unfolded(&timeline));
    insta::assert_snapshot!(
        "fourteen_stores_json",
        without_history_bytes(&json(&timeline))
    );
}

#[test]
fn events_of_every_kind() {
    insta::assert_snapshot!("all_sorts", unfolded(&event_timelines::all_sorts()));
    let ascii = report(
        &event_timelines::all_sorts(),
        &Options {
            stores: true,
            ascii: true,
            ..Options::default()
        },
    );
    assert!(ascii.is_ascii());
}

#[test]
fn trapped_stores_are_attempts() {
    insta::assert_snapshot!("trapped_store", unfolded(&event_timelines::trapped_store()));
    let trace = parsed(&event_timelines::trapped_store());
    let step = &trace["steps"][1];
    assert_eq!(
        step["events"].as_array().unwrap().len(),
        1,
        "the store that trapped wrote nothing"
    );
    insta::assert_snapshot!(
        "trapped_store_json",
        serde_json::to_string_pretty(&step["trap"]).unwrap()
    );
}

#[test]
fn trapped_loads_are_not_stores() {
    insta::assert_snapshot!("trapped_load", unfolded(&event_timelines::trapped_load()));
}

#[test]
fn stores_are_hidden_by_default() {
    let text = report(&event_timelines::all_sorts(), &Options::default());
    assert!(!text.contains("events:") && !text.contains("import env.fill\n"));
    assert!(text.contains("5 of 50000000 stores recorded one by one"));
    let trace = report(
        &event_timelines::all_sorts(),
        &Options {
            format: Format::Json,
            ..Options::default()
        },
    );
    assert!(!trace.contains("\"events\""));
    let trace: Value = serde_json::from_str(&trace).unwrap();
    let growth = &trace["steps"][1]["growth"];
    assert_eq!(
        (growth[0]["before"].as_u64(), growth[0]["after"].as_u64()),
        (Some(1), Some(2))
    );
    assert_eq!(growth[0]["writer"]["source"], "wasm_is_cool.wat:10");
}

#[test]
fn reports_can_end_at_an_event() {
    let timeline = standard_session();
    let at = |event| {
        report(
            &timeline,
            &Options {
                until: Some(Moment { step: 4, event }),
                ..Options::default()
            },
        )
    };
    assert!(
        at(2).contains(
            "\n      2  0x40d    1 byte   00 → 57  │⋄│ → │W│  guest $add_wasm_is_cool, wasm_is_cool.wat:45\n"
        )
    );
    assert!(
        at(0).contains("after event 0 of 14")
            && !at(0).contains("guest $add_wasm_is_cool, wasm_is_cool.wat:45\n00")
    );
}

/// The events of the trace, applied to memory before a step, result in memory after it.
#[test]
fn events_of_the_trace_reproduce_memory() {
    for timeline in [
        event_timelines::all_sorts(),
        timelines::growth_that_moves(),
        timelines::rich(),
    ] {
        let trace = parsed(&timeline);
        for (index, step) in timeline.steps().iter().enumerate() {
            let mut memory = timeline.memory_before(index);
            let events = trace["steps"][index]["events"].as_array().unwrap();
            assert_eq!(events.len(), step.events.len());
            for event in events {
                if let Some(pages) = event["grew"]["after"].as_u64() {
                    assert_eq!(event["grew"]["before"], memory.pages());
                    memory.grow(pages * 65536);
                } else {
                    let (address, after) =
                        (event["address"].as_u64().unwrap(), bytes(&event["after"]));
                    assert_eq!(
                        memory.read(address, after.len() as u64),
                        bytes(&event["before"])
                    );
                    memory.write(address, &after);
                }
            }
            assert!(memory.differences(&step.memory).is_empty(), "step {index}");
        }
    }
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap().as_bytes();
    hex.chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn each_event_has_its_own_line() {
    let timeline = event_timelines::all_sorts();
    let text = json(&timeline);
    let count = timeline
        .steps()
        .iter()
        .map(|step| step.events.len())
        .sum::<usize>();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| line.trim().trim_end_matches(','))
        .filter(|line| line.starts_with("{\"address\"") || line.starts_with("{\"grew\""))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), count);
    assert!(matches!(
        timeline.steps()[1].events.get(2),
        Some(Event::Growth(_))
    ));
}

/// A writer that counts lines.
#[derive(Default)]
struct Lines(usize);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.iter().filter(|byte| **byte == b'\n').count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_store_of_a_long_call_is_written() {
    let timeline = event_timelines::many_stores(100_000);
    for format in [Format::Text, Format::Json] {
        let lines = |stores| {
            let mut lines = Lines::default();
            write(
                &timeline,
                &Options {
                    format,
                    stores,
                    ..Options::default()
                },
                &mut lines,
            )
            .unwrap();
            lines.0
        };
        assert!(
            (100_001..100_010).contains(&(lines(true) - lines(false))),
            "{} lines",
            lines(true)
        );
    }
}
