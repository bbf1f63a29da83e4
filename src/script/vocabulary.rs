//! The words of the language: statements, functions, encodings and kinds of finding. Also finds the
//! word that a misspelt one is nearest to.

use super::ast::{CallPart, Encoding, Function};
use crate::data_types::NumberType;
use crate::finding_kind::FindingKind;
use crate::text::{list, nearest};

/// The statements: the word that each begins with, and its form. `read`, `global` and `callback` come
/// only after `NAME =`.
const STATEMENTS: [(&str, &str); 22] = [
    ("module", "module \"path\""),
    ("input", "input NAME = EXPR"),
    ("let", "let NAME = EXPR"),
    ("memory", "memory EXPORT"),
    ("args", "args \"NAME\", EXPR"),
    ("env", "env NAME = EXPR"),
    ("provide", "provide \"PATH\" = EXPR"),
    ("call", "NAME = call EXPORT(ARG, …)"),
    ("global", "NAME = global EXPORT"),
    ("set", "set EXPORT = EXPR` or `set TABLE[INDEX] = EXPR"),
    ("write", "write ADDR, VALUE"),
    (
        "read",
        "NAME = read ADDR, LEN as utf8` or `NAME = read ADDR as u32",
    ),
    ("grow", "NAME = grow PAGES` or `grow TABLE by COUNT"),
    ("callback", "NAME = callback(a: i32) -> i32 ACTION ; ACTION"),
    ("region", "region NAME = ADDR, LEN"),
    ("view", "view NAME = ADDR as TYPE"),
    ("type", "type NAME = { x: f32, y: f32 }"),
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
    ("ask", "ask \"question\" = EXPR [choices \"text\", …]"),
];

/// Words of other languages that people write instead of a statement, with the advice for each.
const HABITS: [(&str, &str); 35] = [
    ("assert", "write an expectation as `expect EXPR`"),
    ("check", "write an expectation as `expect EXPR`"),
    ("const", "to name a value, write `let NAME = EXPR`"),
    ("var", "to name a value, write `let NAME = EXPR`"),
    ("val", "to name a value, write `let NAME = EXPR`"),
    (
        "def",
        "a script cannot define functions; write one step on each line",
    ),
    (
        "fn",
        "a script cannot define functions; write one step on each line",
    ),
    (
        "func",
        "a script cannot define functions; write one step on each line",
    ),
    (
        "function",
        "a script cannot define functions; write one step on each line",
    ),
    (
        "if",
        "there are no branches; the steps run one after the other",
    ),
    (
        "else",
        "there are no branches; the steps run one after the other",
    ),
    ("for", "there are no loops; write each step on its own line"),
    (
        "while",
        "there are no loops; write each step on its own line",
    ),
    (
        "loop",
        "there are no loops; write each step on its own line",
    ),
    (
        "print",
        "every value is shown; to check one, write `expect EXPR`",
    ),
    (
        "echo",
        "every value is shown; to check one, write `expect EXPR`",
    ),
    (
        "log",
        "every value is shown; to check one, write `expect EXPR`",
    ),
    ("store", "to write memory, use `write ADDR, VALUE`"),
    ("poke", "to write memory, use `write ADDR, VALUE`"),
    ("copy", "to write memory, use `write ADDR, VALUE`"),
    (
        "load",
        "to read memory, use `NAME = read ADDR, LEN as utf8`",
    ),
    (
        "peek",
        "to read memory, use `NAME = read ADDR, LEN as utf8`",
    ),
    ("free", "to release a block, write `release NAME`"),
    ("dealloc", "to release a block, write `release NAME`"),
    (
        "alloc",
        "to name an allocation, write `block NAME = ADDR, LEN`",
    ),
    (
        "malloc",
        "to name an allocation, write `block NAME = ADDR, LEN`",
    ),
    ("invoke", "to call an export, write `call EXPORT(…)`"),
    ("run", "to call an export, write `call EXPORT(…)`"),
    (
        "export",
        "to call an export, write `call EXPORT(…)`; to describe an import, `import MODULE.NAME(…)`",
    ),
    (
        "struct",
        "to describe bytes in memory, write `type NAME = { x: f32, y: f32 }`",
    ),
    (
        "typedef",
        "to describe bytes in memory, write `type NAME = { x: f32, y: f32 }`",
    ),
    (
        "union",
        "to describe bytes in memory, write `type NAME = union { i: u32, f: f32 }`",
    ),
    ("wasm", "to name the guest, write `module \"path\"`"),
    ("load_module", "to name the guest, write `module \"path\"`"),
    (
        "trap",
        "to expect a trap, write `expect trap call EXPORT(…)`",
    ),
];

