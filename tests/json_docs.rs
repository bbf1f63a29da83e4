//! `docs/json.md` and the JSON trace say the same: every key that is written is described, with its type, and every key
//! that is described is written.

mod fabricated;

use std::collections::{BTreeMap, BTreeSet};

use linmem::report::{Format, Options, write};
use linmem::timeline::Timeline;
use serde_json::Value;

/// Paths like `steps[].bindings.NAME.type`, each with the JSON types seen there.
type Seen = BTreeMap<String, BTreeSet<&'static str>>;

fn trace(timeline: &Timeline) -> Value {
    let options = Options { format: Format::Json, stores: true, ..Options::default() };
    let mut out = Vec::new();
    write(timeline, &options, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// Whether values of any type may stand here: below, there are no keys of ours.
fn holds_any_value(path: &str) -> bool {
    ["value", "args", "results", "saw"].iter().any(|key| path.ends_with(&format!(".{key}")))
}

fn walk(value: &Value, path: &str, seen: &mut Seen) {
    if !path.is_empty() && !path.ends_with("[]") {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        seen.entry(path.to_string()).or_default().insert(kind);
    }
    match value {
        _ if holds_any_value(path) => {}
        Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[]"), seen)),
        Value::Object(members) => {
            for (key, member) in members {
                let key = if path.ends_with(".bindings") { "NAME" } else { key };
                walk(member, &if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }, seen);
            }
        }
        _ => {}
    }
}

/// The rows of the page's tables: key and type.
fn described() -> BTreeMap<String, String> {
    let page = include_str!("../docs/json.md");
    // What follows is another document's: tests/inspect.rs holds that to the page.
    let page = page.split("# The description of a module").next().unwrap_or(page);
    let mut keys = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [key, kind, meaning] = cells[..] else { panic!("three cells are expected: {line}") };
        assert!(!meaning.is_empty(), "{line}");
        assert!(keys.insert(key.trim_matches('`').to_string(), kind.to_string()).is_none(), "twice: {key}");
    }
    keys
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
        walk(&trace(&timeline), "", &mut seen);
    }
    let described = described();
    let written: Vec<&String> = seen.keys().collect();
    assert_eq!(described.keys().collect::<Vec<_>>(), written, "left: docs/json.md, right: what is written");
    for (key, kinds) in &seen {
        let told: BTreeSet<&str> = described[key].split(" or ").collect();
        if !told.contains("any") {
            assert!(kinds.iter().all(|kind| told.contains(kind)), "{key}: {kinds:?} is written, {told:?} described");
        }
    }
}

#[test]
fn the_keys_of_the_first_version_keep_their_order() {
    let mut out = Vec::new();
    write(&fabricated::default_session(), &Options { format: Format::Json, ..Options::default() }, &mut out).unwrap();
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
        let from = if indent == 2 { 0 } else { text.find("\"steps\":").unwrap() };
        let places: Vec<usize> =
            keys.iter().map(|key| text[from..].find(&format!("\n{:indent$}\"{key}\":", "")).expect(key)).collect();
        assert!(places.is_sorted(), "{keys:?} stand at {places:?}");
    }
}
