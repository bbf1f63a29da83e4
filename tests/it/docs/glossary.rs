//! The glossary of the screen against the documents.

use linmem::app::glossary::{TERMS, markdown_table};

use crate::support::command::read_in_repository;

/// Words that ARCHITECTURE.md defines too, each with a phrase that both definitions contain.
const SHARED: [(&str, &str); 12] = [
    ("ABI", "convention for passing"),
    ("address", "an index into linear memory"),
    ("block", "span with an owner"),
    ("finding", "wrong in a step, or worth knowing"),
    ("guest", "module that runs"),
    ("host", "as the script directs it"),
    ("linear memory", "byte array of a guest"),
    ("offset", "distance in bytes"),
    ("page", "64 KiB of linear memory"),
    ("region", "span with a name that the script gives"),
    ("step", "instantiation, which is step 0"),
    ("store", "by an instruction of the guest"),
];

/// Returns the terms of ARCHITECTURE.md's glossary with their definitions.
fn architecture() -> Vec<(String, String)> {
    let text = read_in_repository("ARCHITECTURE.md");
    let (_, rest) = text.split_once("## Glossary").unwrap();
    let (glossary, _) = rest.split_once("## Code map").unwrap();
    let row = |line: &str| {
        let (term, meaning) = line.trim_matches('|').split_once(" | ")?;
        Some((term.trim().to_owned(), meaning.trim().to_owned()))
    };
    glossary.lines().filter_map(row).collect()
}

/// Returns whether a term of a row, such as `ABI, family`, is `name`.
fn is_term(row: &str, name: &str) -> bool {
    row.split(", ").any(|term| term == name)
}

#[test]
fn the_glossary_agrees_with_that_of_the_architecture() {
    let architecture = architecture();
    for term in TERMS {
        let row = architecture.iter().find(|(row, _)| is_term(row, term.name));
        let shared = SHARED.iter().find(|(name, _)| *name == term.name);
        match (row, shared) {
            (Some((_, meaning)), Some((_, phrase))) => {
                assert!(meaning.contains(phrase), "{}: {meaning}", term.name);
                assert!(
                    term.meaning.contains(phrase),
                    "{}: {}",
                    term.name,
                    term.meaning
                );
            }
            (Some(_), None) => panic!("{} is in ARCHITECTURE.md too: add it to SHARED", term.name),
            (None, Some(_)) => panic!("{} is not in ARCHITECTURE.md any more", term.name),
            (None, None) => {}
        }
    }
}

#[test]
fn the_page_with_the_glossary_is_the_table() {
    let page = read_in_repository("docs/glossary.md");
    let table = markdown_table();
    assert!(
        page.contains(&table),
        "docs/glossary.md does not have this table:\n{table}"
    );
}
