//! The keys of a JSON document, and those that a page describes, to hold one to the other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Paths like `steps[].bindings.NAME.type`, each with the JSON types seen there.
pub type Seen = BTreeMap<String, BTreeSet<&'static str>>;

/// Keys of a document that are not the program's.
#[derive(Clone, Copy, Default)]
pub struct Foreign {
    /// Below these, values of any type may stand.
    pub values: &'static [&'static str],
    /// The members of these are called as a script or a guest likes.
    pub names: &'static [&'static str],
}

/// Notes the keys of a document and the types of what they hold.
pub fn note(document: &Value, foreign: Foreign, seen: &mut Seen) {
    walk(document, "", foreign, seen);
}

fn walk(value: &Value, path: &str, foreign: Foreign, seen: &mut Seen) {
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
    let is_one_of = |keys: &[&str]| keys.iter().any(|key| path.ends_with(&format!(".{key}")));
    match value {
        _ if is_one_of(foreign.values) => {}
        Value::Array(items) => items
            .iter()
            .for_each(|item| walk(item, &format!("{path}[]"), foreign, seen)),
        Value::Object(members) => {
            for (key, member) in members {
                let key = if is_one_of(foreign.names) {
                    "NAME"
                } else {
                    key
                };
                let path = if path.is_empty() {
                    key.to_string()
                } else {
                    format!("{path}.{key}")
                };
                walk(member, &path, foreign, seen);
            }
        }
        _ => {}
    }
}

/// The rows of a page's tables: each key with the types it says.
pub fn described(page: &str) -> BTreeMap<String, BTreeSet<&str>> {
    let mut keys = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [key, kinds, meaning] = cells[..] else {
            panic!("three cells are expected: {line}")
        };
        assert!(!meaning.is_empty(), "{line}");
        let key = key.trim_matches('`').to_string();
        assert!(
            keys.insert(key, kinds.split(" or ").collect()).is_none(),
            "twice: {line}"
        );
    }
    keys
}

/// Fails unless exactly the keys described were seen, each with no other types than those said.
pub fn assert_agree(described: &BTreeMap<String, BTreeSet<&str>>, seen: &Seen) {
    let (told, written): (Vec<&String>, Vec<&String>) =
        (described.keys().collect(), seen.keys().collect());
    assert_eq!(told, written, "left: docs/json.md, right: what is written");
    for (key, kinds) in seen {
        let told = &described[key];
        assert!(
            told.contains("any") || kinds.is_subset(told),
            "{key}: {kinds:?} is written, {told:?} described"
        );
    }
}
