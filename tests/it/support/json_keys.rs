//! Compares the keys of JSON documents with those that a page describes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Paths such as `steps[].bindings.NAME.type`, each with the JSON types of its values.
pub type Seen = BTreeMap<String, BTreeSet<&'static str>>;

/// The key of parts that have parts of the same sort.
const CHILDREN: &str = "children";

/// Keys of a document whose values or names the program does not choose.
#[derive(Clone, Copy, Default)]
pub struct Foreign {
    /// Keys whose values may be of any type.
    pub values: &'static [&'static str],
    /// Keys whose members are named by a script or a guest.
    pub names: &'static [&'static str],
}

/// Adds the keys of `document` and the types of their values to `seen`.
pub fn note(document: &Value, foreign: Foreign, seen: &mut Seen) {
    walk(document, "", foreign, seen);
}

fn walk(value: &Value, path: &str, foreign: Foreign, seen: &mut Seen) {
    // What is nested in itself has the same keys at each level.
    let nested = format!(".{CHILDREN}[].{CHILDREN}[]");
    if let Some(outer) = path.strip_suffix(&nested) {
        return walk(value, &format!("{outer}.{CHILDREN}[]"), foreign, seen);
    }
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

/// Returns the rows of the tables of a page: each key with its types.
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

/// Asserts that exactly the described keys were seen, each with no other types than described.
pub fn assert_agree(described: &BTreeMap<String, BTreeSet<&str>>, seen: &Seen) {
    let (on_page, written): (Vec<&String>, Vec<&String>) =
        (described.keys().collect(), seen.keys().collect());
    assert_eq!(on_page, written, "left: docs/json.md, right: the document");
    for (key, kinds) in seen {
        let on_page = &described[key];
        assert!(
            on_page.contains("any") || kinds.is_subset(on_page),
            "{key}: the document has {kinds:?}, docs/json.md describes {on_page:?}"
        );
    }
}
