//! The program's arguments: parsed, with options before a command in its place, and with defaults from
//! the configuration.

use std::ffi::OsString;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};
use linmem::{safe, text};

use super::Cli;

impl Cli {
    /// Parses the program's arguments. The error is safe to print.
    pub fn from_arguments() -> Result<Cli, clap::Error> {
        let given = arguments();
        let parsed = Cli::try_parse_from(&given);
        let word = match &parsed {
            Ok(cli) if cli.command.is_none() => cli.file.as_deref().and_then(Path::to_str),
            // A word in the place of a file does not take the arguments that follow it.
            Err(error) if error.kind() == ErrorKind::UnknownArgument => {
                given.get(1).and_then(|word| word.to_str())
            }
            _ => None,
        };
        if let Some(word) = word.filter(|word| !Path::new(word).exists())
            && let Some(meant) = nearest_command(word)
        {
            let what = format!(
                "there is no file or command {}; did you mean `linmem {meant}`?\n",
                safe::plain(word)
            );
            return Err(clap::Error::raw(ErrorKind::InvalidSubcommand, what));
        }
        parsed.map_err(|error| {
            let is_safe = |arg: &OsString| {
                arg.to_str()
                    .is_some_and(|arg| !arg.contains(safe::is_unsafe))
            };
            if given.iter().all(is_safe) {
                return error;
            }
            // clap quotes arguments unchanged, so that it gets them escaped.
            let escaped = given.iter().map(|arg| safe::plain(&arg.to_string_lossy()));
            let refused = || {
                clap::Error::raw(
                    ErrorKind::InvalidUtf8,
                    "an argument is not printable text\n",
                )
            };
            Cli::try_parse_from(escaped).err().unwrap_or_else(refused)
        })
    }
}

/// Returns the program's arguments, with those before a command after it.
fn arguments() -> Vec<OsString> {
    command_first(std::env::args_os().collect())
}

/// Moves the arguments before a command after it. There they take effect, or are refused because
/// the command does not have them.
fn command_first(given: Vec<OsString>) -> Vec<OsString> {
    if !Cli::try_parse_from(&given).is_ok_and(|cli| cli.command.is_some()) {
        return given;
    }
    let command = Cli::command();
    let Some(at) = position_of_command(&command, &given) else {
        return given;
    };
    let mut sorted = given;
    if let Some(before) = sorted.get_mut(1..=at) {
        before.rotate_right(1);
    }
    sorted
}

/// Returns the index of the argument that names a command: the first that is neither an option nor
/// the value of one.
fn position_of_command(command: &clap::Command, given: &[OsString]) -> Option<usize> {
    let takes_value = |word: &str| {
        let name = word.trim_start_matches('-');
        command.get_arguments().any(|arg| {
            let is_long = word.starts_with("--") && arg.get_long() == Some(name);
            let is_short = arg.get_short().map(String::from).as_deref() == Some(name);
            (is_long || is_short) && arg.get_action().takes_values() && !arg.is_require_equals_set()
        })
    };
    let mut words = given.iter().enumerate().skip(1);
    while let Some((at, word)) = words.next() {
        let word = word.to_str().unwrap_or_default();
        if word == "--" {
            return None;
        } else if takes_value(word) {
            words.next();
        } else if command.find_subcommand(word).is_some() {
            return Some(at);
        }
    }
    None
}

