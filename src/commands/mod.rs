//! The commands of the program: the wiring between the parts of the library.

mod answer_parser;
mod answers;
mod asciicast;
mod atomic_file;
mod builtin;
mod compile_cache;
mod compile_progress;
mod config;
mod diff;
mod exercise;
mod file_watch;
mod folders;
mod handed_in;
mod history;
mod init;
mod input_file;
mod inspect;
mod interrupt;
mod lesson;
mod lesson_folder;
mod lesson_page;
mod lesson_progress;
mod load;
mod man_page;
mod memory;
mod query;
mod record;
mod reload;
mod report_options;
mod run;
mod session_host;
mod steps_file;
mod test;
mod theme;
mod tui;
mod types;
mod who;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::cli::{Cli, Command};
use config::Config;

/// Performs the command of the command line.
pub fn perform(cli: Cli) -> Result<ExitCode> {
    interrupt::survive_file_size_limit();
    let config = config::load(&cli, reads_home(&cli))?;
    let cli = config.applied_to(cli)?;
    if !cli.no_cache && !config.refuses_cache(&cli) {
        compile_cache::use_folder();
    }
    if runs_sessions(&cli) {
        interrupt::listen();
    }
    let result = perform_command(&cli, &config);
    compile_cache::shared().finish();
    result
}

fn perform_command(cli: &Cli, config: &Config) -> Result<ExitCode> {
    match &cli.command {
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Test(args)) => test::test(args),
        Some(Command::Lesson(args)) => lesson::lesson(args),
        Some(Command::Answers(args)) => handed_in::answers(args),
        Some(Command::Exercise(args)) => exercise::exercise(args),
        Some(Command::Inspect(args)) => inspect::inspect(args),
        Some(Command::Types(args)) => types::types(args),
        Some(Command::Init(args)) => init::init(args),
        Some(Command::Diff(args)) => diff::diff(args),
        Some(Command::Who(args)) => who::who(args),
        Some(Command::Memory(args)) => memory::memory(args),
        Some(Command::Query(args)) => query::query(args),
        Some(Command::Record(args)) => record::record(args),
        Some(Command::Config(args)) => config::print(args, config),
        Some(Command::Cache(args)) => compile_cache::cache(args),
        Some(Command::Completions(args)) => man_page::completions(args),
        Some(Command::Man) => man_page::page(),
        None if shows_screen(cli) => tui::show(cli),
        None if cli.screen.watch => bail!(
            "--watch needs a terminal for the screen; `linmem test --watch FILE` prints a line for each \
             run"
        ),
        None => run::transcript(cli),
    }
}

/// Returns the exit status of a command that ended with an error: that of the signal, if one has
/// come.
pub fn error_status() -> u8 {
    match interrupt::is_received() {
        true => interrupt::listen().exit_status(),
        false => 2,
    }
}

/// Returns whether sessions run to their end, without the screen, which has its own signals.
fn runs_sessions(cli: &Cli) -> bool {
    let can_run = match &cli.command {
        None => true,
        Some(command) => matches!(
            command,
            Command::Run(_)
                | Command::Test(_)
                | Command::Diff(_)
                | Command::Lesson(_)
                | Command::Who(_)
                | Command::Memory(_)
                | Command::Query(_)
        ),
    };
    can_run && !shows_screen(cli)
}

/// Returns whether the session is shown on the terminal.
fn shows_screen(cli: &Cli) -> bool {
    match &cli.command {
        None => linmem::terminal::is_usable() && !reads_stdin(cli),
        Some(Command::Lesson(args)) => lesson::shows_screen(args),
        Some(Command::Exercise(args)) => exercise::shows_screen(args),
        Some(_) => false,
    }
}

/// Returns whether the configuration in the person's folder is read. Only the screen reads it, so
/// that what is printed does not depend on the machine.
fn reads_home(cli: &Cli) -> bool {
    matches!(cli.command, Some(Command::Config(_))) || shows_screen(cli)
}

/// Returns whether standard input is read for something else than keys.
fn reads_stdin(cli: &Cli) -> bool {
    [&cli.file, &cli.screen.session.stdin]
        .into_iter()
        .flatten()
        .any(|path| load::is_stdin(path))
}
