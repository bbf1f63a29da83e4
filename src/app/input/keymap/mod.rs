//! The keymap: which key performs which action in which context.
//!
//! [`BINDINGS`] is the one table. Keys, help, status line, README and the tests for conflicts are
//! made from it. [`Keymap`] is the table with the keys that the person's configuration overrides.

mod overrides;
mod table;

use std::fmt::Write as _;

use super::key;
use crate::app::Action;

pub use super::key::parse;
pub use overrides::{Bound, Choice, KeyError, Keymap};
pub use table::BINDINGS;

/// What is open over the panes; it decides what keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// No overlay.
    Normal,
    /// No overlay, with the fields in focus: keys that have no meaning here have that of
    /// [`Context::Normal`].
    Fields,
    /// The help.
    Help,
    /// The line of a search.
    Search,
    /// The dialog that saves a moment.
    Save,
    /// The dialog that edits the inputs.
    Inputs,
    /// The list of sessions and lessons.
    Sessions,
    /// The line for an answer.
    Answer,
    /// The line of `:`.
    Prompt,
    /// The overview of the module.
    Guest,
    /// The list of views and types.
    Types,
    /// The glossary.
    Glossary,
}

impl Context {
    pub(crate) const ALL: [Context; 12] = [
        Context::Normal,
        Context::Fields,
        Context::Help,
        Context::Search,
        Context::Save,
        Context::Inputs,
        Context::Sessions,
        Context::Answer,
        Context::Prompt,
        Context::Guest,
        Context::Types,
        Context::Glossary,
    ];
}

/// A section of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Group {
    Time,
    Panes,
    Bytes,
    Session,
    Program,
    Open,
    Typing,
}

impl Group {
    /// All groups, in the order of the help.
    pub const ALL: [Group; 7] = [
        Group::Time,
        Group::Panes,
        Group::Bytes,
        Group::Session,
        Group::Program,
        Group::Open,
        Group::Typing,
    ];

    /// Returns the heading of the section.
    pub fn title(self) -> &'static str {
        match self {
            Group::Time => "time",
            Group::Panes => "panes",
            Group::Bytes => "bytes",
            Group::Session => "session",
            Group::Program => "program",
            Group::Open => "in help and lists",
            Group::Typing => "while typing",
        }
    }
}

/// Keys, the action they perform, and where they do.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// As written for people; [`key::parse`] parses them.
    pub keys: &'static [&'static str],
    /// The digit of an [`Action::Digit`] is that of the key pressed.
    pub(crate) action: Action,
    /// Two or three words; its slug is the action's name in the configuration.
    pub name: &'static str,
    /// One or two sentences; `{next step}` in them is replaced by the key of that binding.
    pub(crate) description: &'static str,
    pub(crate) group: Group,
    pub(crate) contexts: &'static [Context],
    /// The key and the label of the binding in the status line; `None` keeps it out of there.
    pub(crate) status: Option<(&'static str, &'static str)>,
}

/// Returns the table as Markdown, for the README.
pub fn markdown_table() -> String {
    let mut out = String::from("| keys | what they do |\n| --- | --- |\n");
    let keymap = Keymap::default();
    for group in Group::ALL {
        let _ = writeln!(out, "| **{}** | |", group.title());
        for bound in keymap
            .bindings()
            .iter()
            .filter(|bound| bound.binding.group == group)
        {
            let keys: Vec<String> = bound.keys.iter().map(|key| format!("`{key}`")).collect();
            let _ = writeln!(
                out,
                "| {} | {} |",
                keys.join(" "),
                bound.description(&keymap).replace('|', "\\|")
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyEvent, KeyEventKind};
    use std::collections::HashSet;

    fn lookup(context: Context, event: KeyEvent) -> Option<Action> {
        Keymap::default().lookup(context, event)
    }

    #[test]
    fn every_key_is_a_key_and_means_one_thing_in_each_context() {
        let mut taken = HashSet::new();
        for binding in BINDINGS.iter() {
            assert!(
                !binding.keys.is_empty() && !binding.contexts.is_empty(),
                "{} cannot be reached",
                binding.name
            );
            for key in binding.keys {
                let event = key::parse(key).unwrap_or_else(|| panic!("{key} is no key"));
                for context in binding.contexts {
                    assert!(
                        taken.insert((*context, event)),
                        "{key} is bound twice in {context:?}"
                    );
                    let found = lookup(*context, event).unwrap();
                    assert_eq!(
                        std::mem::discriminant(&found),
                        std::mem::discriminant(&binding.action),
                        "{key}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_action_is_bound_and_documented() {
        let source = include_str!("../../action.rs");
        let body = source.split("pub enum Action {").nth(1).unwrap();
        let variants = body
            .lines()
            .map(str::trim)
            .filter(|l| l.starts_with(char::is_uppercase));
        let bound: HashSet<String> = BINDINGS
            .iter()
            .map(|b| {
                format!("{:?}", b.action)
                    .split('(')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        let mut count = 0;
        for variant in variants {
            let name = variant.trim_end_matches(',').split('(').next().unwrap();
            assert!(bound.contains(name), "{name} has no key");
            count += 1;
        }
        assert_eq!(count, bound.len());
        for binding in BINDINGS.iter() {
            assert!(
                binding.description.ends_with('.') && !binding.name.is_empty(),
                "{:?}",
                binding.keys
            );
        }
    }

    #[test]
    fn the_status_line_names_keys_of_the_binding() {
        for binding in BINDINGS.iter() {
            if let Some((key, label)) = binding.status {
                assert!(
                    binding.keys.contains(&key) && label.len() <= 10,
                    "{key} {label}"
                );
            }
        }
    }

    #[test]
    fn digits_carry_themselves_and_letters_are_typed() {
        let press = |key| lookup(Context::Normal, key::parse(key).unwrap());
        assert_eq!(press("3"), Some(Action::Digit(3)));
        assert_eq!(press("0"), Some(Action::Digit(0)));
        for letter in ["q", "3", "space", "?", "p"] {
            assert_eq!(
                lookup(Context::Search, key::parse(letter).unwrap()),
                None,
                "{letter}"
            );
        }
        let mut released = key::parse("q").unwrap();
        released.kind = KeyEventKind::Release;
        assert_eq!(lookup(Context::Normal, released), None);
    }

    #[test]
    fn the_readme_lists_every_key() {
        let table = markdown_table();
        for binding in BINDINGS.iter() {
            for key in binding.keys {
                assert!(table.contains(&format!("`{key}`")), "{key}");
            }
        }
        assert!(!table.contains("|  |"), "a sentence is missing: {table}");
        assert_eq!(table.lines().count(), 2 + BINDINGS.len() + Group::ALL.len());
        assert_eq!(
            Group::ALL
                .map(|group| BINDINGS.iter().filter(|b| b.group == group).count())
                .iter()
                .sum::<usize>(),
            BINDINGS.len()
        );
    }
}
