//! All questions about the types of a guest's debug information, asked at once.

use crate::data_types::{Limits, Memory, TypeRef, TypeSource, TypeTable, decode};
use crate::guest::Guest;
use crate::inspect::types::{TypeList, write_type, write_types};
use crate::inspect::{Format, Options};
use std::sync::Arc;

/// The most types that are built.
const MOST_TYPES: usize = 60;

/// A memory of one page in which each byte is its address.
struct Counting;

impl Memory for Counting {
    fn len(&self) -> u64 {
        1 << 16
    }

    fn read(&self, start: u64, len: u64) -> Vec<u8> {
        (start..start + len).map(|at| at as u8).collect()
    }
}

/// Builds, lists, decodes and writes the types of a guest. Returns all that was written.
pub fn ask_all(guest: &Guest) -> String {
    let mut source = guest.debug_types();
    let mut table = TypeTable::default();
    let mut out = Vec::new();
    for (export, function) in source.exported_functions(&mut table) {
        out.extend_from_slice(format!("{}\n", function.text).as_bytes());
        assert!(guest.export(&export).is_some());
    }
    let names = source.names();
    let step = names.len() / MOST_TYPES + 1;
    let ids: Vec<_> = names
        .iter()
        .step_by(step)
        .filter_map(|ty| Some((&ty.name, source.find(&ty.name, &mut table)?)))
        .collect();
    let shared = Arc::new(table.clone());
    for (name, id) in ids {
        for format in [Format::Text, Format::Json] {
            let options = Options {
                format,
                ..Options::default()
            };
            write_type("guest", name, (&table, id), &options, &mut out).expect("a vector grows");
        }
        let limits = Limits {
            nodes: 10_000,
            ..Limits::default()
        };
        let node = decode(&TypeRef::new(shared.clone(), id), &Counting, 16, "", limits);
        let _ = node.value(&shared);
        let _ = table.field(id, "no such field");
        let _ = table.field_names(id);
    }
    let list = TypeList::of_module("guest", &source, "", true);
    write_types(&list, &Options::default(), &mut out).expect("a vector grows");
    String::from_utf8(out).expect("text is UTF-8")
}