/// Words of other languages for an encoding or number type, with the word of this language.
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

/// Words that are values and so cannot name a variable.
pub(super) const RESERVED: [&str; 5] = ["true", "false", "null", "inf", "nan"];

/// The encodings, by their words after `as`.
pub(super) const ENCODINGS: [(&str, Encoding); 3] = [
    ("utf8", Encoding::Utf8),
    ("utf16", Encoding::Utf16),
    ("bytes", Encoding::Bytes),
];

/// The words that types begin with, besides those of numbers.
pub(super) const TYPE_WORDS: [&str; 7] =
    ["bool", "char", "cstr", "utf8", "utf16", "packed", "union"];

/// The functions whose argument is a type.
pub(super) const TYPE_FUNCTIONS: [&str; 2] = ["size", "offset"];

/// The functions whose first argument is an import, not an expression.
pub(super) const IMPORT_FUNCTIONS: [&str; 4] = ["calls", "call_args", "call_reads", "call_results"];

impl CallPart {
    const ALL: [CallPart; 3] = [CallPart::Args, CallPart::Reads, CallPart::Results];

    /// Returns the part that the function `word` returns.
    pub(super) fn of_function(word: &str) -> Option<CallPart> {
        CallPart::ALL
            .into_iter()
            .find(|part| part.function() == word)
    }

    /// Returns the name of the function that returns this part.
    pub fn function(self) -> &'static str {
        match self {
            CallPart::Args => "call_args",
            CallPart::Reads => "call_reads",
            CallPart::Results => "call_results",
        }
    }

    /// Returns a plural noun for the part.
    pub fn noun(self) -> &'static str {
        match self {
            CallPart::Args => "arguments",
            CallPart::Reads => "readings",
            CallPart::Results => "results",
        }
    }
}

impl Function {
    /// All functions, in the order in which completion offers them.
    const ALL: [Function; 25] = [
        Function::Len,
        Function::Utf8,
        Function::Utf16,
        Function::Cstr,
        Function::AsU32,
        Function::AsI32,
        Function::AsU64,
        Function::AsI64,
        Function::Repeat,
        Function::Bytes,
        Function::File,
        Function::Encode(NumberType::I8),
        Function::Encode(NumberType::I16),
        Function::Encode(NumberType::I32),
        Function::Encode(NumberType::I64),
        Function::Encode(NumberType::U8),
        Function::Encode(NumberType::U16),
        Function::Encode(NumberType::U32),
        Function::Encode(NumberType::U64),
        Function::Encode(NumberType::F32),
        Function::Encode(NumberType::F64),
        Function::Pages,
        Function::Printed,
        Function::Provided,
        Function::Object,
    ];

    /// Returns the function's name in the steps language.
    pub fn name(self) -> &'static str {
        match self {
            Function::Len => "len",
            Function::Utf8 => "utf8",
            Function::Utf16 => "utf16",
            Function::Cstr => "cstr",
            Function::Encode(number) => number.name(),
            Function::AsU32 => "as_u32",
            Function::AsI32 => "as_i32",
            Function::AsU64 => "as_u64",
            Function::AsI64 => "as_i64",
            Function::Repeat => "repeat",
            Function::Bytes => "bytes",
            Function::File => "file",
            Function::Pages => "pages",
            Function::Printed => "printed",
            Function::Provided => "provided",
            Function::Object => "object",
        }
    }

    /// Returns how many arguments the function takes; `None` for one or more.
    pub(super) fn arguments(self) -> Option<usize> {
        match self {
            Function::Encode(_) => None,
            Function::Pages => Some(0),
            Function::Repeat => Some(2),
            _ => Some(1),
        }
    }

    /// Returns the form of a call, such as `repeat(x, n)`.
    pub(super) fn form(self) -> String {
        let parameters = match self {
            Function::Encode(_) => "x, …",
            Function::Pages => "",
            Function::Repeat => "x, n",
            Function::File => "\"path\"",
            Function::Printed => "1",
            Function::Object => "\"name\"",
            _ => "x",
        };
        format!("{}({parameters})", self.name())
    }
}

