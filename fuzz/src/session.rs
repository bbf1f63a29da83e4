//! Whole sessions: the recording is consistent, and every report and the screen can show it.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use linmem::guest::Guest;
use linmem::report::{self, Format, Options};
use linmem::script;
use linmem::session::limits::Limits;
use linmem::session::{OpenError, Session, SessionConfig};
use linmem::testing::sessions;
use linmem::timeline::{Event, FindingKind, Moment, PAGE, StepRecord, Timeline, describe_step};

use crate::{assert_safe, screen, script_gen, smith};

/// Real guests, in addition to generated ones.
const REAL: [&[u8]; 7] = [
    include_bytes!("../../guest/wasm_is_cool.wat"),
    include_bytes!("../../guest/c_contract.wat"),
    include_bytes!("../../guest/rust/wasm_is_cool.wasm"),
    include_bytes!("../../guest/examples/alloc.wat"),
    include_bytes!("../../guest/examples/growing.wat"),
    include_bytes!("../../guest/examples/callback.wat"),
    include_bytes!("../../guest/examples/hello_wasi.wat"),
];
/// The number of moments of one step that are checked.
const MOMENTS: usize = 12;

/// Generates a guest and a script from the bytes, runs them, and checks the recording.
pub fn check(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let Ok(Some(config)) = config(&mut u) else {
        return;
    };
    let keys = u.bytes(u.len().min(60)).unwrap_or_default().to_vec();
    let limits = config.limits;
    let (mut session, mut timeline) = match Session::open(config) {
        Ok(opened) => opened,
        Err(OpenError::Compile(message)) => panic!("the engine: {message}"),
        Err(error) => return assert_safe(&error.to_string(), true),
    };
    let announced = timeline.clone();
    let mut records = Vec::new();
    while let Some(step) = session.advance() {
        records.push(step.clone());
        timeline.push(step);
    }
    assert!(session.is_over());
    for step in timeline.steps() {
        check_step(&timeline, step, &limits);
    }
    check_reports(&timeline);
    screen::check(announced, records, &keys);
}

/// Generates the configuration of a session. Returns `None` where the bytes do not make one.
fn config(u: &mut Unstructured<'_>) -> Result<Option<SessionConfig>> {
    let limits = Limits {
        max_memory: *u.choose(&[PAGE, 4 * PAGE, 32 * PAGE])?,
        max_time: Some(Duration::from_millis(200)),
        max_stores: *u.choose(&[0, 1, 7, 500, 20_000])?,
        max_history: 256 << 20,
    };
    let seed = script_gen::Seed::new(u)?;
    let wasm = match u.ratio(1, 4)? {
        true => u.choose(&REAL)?.to_vec(),
        false => smith::module(u, true)?,
    };
    let Ok(guest) = Guest::from_bytes("g.wat", &wasm) else {
        return Ok(None);
    };
    let text = seed.text(&guest)?;
    let name = if text.len() % 8 == 0 {
        "s.md"
    } else {
        "s.steps"
    };
    let text = if name == "s.md" {
        format!("# A\n\nProse.\n\n```steps\n{text}\n```\n")
    } else {
        text
    };
    let script = match script::parse(name, &text) {
        Ok(script) => script,
        Err(errors) => {
            assert_safe(&errors.to_string(), true);
            return Ok(None);
        }
    };
    Ok(Some(SessionConfig {
        script,
        limits,
        stdin: b"some \xff input\n".to_vec().into(),
        ..sessions::config(guest, "")
    }))
}

fn check_step(timeline: &Timeline, step: &StepRecord, limits: &Limits) {
    assert!(
        step.memory.len()
            <= limits
                .max_memory
                .max(PAGE * timeline.guest.memory.as_ref().map_or(0, |m| m.pages))
    );
    assert_eq!(step.pages_after, step.memory.pages());
    for finding in &step.findings {
        assert_ne!(finding.kind, FindingKind::Unattributed, "{finding:?}");
        assert_safe(&finding.message, true);
        assert!(finding.blamed.is_none_or(|blamed| blamed <= step.index));
    }
    step.error.iter().for_each(|error| assert_safe(error, true));
    assert_safe(&describe_step(timeline, step.index), true);
    let moments = check_forward(timeline, step);
    check_backward(timeline, step, &moments);
    check_changes(timeline, step);
    check_touches(timeline, step);
}

