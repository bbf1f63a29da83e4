//! The completions at the cursor of the line of `:`, from the words of the language, the guest's
//! exports and the names that have a value.

use super::command::COMMANDS;
use super::exports::exports;
use super::known_names::known_at;
use super::record_fields;
use crate::app::App;
use crate::safe;
use crate::script;
use crate::timeline::{ExportFacts, FindingKind};
use crate::value::Value;
use crate::wasm_types::ExternKind;

/// The most choices that are compared.
const MAX_CHOICES: usize = 2000;
/// The longest name that is offered, in bytes.
const MAX_NAME: usize = 200;

/// Returns what the word at the end of `typed` can be completed to, and its first character.
pub(super) fn candidates(app: &App, typed: &str) -> (usize, Vec<String>) {
    let start = word_start(typed);
    let (before, word) = typed.split_at(start);
    let mut words: Vec<String> = offered(app, before.trim_end(), word)
        .into_iter()
        .take(MAX_CHOICES)
        .collect();
    words.retain(|offered| offered.starts_with(word) || word.is_empty());
    words.sort();
    words.dedup();
    (before.chars().count(), words)
}

/// Returns where the name, quoted or not, that `text` ends in begins, in bytes.
fn word_start(text: &str) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '!';
    let quotes = text.matches('"').count();
    match text.rfind('"').filter(|_| quotes % 2 == 1) {
        Some(at) => at,
        None => text
            .char_indices()
            .rfind(|(_, c)| !is_name(*c))
            .map_or(0, |(at, c)| at + c.len_utf8()),
    }
}

/// Returns the words that can follow `before`, where `word` is begun.
fn offered(app: &App, before: &str, word: &str) -> Vec<String> {
    let is_quoted = word.starts_with('"');
    if let Some(names) = fields(app, before) {
        return names;
    }
    if let Some(names) = record_fields::offered(app, before) {
        return names;
    }
    if before.ends_with("size(") || before.ends_with("offset(") {
        return known(app).types;
    }
    if let Some(words) = after_keyword(app, before, is_quoted) {
        return words;
    }
    if before.is_empty() || before == ":" {
        return beginnings(app, before.is_empty() && !word.is_empty());
    }
    let is_binding = before.ends_with('=')
        && !before.ends_with("==")
        && !before.starts_with("let")
        && !before.starts_with("set");
    if is_binding {
        return script::source_words()
            .map(|word| format!("{word} "))
            .collect();
    }
    let mut words = values(app);
    if before == "expect" {
        words.extend(["trap ".to_owned(), "finding ".to_owned()]);
    }
    words
}

/// Returns the words that can follow a keyword at the end of `before`, where there is one.
fn after_keyword(app: &App, before: &str, is_quoted: bool) -> Option<Vec<String>> {
    let last: &str = before
        .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next()
        .unwrap_or_default();
    let texts = |words: &mut dyn Iterator<Item = &'static str>| {
        words.map(str::to_owned).collect::<Vec<String>>()
    };
    let undefined = &app.timeline.guest.abi_hints.undefined;
    Some(match last {
        "import" => undefined
            .iter()
            .map(|import| rest_of(&import.line))
            .collect(),
        "call" => functions(app).collect(),
        "global" | "set" => exports(app, ExternKind::Global)
            .filter_map(|export| name(export, is_quoted))
            .collect(),
        _ if is_quoted => Vec::new(),
        // A length comes before an encoding, and a type has its own.
        "as" if before
            .rsplit_once("read")
            .is_some_and(|(_, read)| read.contains(',')) =>
        {
            texts(&mut script::reading_words())
        }
        "as" => {
            let types = known(app).types.into_iter();
            let words = script::reading_words().chain(script::type_words());
            types.chain(words.map(str::to_owned)).collect()
        }
        "finding" => texts(&mut FindingKind::ALL.into_iter().map(FindingKind::as_str)),
        "trap" if before.starts_with("expect") => vec!["call ".to_owned()],
        "release" => known(app).blocks,
        _ => return None,
    })
}

