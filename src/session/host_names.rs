//! The names of host functions, as a script writes them. They are safe to print.

use crate::safe;
use crate::script::ast::{HostFunctionName, ImportName};

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

/// Returns a host function as messages have it: `import module.name` or `callback name`.
pub(super) fn describe_function(name: &HostFunctionName) -> String {
    match name {
        HostFunctionName::Import(import) => format!("import {}", display(import)),
        HostFunctionName::Callback(name) => format!("callback {}", display_part(name)),
    }
}

/// Returns a host function as a script writes its name.
pub(super) fn display_function(name: &HostFunctionName) -> String {
    match name {
        HostFunctionName::Import(import) => display(import),
        HostFunctionName::Callback(name) => display_part(name),
    }
}

/// Returns a host function with the two names of an import, as records have it. A callback has
/// `callback` for its module.
pub(super) fn import_name(name: &HostFunctionName) -> ImportName {
    match name {
        HostFunctionName::Import(import) => import.clone(),
        HostFunctionName::Callback(name) => ImportName {
            module: "callback".to_owned(),
            name: name.clone(),
        },
    }
}
