//! Parses the text of the configuration. All errors in it are reported at once, each with line and
//! column.

use std::fmt;
use std::ops::Range;

use linmem::app::Keymap;
use linmem::app::keymap::{BINDINGS, Choice, KeyError};
use linmem::{safe, text};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::Defaults;

use super::settings::{KEYS, Kind, LIMITS, SETTINGS, Setting};

/// The most errors that are printed.
const MAX_PRINTED: usize = 20;

/// The contents of a file.
#[derive(Debug, Default)]
pub struct Found {
    pub defaults: Defaults,
    pub keys: Keymap,
}

/// The errors of a file, safe to print.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigErrors(Vec<String>);

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            &self
                .0
                .iter()
                .take(MAX_PRINTED)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("\n"),
        )?;
        match self.0.len().saturating_sub(MAX_PRINTED) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

/// Parses a configuration; `shown` is its name in messages.
///
/// # Errors
/// All errors of the file.
pub fn parse(shown: &str, text: &str) -> Result<Found, ConfigErrors> {
    let mut reader = Reader {
        text,
        wrong: Vec::new(),
        choices: Vec::new(),
        found: Found::default(),
    };
    match DeTable::parse(text) {
        Ok(table) => reader.top(table.get_ref()),
        Err(error) => reader.push_error(error.span().unwrap_or(0..0), one_line(error.message())),
    }
    let choices: Vec<Choice> = reader
        .choices
        .iter()
        .map(|(choice, _)| choice.clone())
        .collect();
    match Keymap::with(&choices) {
        Ok(keys) => reader.found.keys = keys,
        Err(errors) => {
            for (at, error) in errors {
                let span = reader
                    .choices
                    .get(at)
                    .map(|(_, span)| span.clone())
                    .unwrap_or(0..0);
                let advice = match &error {
                    KeyError::NoAction(name) => nearest(name, slugs()),
                    _ => String::new(),
                };
                reader.push_error(span, format!("{error}{advice}"));
            }
        }
    }
    let Reader {
        mut wrong, found, ..
    } = reader;
    if wrong.is_empty() {
        return Ok(found);
    }
    wrong.sort_by_key(|(at, _)| *at);
    Err(ConfigErrors(
        wrong
            .into_iter()
            .map(|((line, column), why)| format!("{shown}:{line}:{column}: {why}"))
            .collect(),
    ))
}

fn slugs() -> impl Iterator<Item = String> {
    BINDINGS
        .iter()
        .filter(|binding| binding.can_be_chosen())
        .map(|binding| binding.slug())
}

struct Reader<'a> {
    text: &'a str,
    /// With line and column.
    wrong: Vec<((usize, usize), String)>,
    choices: Vec<(Choice, Range<usize>)>,
    found: Found,
}

impl Reader<'_> {
    fn top(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                (LIMITS, DeValue::Table(limits)) => {
                    for (key, value) in limits {
                        self.setting(LIMITS, key, value);
                    }
                }
                (KEYS, DeValue::Table(keys)) => {
                    for (key, value) in keys {
                        self.keys(key, value);
                    }
                }
                (name @ (LIMITS | KEYS), other) => {
                    self.push_error(
                        value.span(),
                        format!("expected a table, [{name}], found {}", described(other)),
                    );
                }
                _ => self.setting("", key, value),
            }
        }
    }

    fn setting(
        &mut self,
        table: &str,
        key: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let name = key.get_ref().as_ref();
        let known = SETTINGS
            .iter()
            .find(|setting| setting.table == table && setting.name == name);
        let Some(setting) = known else {
            let elsewhere = SETTINGS.iter().find(|setting| setting.name == name);
            let advice = match elsewhere {
                Some(Setting { table: "", .. }) => {
                    "; it belongs before the first table".to_string()
                }
                Some(Setting { table, .. }) => format!("; it belongs to [{table}]"),
                None => {
                    let names = SETTINGS
                        .iter()
                        .filter(|setting| setting.table == table)
                        .map(|s| s.name.to_string());
                    let tables = [LIMITS, KEYS]
                        .map(str::to_string)
                        .into_iter()
                        .filter(|_| table.is_empty());
                    nearest(name, names.chain(tables))
                }
            };
            self.push_error(
                key.span(),
                format!("there is no setting `{}`{advice}", safe::cut(name, 60)),
            );
            return;
        };
        match taken(setting, value.get_ref()) {
            Ok(text) => self.found.defaults.push((setting.option, text)),
            Err(why) => self.push_error(value.span(), format!("{name}: {why}")),
        }
    }

    fn keys(&mut self, key: &Spanned<toml::de::DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let action = key.get_ref().to_string();
        let keys: Option<Vec<String>> = match value.get_ref() {
            DeValue::String(one) => Some(vec![one.to_string()]),
            DeValue::Array(several) => several
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_string))
                .collect(),
            _ => None,
        };
        let Some(keys) = keys else {
            let found = described(value.get_ref());
            let why = format!(
                "expected a key such as \"x\", or a list such as [\"x\", \"ctrl-x\"], found \
                 {found}"
            );
            self.push_error(value.span(), format!("{}: {why}", safe::cut(&action, 60)));
            return;
        };
        let is_known = slugs().any(|slug| slug == action);
        self.choices.push((
            Choice { action, keys },
            if is_known { value.span() } else { key.span() },
        ));
    }

    fn push_error(&mut self, span: Range<usize>, why: String) {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        self.wrong.push(((line, column), why));
    }
}

