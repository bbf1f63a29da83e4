//! `docs/json.md` and the JSON trace agree: every key that is written is described with its type, and
//! every key that is described is written.

use std::sync::Arc;

use crate::report::{event_timelines, timelines};
use crate::support::command::{in_repository, linmem, read_in_repository};
use crate::support::json_keys::{self, Foreign, Seen};
use crate::support::reports::{json, report};
use linmem::report::{Format, Options};
use linmem::source::HostPlace;
use linmem::testing::{nested_calls, sessions};
use linmem::timeline::{HostLine, Timeline};
use serde_json::Value;

/// The values and names that a script chooses are not described.
const FOREIGN: Foreign = Foreign {
    values: &["value", "args", "results", "saw"],
    names: &["bindings"],
};

fn trace(timeline: &Timeline) -> Value {
    let options = Options {
        format: Format::Json,
        stores: true,
        ..Options::default()
    };
    serde_json::from_str(&report(timeline, &options)).unwrap()
}

/// Returns a session whose steps are from a recorded host.
fn with_host_line() -> Timeline {
    let session = timelines::default_session();
    let mut timeline = Timeline::new(
        session.title.clone(),
        session.guest.clone(),
        session.inputs.clone(),
        session.planned.clone(),
    );
    for step in session.steps() {
        let mut step = step.clone();
        let place = HostPlace {
            file: "app.mjs".into(),
            line: 3,
            column: 5,
            function: Some("main".into()),
            first: 0,
            lines: Vec::new(),
            from: None,
        };
        step.host = Some(HostLine {
            place: Arc::new(place),
            is_before: false,
        });
        timeline.push(step);
    }
    timeline
}

#[test]
fn json_page_describes_every_key_of_the_trace() {
    let mut seen = Seen::new();
    for timeline in [
        timelines::default_session(),
        timelines::growth_that_moves(),
        timelines::out_of_bounds(),
        timelines::no_memory(),
        timelines::rich(),
        event_timelines::all_sorts(),
        event_timelines::trapped_store(),
        event_timelines::trapped_load(),
        with_host_line(),
        sessions::run(nested_calls::config()),
    ] {
        json_keys::note(&trace(&timeline), FOREIGN, &mut seen);
    }
    let recording = in_repository("tests/hosts/every_form.hostlog");
    let recorded = linmem(&["run", recording.to_str().unwrap(), "--format", "json"]);
    let recorded = serde_json::from_str(&recorded.stdout).unwrap();
    json_keys::note(&recorded, FOREIGN, &mut seen);
    let typed = in_repository("tests/types/shapes.steps");
    let typed = linmem(&["run", typed.to_str().unwrap(), "--format", "json"]);
    let typed = serde_json::from_str(&typed.stdout).unwrap();
    json_keys::note(&typed, FOREIGN, &mut seen);
    let page = read_in_repository("docs/json.md");
    // The rest of the page is tested in `command_line/answers.rs` and `command_line/inspect.rs`.
    let ours = page.split("# Answers").next().unwrap_or_default();
    json_keys::assert_agree(&json_keys::described(ours), &seen);
}

#[test]
fn keys_of_schema_version_1_keep_their_order() {
    let text = json(&timelines::default_session());
    let top = ["schema", "status", "guest", "steps"];
    let step = [
        "index",
        "line",
        "kind",
        "text",
        "outcome",
        "error",
        "narration",
        "bindings",
        "call",
        "imports_called",
        "output",
        "pages",
        "stores",
        "stores_recorded",
        "changes",
        "findings",
    ];
    for (indent, keys) in [(2, &top[..]), (6, &step[..])] {
        let from = if indent == 2 {
            0
        } else {
            text.find("\"steps\":").unwrap()
        };
        let places: Vec<usize> = keys
            .iter()
            .map(|key| {
                text[from..]
                    .find(&format!("\n{:indent$}\"{key}\":", ""))
                    .expect(key)
            })
            .collect();
        assert!(places.is_sorted(), "{keys:?} are at {places:?}");
    }
}
