//! The `import` lines of a draft: a definition for each import that nobody else defines, so that a
//! call of it does not end the run.

use std::collections::HashMap;

use super::{Line, Statement, names};
use crate::guest::{ExternType, FuncType, Guest, Import, ValueType};

/// Most import lines that are written.
const MOST: usize = 200;

/// Most parameters and results of a function that are written out; a name each.
const MOST_TYPES: usize = 60;

/// Imports whose meaning is common knowledge, by name and type, with parameters and actions.
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

/// What the session defines by itself.
fn is_built_in(import: &Import) -> bool {
    let ty = import.ty.to_string();
    matches!(
        import.module.as_str(),
        "wasi_snapshot_preview1" | "wasi_unstable"
    ) || import.module == "env" && import.name == "abort" && ty == "(i32, i32, i32, i32) -> ()"
        || (import.name.starts_with("__wbindgen_throw")
            || import.name.starts_with("__wbg___wbindgen_throw"))
            && ty == "(i32, i32) -> ()"
}

pub(super) fn of(guest: &Guest) -> Vec<Line> {
    let mut types: HashMap<(&str, &str), Vec<&ExternType>> = HashMap::new();
    for import in guest.imports() {
        types
            .entry((&import.module, &import.name))
            .or_default()
            .push(&import.ty);
    }
    let (mut known, mut unknown, mut left_out) = (Vec::new(), Vec::new(), 0);
    for import in guest.imports() {
        let Some(same) = types.remove(&(import.module.as_str(), import.name.as_str())) else {
            continue;
        };
        let is_one = same.iter().all(|ty| **ty == import.ty);
        if is_built_in(import) || matches!(import.ty, ExternType::Table(_) | ExternType::Tag(_)) {
            continue;
        }
        match line(import).filter(|_| is_one && known.len() + unknown.len() < MOST) {
            None => left_out += 1,
            Some((line, true)) => known.push(line.into()),
            Some((line, false)) => unknown.push(line.into()),
        }
    }
    said(known, unknown, left_out)
}

fn said(known: Vec<Line>, unknown: Vec<Line>, left_out: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if !known.is_empty() {
        lines.push(Line::Blank);
        lines.push(Line::Comment(
            "What these imports do is told by their names and types.".into(),
        ));
        lines.extend(known);
    }
    if !unknown.is_empty() {
        lines.push(Line::Blank);
        let words = "The guest imports these, and what they are to do is not known. As they stand \
                     here they do nothing; `reads a, b as utf8` shows a text that is handed over \
                     as a pointer and a length.";
        lines.push(Line::Comment(words.into()));
        lines.extend(unknown);
    }
    if left_out > 0 {
        lines.push(Line::Blank);
        let words = format!(
            "Imports left out here: {left_out}. A call of one traps, and the trap shows the line \
             to add."
        );
        lines.push(Line::Comment(words));
    }
    lines
}

/// The line that defines an import, and whether its meaning is known; `None` where none can be
/// written.
fn line(import: &Import) -> Option<(Statement, bool)> {
    if !names::is_short(&import.module) || !names::is_short(&import.name) {
        return None;
    }
    let name = format!(
        "import {}.{}",
        names::foreign(&import.module),
        names::foreign(&import.name)
    );
    let ty = import.ty.to_string();
    if let Some((_, _, rest)) = KNOWN
        .iter()
        .find(|(known, of, _)| import.name == *known && ty == *of)
    {
        return Some((Statement::new(format!("{name}{rest}"), ""), true));
    }
    let rest = match &import.ty {
        ExternType::Func(ty) => function(ty)?,
        ExternType::Memory(ty) => {
            let max = ty.max.map(|max| format!(" max {max}")).unwrap_or_default();
            return Some((
                Statement::new(format!("{name} pages {}{max}", ty.min), ""),
                true,
            ));
        }
        ExternType::Global(ty) => format!(" = {}", zero(&ty.ty)?),
        ExternType::Table(_) | ExternType::Tag(_) => return None,
    };
    let ty = if ty.chars().count() <= 40 {
        ty
    } else {
        String::new()
    };
    Some((Statement::new(format!("{name}{rest}"), ty), false))
}

/// `(a, b) returns 0`
fn function(ty: &FuncType) -> Option<String> {
    if ty.params.len() > MOST_TYPES || ty.results.len() > MOST_TYPES {
        return None;
    }
    let name = |at: usize| match u8::try_from(at).ok().filter(|at| *at < 26) {
        Some(at) => char::from(b'a' + at).to_string(),
        None => format!("a{at}"),
    };
    let params: Vec<String> = (0..ty.params.len()).map(name).collect();
    let results: Option<Vec<&str>> = ty.results.iter().map(zero).collect();
    let returns = match results?.as_slice() {
        [] => String::new(),
        zeros => format!(" returns {}", zeros.join(", ")),
    };
    Some(format!("({}){returns}", params.join(", ")))
}

/// The value of a type that says least.
pub(super) fn zero(ty: &ValueType) -> Option<&'static str> {
    match ty {
        ValueType::I32 | ValueType::I64 => Some("0"),
        ValueType::F32 | ValueType::F64 => Some("0.0"),
        ValueType::V128 => Some("hex\"00000000000000000000000000000000\""),
        ValueType::FuncRef | ValueType::ExternRef => Some("null"),
        ValueType::Other(_) => None,
    }
}