/// Returns the value of an option as the command line has it.
fn taken(setting: &Setting, value: &DeValue<'_>) -> Result<String, String> {
    match (setting.kind, value) {
        (Kind::Bool, DeValue::Boolean(is)) => Ok(is.to_string()),
        (Kind::Opposite, DeValue::Boolean(is)) => Ok((!is).to_string()),
        (Kind::Bool | Kind::Opposite, other) => Err(format!(
            "expected true or false, found {}",
            described(other)
        )),
        (Kind::Choice, value) => {
            let words = setting.values();
            match value
                .as_str()
                .filter(|text| words.iter().any(|word| word == text))
            {
                Some(text) => Ok(text.to_string()),
                None => {
                    let words: Vec<String> =
                        words.iter().map(|word| format!("\"{word}\"")).collect();
                    Err(format!(
                        "expected one of {}, found {}",
                        words.join(", "),
                        described(value)
                    ))
                }
            }
        }
        (Kind::Amount(is_one), value) => {
            let text = match value {
                DeValue::String(text) => Some(text.to_string()),
                DeValue::Integer(number) if number.radix() == 10 => {
                    Some(number.as_str().to_string())
                }
                _ => None,
            };
            let checked = is_one(text.as_deref().unwrap_or("no amount"));
            match (text, checked) {
                (Some(text), Ok(())) => Ok(text),
                (_, Err(why)) => Err(format!("{why}, found {}", described(value))),
                (None, Ok(())) => Err(format!("expected an amount, found {}", described(value))),
            }
        }
    }
}

/// Returns a description of a TOML value.
fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => safe::quoted(text, 40),
        DeValue::Integer(number) => format!("the number {}", safe::cut(number.as_str(), 40)),
        DeValue::Float(number) => format!("the number {}", safe::cut(number.as_str(), 40)),
        DeValue::Boolean(is) => is.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// Returns `; did you mean …?` where a name is similar enough.
fn nearest(name: &str, names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    match text::nearest(name, names.iter().map(String::as_str)) {
        Some(known) => format!("; did you mean `{known}`?"),
        None => "; `linmem config --no-config` prints all there are".into(),
    }
}

fn one_line(message: &str) -> String {
    safe::plain(
        &message
            .lines()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse("c.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn each_mistake_says_where_it_is_and_what_was_expected() {
        let rows = [
            (
                "themes = 1",
                "c.toml:1:1: there is no setting `themes`; did you mean `theme`?",
            ),
            (
                "\nascii = 1",
                "c.toml:2:9: ascii: expected true or false, found the number 1",
            ),
            (
                "theme = \"red\"",
                "c.toml:1:9: theme: expected one of \"dark\", \"light\", \"mono\", found \"red\"",
            ),
            (
                "max-time = \"1s\"",
                "c.toml:1:1: there is no setting `max-time`; it belongs to [limits]",
            ),
            (
                "[limits]\ntheme = \"dark\"",
                "c.toml:2:1: there is no setting `theme`; it belongs before the first table",
            ),
            (
                "[limits]\nmax-memory = \"12 apples\"",
                "c.toml:2:14: max-memory: expected a size such as 64KiB, 16MiB or 1GiB, found \
                 \"12 apples\"",
            ),
            (
                "[limits]\nmax-time = [1]",
                "c.toml:2:12: max-time: expected a time such as 500ms, 10s or 2m, or 0 for no \
                 limit, found a list",
            ),
            (
                "limits = 3",
                "c.toml:1:10: expected a table, [limits], found the number 3",
            ),
            (
                "[keys]\nnext-stop = \"x\"",
                "c.toml:2:1: there is no action `next-stop` whose keys can be chosen; did you \
                 mean `next-step`?",
            ),
            (
                "[keys]\nquit = \"w\"",
                "c.toml:2:8: `w` would mean both who-wrote-this and quit; choose another key for \
                 one of them",
            ),
            (
                "[keys]\nquit = 1",
                "c.toml:2:8: quit: expected a key such as \"x\", or a list such as [\"x\", \
                 \"ctrl-x\"], found the number 1",
            ),
            ("\u{e9} = \"\\u001b[2J\"", "c.toml:1:1: "),
        ];
        for (text, expected) in rows {
            assert!(
                refused(text).starts_with(expected),
                "{text}: {}",
                refused(text)
            );
        }
        assert_eq!(
            refused("a = 1\nb = 2\n[keys]\nc = 3").lines().count(),
            3,
            "all of them at once"
        );
        assert!(!refused("x = [1, \"\u{1b}[2J\"").contains('\u{1b}'));
        assert!(!refused("\"\\u001b\" = 1").contains('\u{1b}'));
    }

    #[test]
    fn what_it_sets_is_what_the_command_line_would_say() {
        let text = "theme = \"light\"\nascii = true\nmouse = false\n[limits]\nmax-stores = \
                    500\nmax-time = 0\n[keys]\nquit = \"z\"\n";
        let found = parse("c.toml", text).unwrap();
        let mut set: Vec<String> = found
            .defaults
            .iter()
            .map(|(option, value)| format!("{option}={value}"))
            .collect();
        set.sort();
        assert_eq!(
            set,
            [
                "ascii=true",
                "max_stores=500",
                "max_time=0",
                "no_mouse=true",
                "theme=light"
            ]
        );
        assert!(parse("c.toml", "").unwrap().defaults.is_empty());
    }
}
