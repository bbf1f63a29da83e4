//! The command line: its types with their help, and the parsers of values.

pub mod notes;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use linmem::app::Keymap;
use linmem::session::limits::{Limits, default_max_history};
use linmem::{safe, text};

/// Steps through what passes between a host and a WebAssembly guest, and shows linear memory while
/// it happens.
#[derive(Debug, Parser)]
#[command(name = "linmem", version, disable_help_subcommand = true)]
#[command(after_help = notes::after_help(), after_long_help = notes::after_long_help())]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// A .steps or .md session, a .wasm or .wat module, or - for standard input; without it, the
    /// default session
    pub file: Option<PathBuf>,

    #[command(flatten)]
    pub session: SessionArgs,

    #[command(flatten)]
    pub appearance: AppearanceArgs,

    #[command(flatten)]
    pub mouse: MouseArgs,

    /// Take the configuration from this file; without it, only the screen reads one, from the
    /// platform's folder
    #[arg(long, value_name = "PATH", global = true, conflicts_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Read no configuration
    #[arg(long, global = true)]
    pub no_config: bool,

    /// Compile each module anew, and keep none for the next start
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = clap::ArgAction::Set, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub no_cache: bool,
}

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

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a session once, without the terminal, and print what happened
    Run(RunArgs),
    /// Run many sessions, one line each and a summary: for CI
    Test(TestArgs),
    /// Open a built-in lesson; without NAME, list them
    Lesson(LessonArgs),
    /// Write the files of an exercise into this folder and open them; without NAME, list them
    Exercise(ExerciseArgs),
    /// Describe a module: imports, exports, memory, how it was made, which ABI it looks like and
    /// why
    Inspect(InspectArgs),
    /// Write a steps file to start from, guessed from a module's exports and tried once, with the
    /// reasons as comments
    Init(InitArgs),
    /// Run two sessions, or one on two modules, and show the first step and byte that differ
    Diff(DiffArgs),
    /// Run a JavaScript host as it is, and record what crosses the border to its guests
    Record(RecordArgs),
    /// Print the configuration in force, as a file to start from
    Config(ConfigArgs),
    /// Print where compiled modules are kept, how many, and how large they are
    Cache(CacheArgs),
    /// Print what a shell needs to complete this program's commands and options
    Completions(CompletionsArgs),
    /// Print the manual page, in the format of man
    Man,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("mode").required(true).args(["command", "script", "check"]))]
pub struct RecordArgs {
    /// The command that starts the host, such as: node app.mjs
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,

    /// Write the recording to this file; without it, to one named after the host's script
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["script", "check"])]
    pub output: Option<PathBuf>,

    /// Compare all of memory at each crossing, so that each change is known at its moment. That takes
    /// long where memory is large and crossings are many
    #[arg(long, conflicts_with_all = ["script", "check"])]
    pub exact: bool,

    /// Print the recorder, to load it by hand: as a module or as a script element
    #[arg(long)]
    pub script: bool,

    /// Check this recording, and print what is wrong with it
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print only where the file is looked for
    #[arg(long)]
    pub path: bool,
}

#[derive(Debug, Args)]
pub struct CacheArgs {
    /// Remove all compiled modules
    #[arg(long)]
    pub clear: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// A .steps or .md session, a .wasm or .wat module, or - for standard input; without it, the
    /// default session
    pub file: Option<PathBuf>,

    /// What to print; steps needs --output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Columns and rows of the terminal that --format cast shows
    #[arg(long, value_name = "COLSxROWS", default_value = "80x24", value_parser = parse_screen)]
    pub size: (u16, u16),

    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,

    /// Unfold each step into everything that was written, in order: every store with its writer
    #[arg(long)]
    pub stores: bool,

    #[command(flatten)]
    pub deny: DenyArgs,

    #[command(flatten)]
    pub session: SessionArgs,

    #[command(flatten)]
    pub appearance: AppearanceArgs,
}

#[derive(Debug, Args)]
pub struct TestArgs {
    /// Sessions to run
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Write the results to this file as JUnit XML, too
    #[arg(long, value_name = "PATH")]
    pub junit: Option<PathBuf>,