/// Returns the command that a word is similar to, where the word is no command.
fn nearest_command(word: &str) -> Option<String> {
    let command = Cli::command();
    if command.find_subcommand(word).is_some() {
        return None;
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let options = ["--help", "--version"];
    // A name without its dashes also means the option.
    if let Some(option) = options
        .iter()
        .find(|option| option.trim_start_matches('-') == word)
    {
        return Some((*option).to_owned());
    }
    text::nearest(word, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Options by their names in these types, each with its default.
pub type Defaults = Vec<(&'static str, String)>;

impl Cli {
    /// Parses the program's arguments again with other defaults.
    pub fn with_defaults(defaults: &Defaults) -> Result<Cli, clap::Error> {
        let command = set_defaults(Cli::command(), defaults);
        let matches = command.try_get_matches_from(arguments())?;
        Cli::from_arg_matches(&matches)
    }
}

fn set_defaults(mut command: clap::Command, defaults: &Defaults) -> clap::Command {
    for (id, value) in defaults {
        if command.get_arguments().any(|arg| arg.get_id() == id) {
            command = command.mut_arg(id, |arg| arg.default_value(value.clone()));
        }
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_string())
        .collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |sub| set_defaults(sub, defaults))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the command line that these words are, as the program takes it.
    fn parsed(words: &[&str]) -> Option<String> {
        let given = words.iter().map(OsString::from).collect();
        let cli = Cli::try_parse_from(command_first(given)).ok()?;
        Some(format!("{cli:?}"))
    }

    /// Returns an option as a person types it, with a value that is not its default.
    fn typed(arg: &clap::Arg) -> Option<Vec<String>> {
        let long = format!("--{}", arg.get_long()?);
        let value = match arg.get_id().as_str() {
            "sets" => "text=Xyz",
            "at" => "1",
            "max_time" => "3s",
            "color" => "never",
            "theme" => "light",
            "size" => "100x30",
            "format" => "json",
            "deny" => "warnings",
            "core" => "1",
            _ => "123",
        };
        Some(
            match arg.is_require_equals_set() || !arg.get_action().takes_values() {
                true => vec![long],
                false => vec![long, value.to_owned()],
            },
        )
    }

    /// Every option takes effect before each command as after it, or is refused.
    #[test]
    fn options_before_a_command_take_effect_or_are_refused() {
        let command = Cli::command();
        let mut taken = 0;
        for sub in command.get_subcommands() {
            let name = sub.get_name();
            let file: &[&str] = match name {
                "test" | "inspect" | "init" | "diff" => &["a.wat"],
                "answers" | "types" => &["a.txt"],
                "who" => &["0"],
                "memory" => &["0", "1"],
                "completions" => &["bash"],
                "record" => &["--script"],
                _ => &[],
            };
            let all = command.get_arguments().chain(sub.get_arguments());
            for arg in all.filter(|arg| !["help", "version"].contains(&arg.get_id().as_str())) {
                let Some(option) = typed(arg) else { continue };
                let option: Vec<&str> = option.iter().map(String::as_str).collect();
                let line = |before: &[&str], after: &[&str]| {
                    parsed(&[&["linmem"], before, &[name], file, after].concat())
                };
                let (before, after) = (line(&option, &[]), line(&[], &option));
                assert_ne!(
                    before,
                    line(&[], &[]),
                    "{option:?} before {name} is ignored"
                );
                if before.is_some() {
                    assert_eq!(before, after, "{option:?} {name}");
                    taken += 1;
                }
            }
        }
        assert!(taken > 30, "{taken}");
    }

    #[test]
    fn a_value_like_a_command_is_no_command() {
        let module = parsed(&["linmem", "--module", "run", "test", "a.steps"]).unwrap();
        assert_eq!(
            Some(module),
            parsed(&["linmem", "test", "--module", "run", "a.steps"])
        );
        assert_eq!(
            parsed(&["linmem", "a.steps", "run"]),
            parsed(&["linmem", "run", "a.steps"])
        );
        assert_eq!(parsed(&["linmem", "a.steps", "config"]), None);
        assert_eq!(
            parsed(&[
                "linmem", "--theme", "light", "lesson", "--theme", "dark", "8"
            ]),
            None
        );
    }

    #[test]
    fn a_mistyped_command_is_recognised() {
        for (word, meant) in [
            ("inspct", "inspect"),
            ("Run", "run"),
            ("tests", "test"),
            ("lesson1", "lesson"),
            ("help", "--help"),
        ] {
            assert_eq!(nearest_command(word).as_deref(), Some(meant), "{word}");
        }
        for word in [
            "abi.steps",
            "guest.wasm",
            "frobnicate",
            "main.wat",
            "run",
            "",
        ] {
            assert_eq!(nearest_command(word), None, "{word}");
        }
    }
}
