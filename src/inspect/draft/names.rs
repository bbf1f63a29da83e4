//! Names as the steps language writes them.

use std::collections::HashSet;

use crate::safe;

/// Words that mean a value and so name nothing.
const RESERVED: [&str; 5] = ["true", "false", "null", "inf", "nan"];

/// Longest name that a draft writes down, in characters; what is longer nobody wants to type.
pub(super) const LONGEST: usize = 200;

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
}

/// The name of an export, or one half of an import's.
pub(super) fn foreign(name: &str) -> String {
    if is_plain(name) {
        name.into()
    } else {
        safe::quoted(name, usize::MAX)
    }
}

/// Whether a draft may name it.
pub(super) fn is_short(name: &str) -> bool {
    name.chars().nth(LONGEST).is_none()
}

/// The words of a statement outside its quotes.
pub(super) fn variables(text: &str) -> impl Iterator<Item = &str> {
    let outside = text.split('"').step_by(2);
    outside
        .flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|word| !word.is_empty())
}

/// The variables of a draft: no two alike.
#[derive(Clone)]
pub(super) struct Variables(HashSet<String>);

impl Variables {
    pub fn new() -> Self {
        Variables(HashSet::new())
    }

    /// Whether a variable has this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// A name like the one wanted, and new.
    pub fn name(&mut self, wanted: &str) -> String {
        let is_usable = is_plain(wanted) && wanted.len() <= 40;
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
    fn odd_names_stand_in_quotes() {
        assert_eq!(foreign("add_1"), "add_1");
        assert_eq!(foreign("true"), "\"true\"");
        assert_eq!(foreign("1st"), "\"1st\"");
        assert_eq!(foreign(""), "\"\"");
        assert_eq!(foreign("a\"b\\\n\u{202e}"), "\"a\\\"b\\\\\\n\\u{202e}\"");
    }

    #[test]
    fn variables_are_found_outside_quotes() {
        let found: Vec<&str> = variables("n = call \"ptr x\"(len(text), a0)").collect();
        assert_eq!(found, ["n", "call", "len", "text", "a0"]);
        let mut names = Variables::new();
        assert_eq!(
            [
                names.name("n"),
                names.name("n"),
                names.name("odd name"),
                names.name("nan")
            ]
            .join(" "),
            "n n2 value value2"
        );
    }
}
