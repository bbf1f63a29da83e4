//! Names as the steps language writes them.

use std::collections::HashSet;

use crate::safe;

/// Names that mean a value, so that no variable can have them.
const RESERVED: [&str; 5] = ["true", "false", "null", "inf", "nan"];

/// Characters of the longest name that a draft writes.
pub(super) const LONGEST: usize = 200;

/// Characters of the longest name of a variable.
const LONGEST_VARIABLE: usize = 40;

/// The names of the results of a call that returns text, and perhaps an error and whether it is set.
pub(super) const TEXT_RESULTS: [&str; 4] = ["out_ptr", "n", "error", "failed"];

/// Returns whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
}

/// Returns the name of an export, or half of an import's name, as a statement writes it.
pub(super) fn foreign(name: &str) -> String {
    match is_plain(name) {
        true => name.into(),
        false => safe::quoted(name, usize::MAX),
    }
}

/// Returns whether a name is short enough for a draft.
pub(super) fn is_short(name: &str) -> bool {
    name.chars().nth(LONGEST).is_none()
}

/// Returns the words of a statement that are not in quotes; variables are among them.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let outside = text.split('"').step_by(2);
    outside
        .flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|word| !word.is_empty())
}

/// The variables of a draft, each with a name of its own.
#[derive(Clone, Default)]
pub(super) struct Variables(HashSet<String>);

impl Variables {
    /// Returns whether a variable has this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Adds a variable and returns its name: `wanted`, with a number where that is taken.
    pub fn add(&mut self, wanted: &str) -> String {
        let is_usable = is_plain(wanted) && wanted.len() <= LONGEST_VARIABLE;
        let wanted = if is_usable { wanted } else { "value" };
        let mut name = wanted.to_string();
        let mut number = 2;
        while !self.0.insert(name.clone()) {
            name = format!("{wanted}{number}");
            number += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_in_quotes() {
        assert_eq!(foreign("add_1"), "add_1");
        assert_eq!(foreign("true"), "\"true\"");
        assert_eq!(foreign("1st"), "\"1st\"");
        assert_eq!(foreign(""), "\"\"");
        assert_eq!(foreign("a\"b\\\n\u{202e}"), "\"a\\\"b\\\\\\n\\u{202e}\"");
    }

    #[test]
    fn words_in_quotes_are_no_variables() {
        let found: Vec<&str> = words("n = call \"ptr x\"(len(text), a0)").collect();
        assert_eq!(found, ["n", "call", "len", "text", "a0"]);
    }

    #[test]
    fn no_two_variables_have_the_same_name() {
        let mut variables = Variables::default();
        let names = ["n", "n", "odd name", "nan"].map(|wanted| variables.add(wanted));
        assert_eq!(names, ["n", "n2", "value", "value2"]);
    }
}
