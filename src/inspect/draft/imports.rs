//! The `import` lines of a draft: a definition for each import that has none, so that a call of it
//! does not end the run.

use std::collections::HashMap;

use super::{Line, Statement, names};
use crate::guest::abi::{Abi, Family};
use crate::guest::{Guest, Import};
use crate::text::count;
use crate::wasm_types::{ExternType, FuncType, PAGE, ValueType};

/// Most import lines that are written.
const MOST: usize = 200;

/// Most parameters, and most results, of a function that is written: each needs a name.
const MOST_TYPES: usize = 60;

/// Characters of the longest type that is a remark.
const LONGEST_TYPE: usize = 40;

/// Imports of known meaning: the name, the type, and the parameters and actions of a definition.
const KNOWN: [(&str, &str, &str); 7] = [
    (
        "emscripten_resize_heap",
        "(i32) -> i32",
        "(bytes) grows bytes ; returns 1",
    ),
    (
        "emscripten_memcpy_js",
        "(i32, i32, i32) -> ()",
        "(to, from, n) copies to, from, n",
    ),
    (
        "_emscripten_memcpy_js",
        "(i32, i32, i32) -> ()",
        "(to, from, n) copies to, from, n",
    ),
    (
        "emscripten_memcpy_big",
        "(i32, i32, i32) -> ()",
        "(to, from, n) copies to, from, n",
    ),
    (
        "__wbindgen_string_new",
        "(i32, i32) -> i32",
        "(at, n) reads at, n as utf8 ; returns 0",
    ),
    ("__wbindgen_object_drop_ref", "(i32) -> ()", "(object)"),
    ("emscripten_notify_memory_growth", "(i32) -> ()", "(memory)"),
];

/// The imports with which embind registers what a guest exports to JavaScript, each with the index
/// of the parameter that is a name.
const EMBIND_NAMES: [(&str, usize); 10] = [
    ("_embind_register_function", 0),
    ("_embind_register_class", 10),
    ("_embind_register_class_function", 1),
    ("_embind_register_class_class_function", 1),
    ("_embind_register_class_property", 1),
    ("_embind_register_constant", 0),
    ("_embind_register_enum", 1),
    ("_embind_register_enum_value", 1),
    ("_embind_register_value_object", 1),
    ("_embind_register_value_object_field", 1),
];

/// Returns whether a session defines the import itself.
fn is_built_in(import: &Import) -> bool {
    let (name, ty) = (import.name.as_str(), import.ty.to_string());
    let is_throw =
        name.starts_with("__wbindgen_throw") || name.starts_with("__wbg___wbindgen_throw");
    match import.module.as_str() {
        "wasi_snapshot_preview1" | "wasi_unstable" => true,
        "env" if name == "abort" => ty == "(i32, i32, i32, i32) -> ()",
        _ => is_throw && ty == "(i32, i32) -> ()",
    }
}

/// Where a draft places a side module: the stack in the first page, and its data after that.
struct Placement {
    /// The pages of memory.
    pages: u64,
}

/// The address after the stack, where the data of a side module begins.
const DATA: u64 = 65536;

impl Placement {
    fn of(guest: &Guest) -> Self {
        let data = guest.side_module_data().div_ceil(PAGE);
        Placement { pages: data + 2 }
    }

    /// Returns the definition of an import that a dynamic linker gives; `None` for any other.
    fn definition(&self, import: &Import) -> Option<(Statement, bool)> {
        let (value, remark) = match (import.name.as_str(), &import.ty) {
            ("__memory_base", ExternType::Global(_)) => (DATA, "where its data begins"),
            ("__table_base", ExternType::Global(_)) => {
                (0, "where its functions begin in the table")
            }
            ("__stack_pointer", ExternType::Global(_)) => {
                (DATA, "the stack ends where the data begins")
            }
            (_, ExternType::Memory(ty)) => {
                let pages = self.pages.max(ty.min).min(ty.max.unwrap_or(u64::MAX));
                let name = [&import.module, &import.name].map(|name| names::foreign(name));
                let text = format!("import {} pages {pages}", name.join("."));
                let max = ty.max.map(|max| format!(" max {max}")).unwrap_or_default();
                let remark = "a page for the stack, then the data, then a page for a heap";
                return Some((Statement::new(format!("{text}{max}"), remark), true));
            }
            _ => return None,
        };
        let [module, name] = [&import.module, &import.name].map(|name| names::foreign(name));
        let text = format!("import {module}.{name} = {value}");
        Some((Statement::new(text, remark), true))
    }
}

