//! Completing the line of `:`: what can stand where the cursor is, from the language's words, the
//! guest's exports and the names that have a value.

use tui_input::Input;

use super::{Feedback, WORDS};
use crate::app::execution::run;
use crate::app::{App, Overlay, prompt};
use crate::safe;
use crate::script;
use crate::timeline::ExportFacts;

/// The most choices that are looked at.
const MOST: usize = 2000;
/// The longest name that is offered, in bytes.
const LONGEST: usize = 200;

/// What the line can be completed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// Where what is completed begins, in characters, and where it ends now.
    from: usize,
    to: usize,
    /// As they would stand in the line.
    pub words: Vec<String>,
    /// The one that stands there.
    pub chosen: Option<usize>,
}

/// The exports of a kind: `func`, `global`.
pub(in crate::app) fn exports<'a>(
    app: &'a App,
    kind: &'a str,
) -> impl Iterator<Item = &'a ExportFacts> {
    app.timeline
        .guest
        .exports
        .iter()
        .filter(move |export| export.kind == kind)
}

/// How many parameters and results a function of this type has.
pub(in crate::app) fn arity(ty: &str) -> Option<(usize, usize)> {
    let (params, results) = ty.split_once(" -> ")?;
    let results = if results.starts_with('(') {
        listed(results)
    } else {
        1
    };
    Some((listed(params), results))
}

/// How many types stand in parentheses.
fn listed(types: &str) -> usize {
    let inner = types
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_default();
    let mut depth = 0usize;
    let commas = inner.chars().filter(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == ',' && depth == 0
    });
    let commas = commas.count();
    if inner.is_empty() { 0 } else { commas + 1 }
}

/// Completes what stands before the cursor: as far as all choices agree, then to one after the
/// other.
pub(in crate::app) fn complete(app: &mut App, is_forward: bool) {
    let Overlay::Prompt(line) = &app.overlay else {
        return;
    };
    if let Feedback::Choices(choices) = &line.said {
        let choices = next(choices, is_forward);
        put(app, choices);
        return;
    }
    let typed: String = line
        .input
        .value()
        .chars()
        .take(line.input.cursor())
        .collect();
    let (from, words) = candidates(app, &typed);
    let to = typed.chars().count();
    match words.as_slice() {
        [] => {
            prompt::look(app);
            if let Overlay::Prompt(line) = &mut app.overlay
                && matches!(line.said, Feedback::Nothing | Feedback::Hint(_))
            {
                line.said = Feedback::Hint("nothing here begins like that".to_owned());
            }
        }
        [_] => {
            put(
                app,
                Choices {
                    from,
                    to,
                    words,
                    chosen: Some(0),
                },
            );
            prompt::look(app);
        }
        _ => {
            let shared = shared_start(&words);
            let word: String = typed.chars().skip(from).collect();
            if shared.len() > word.len() && shared.starts_with(&word) {
                replace(app, from, to, &shared);
                let to = from + shared.chars().count();
                say(
                    app,
                    Choices {
                        from,
                        to,
                        words,
                        chosen: None,
                    },
                );
            } else {
                say(
                    app,
                    Choices {
                        from,
                        to,
                        words,
                        chosen: None,
                    },
                );
            }
        }
    }
}

fn next(choices: &Choices, is_forward: bool) -> Choices {
    let len = choices.words.len().max(1);
    let chosen = match (choices.chosen, is_forward) {
        (None, true) => 0,
        (None, false) => len - 1,
        (Some(at), true) => (at + 1) % len,
        (Some(at), false) => (at + len - 1) % len,
    };
    Choices {
        chosen: Some(chosen),
        ..choices.clone()
    }
}

/// Puts the chosen word into the line.
fn put(app: &mut App, choices: Choices) {
    let Some(word) = choices.chosen.and_then(|at| choices.words.get(at)).cloned() else {
        return;
    };
    replace(app, choices.from, choices.to, &word);
    let to = choices.from + word.chars().count();
    say(app, Choices { to, ..choices });
}

fn say(app: &mut App, choices: Choices) {
    if let Overlay::Prompt(line) = &mut app.overlay {
        line.said = Feedback::Choices(choices);
    }
}

fn replace(app: &mut App, from: usize, to: usize, word: &str) {
    let Overlay::Prompt(line) = &mut app.overlay else {
        return;
    };
    let mut value: String = line.input.value().chars().take(from).collect();
    value.push_str(word);
    let cursor = value.chars().count();
    value.extend(line.input.value().chars().skip(to));
    line.input = Input::new(value).with_cursor(cursor);
}

fn shared_start(words: &[String]) -> String {
    let Some(first) = words.first() else {
        return String::new();
    };
    let agree = |len: usize| {
        first
            .get(..len)
            .is_some_and(|start| words.iter().all(|word| word.starts_with(start)))
    };
    let ends = first.char_indices().map(|(at, c)| at + c.len_utf8());
    let len = ends.take_while(|len| agree(*len)).last().unwrap_or(0);
    first.get(..len).unwrap_or_default().to_owned()
}

