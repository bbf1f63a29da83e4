//! The core modules in a component. A component itself has no linear memory: each of its core
//! modules may have one.

use std::ops::Range;
use std::path::{Path, PathBuf};

use wasmparser::{Parser, Payload};

use super::{Guest, Validation};

/// The most core modules of a component that are found.
const MAX_MODULES: usize = 1000;

/// Returns where the core modules of a component are, in the order of their beginnings, those of
/// nested components included. Returns `None` for bytes that are no component.
pub(super) fn core_modules(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    if !Parser::is_component(bytes.get(..8)?) {
        return None;
    }
    let payloads = Parser::new(0).parse_all(bytes).map_while(Result::ok);
    let ranges = payloads.filter_map(|payload| match payload {
        Payload::ModuleSection {
            unchecked_range, ..
        } => {
            let start = usize::try_from(unchecked_range.start).ok()?;
            let end = usize::try_from(unchecked_range.end).ok()?;
            Some(start..end)
        }
        _ => None,
    });
    Some(ranges.take(MAX_MODULES).collect())
}

/// Returns the path of a component and the number of a core module in it, for a path such as
/// `program.wasm#1`.
pub(super) fn split_path(path: &Path) -> Option<(PathBuf, usize)> {
    let (file, number) = path.to_str()?.rsplit_once('#')?;
    Some((PathBuf::from(file), number.parse().ok()?))
}

/// A component that was read from a file.
#[derive(Debug)]
pub struct Component {
    name: String,
    bytes: Vec<u8>,
    modules: Vec<Range<usize>>,
}

impl Component {
    /// Returns whether a path names a core module of a component, such as `program.wasm#1`, and not a
    /// file.
    pub fn is_core_module(path: &Path) -> bool {
        split_path(path).is_some() && !path.exists()
    }

    /// Returns a component of the bytes of a file.
    ///
    /// # Errors
    ///
    /// Returns the bytes if they are no component, or one without a core module.
    pub(super) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Component, Vec<u8>> {
        match core_modules(&bytes).filter(|modules| !modules.is_empty()) {
            Some(modules) => Ok(Component {
                name: crate::safe::plain(&path.display().to_string()),
                bytes,
                modules,
            }),
            None => Err(bytes),
        }
    }

    /// Returns the path of the component, safe to print.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the number of core modules.
    pub fn count(&self) -> usize {
        self.modules.len()
    }

    /// Returns the bytes of a core module by its number, counted from 0.
    pub fn core_module(&self, number: usize) -> Option<&[u8]> {
        self.bytes.get(self.modules.get(number)?.clone())
    }

    /// Returns the description of a core module by its number; `None` if it is not valid.
    pub fn describe(&self, number: usize) -> Option<Guest> {
        let name = format!("{}#{number}", self.name);
        Guest::described(
            &name,
            self.core_module(number)?.to_vec(),
            None,
            Validation::Now,
        )
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_end_with_the_number_of_a_core_module() {
        let split = |path: &str| split_path(Path::new(path));
        assert_eq!(split("a/b.wasm#12"), Some((PathBuf::from("a/b.wasm"), 12)));
        for path in ["a/b.wasm", "a/b.wasm#", "a/b.wasm#x", "a#1/b.wasm"] {
            assert_eq!(split(path), None, "{path}");
        }
    }

    #[test]
    fn other_bytes_have_no_core_modules() {
        assert_eq!(core_modules(b"\0asm\x01\0\0\0"), None);
        assert_eq!(core_modules(b"\0asm\x0d\0\x01\0"), Some(Vec::new()));
        assert_eq!(core_modules(b"\0asm"), None);
    }
}
