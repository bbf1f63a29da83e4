//! The steps of a session as the JavaScript of a host that does the same.
//!
//! A statement becomes the code that a person would write with `WebAssembly.Memory` and typed
//! arrays. Helper functions, which `helpers.js` has, replace operators that JavaScript does not
//! have. What cannot be expressed becomes a comment with the reason. Nothing runs here.

mod expression;
mod imports;
mod program;
mod record;
mod statement;
mod types;

use crate::script::Script;
use crate::timeline::GuestFacts;
use crate::value::Value;
use crate::wasm_types::ExternType;

pub use program::module;
pub(crate) use statement::Translator;

/// The module of the imports that linmem has built in.
const WASI: &str = "wasi_snapshot_preview1";

/// What a guest exports and imports, by the names that JavaScript uses.
#[derive(Debug, Clone, Default)]
pub struct Interface {
    /// The exports, in order.
    pub exports: Vec<(String, ExternType)>,
    /// The imports with the name of their module, in order.
    pub imports: Vec<(String, String, ExternType)>,
}

impl Interface {
    /// Returns what is known of a guest.
    pub fn of(guest: &GuestFacts) -> Self {
        let exports = guest.exports.iter();
        let imports = guest.imports.iter();
        Interface {
            exports: exports
                .map(|export| (export.name.clone(), export.ty.clone()))
                .collect(),
            imports: imports
                .map(|import| {
                    (
                        import.module.clone(),
                        import.name.clone(),
                        import.ty.clone(),
                    )
                })
                .collect(),
        }
    }
}

/// What a module needs besides the script.
#[derive(Debug, Clone)]
pub struct ModuleSource<'a> {
    /// The script.
    pub script: &'a Script,
    /// The values of inputs that are not those of the script.
    pub inputs: Vec<(String, Value)>,
    /// What the guest exports and imports.
    pub interface: Interface,
    /// The guest in the binary format.
    pub wasm: &'a [u8],
    /// The title, for a comment.
    pub title: String,
}

/// Returns the code of each step of a script; that of step 0 is first.
pub(crate) fn steps(script: &Script, interface: &Interface) -> Vec<String> {
    let mut translator = Translator::new(script, interface);
    let first = translator.instantiation();
    let mut nexts = script.statements.iter().skip(1);
    let steps = script.statements.iter().filter_map(|statement| {
        let code = translator.statement_before(statement, nexts.next());
        statement.kind.is_step().then_some(code)
    });
    std::iter::once(first).chain(steps).collect()
}

/// Returns a text as a string literal of JavaScript.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if crate::safe::is_unsafe(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Returns the property of an object: `.name`, or `["a name"]`.
fn property(object: &str, name: &str) -> String {
    match is_identifier(name) {
        true => format!("{object}.{name}"),
        false => format!("{object}[{}]", literal(name)),
    }
}

fn is_identifier(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    name.chars().all(is_part) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// Returns the name of a variable. A name that JavaScript or the helpers use gets a line after it.
fn variable(name: &str) -> String {
    const TAKEN: &[&str] = &[
        "arguments",
        "assert",
        "assertThrows",
        "at",
        "await",
        "break",
        "bytesOf",
        "calls",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "cstr",
        "cstrBytes",
        "debugger",
        "decoder",
        "default",
        "delete",
        "do",
        "else",
        "encoder",
        "enum",
        "eval",
        "export",
        "exports",
        "extends",
        "false",
        "file",
        "finally",
        "for",
        "function",
        "guest",
        "if",
        "implements",
        "import",
        "imports",
        "in",
        "instance",
        "instanceof",
        "interface",
        "joined",
        "len",
        "let",
        "memory",
        "module",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "recorded",
        "repeated",
        "return",
        "same",
        "slice",
        "started",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "undefined",
        "utf16",
        "var",
        "void",
        "wasi",
        "while",
        "with",
        "yield",
        "i8",
        "i16",
        "i32",
        "i64",
        "u8",
        "u16",
        "u32",
        "u64",
        "f32",
        "f64",
        "Array",
        "BigInt",
        "DataView",
        "Error",
        "Math",
        "Number",
        "TextDecoder",
        "TextEncoder",
        "Uint8Array",
        "WASI",
        "WebAssembly",
        "URL",
        "readFileSync",
        "atob",
        "globalThis",
    ];
    match is_identifier(name) && !TAKEN.contains(&name) {
        true => name.to_owned(),
        false => format!(
            "{}_",
            name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
        ),
    }
}

#[cfg(test)]
mod tests;