/// What can stand at the end of what is typed, and where that begins, in characters.
fn candidates(app: &App, typed: &str) -> (usize, Vec<String>) {
    let start = word_start(typed);
    let (before, word) = typed.split_at(start);
    let mut words: Vec<String> = offered(app, before.trim_end(), word)
        .into_iter()
        .take(MOST)
        .collect();
    words.retain(|offered| offered.starts_with(word) || word.is_empty());
    words.sort();
    words.dedup();
    (before.chars().count(), words)
}

/// Where the name, or the quoted name, that the text ends in begins, in bytes.
fn word_start(text: &str) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '!';
    let quotes = text.matches('"').count();
    match text.rfind('"').filter(|_| quotes % 2 == 1) {
        Some(at) => at,
        None => text.rfind(|c: char| !is_name(c)).map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        }),
    }
}

fn offered(app: &App, before: &str, word: &str) -> Vec<String> {
    let is_quoted = word.starts_with('"');
    let last: &str = before
        .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next()
        .unwrap_or_default();
    let texts = |words: &mut dyn Iterator<Item = &'static str>| {
        words.map(str::to_owned).collect::<Vec<String>>()
    };
    match last {
        "import" => {
            return app
                .timeline
                .guest
                .looks
                .undefined
                .iter()
                .map(|import| rest_of(&import.line))
                .collect();
        }
        "call" => return functions(app).collect(),
        "global" | "set" => {
            return exports(app, "global")
                .filter_map(|export| name(export, is_quoted))
                .collect();
        }
        _ if is_quoted => return Vec::new(),
        "as" => return texts(&mut script::reading_words()),
        "finding" => return texts(&mut script::FINDING_KINDS.into_iter()),
        "trap" if before.starts_with("expect") => return vec!["call ".to_owned()],
        "release" => return known(app).blocks,
        _ => {}
    }
    if before.is_empty() || before == ":" {
        let mut words: Vec<String> = script::step_words()
            .map(|word| format!("{word} "))
            .collect();
        words.push("import ".to_owned());
        words.extend(WORDS.map(str::to_owned));
        if before.is_empty() && !word.is_empty() {
            words.extend(
                known(app)
                    .variables
                    .into_iter()
                    .map(|name| format!("{name} = ")),
            );
        }
        return words;
    }
    if before.ends_with('=')
        && !before.ends_with("==")
        && !before.starts_with("let")
        && !before.starts_with("set")
    {
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

/// What stands behind `import` in a line.
fn rest_of(line: &str) -> String {
    line.strip_prefix("import ").unwrap_or(line).to_owned()
}

fn functions(app: &App) -> impl Iterator<Item = String> {
    exports(app, "func").filter_map(|export| {
        let end = if arity(&export.ty).is_some_and(|(params, _)| params == 0) {
            "()"
        } else {
            "("
        };
        Some(name(export, false)? + end)
    })
}

/// As a statement has it; none for one too long to be read.
fn name(export: &ExportFacts, is_quoted: bool) -> Option<String> {
    if export.name.len() > LONGEST {
        return None;
    }
    let is_plain = script::is_plain_name(&export.name) && !is_quoted;
    Some(if is_plain {
        export.name.clone()
    } else {
        safe::quoted(&export.name, LONGEST)
    })
}

/// What can stand in an expression.
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

fn known(app: &App) -> script::Known {
    run::known_at(app, app.moment.step)
}

/// What an unfinished line goes on with.
pub(in crate::app) fn expected(app: &App, line: &str) -> String {
    if let Some(export) = called(app, line) {
        return format!(
            "{}  {}",
            safe::cut(&export.name, 60),
            safe::cut(&export.ty, 100)
        );
    }
    let line = line.trim_start();
    let behind_name = line.split_once('=').map(|(_, rest)| rest.trim_start());
    let first = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let form = script::form_of(&first(line)).or_else(|| script::form_of(&first(behind_name?)));
    match form {
        Some(form) => form.replace('`', ""),
        None if behind_name.is_some() => {
            "NAME = call, read, global or grow; a value gets its name with let".to_owned()
        }
        None => format!(
            "tab completes: {}",
            script::step_words().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The function whose arguments are being typed.
fn called<'a>(app: &'a App, line: &str) -> Option<&'a ExportFacts> {
    let (_, behind) = line.rsplit_once("call ")?;
    let (written, _) = behind.split_once('(')?;
    let written = written.trim();
    exports(app, "func")
        .find(|export| name(export, written.starts_with('"')).is_some_and(|name| name == written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_counted() {
        let rows = [
            ("() -> ()", Some((0, 0))),
            ("(i32) -> i32", Some((1, 1))),
            ("(i32, (ref null (a, b)), i64) -> (f32, f64)", Some((3, 2))),
            ("(mut i32)", None),
        ];
        for (ty, expected) in rows {
            assert_eq!(arity(ty), expected, "{ty}");
        }
    }

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
        assert_eq!(shared_start(&["add_one".into(), "add_two".into()]), "add_");
        assert_eq!(shared_start(&["é1".into(), "ê".into()]), "");
    }
}
