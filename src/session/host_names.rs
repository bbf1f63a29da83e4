//! The names of host functions, as a script writes them. They are safe to print.

use crate::safe;
use crate::script::ast::ImportName;

/// Returns an import as `module.name`, each part in quotes unless it is a plain name.
pub(super) fn display(name: &ImportName) -> String {
    format!(
        "{}.{}",
        display_part(&name.module),
        display_part(&name.name)
    )
}

fn display_part(text: &str) -> String {
    let plain = !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        text.to_string()
    } else {
        safe::quoted(text, 200)
    }
}
