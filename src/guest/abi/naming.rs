//! Splits names into words, and knows words that show what something is used for.

/// The longest part of a name that is split, in bytes. Nobody writes a longer name by hand.
const MAX_NAME: usize = 200;

/// Words for an address.
const POINTER: [&str; 8] = [
    "pointer", "ptr", "address", "addr", "buffer", "buf", "scratch", "arena",
];
/// Words for a length.
const LENGTH: [&str; 10] = [
    "length", "len", "size", "count", "capacity", "bytes", "num", "limit", "max", "sz",
];
/// Words for a place in memory, in the names of globals and parameters.
const PLACE: [&str; 12] = [
    "input", "output", "in", "out", "src", "dst", "source", "target", "data", "heap", "offset",
    "base",
];
/// Words for allocating a block.
const ALLOCATE: [&str; 5] = ["alloc", "allocate", "malloc", "calloc", "allocator"];
/// Words for releasing a block.
const RELEASE: [&str; 7] = [
    "dealloc",
    "deallocate",
    "free",
    "release",
    "drop",
    "destroy",
    "dispose",
];
/// Words for reallocating a block.
const REALLOCATE: [&str; 3] = ["realloc", "reallocate", "resize"];
/// Words for asking for space in a buffer.
const RESERVE: [&str; 6] = [
    "reserve", "ensure", "prepare", "request", "obtain", "acquire",
];

/// Words beside `alloc` and `free` that only mean memory.
const GENERIC: [&str; 22] = [
    "memory", "mem", "bytes", "byte", "buffer", "buf", "block", "string", "str", "ptr", "pointer",
    "array", "slice", "vec", "wasm", "heap", "u8", "raw", "guest", "of", "my", "the",
];

/// Names of the main function of many programs.
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

/// Words in the names of functions that are seldom called first.
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

/// Splits a name into lower-case words: `Hash_GetBuffer` into hash, get, buffer.
pub(super) fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut was_lower = false;
    for c in name
        .get(..MAX_NAME.min(name.len()))
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

/// Returns whether any of the words is in a list.
fn any(words: &[String], of: &[&str]) -> bool {
    words.iter().any(|word| of.contains(&word.as_str()))
}

/// Returns whether the words mean an address and no length.
pub(super) fn is_pointer(words: &[String]) -> bool {
    any(words, &POINTER) && !any(words, &LENGTH)
}

/// Returns whether the words in the name of a global or a parameter mean a place to which bytes go
/// or from which they come.
pub(super) fn is_place(words: &[String]) -> bool {
    (any(words, &POINTER) || any(words, &PLACE)) && !any(words, &LENGTH)
}

/// Returns whether the words mean a length.
pub(super) fn is_length(words: &[String]) -> bool {
    any(words, &LENGTH)
}

/// Returns whether the words mean an alignment.
pub(super) fn is_alignment(words: &[String]) -> bool {
    any(words, &["align", "alignment"])
}

/// Returns whether the words mean that a block is allocated.
pub(super) fn allocates(words: &[String]) -> bool {
    any(words, &ALLOCATE) && !any(words, &["stack"]) && !releases(words) && !reallocates(words)
}

/// Returns whether the words mean that a block is released.
pub(super) fn releases(words: &[String]) -> bool {
    any(words, &RELEASE)
}

/// Returns whether the words mean that a block is reallocated.
pub(super) fn reallocates(words: &[String]) -> bool {
    any(words, &REALLOCATE)
}

/// Returns whether the words mean that space in a buffer is asked for.
pub(super) fn reserves(words: &[String]) -> bool {
    any(words, &RESERVE)
}

/// Returns whether the words mean that something is prepared and no work is done.
pub(super) fn sets_up(words: &[String]) -> bool {
    any(
        words,
        &["set", "reset", "init", "configure", "setup", "resize"],
    )
}

/// Returns the words of an allocator's or a release's name that mean the kind of thing it is used
/// for.
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

/// Returns how likely a name is that of the function that a host calls first; 0 if nothing shows
/// it.
pub(super) fn likelihood(words: &[String]) -> i32 {
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
    fn words_have_a_meaning() {
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
        assert!(likelihood(&split("digest")) > likelihood(&split("batchHash4")));
        assert!(likelihood(&split("compress")) > likelihood(&split("decompress")));
    }
}
