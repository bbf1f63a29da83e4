//! Names taken apart into words, and the words that say what something is for.

/// Longest name that is looked at, in bytes: what is longer nobody wrote by hand.
const LONGEST: usize = 200;

const POINTER: [&str; 8] = [
    "pointer", "ptr", "address", "addr", "buffer", "buf", "scratch", "arena",
];
const LENGTH: [&str; 10] = [
    "length", "len", "size", "count", "capacity", "bytes", "num", "limit", "max", "sz",
];
const PLACE: [&str; 12] = [
    "input", "output", "in", "out", "src", "dst", "source", "target", "data", "heap", "offset",
    "base",
];
const ALLOCATE: [&str; 5] = ["alloc", "allocate", "malloc", "calloc", "allocator"];
const RELEASE: [&str; 7] = [
    "dealloc",
    "deallocate",
    "free",
    "release",
    "drop",
    "destroy",
    "dispose",
];
const REALLOCATE: [&str; 3] = ["realloc", "reallocate", "resize"];
const RESERVE: [&str; 6] = [
    "reserve", "ensure", "prepare", "request", "obtain", "acquire",
];

/// Words beside `alloc` and `free` that say no more than that memory is meant.
const GENERIC: [&str; 22] = [
    "memory", "mem", "bytes", "byte", "buffer", "buf", "block", "string", "str", "ptr", "pointer",
    "array", "slice", "vec", "wasm", "heap", "u8", "raw", "guest", "of", "my", "the",
];

/// What programs call the one function they are about.
const WORK: [&str; 33] = [
    "digest",
    "hash",
    "transform",
    "process",
    "parse",
    "run",
    "compute",
    "encode",
    "decode",
    "compress",
    "convert",
    "upper",
    "lower",
    "add",
    "append",
    "reverse",
    "render",
    "format",
    "apply",
    "execute",
    "eval",
    "filter",
    "greet",
    "sum",
    "count",
    "scan",
    "lex",
    "calculate",
    "xxh32",
    "crc",
    "sort",
    "checksum",
    "invert",
];

/// What is seldom the first thing to call.
const LATER: [&str; 18] = [
    "final",
    "finish",
    "finalize",
    "update",
    "end",
    "batch",
    "set",
    "reset",
    "last",
    "error",
    "version",
    "clear",
    "stats",
    "debug",
    "test",
    "close",
    "decompress",
    "decode",
];

/// A name in lower-case words: `Hash_GetBuffer` is hash, get, buffer.
pub(super) fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut was_lower = false;
    for c in name
        .get(..LONGEST.min(name.len()))
        .unwrap_or_default()
        .chars()
    {
        if !c.is_alphanumeric() {
            (open, was_lower) = (false, false);
            continue;
        }
        if !open || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        (open, was_lower) = (true, c.is_lowercase() || c.is_ascii_digit());
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

fn any(words: &[String], of: &[&str]) -> bool {
    words.iter().any(|word| of.contains(&word.as_str()))
}

/// Whether the words speak of an address and of no length.
pub(super) fn is_pointer(words: &[String]) -> bool {
    any(words, &POINTER) && !any(words, &LENGTH)
}

/// Whether they name a place that bytes go to or come from, in a global's or parameter's name.
pub(super) fn is_place(words: &[String]) -> bool {
    (any(words, &POINTER) || any(words, &PLACE)) && !any(words, &LENGTH)
}

pub(super) fn is_length(words: &[String]) -> bool {
    any(words, &LENGTH)
}

pub(super) fn is_alignment(words: &[String]) -> bool {
    any(words, &["align", "alignment"])
}

pub(super) fn allocates(words: &[String]) -> bool {
    any(words, &ALLOCATE) && !any(words, &["stack"]) && !releases(words) && !reallocates(words)
}

pub(super) fn releases(words: &[String]) -> bool {
    any(words, &RELEASE)
}

pub(super) fn reallocates(words: &[String]) -> bool {
    any(words, &REALLOCATE)
}

pub(super) fn reserves(words: &[String]) -> bool {
    any(words, &RESERVE)
}

/// Whether it prepares for work and does none.
pub(super) fn sets_up(words: &[String]) -> bool {
    any(
        words,
        &["set", "reset", "init", "configure", "setup", "resize"],
    )
}

/// What is left of an allocator's or a release's name: the kind of thing it is for.
pub(super) fn subject(words: &[String]) -> Vec<&str> {
    let known = |word: &str| {
        ALLOCATE.contains(&word)
            || RELEASE.contains(&word)
            || GENERIC.contains(&word)
            || RESERVE.contains(&word)
    };
    words
        .iter()
        .map(String::as_str)
        .filter(|word| !known(word))
        .collect()
}

/// How much a name sounds like the one function a host wants first; 0 for no sign either way.
pub(super) fn promise(words: &[String]) -> i32 {
    let work = i32::from(any(words, &WORK)) * 2;
    let later = i32::from(any(words, &LATER)) * 3;
    let plain = i32::from(words.len() == 1 && work > 0);
    work + plain - later
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        let split = |name: &str| split(name).join(" ");
        assert_eq!(
            split("get_wasm_memory_buffer_pointer"),
            "get wasm memory buffer pointer"
        );
        assert_eq!(split("Hash_GetBuffer"), "hash get buffer");
        assert_eq!(split("batchHash4UintArray64s"), "batch hash4 uint array64s");
        assert_eq!(split("INPUT_LENGTH"), "input length");
        assert_eq!(split("__wbindgen_malloc"), "wbindgen malloc");
        assert_eq!(split("my-export.run"), "my export run");
        assert_eq!(split(""), "");
        assert_eq!(split("ÄpfelZählen"), "äpfel zählen");
    }

    #[test]
    fn words_say_what_is_meant() {
        let is = |name: &str, of: fn(&[String]) -> bool| of(&split(name));
        assert!(is("get_buffer", is_pointer) && !is("get_buffer_size", is_pointer));
        assert!(
            is("allocate_mappings", allocates)
                && !is("dealloc", allocates)
                && !is("realloc", allocates)
        );
        assert!(is("free_mappings", releases) && is("deallocate", releases));
        assert!(!is("freedom", releases) && !is("located", allocates));
        assert_eq!(subject(&split("free_mappings")), ["mappings"]);
        assert!(subject(&split("wasm_alloc_bytes")).is_empty());
        assert!(promise(&split("digest")) > promise(&split("batchHash4")));
        assert!(promise(&split("compress")) > promise(&split("decompress")));
    }
}
