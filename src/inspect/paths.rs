//! Paths of modules as people write them.

use std::path::Path;

use crate::safe;

/// Characters of a module's name.
const NAME: usize = 100;

/// Returns a path as a shell takes it on a command line.
pub(super) fn shell(path: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '=' | ':' | ',')
    };
    match path.chars().all(is_plain) && !path.starts_with('-') && !path.is_empty() {
        true => path.into(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

/// Returns the file name of a module's path without its extension, safe to print.
///
/// A steps file for the module can have this name. It is `guest` where the path has no file name.
pub fn module_name(path: &str) -> String {
    let stem = Path::new(path)
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.filter(|stem| !stem.is_empty());
    safe::cut(&stem.unwrap_or_else(|| "guest".into()), NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_argument_of_a_command_line() {
        assert_eq!(shell("a/b.wasm"), "a/b.wasm");
        assert_eq!(shell("it's here.wasm"), "'it'\\''s here.wasm'");
        assert_eq!(shell("-x"), "'-x'");
    }

    #[test]
    fn a_module_is_named_after_its_file() {
        assert_eq!(module_name("a/b.c.wasm"), "b.c");
        assert_eq!(module_name(""), "guest");
    }
}