    /// Check each FILE as a lesson, too: title, hints, length, and answers that are given away
    #[arg(long, conflicts_with = "exercise")]
    pub lesson: bool,

    /// Check each FILE as the mended file of this exercise
    #[arg(long, value_name = "NAME", conflicts_with = "module")]
    pub exercise: Option<String>,

    #[command(flatten)]
    pub deny: DenyArgs,

    #[command(flatten)]
    pub session: SessionArgs,
}

#[derive(Debug, Args)]
pub struct LessonArgs {
    /// The lesson's number or name
    pub name: Option<String>,

    /// Print which lesson needs which, in an order in which they can be taken
    #[arg(long)]
    pub map: bool,

    /// Write the lesson's files into this folder, to change or translate them
    #[arg(long, value_name = "FOLDER", requires = "name")]
    pub export: Option<PathBuf>,

    #[command(flatten)]
    pub session: SessionArgs,

    #[command(flatten)]
    pub appearance: AppearanceArgs,

    #[command(flatten)]
    pub mouse: MouseArgs,
}

#[derive(Debug, Args)]
pub struct ExerciseArgs {
    /// The exercise's name
    pub name: Option<String>,

    /// Replace files of the exercise that exist
    #[arg(long)]
    pub force: bool,

    #[command(flatten)]
    pub session: SessionArgs,

    #[command(flatten)]
    pub appearance: AppearanceArgs,

    #[command(flatten)]
    pub mouse: MouseArgs,
}

/// Whose the mouse is.
#[derive(Debug, Args, Clone)]
pub struct MouseArgs {
    /// Start without the mouse, so that the terminal can select text; M switches it on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = clap::ArgAction::Set, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub no_mouse: bool,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A .wasm or .wat module, or a component
    pub module: PathBuf,

    /// Take this core module of a component, by its number, counted from 0
    #[arg(long, value_name = "N")]
    pub core: Option<usize>,

    /// What to print
    #[arg(long, value_enum, default_value_t = InspectFormat::Text)]
    pub format: InspectFormat,

    /// When to use colour; NO_COLOR in the environment means never
    #[arg(long, value_enum, default_value_t = ColorWhen::Auto)]
    pub color: ColorWhen,

    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// A .wasm or .wat module, or a component
    pub module: PathBuf,

    /// Take this core module of a component, by its number, counted from 0
    #[arg(long, value_name = "N")]
    pub core: Option<usize>,

    /// Write to this file, which must not exist yet, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The most linear memory the guest may have while the draft is tried
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    pub max_memory: u64,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Two sessions, or one that runs on two modules
    #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Run on this module instead of the one the session names; given twice, the first for A and
    /// the second for B
    #[arg(long = "module", value_name = "PATH")]
    pub modules: Vec<PathBuf>,

    /// What to print
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,

    /// Give an input of both sessions another value
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_set)]
    pub sets: Vec<(String, String)>,

    #[command(flatten)]
    pub limits: LimitArgs,

    /// What a WASI guest reads from its standard input, in both; - for linmem's own
    #[arg(long, value_name = "PATH")]
    pub stdin: Option<PathBuf>,

    #[command(flatten)]
    pub appearance: AppearanceArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    Text,
    Json,
}

#[derive(Debug, Args, Clone)]
pub struct DenyArgs {
    /// Let findings of this severity, too, end with exit status 1
    #[arg(long, value_name = "SEVERITY")]
    pub deny: Option<Deny>,
}

impl DenyArgs {
    pub fn warnings(&self) -> bool {
        matches!(self.deny, Some(Deny::Warnings))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    Warnings,
}

/// The default limits.
pub const DEFAULT_MEMORY: u64 = 1 << 30;
pub const DEFAULT_STORES: u64 = 4_000_000;

/// How a session is set up.
#[derive(Debug, Args, Clone)]
pub struct SessionArgs {
    /// Run the session on this module instead of the one it names
    #[arg(long, value_name = "PATH")]
    pub module: Option<PathBuf>,

