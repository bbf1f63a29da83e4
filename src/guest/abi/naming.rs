//! Splits names into words, and knows words that show what something is used for.

use crate::guest::debug_info;

/// The longest part of a name that is split, in bytes. Nobody writes a longer name by hand.
const MAX_NAME: usize = 200;

/// Words for an address.
const POINTER: [&str; 8] = [
    "pointer", "ptr", "address", "addr", "buffer", "buf", "scratch", "arena",
];
/// Words for a length.
const LENGTH: [&str; 14] = [
    "length", "len", "size", "count", "capacity", "bytes", "num", "limit", "max", "sz", "number",
    "total", "nbytes", "cap",
];
/// Words for a length that no name of an allocator has.
const MEASURE: [&str; 5] = ["length", "len", "size", "count", "number"];
/// Words for text, in the names of parameters.
const TEXT: [&str; 10] = [
    "text", "string", "str", "message", "msg", "json", "html", "xml", "code", "content",
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

/// Functions of C's library, of the C++ runtime and of toolchains, that modules export without need.
const LIBRARY: [&str; 96] = [
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "memchr",
    "memrchr",
    "bcmp",
    "strlen",
    "strnlen",
    "strcmp",
    "strncmp",
    "strcasecmp",
    "strncasecmp",
    "strchr",
    "strrchr",
    "strchrnul",
    "strstr",
    "strcpy",
    "strncpy",
    "strcat",
    "strncat",
    "strdup",
    "strndup",
    "strspn",
    "strcspn",
    "strpbrk",
    "strtok",
    "strtol",
    "strtoul",
    "strtod",
    "strtof",
    "strerror",
    "stpcpy",
    "atoi",
    "atol",
    "atof",
    "qsort",
    "bsearch",
    "abs",
    "labs",
    "abort",
    "exit",
    "atexit",
    "printf",
    "fprintf",
    "sprintf",
    "snprintf",
    "vprintf",
    "vsnprintf",
    "puts",
    "putchar",
    "fputs",
    "fputc",
    "fopen",
    "fclose",
    "fread",
    "fwrite",
    "fflush",
    "fseek",
    "ftell",
    "isalpha",
    "isdigit",
    "isalnum",
    "isspace",
    "isupper",
    "islower",
    "isprint",
    "isxdigit",
    "toupper",
    "tolower",
    "iswspace",
    "iswalpha",
    "iswalnum",
    "iswdigit",
    "iswlower",
    "iswupper",
    "iswxdigit",
    "towlower",
    "towupper",
    "wcslen",
    "htons",
    "htonl",
    "ntohs",
    "ntohl",
    "getenv",
    "setenv",
    "time",
    "clock",
    "rand",
    "srand",
    "setjmp",
    "saveSetjmp",
    "setThrew",
    "setTempRet0",
    "getTempRet0",
    "realpath",
];

/// Beginnings of names of functions that belong to a toolchain or to a language's library.
const LIBRARY_PATHS: [&str; 12] = [
    "std::",
    "core::",
    "alloc::",
    "__gnu_cxx::",
    "__cxxabiv1::",
    "operator",
    "vtable for",
    "typeinfo",
    "guard variable",
    "VTT for",
    "<alloc::",
    "<core::",
];

/// Returns whether a function is a helper of a language's library, by its name.
pub(super) fn is_library(name: &str) -> bool {
    let plain = name.trim_start_matches('_');
    if LIBRARY.contains(&plain)
        || ["pthread_", "emscripten_", "dlmalloc"]
            .iter()
            .any(|own| plain.starts_with(own))
    {
        return true;
    }
    if !is_mangled(name) {
        return plain.starts_with("rust_") && plain.contains("_shim_");
    }
    let readable = debug_info::readable(name);
    readable == name || LIBRARY_PATHS.iter().any(|path| readable.starts_with(path))
}

/// Returns whether a name is made for linkers, from the path and the types of a function.
pub(super) fn is_mangled(name: &str) -> bool {
    let is_after = |start: &str, next: fn(char) -> bool| {
        name.strip_prefix(start)
            .is_some_and(|rest| rest.starts_with(next))
    };
    let is_path = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    is_after("_Z", is_path) || is_after("__Z", is_path) || is_after("_RN", |c| "vxC".contains(c))
}

/// Returns the words of the name of an export. Words inside a name that is made for linkers mean
/// nothing before it is read as a path: those of its last part do.
pub(super) fn words(name: &str) -> Vec<String> {
    if !is_mangled(name) {
        return split(name);
    }
    let readable = debug_info::readable(name);
    if readable == name || is_library(name) {
        return Vec::new();
    }
    let path = readable.split(['(', '<']).next().unwrap_or_default();
    let last = path.rsplit("::").next().unwrap_or_default();
    split(last)
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

/// Returns whether the words in the name of a parameter mean text.
pub(super) fn is_text(words: &[String]) -> bool {
    (any(words, &TEXT) || is_place(words)) && !any(words, &LENGTH)
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
    any(words, &ALLOCATE)
        && !any(words, &["stack"])
        && !any(words, &MEASURE)
        && !releases(words)
        && !reallocates(words)
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

/// Returns the place of the word that means to allocate or to release.
fn verb(words: &[String]) -> Option<usize> {
    let is_verb =
        |word: &String| ALLOCATE.contains(&word.as_str()) || RELEASE.contains(&word.as_str());
    words.iter().position(is_verb)
}

/// Returns the words before that which means to allocate or to release: the name of a library.
pub(super) fn before_verb(words: &[String]) -> &[String] {
    verb(words)
        .and_then(|at| words.get(..at))
        .unwrap_or_default()
}

/// Returns whether nothing after the word that means to allocate or to release is a kind of thing.
pub(super) fn is_of_any_block(words: &[String]) -> bool {
    let after = verb(words).and_then(|at| words.get(at + 1..));
    after.is_some_and(|after| subject(after).is_empty())
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
