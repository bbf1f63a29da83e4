//! The words of the language, each written once: statements, functions, readings, kinds of finding;
//! and the nearest of them to a misspelt one.

use super::ast::{Encoding, Function, NumberType};
use crate::finding_kind::FindingKind;
use crate::text::{list, nearest};

/// The words a statement can begin with, and `read` and `global`, which stand behind `NAME =`.
pub(super) const STATEMENTS: [&str; 16] = [
    "module", "input", "let", "memory", "call", "global", "set", "write", "read", "grow", "region",
    "block", "release", "import", "expect", "ask",
];

/// What each statement looks like.
const FORMS: [(&str, &str); 16] = [
    ("module", "module \"path\""),
    ("input", "input NAME = EXPR"),
    ("let", "let NAME = EXPR"),
    ("memory", "memory EXPORT"),
    ("call", "NAME = call EXPORT(ARG, …)"),
    ("global", "NAME = global EXPORT"),
    ("set", "set EXPORT = EXPR"),
    ("write", "write ADDR, VALUE"),
    (
        "read",
        "NAME = read ADDR, LEN as utf8` or `NAME = read ADDR as u32",
    ),
    ("grow", "NAME = grow PAGES"),
    ("region", "region NAME = ADDR, LEN"),
    ("block", "block NAME = ADDR, LEN"),
    ("release", "release NAME"),
    (
        "import",
        "import MODULE.NAME(a, b) returns EXPR ; writes ADDR, VALUE",
    ),
    (
        "expect",
        "expect EXPR` or `expect trap \"words\" call EXPORT(…)",
    ),
    ("ask", "ask \"question\" = EXPR"),
];

/// What people write for a statement's word in other languages.
const HABITS: [(&str, &str); 32] = [
    ("assert", "an expectation is written `expect EXPR`"),
    ("check", "an expectation is written `expect EXPR`"),
    ("const", "a value gets its name with `let NAME = EXPR`"),
    ("var", "a value gets its name with `let NAME = EXPR`"),
    ("val", "a value gets its name with `let NAME = EXPR`"),
    (
        "def",
        "there are no functions of your own: each line is one step",
    ),
    (
        "fn",
        "there are no functions of your own: each line is one step",
    ),
    (
        "func",
        "there are no functions of your own: each line is one step",
    ),
    (
        "function",
        "there are no functions of your own: each line is one step",
    ),
    (
        "if",
        "there are no branches: the steps run one after the other",
    ),
    (
        "else",
        "there are no branches: the steps run one after the other",
    ),
    ("for", "there are no loops: write each step out"),
    ("while", "there are no loops: write each step out"),
    ("loop", "there are no loops: write each step out"),
    (
        "print",
        "every value is shown anyway; check one with `expect EXPR`",
    ),
    (
        "echo",
        "every value is shown anyway; check one with `expect EXPR`",
    ),
    (
        "log",
        "every value is shown anyway; check one with `expect EXPR`",
    ),
    ("store", "the host writes memory with `write ADDR, VALUE`"),
    ("poke", "the host writes memory with `write ADDR, VALUE`"),
    ("copy", "the host writes memory with `write ADDR, VALUE`"),
    (
        "load",
        "the host reads memory with `NAME = read ADDR, LEN as utf8`",
    ),
    (
        "peek",
        "the host reads memory with `NAME = read ADDR, LEN as utf8`",
    ),
    ("free", "a block is given back with `release NAME`"),
    ("dealloc", "a block is given back with `release NAME`"),
    (
        "alloc",
        "an allocation is named with `block NAME = ADDR, LEN`",
    ),
    (
        "malloc",
        "an allocation is named with `block NAME = ADDR, LEN`",
    ),
    ("invoke", "an export is called with `call EXPORT(…)`"),
    ("run", "an export is called with `call EXPORT(…)`"),
    (
        "export",
        "exports are called with `call EXPORT(…)`, imports described with `import MODULE.NAME(…)`",
    ),
    ("wasm", "the guest is named with `module \"path\"`"),
    ("load_module", "the guest is named with `module \"path\"`"),
    (
        "trap",
        "a trap is expected with `expect trap call EXPORT(…)`",
    ),
];