    /// Set an input: text as it is, any other value as an expression of the steps language
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_set)]
    pub sets: Vec<(String, String)>,

    /// Replay this instance of a recording of a host, counted from 0; without it, the one with the most
    /// calls
    #[arg(long, value_name = "N")]
    pub instance: Option<u32>,

    /// Show this step, or the moment after a store inside it
    #[arg(long, value_name = "STEP[.STORE]", value_parser = parse_at)]
    pub at: Option<At>,

    #[command(flatten)]
    pub limits: LimitArgs,

    /// What a WASI guest reads from its standard input; - for linmem's own
    #[arg(long, value_name = "PATH")]
    pub stdin: Option<PathBuf>,
}

/// What the guest may have and take.
#[derive(Debug, Args, Clone)]
pub struct LimitArgs {
    /// The most linear memory the guest may have
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    pub max_memory: u64,

    /// The longest one call may take, such as 500ms, 10s or 2m; 0 for no limit
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_time)]
    pub max_time: MaxTime,

    /// The most stores of one call that are recorded one by one, such as 500k or 4M; the rest is
    /// recorded as a difference
    #[arg(long, value_name = "COUNT", default_value = "4M", value_parser = parse_count)]
    pub max_stores: u64,

    /// The most memory for all that is recorded, such as 512MiB; auto is a quarter of the machine's
    /// memory, at least 1GiB
    #[arg(long, value_name = "SIZE", default_value = "auto", value_parser = parse_max_history)]
    pub max_history: MaxHistory,
}

impl LimitArgs {
    /// Returns the limits of a session.
    pub fn limits(&self) -> Limits {
        Limits {
            max_memory: self.max_memory,
            max_time: self.max_time.0,
            max_stores: self.max_stores,
            max_history: self.max_history.bytes(),
        }
    }
}

/// How it looks.
#[derive(Debug, Args, Clone)]
pub struct AppearanceArgs {
    /// When to use colour; NO_COLOR in the environment means never
    #[arg(long, value_enum, default_value_t = ColorWhen::Auto)]
    pub color: ColorWhen,

    /// Colours for a dark or a light terminal, or none
    #[arg(long, value_enum, default_value_t = ThemeName::Dark)]
    pub theme: ThemeName,

    /// Draw with ASCII characters only; JSON and HTML stay UTF-8
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(action = clap::ArgAction::Set, default_value = "false", hide_default_value = true, hide_possible_values = true)]
    pub ascii: bool,

    /// The keys that the configuration chooses.
    #[arg(skip)]
    pub keys: Keymap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The transcript, for people and for grep
    Text,
    /// Everything that was recorded, for programs
    Json,
    /// A report for an issue tracker, which can be run again
    Markdown,
    /// One page to step through in a browser, without a network
    Html,
    /// A picture of the moment that --at names, or of the last
    Svg,
    /// A recording of the terminal stepping through, for asciinema
    Cast,
    /// A steps file that does what a recorded host did, with its module and data beside it
    Steps,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    Dark,
    Light,
    Mono,
}

/// `--at STEP[.STORE]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    pub step: usize,
    pub store: Option<usize>,
}

/// `--max-time`, where 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxTime(pub Option<Duration>);

/// A number of bytes; `None` for what fits the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxHistory(pub Option<u64>);

impl MaxHistory {
    /// Returns the number of bytes.
    pub fn bytes(self) -> u64 {
        self.0.unwrap_or_else(default_max_history)
    }
}

fn parse_set(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_string(), value.to_string()))
        }
        _ => Err("expected NAME=VALUE, such as text=Hello".into()),
    }
}

fn parse_at(text: &str) -> Result<At, String> {
    let expected =
        || "expected a step's number, such as 4, or 4.12 for a store inside it".to_string();
    let (step, store) = match text.split_once('.') {
        Some((step, store)) => (step, Some(store.parse().map_err(|_| expected())?)),
        None => (text, None),
    };
    Ok(At {
        step: step.parse().map_err(|_| expected())?,
        store,
    })
}

