//! `docs/json.md` and the JSON trace agree: every key that is written is described with its type, and
//! every key that is described is written.

use crate::report::{event_timelines, timelines};
use crate::support::command::read_in_repository;
use crate::support::json_keys::{self, Foreign, Seen};
use crate::support::reports::{json, report};
use linmem::report::{Format, Options};
use linmem::timeline::Timeline;
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
    ] {
        json_keys::note(&trace(&timeline), FOREIGN, &mut seen);
    }
    let page = read_in_repository("docs/json.md");
    // The rest of the page is tested in `command_line/inspect.rs`.
    let ours = page
        .split("# The description of a module")
        .next()
        .unwrap_or_default();
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