/// Applies the events one by one and asserts that memory at some moments, and at the end, is that of
/// the timeline. Returns these moments.
fn check_forward(timeline: &Timeline, step: &StepRecord) -> Vec<(usize, Vec<u8>)> {
    let mut image = timeline.memory_before(step.index);
    let stride = 1 + step.events.len() / MOMENTS;
    let mut moments = Vec::new();
    for (count, event) in step.events.iter().enumerate() {
        if count % stride == 0 {
            let there = timeline.memory_at(Moment {
                step: step.index,
                event: count,
            });
            assert!(there == image, "step {}, event {count}", step.index);
            moments.push((count, image.read(0, image.len())));
        }
        assert_eq!(step.events.get(count).as_ref(), Some(&event));
        if let Event::Write(write) = &event {
            assert_eq!(
                image.read(write.start, write.before.len() as u64),
                *write.before
            );
        }
        event.apply(&mut image);
    }
    assert!(
        image == step.memory,
        "step {}: before + events is not after",
        step.index
    );
    assert!(timeline.memory_at(Moment::end_of(step.index)) == step.memory);
    moments
}

/// Asserts the same moments in reverse order, by undoing the writes.
fn check_backward(timeline: &Timeline, step: &StepRecord, moments: &[(usize, Vec<u8>)]) {
    let mut bytes = step.memory.read(0, step.memory.len());
    let mut at = step.events.len();
    for (count, known) in moments.iter().rev() {
        for event in (*count..at)
            .rev()
            .filter_map(|event| step.events.get(event))
        {
            match event {
                Event::Write(write) => {
                    let start = write.start as usize;
                    bytes[start..start + write.before.len()].copy_from_slice(&write.before);
                }
                Event::Growth(growth) => bytes.truncate((growth.before * PAGE) as usize),
            }
        }
        at = *count;
        assert!(bytes == *known, "step {}, back to {count}", step.index);
        let there = timeline.memory_at(Moment {
            step: step.index,
            event: *count,
        });
        assert!(
            there.read(0, there.len()) == *known,
            "step {}, back at {count}",
            step.index
        );
    }
}

/// Asserts that the changes of a step, applied to memory before it, are memory after it.
fn check_changes(timeline: &Timeline, step: &StepRecord) {
    let mut image = timeline.memory_before(step.index);
    image.grow(step.memory.len());
    for change in step.changes.iter() {
        assert_eq!(
            image.read(change.start, change.before.len() as u64),
            change.before
        );
        assert!(
            change
                .before
                .iter()
                .zip(&change.after)
                .all(|(before, after)| before != after)
        );
        image.write(change.start, &change.after);
    }
    assert!(
        image == step.memory,
        "step {}: before + changes is not after",
        step.index
    );
}

/// Asserts that the last writer of a byte wrote its value, and that touches lead there and back.
fn check_touches(timeline: &Timeline, step: &StepRecord) {
    let end = Moment::end_of(step.index);
    for span in step.changes.spans().take(MOMENTS) {
        let Some((moment, write)) = timeline.last_write(span.start, end) else {
            panic!("step {}: {:#x} has no writer", step.index, span.start);
        };
        assert!(write.covers(span.start) && moment.step == step.index);
        let at = (span.start - write.start) as usize;
        assert_eq!(write.after.get(at).copied(), step.memory.byte(span.start));
        assert_eq!(timeline.previous_touch(span.start, end), Some(moment));
        if let Some(earlier) = timeline.previous_touch(span.start, moment) {
            assert_eq!(timeline.next_touch(span.start, earlier), Some(moment));
        }
    }
}

/// Asserts that every report is safe to print.
fn check_reports(timeline: &Timeline) {
    let last = timeline.steps().len().saturating_sub(1);
    for (format, ascii, stores, until) in [
        (Format::Text, false, false, None),
        (
            Format::Text,
            true,
            true,
            Some(Moment {
                step: last / 2,
                event: 1,
            }),
        ),
        (Format::Json, false, true, None),
    ] {
        let options = Options {
            format,
            ascii,
            stores,
            until,
            ..Options::default()
        };
        let mut out = Vec::new();
        report::write(timeline, &options, &mut out).expect("a Vec takes everything");
        let text = String::from_utf8(out).expect("a report is UTF-8");
        assert_safe(&text, true);
        if format == Format::Json {
            serde_json::from_str::<serde_json::Value>(&text).expect("a trace is JSON");
        }
    }
    let problem = report::problem(timeline, true);
    assert_safe(
        &report::summary_line(timeline, "x.steps", problem.as_deref()),
        false,
    );
}