fn parse_screen(text: &str) -> Result<(u16, u16), String> {
    let expected = || "expected columns and rows from 40x12 to 300x100, such as 80x24".to_string();
    let (columns, rows) = text.split_once('x').ok_or_else(expected)?;
    let (columns, rows) = (
        columns.parse().map_err(|_| expected())?,
        rows.parse().map_err(|_| expected())?,
    );
    let fits = (40..=300).contains(&columns) && (12..=100).contains(&rows);
    fits.then_some((columns, rows)).ok_or_else(expected)
}

pub fn parse_size(text: &str) -> Result<u64, String> {
    let expected = || "expected a size such as 64KiB, 16MiB or 1GiB".to_string();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(expected)?;
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    number.checked_mul(1 << shift).ok_or_else(expected)
}

pub fn parse_max_history(text: &str) -> Result<MaxHistory, String> {
    if text == "auto" {
        return Ok(MaxHistory(None));
    }
    let size = parse_size(text).map_err(|expected| format!("{expected}, or auto"))?;
    Ok(MaxHistory(Some(size)))
}

pub fn parse_count(text: &str) -> Result<u64, String> {
    let expected = || "expected a number of stores such as 20000, 500k, 4M or 1G".to_string();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(expected)?;
    let times = match unit.trim() {
        "" => 1,
        "k" | "K" => 1_000,
        "m" | "M" => 1_000_000,
        "g" | "G" => 1_000_000_000,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    number.checked_mul(times).ok_or_else(expected)
}

pub fn parse_time(text: &str) -> Result<MaxTime, String> {
    let expected = || "expected a time such as 500ms, 10s or 2m, or 0 for no limit".to_string();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(expected)?;
    let number: f64 = number.parse().map_err(|_| expected())?;
    let seconds = match unit.trim() {
        "" if number == 0.0 => 0.0,
        "ms" => number / 1000.0,
        "s" => number,
        "m" | "min" => number * 60.0,
        _ => return Err(expected()),
    };
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| expected())?;
    Ok(MaxTime((!time.is_zero()).then_some(time)))
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
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
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

    #[test]
    fn counts_say_what_they_expect() {
        assert_eq!(parse_count("0"), Ok(0));
        assert_eq!(parse_count("500k"), Ok(500_000));
        assert_eq!(parse_count("4M"), Ok(4_000_000));
        assert_eq!(parse_count("1G"), Ok(1_000_000_000));
        for bad in ["", "M", "-1", "1.5M", "4MB", "4 million", "99999999999G"] {
            assert!(parse_count(bad).unwrap_err().contains("500k, 4M"), "{bad}");
        }
    }

    #[test]
    fn sizes_and_times_say_what_they_expect() {
        assert_eq!(parse_size("64KiB"), Ok(65536));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert!(parse_size("1TiB").unwrap_err().contains("expected"));
        assert!(parse_size("99999999999GiB").is_err());
        assert_eq!(parse_max_history("auto"), Ok(MaxHistory(None)));
        assert_eq!(parse_max_history("2MiB"), Ok(MaxHistory(Some(2 << 20))));
        assert!(parse_max_history("all").unwrap_err().ends_with("or auto"));
        assert_eq!(parse_time("0"), Ok(MaxTime(None)));
        assert_eq!(
            parse_time("500ms"),
            Ok(MaxTime(Some(Duration::from_millis(500))))
        );
        assert!(parse_time("10").unwrap_err().contains("10s"));
        assert_eq!(parse_screen("120x40"), Ok((120, 40)));
        for bad in ["", "80", "0x0", "39x12", "80x24x2", "99999x24", "-80x24"] {
            assert!(parse_screen(bad).unwrap_err().contains("80x24"), "{bad}");
        }
        assert_eq!(
            parse_at("4.12"),
            Ok(At {
                step: 4,
                store: Some(12)
            })
        );
        assert!(parse_at("x").is_err());
        assert_eq!(parse_set("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(parse_set("a").is_err());
    }
}