/// Returns the lines about the imports of a guest.
pub(super) fn lines(guest: &Guest, abi: &Abi) -> Vec<Line> {
    let placement = abi.is(Family::SideModule).then(|| Placement::of(guest));
    let mut types: HashMap<(&str, &str), Vec<&ExternType>> = HashMap::new();
    for import in guest.imports() {
        let name = (import.module.as_str(), import.name.as_str());
        types.entry(name).or_default().push(&import.ty);
    }
    let (mut known, mut unknown, mut left_out) = (Vec::new(), Vec::new(), 0);
    for import in guest.imports() {
        // A module can import the same name several times; a line defines all of them.
        let Some(same) = types.remove(&(import.module.as_str(), import.name.as_str())) else {
            continue;
        };
        let is_one_type = same.iter().all(|ty| **ty == import.ty);
        if is_built_in(import) || matches!(import.ty, ExternType::Table(_) | ExternType::Tag(_)) {
            continue;
        }
        let is_room = known.len() + unknown.len() < MOST;
        let placed = placement
            .as_ref()
            .and_then(|placed| placed.definition(import));
        match placed
            .or_else(|| definition(import))
            .filter(|_| is_one_type && is_room)
        {
            None => left_out += 1,
            Some((statement, true)) => known.push(statement.into()),
            Some((statement, false)) => unknown.push(statement.into()),
        }
    }
    sections(known, unknown, left_out)
}

/// Returns the definitions below comments that explain them.
fn sections(known: Vec<Line>, unknown: Vec<Line>, left_out: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let begin = |lines: &mut Vec<Line>, comment: String| {
        lines.push(Line::Blank);
        lines.push(Line::Comment(comment));
    };
    if !known.is_empty() {
        let comment = "The names and types of these imports show what they do.";
        begin(&mut lines, comment.into());
        lines.extend(known);
    }
    if !unknown.is_empty() {
        let comment = "The guest imports these, and their meaning is unknown. As written here they \
                       do nothing. `reads a, b as utf8` shows a text that the guest passes as a \
                       pointer and a length.";
        begin(&mut lines, comment.into());
        lines.extend(unknown);
    }
    if left_out > 0 {
        let imports = count(left_out, "import");
        let comment = format!(
            "Left out here: {imports}. A call of one traps, and the error shows the line to add."
        );
        begin(&mut lines, comment);
    }
    lines
}

/// Returns the statement that defines an import, and whether its meaning is known; `None` where
/// none can be written.
fn definition(import: &Import) -> Option<(Statement, bool)> {
    if !names::is_short(&import.module) || !names::is_short(&import.name) {
        return None;
    }
    let [module, name] = [&import.module, &import.name].map(|name| names::foreign(name));
    let name = format!("import {module}.{name}");
    let ty = import.ty.to_string();
    if let Some((_, _, rest)) = KNOWN
        .iter()
        .find(|(known, of, _)| import.name == *known && ty == *of)
    {
        return Some((Statement::new(format!("{name}{rest}"), ""), true));
    }
    let rest = match &import.ty {
        ExternType::Func(ty) => match embind_name(&import.name, ty) {
            Some(index) => {
                let read = format!("reads {} as cstr", parameter(index));
                let text = format!("{name}({}) {read}", parameters(ty)?);
                return Some((Statement::new(text, "shows a name that it registers"), true));
            }
            None => function(ty)?,
        },
        ExternType::Memory(ty) => {
            let max = ty.max.map(|max| format!(" max {max}")).unwrap_or_default();
            let text = format!("{name} pages {}{max}", ty.min);
            return Some((Statement::new(text, ""), true));
        }
        ExternType::Global(ty) => format!(" = {}", zero(&ty.ty)?),
        ExternType::Table(_) | ExternType::Tag(_) => return None,
    };
    let remark = match ty.chars().count() {
        ..=LONGEST_TYPE => ty,
        _ => String::new(),
    };
    Some((Statement::new(format!("{name}{rest}"), remark), false))
}

/// Returns the index of the parameter with the name that an import of embind registers.
fn embind_name(import: &str, ty: &FuncType) -> Option<usize> {
    let (_, index) = EMBIND_NAMES.iter().find(|(name, _)| *name == import)?;
    let is_text = ty.params.get(*index) == Some(&ValueType::I32) && ty.results.is_empty();
    is_text.then_some(*index)
}

/// Returns the name of a parameter of a definition.
fn parameter(index: usize) -> String {
    match (b'a'..=b'z').nth(index) {
        Some(letter) => char::from(letter).to_string(),
        None => format!("a{index}"),
    }
}

/// Returns the parameters of a definition: `a, b`; `None` if there are too many.
fn parameters(ty: &FuncType) -> Option<String> {
    let names: Vec<String> = (0..ty.params.len()).map(parameter).collect();
    (names.len() <= MOST_TYPES).then(|| names.join(", "))
}

/// Returns the parameters and results of a definition: `(a, b) returns 0`.
fn function(ty: &FuncType) -> Option<String> {
    if ty.results.len() > MOST_TYPES {
        return None;
    }
    let params = parameters(ty)?;
    let results: Option<Vec<&str>> = ty.results.iter().map(zero).collect();
    let returns = match results?.as_slice() {
        [] => String::new(),
        zeros => format!(" returns {}", zeros.join(", ")),
    };
    Some(format!("({params}){returns}"))
}

/// Returns the zero of a type as an expression, or null; `None` for a type without either.
pub(super) fn zero(ty: &ValueType) -> Option<&'static str> {
    match ty {
        ValueType::I32 | ValueType::I64 => Some("0"),
        ValueType::F32 | ValueType::F64 => Some("0.0"),
        ValueType::V128 => Some("hex\"00000000000000000000000000000000\""),
        ValueType::FuncRef | ValueType::ExternRef => Some("null"),
        ValueType::Other(_) => None,
    }
}
