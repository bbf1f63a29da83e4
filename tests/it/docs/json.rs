//! `docs/json.md` and the JSON trace say the same: every key that is written is described, with its
//! type, and every key that is described is written.

use crate::support::fabricated;
use crate::support::json::{self, Foreign, Seen};
use linmem::report::{Format, Options, write};
use linmem::timeline::Timeline;
use serde_json::Value;

/// What a script names and hands over is not described.
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
    let mut out = Vec::new();
    write(timeline, &options, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn the_page_and_the_trace_agree() {
    let mut seen = Seen::new();
    for timeline in [
        fabricated::default_session(),
        fabricated::growth_that_moves(),
        fabricated::out_of_bounds(),
        fabricated::no_memory(),
        fabricated::rich(),
        fabricated::stores::all_sorts(),
        fabricated::stores::trapped_store(),
        fabricated::stores::trapped_load(),
    ] {
        json::note(&trace(&timeline), FOREIGN, &mut seen);
    }
    let page = include_str!("../../../docs/json.md");
    // What follows is another document's: tests/inspect.rs holds that to the page.
    let ours = page
        .split("# The description of a module")
        .next()
        .unwrap_or(page);
    json::assert_agree(&json::described(ours), &seen);
}

#[test]
fn the_keys_of_the_first_version_keep_their_order() {
    let mut out = Vec::new();
    write(
        &fabricated::default_session(),
        &Options {
            format: Format::Json,
            ..Options::default()
        },
        &mut out,
    )
    .unwrap();
    let text = String::from_utf8(out).unwrap();
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
        assert!(places.is_sorted(), "{keys:?} stand at {places:?}");
    }
}
