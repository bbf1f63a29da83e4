//! Sizes, limits and names as people read them.

use std::path::Path;

use crate::guest::{MemoryType, PAGE};
use crate::safe;

/// `1 page, 64 KiB`
pub(super) fn pages(pages: u64) -> String {
    let plural = if pages == 1 { "page" } else { "pages" };
    match pages.checked_mul(PAGE) {
        Some(bytes) => format!("{pages} {plural}, {}", size(bytes)),
        None => format!("{pages} {plural}"),
    }
}

/// Bytes in the largest unit that leaves a whole number: `64 KiB`.
pub(super) fn size(bytes: u64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.trailing_zeros() >= shift {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} B")
}

/// `3 bytes`
pub(super) fn bytes(count: u64) -> String {
    many(count, "byte")
}

/// A count with its noun, which takes an s.
pub(super) fn many(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A memory's size and how far it may grow.
pub(super) fn limits(ty: &MemoryType) -> String {
    let mut out = pages(ty.min);
    match ty.max {
        Some(max) if max == ty.min => out.push_str("; it cannot grow"),
        Some(max) => out.push_str(&format!("; may grow to {}", pages(max))),
        None => out.push_str("; no limit of its own"),
    }
    if ty.shared {
        out.push_str("; shared between threads");
    }
    if ty.is_64 {
        out.push_str("; 64-bit addresses");
    }
    out
}

/// A path as a shell takes it on a command line.
pub(super) fn shell(path: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '=' | ':' | ',')
    };
    match path.chars().all(is_plain) && !path.starts_with('-') && !path.is_empty() {
        true => path.into(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

/// The last part of a module's path without its ending, safe to print: what a steps file for it may
/// be called.
pub fn module_name(path: &str) -> String {
    let stem = Path::new(path)
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    safe::cut(
        &stem
            .filter(|stem| !stem.is_empty())
            .unwrap_or_else(|| "guest".into()),
        100,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_say_them() {
        assert_eq!(pages(1), "1 page, 64 KiB");
        assert_eq!(pages(17), "17 pages, 1088 KiB");
        assert_eq!(pages(u64::MAX), "18446744073709551615 pages");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1_234_567), "1234567 bytes");
        let ty = MemoryType {
            min: 1,
            max: Some(1),
            is_64: true,
            shared: true,
        };
        assert_eq!(
            limits(&ty),
            "1 page, 64 KiB; it cannot grow; shared between threads; 64-bit addresses"
        );
    }

    #[test]
    fn paths_stand_on_a_command_line() {
        assert_eq!(shell("a/b.wasm"), "a/b.wasm");
        assert_eq!(shell("it's here.wasm"), "'it'\\''s here.wasm'");
        assert_eq!(shell("-x"), "'-x'");
        assert_eq!(module_name("a/b.c.wasm"), "b.c");
        assert_eq!(module_name(""), "guest");
    }
}