/// Returns the fields of the record whose name `before` ends in, with a dot after it: `s.points[1].`.
fn fields(app: &App, before: &str) -> Option<Vec<String>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    let path = before.strip_suffix('.')?;
    let start = path
        .char_indices()
        .rfind(|(_, c)| !is_part(*c))
        .map_or(0, |(at, c)| at + c.len_utf8());
    let mut parts = path.get(start..)?.split(['.', '[']);
    let name = parts.next()?;
    let steps = app.timeline.steps().iter().take(app.moment.step + 1).rev();
    let mut bindings = steps.flat_map(|step| step.bindings.iter().rev());
    let mut value = &bindings.find(|binding| binding.name == name)?.value;
    for part in parts {
        value = match (part.strip_suffix(']'), content(value)) {
            (Some(index), Value::List(items)) => items.get(index.parse::<usize>().ok()?)?,
            (None, Value::Record(record)) => record.field(part)?,
            _ => return None,
        };
    }
    match content(value) {
        Value::Record(record) => {
            let names = record.names().into_iter();
            Some(
                names
                    .map(|name| match script::is_plain_name(name) {
                        true => name.to_owned(),
                        false => safe::quoted(name, MAX_NAME),
                    })
                    .collect(),
            )
        }
        _ => None,
    }
}

/// Returns what a pointer refers to, or else the value itself.
fn content(value: &Value) -> &Value {
    match value {
        Value::Pointer(pointer) => pointer.target.as_ref().map_or(value, content),
        _ => value,
    }
}

/// Returns the words that a line can begin with; with `has_variables`, the variables to bind again
/// too.
fn beginnings(app: &App, has_variables: bool) -> Vec<String> {
    let mut words: Vec<String> = script::step_words()
        .map(|word| format!("{word} "))
        .collect();
    words.extend(["import ", "args ", "env ", "type "].map(str::to_owned));
    words.extend(COMMANDS.map(str::to_owned));
    if has_variables {
        let variables = known(app).variables.into_iter();
        words.extend(variables.map(|name| format!("{name} = ")));
    }
    words
}

/// Returns what follows `import` in a line.
fn rest_of(line: &str) -> String {
    line.strip_prefix("import ").unwrap_or(line).to_owned()
}

/// Returns the functions and tables that can be called, with their opening bracket.
fn functions(app: &App) -> impl Iterator<Item = String> {
    let in_tables =
        exports(app, ExternKind::Table).filter_map(|export| Some(name(export, false)? + "["));
    let exported = exports(app, ExternKind::Func).filter_map(|export| {
        let end = if export.ty.as_func().is_some_and(|ty| ty.params.is_empty()) {
            "()"
        } else {
            "("
        };
        Some(name(export, false)? + end)
    });
    exported.chain(in_tables)
}

/// Returns an export's name as a statement has it; `None` for one that is too long.
fn name(export: &ExportFacts, is_quoted: bool) -> Option<String> {
    if export.name.len() > MAX_NAME {
        return None;
    }
    let is_plain = script::is_plain_name(&export.name) && !is_quoted;
    Some(if is_plain {
        export.name.clone()
    } else {
        safe::quoted(&export.name, MAX_NAME)
    })
}

/// Returns what an expression can have.
fn values(app: &App) -> Vec<String> {
    let known = known(app);
    let functions = script::function_words().map(|word| {
        if word == "pages" {
            "pages()".to_owned()
        } else {
            format!("{word}(")
        }
    });
    known
        .inputs
        .into_iter()
        .chain(known.variables)
        .chain(functions)
        .collect()
}

fn known(app: &App) -> script::KnownNames {
    known_at(app, app.moment.step)
}

/// Returns what an unfinished line goes on with.
pub(super) fn expected(app: &App, line: &str) -> String {
    if let Some(export) = called(app, line) {
        return format!(
            "{}  {}",
            safe::cut(&export.name, 60),
            safe::cut(&export.ty.to_string(), 100)
        );
    }
    let line = line.trim_start();
    let after_name = line.split_once('=').map(|(_, rest)| rest.trim_start());
    let first = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let form = script::form_of(&first(line)).or_else(|| script::form_of(&first(after_name?)));
    match form {
        Some(form) => form.replace('`', ""),
        None if after_name.is_some() => {
            "NAME = call, read, global or grow; a value gets its name with let".to_owned()
        }
        None => format!(
            "tab completes: {}",
            script::step_words().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Returns the function whose arguments are being typed.
fn called<'a>(app: &'a App, line: &str) -> Option<&'a ExportFacts> {
    let (_, call) = line.rsplit_once("call ")?;
    let (written, _) = call.split_once('(')?;
    let written = written.trim();
    exports(app, ExternKind::Func)
        .find(|export| name(export, written.starts_with('"')).is_some_and(|name| name == written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_the_cursor_is_found() {
        let rows = [
            ("", 0),
            ("ca", 0),
            ("call ad", 5),
            ("call \"my-", 5),
            ("write ptr, te", 11),
            ("write ptr, \"a\"", 14),
        ];
        for (text, at) in rows {
            assert_eq!(word_start(text), at, "{text}");
        }
    }
}