/// Returns the words that statements begin with.
pub(super) fn statements() -> impl Iterator<Item = &'static str> {
    STATEMENTS.into_iter().map(|(word, _)| word)
}

/// Returns whether a statement begins with `word`.
pub(super) fn is_statement(word: &str) -> bool {
    statements().any(|statement| statement == word)
}

/// Returns whether a type of the language begins with `word`.
pub(super) fn is_type_word(word: &str) -> bool {
    TYPE_WORDS.contains(&word) || NumberType::from_name(word).is_some()
}

/// Returns the encoding called `word`.
pub(super) fn encoding(word: &str) -> Option<Encoding> {
    ENCODINGS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, encoding)| *encoding)
}

/// Returns the function called `word`. [`IMPORT_FUNCTIONS`] are not among them.
pub(super) fn function(word: &str) -> Option<Function> {
    Function::ALL
        .into_iter()
        .find(|function| function.name() == word)
}

/// Returns whether `word` is the name of a function.
pub(super) fn is_function(word: &str) -> bool {
    function(word).is_some() || IMPORT_FUNCTIONS.contains(&word) || TYPE_FUNCTIONS.contains(&word)
}

/// Returns the names of all functions.
pub(super) fn functions() -> impl Iterator<Item = &'static str> {
    Function::ALL
        .into_iter()
        .map(Function::name)
        .chain(IMPORT_FUNCTIONS)
        .chain(TYPE_FUNCTIONS)
}

/// Returns the words that can come after `as`.
pub(super) fn readings() -> impl Iterator<Item = &'static str> {
    ENCODINGS
        .iter()
        .map(|(name, _)| *name)
        .chain(["cstr"])
        .chain(NumberType::ALL.map(NumberType::name))
}

/// Returns the kinds of finding that `expect finding` takes.
pub(super) fn finding_kinds() -> impl Iterator<Item = &'static str> {
    FindingKind::ALL.into_iter().map(FindingKind::as_str)
}

/// Returns the question to ask about a misspelt word.
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

/// Returns the form of the statement that begins with `word`.
pub(super) fn form(word: &str) -> Option<&'static str> {
    STATEMENTS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, form)| *form)
}

/// Returns the advice for a `word` that begins a line and is no statement.
pub(super) fn statement_help(word: &str) -> Option<String> {
    let habit = HABITS
        .iter()
        .find(|(habit, _)| habit.eq_ignore_ascii_case(word))
        .map(|(_, help)| (*help).to_owned());
    habit.or_else(|| did_you_mean(word, statements()))
}

/// Returns whether a `word` after `as` that is no encoding and no number type is nearly one.
pub(super) fn is_nearly_reading(word: &str) -> bool {
    let is_habit = READING_HABITS
        .iter()
        .any(|(habit, _)| habit.eq_ignore_ascii_case(word));
    is_habit || nearest(word, readings()).is_some()
}

/// Returns the advice for a `word` after `as` that is no encoding and no number type.
pub(super) fn reading_help(word: &str) -> String {
    let habit = READING_HABITS
        .iter()
        .find(|(habit, _)| habit.eq_ignore_ascii_case(word))
        .map(|(_, reading)| *reading);
    match habit.or_else(|| nearest(word, readings())) {
        Some(reading) => format!("did you mean `{reading}`?"),
        None => format!("memory can be read as {}", either(readings())),
    }
}
