//! Types and functions as their own language writes them.

use super::Language;
use super::entries::{Entries, Entry};

/// How many levels of a type are written, and how many characters of it.
const MAX_DEPTH: usize = 16;
const MAX_TEXT: usize = 400;

/// Returns the text of a type in its language. `at` is its entry; `None` for no type at all.
pub(super) fn type_text(
    entries: &mut Entries<'_, '_>,
    at: Option<usize>,
    language: Language,
) -> String {
    declaration(entries, at, String::new(), language, 0)
}

/// Returns a declaration of `name` in the language: `u8 name[4]`, `name: [u8; 4]`.
pub(super) fn declared(
    entries: &mut Entries<'_, '_>,
    at: Option<usize>,
    name: &str,
    language: Language,
) -> String {
    match language {
        Language::C | Language::Cpp | Language::Other => {
            declaration(entries, at, name.to_owned(), language, 0)
        }
        Language::Rust | Language::Zig => {
            format!("{name}: {}", type_text(entries, at, language))
        }
        Language::Go => format!("{name} {}", type_text(entries, at, language)),
    }
}

/// Returns a declaration as C writes it, from the inside out. Other languages have no name inside.
fn declaration(
    entries: &mut Entries<'_, '_>,
    at: Option<usize>,
    inner: String,
    language: Language,
    depth: usize,
) -> String {
    if depth > MAX_DEPTH || inner.len() > MAX_TEXT {
        return joined("…", &inner);
    }
    let Some(entry) = at.and_then(|at| entries.entry(at)) else {
        let void = match language {
            Language::Rust => "()",
            Language::Go => "",
            _ => "void",
        };
        return joined(void, &inner);
    };
    let of = entry.reference(gimli::DW_AT_type);
    if let Some(name) = entries.inherited_name(&entry) {
        return joined(&format!("{}{name}", keyword(&entry, language)), &inner);
    }
    let is_c = matches!(language, Language::C | Language::Cpp | Language::Other);
    let mut next = |inner: String| declaration(entries, of, inner, language, depth + 1);
    match entry.tag() {
        gimli::DW_TAG_const_type if is_c => qualified(entries, of, "const", inner, language, depth),
        gimli::DW_TAG_volatile_type if is_c => {
            qualified(entries, of, "volatile", inner, language, depth)
        }
        gimli::DW_TAG_restrict_type if is_c => next(joined("restrict", &inner)),
        gimli::DW_TAG_const_type
        | gimli::DW_TAG_volatile_type
        | gimli::DW_TAG_restrict_type
        | gimli::DW_TAG_atomic_type => next(inner),
        gimli::DW_TAG_pointer_type if is_c => pointer(entries, of, "*", inner, language, depth),
        gimli::DW_TAG_reference_type if is_c => pointer(entries, of, "&", inner, language, depth),
        gimli::DW_TAG_rvalue_reference_type if is_c => {
            pointer(entries, of, "&&", inner, language, depth)
        }
        gimli::DW_TAG_pointer_type => match language {
            Language::Rust => format!("*mut {}", next(inner)),
            _ => format!("*{}", next(inner)),
        },
        gimli::DW_TAG_array_type => {
            let counts: Vec<String> = dimensions(entries, &entry);
            let mut next = |inner: String| declaration(entries, of, inner, language, depth + 1);
            match language {
                Language::Rust => counts
                    .iter()
                    .rev()
                    .fold(next(inner), |text, n| format!("[{text}; {n}]")),
                Language::Zig | Language::Go => {
                    format!("[{}]{}", counts.join("]["), next(inner))
                }
                _ => next(format!("{inner}[{}]", counts.join("]["))),
            }
        }
        gimli::DW_TAG_subroutine_type => {
            let params = parameters(entries, &entry, language, depth);
            declaration(
                entries,
                of,
                format!("{inner}({params})"),
                language,
                depth + 1,
            )
        }
        _ => joined(&format!("{}{{…}}", keyword(&entry, language)), &inner),
    }
}

/// Returns a declaration with a qualifier: before the type, or after the star of a pointer.
fn qualified(
    entries: &mut Entries<'_, '_>,
    of: Option<usize>,
    word: &str,
    inner: String,
    language: Language,
    depth: usize,
) -> String {
    let target = of.and_then(|at| entries.entry(at));
    let is_pointer = target.is_some_and(|target| target.tag() == gimli::DW_TAG_pointer_type);
    if is_pointer {
        declaration(entries, of, joined(word, &inner), language, depth + 1)
    } else {
        format!(
            "{word} {}",
            declaration(entries, of, inner, language, depth + 1)
        )
    }
}

/// Returns a declaration with a pointer, in brackets where C needs them.
fn pointer(
    entries: &mut Entries<'_, '_>,
    of: Option<usize>,
    star: &str,
    inner: String,
    language: Language,
    depth: usize,
) -> String {
    let target = of.and_then(|at| entries.entry(at));
    let needs_brackets = target.is_some_and(|target| {
        matches!(
            target.tag(),
            gimli::DW_TAG_array_type | gimli::DW_TAG_subroutine_type
        )
    });
    let inner = match needs_brackets {
        true => format!("({star}{inner})"),
        false => format!("{star}{inner}"),
    };
    declaration(entries, of, inner, language, depth + 1)
}

fn parameters<'a>(
    entries: &mut Entries<'a, '_>,
    entry: &Entry<'a>,
    language: Language,
    depth: usize,
) -> String {
    let children = entries.children(entry);
    let types: Vec<String> = children
        .iter()
        .filter(|child| child.tag() == gimli::DW_TAG_formal_parameter)
        .map(|child| {
            let of = child.reference(gimli::DW_AT_type);
            declaration(entries, of, String::new(), language, depth + 1)
        })
        .collect();
    match types.is_empty() && language == Language::C {
        true => "void".into(),
        false => types.join(", "),
    }
}

fn dimensions<'a>(entries: &mut Entries<'a, '_>, entry: &Entry<'a>) -> Vec<String> {
    let children = entries.children(entry).into_iter();
    children
        .filter(|child| child.tag() == gimli::DW_TAG_subrange_type)
        .map(|child| match child.element_count() {
            0 => String::new(),
            count => count.to_string(),
        })
        .collect()
}

/// Returns the keyword that C needs before the name of a type.
fn keyword(entry: &Entry<'_>, language: Language) -> &'static str {
    match entry.tag() {
        gimli::DW_TAG_structure_type if language == Language::C => "struct ",
        gimli::DW_TAG_union_type if language == Language::C => "union ",
        gimli::DW_TAG_enumeration_type if language == Language::C => "enum ",
        _ => "",
    }
}

/// Joins a type and what is declared: `int x`, but `int *x` without a blank after the star.
fn joined(text: &str, inner: &str) -> String {
    match inner.is_empty() || text.is_empty() {
        true => format!("{text}{inner}"),
        false => format!("{text} {inner}"),
    }
}
