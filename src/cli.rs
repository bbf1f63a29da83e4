//! The command line: its types with their help, and the parsers of values.

mod arguments;
mod module_args;
pub mod notes;
mod question_args;
mod teaching_args;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use linmem::app::Keymap;
use linmem::session::limits::Limits;
use linmem::timeline::At;

pub use arguments::Defaults;
pub use module_args::{DescriptionArgs, InitArgs, InspectArgs, InspectFormat, TypesArgs};
pub use question_args::{MemoryArgs, MemoryFormat, QueryArgs, WhoArgs, WhoFormat};
pub use teaching_args::{AnswersArgs, AnswersFormat, ExerciseArgs, LessonArgs, LessonFormat};
pub use values::{MaxHistory, MaxTime, parse_count, parse_max_history, parse_size, parse_time};
use values::{parse_screen, parse_set};

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
    pub screen: ScreenArgs,

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

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a session once, without the terminal, and print what happened
    Run(RunArgs),
    /// Run many sessions, one line each and a summary: for CI
    Test(TestArgs),
    /// Open a lesson, or write it as a page or a handout; without NAME, list the built-in ones
    Lesson(LessonArgs),
    /// Read lines of answers that learners handed in from pages of lessons, and print them as a table
    Answers(AnswersArgs),
    /// Write the files of an exercise into this folder and open them; without NAME, list them
    Exercise(ExerciseArgs),
    /// Describe a module: imports, exports, memory, how it was made, which ABI it looks like and
    /// why
    Inspect(InspectArgs),
    /// Print the layout of a type: offsets, sizes and padding; without NAME, list the types
    Types(TypesArgs),
    /// Write a steps file to start from, guessed from a module's exports and tried once, with the
    /// reasons as comments
    Init(InitArgs),
    /// Run two sessions, or one on two modules, and show the first step and byte that differ
    Diff(DiffArgs),
    /// Run a session, and print who wrote a byte last, and who before that
    Who(WhoArgs),
    /// Run a session, and print bytes of memory at a moment
    Memory(MemoryArgs),
    /// Run a session once, and answer questions about it: a line of JSON on standard input each
    Query(QueryArgs),
    /// Run a JavaScript or Python host as it is, and record what crosses the border to its guests
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

    /// Print the recorder of this language, to load it by hand; without a value, that of JavaScript,
    /// which is both a module and a script element
    #[arg(long, value_name = "LANGUAGE", num_args = 0..=1, default_missing_value = "javascript")]
    pub script: Option<HostLanguage>,

    /// Check this recording, and print what is wrong with it
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
}

/// A language of hosts that linmem has a recorder for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HostLanguage {
    /// The recorder for Node and for pages
    Javascript,
    /// The recorder for Python with the package wasmtime
    Python,
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

    /// Go on until ctrl-c: run a session again when its file, its module or a file that it reads has
    /// changed
    #[arg(long, conflicts_with = "junit")]
    pub watch: bool,

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

/// A session on the screen: how it is set up, and how it looks.
#[derive(Debug, Args, Clone)]
pub struct ScreenArgs {
    #[command(flatten)]
    pub session: SessionArgs,

    #[command(flatten)]
    pub appearance: AppearanceArgs,

    #[command(flatten)]
    pub mouse: MouseArgs,

    /// Run the session again by itself when its file, its module or a file that it reads has changed
    #[arg(long)]
    pub watch: bool,
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

    /// Show this step, or the moment after a store inside it; 4/2 is the second part of step 4, such as
    /// a call of an import
    #[arg(long, value_name = "STEP[/PART][.STORE]")]
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
    /// A module of JavaScript for Node.js that does the same, with the guest in it
    Javascript,
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
