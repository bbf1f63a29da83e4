//! Names of functions as people wrote them, from the names that compilers give to linkers.

use std::fmt::{self, Write};

use crate::safe;

/// The longest name that is returned, in characters.
const MAX_NAME: usize = 200;

/// The longest name that is read, in bytes, and the longest text that is made of it.
const MAX_LINKED: usize = 4096;

/// Returns a name as people wrote it, safe to print. A name that is not made for linkers is
/// unchanged.
pub(in super::super) fn readable(name: &str) -> String {
    let rust = || {
        rustc_demangle::try_demangle(name)
            .ok()
            .and_then(|name| limited(|out| write!(out, "{name:#}")))
    };
    let cpp = || {
        let symbol = cpp_demangle::Symbol::new(name).ok()?;
        let options = cpp_demangle::DemangleOptions::new()
            .no_params()
            .no_return_type();
        limited(|out| symbol.structured_demangle(out, &options))
    };
    let is_linked = name.starts_with('_') && name.len() <= MAX_LINKED;
    let found = if is_linked { rust().or_else(cpp) } else { None };
    safe::cut(found.as_deref().unwrap_or(name), MAX_NAME)
}

/// Returns the text that `write` writes, up to a limit: a few bytes of a linker's name can
/// expand to gigabytes.
fn limited(write: impl FnOnce(&mut Limited) -> fmt::Result) -> Option<String> {
    let mut out = Limited(String::new());
    let result = write(&mut out);
    (result.is_ok() || out.0.len() > MAX_NAME).then_some(out.0)
}

struct Limited(String);

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len().saturating_add(text.len()) > MAX_LINKED {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linkers_names_become_readable() {
        let doubling: String = "_Z1fSt4pairIiiE"
            .chars()
            .chain((0..60).flat_map(|_| "S_IS0_S0_E".chars()))
            .collect();
        let rows = [
            ("add_wasm_is_cool", "add_wasm_is_cool"),
            ("_ZN4core3ptr5write17h0123456789abcdefE", "core::ptr::write"),
            ("_ZN5space3fooEibc", "space::foo"),
            ("_start", "_start"),
            ("a\x1b[1m", "a\\u{1b}[1m"),
        ];
        for (name, expected) in rows {
            assert_eq!(readable(name), expected);
        }
        assert!(readable(&doubling).chars().count() <= MAX_NAME + 1);
    }
}