/// Other words for a reading.
const READING_HABITS: [(&str, &str); 16] = [
    ("string", "utf8"),
    ("str", "utf8"),
    ("text", "utf8"),
    ("utf", "utf8"),
    ("ascii", "utf8"),
    ("unicode", "utf16"),
    ("wtf16", "utf16"),
    ("cstring", "cstr"),
    ("hex", "bytes"),
    ("buffer", "bytes"),
    ("byte", "u8"),
    ("int", "i32"),
    ("long", "i64"),
    ("ptr", "u32"),
    ("float", "f32"),
    ("double", "f64"),
];

/// The words an import's action begins with.
pub(super) const ACTIONS: [&str; 6] = ["returns", "writes", "copies", "grows", "reads", "traps"];

/// Names that mean a value and so cannot be given to another.
pub(super) const RESERVED: [&str; 5] = ["true", "false", "null", "inf", "nan"];

pub(super) const ENCODINGS: [(&str, Encoding); 3] = [
    ("utf8", Encoding::Utf8),
    ("utf16", Encoding::Utf16),
    ("bytes", Encoding::Bytes),
];

const FUNCTIONS: [(&str, Function); 11] = [
    ("len", Function::Len),
    ("utf8", Function::Utf8),
    ("utf16", Function::Utf16),
    ("cstr", Function::Cstr),
    ("as_u32", Function::AsU32),
    ("as_i32", Function::AsI32),
    ("as_u64", Function::AsU64),
    ("as_i64", Function::AsI64),
    ("repeat", Function::Repeat),
    ("bytes", Function::Bytes),
    ("file", Function::File),
];

pub(super) fn encoding(word: &str) -> Option<Encoding> {
    ENCODINGS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, encoding)| *encoding)
}

/// The function of that name; `calls` and `call_args`, whose arguments are not expressions, are not
/// among them.
pub(super) fn function(word: &str) -> Option<Function> {
    let named = FUNCTIONS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, function)| *function);
    named
        .or_else(|| NumberType::from_name(word).map(Function::Encode))
        .or_else(|| (word == "pages").then_some(Function::Pages))
}

pub(super) fn is_function(word: &str) -> bool {
    function(word).is_some() || matches!(word, "calls" | "call_args")
}

pub(super) fn functions() -> impl Iterator<Item = &'static str> {
    let named = FUNCTIONS.iter().map(|(name, _)| *name);
    named
        .chain(NumberType::ALL.iter().map(|number| number.name()))
        .chain(["pages", "calls", "call_args"])
}

/// The kinds of finding that `expect finding` takes.
pub(super) fn finding_kinds() -> impl Iterator<Item = &'static str> {
    FindingKind::ALL.into_iter().map(FindingKind::as_str)
}

/// What may stand behind `as`.
pub(super) fn readings() -> impl Iterator<Item = &'static str> {
    ENCODINGS
        .iter()
        .map(|(name, _)| *name)
        .chain(["cstr"])
        .chain(NumberType::ALL.iter().map(|number| number.name()))
}

/// The question to ask about a misspelt word.
pub(super) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Returns words as a list in a sentence, each in backquotes: `a`, `b` or `c`.
pub(super) fn either<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    list::or(&quoted)
}

/// What the statement that begins with this word looks like.
pub(super) fn form(word: &str) -> Option<String> {
    FORMS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, form)| format!("it is written `{form}`"))
}

/// The same, as it is written.
pub(super) fn written_form(word: &str) -> Option<&'static str> {
    FORMS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, form)| *form)
}

/// What to write for a statement's word that is not one.
pub(super) fn statement_help(word: &str) -> Option<String> {
    let habit = HABITS
        .iter()
        .find(|(habit, _)| habit.eq_ignore_ascii_case(word))
        .map(|(_, help)| (*help).to_owned());
    habit.or_else(|| did_you_mean(word, STATEMENTS))
}

/// What to write for a reading that is not one.
pub(super) fn reading_help(word: &str) -> String {
    let habit = READING_HABITS
        .iter()
        .find(|(habit, _)| habit.eq_ignore_ascii_case(word))
        .map(|(_, reading)| *reading);
    match habit.or_else(|| nearest(word, readings())) {
        Some(reading) => format!("did you mean `{reading}`?"),
        None => format!("memory is read as {}", either(readings())),
    }
}
