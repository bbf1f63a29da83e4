//! The configuration: its place, its contents, and its effect. It sets defaults of options, so that
//! the command line overrides the file, and the file overrides the built-in defaults.

mod file;
mod page;
mod settings;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use linmem::app::Keymap;
use linmem::safe;

use crate::cli::{Cli, Command, ConfigArgs, Defaults};
use crate::commands::{folders, input_file};

/// The most bytes of the file.
const LONGEST: u64 = 1 << 20;

/// The configuration in force.
#[derive(Debug, Default)]
pub struct Config {
    /// The path of the file; `None` on a system without such a folder.
    path: Option<PathBuf>,
    /// Whether the file exists and was read.
    is_read: bool,
    /// The settings of the file.
    defaults: Defaults,
    keys: Keymap,
}

/// Reads the file that the command line names or, with `from_home`, the one in the platform's folder
/// if it exists.
///
/// # Errors
/// The file cannot be read, or is not a configuration.
pub fn load(cli: &Cli, from_home: bool) -> Result<Config> {
    let path = cli.config.clone().or_else(home_file);
    let (true, Some(file)) = (!cli.no_config && (from_home || cli.config.is_some()), &path) else {
        return Ok(Config {
            path,
            ..Config::default()
        });
    };
    if cli.config.is_none() && !file.exists() {
        return Ok(Config {
            path,
            ..Config::default()
        });
    }
    let shown = safe::plain(&file.to_string_lossy());
    let text = read(file, &shown)?;
    let found = file::parse(&shown, &text)?;
    Ok(Config {
        path,
        is_read: true,
        defaults: found.defaults,
        keys: found.keys,
    })
}

impl Config {
    /// Returns whether the configuration in the person's folder switches the cache of compiled
    /// modules off. What is printed does not depend on that, so it holds for commands that do not
    /// read that file otherwise. Its faults are reported by those that do.
    pub fn refuses_cache(&self, cli: &Cli) -> bool {
        let is_regular = home_file().is_some_and(|file| input_file::is_regular(&file));
        // What was read has its effect as a default of the command line.
        if self.is_read || cli.no_config || !is_regular {
            return false;
        }
        let refusal = ("no_cache", "true".to_owned());
        load(cli, true).is_ok_and(|config| config.defaults.contains(&refusal))
    }

    /// Returns the command line with the configuration for options that it does not have.
    pub fn applied_to(&self, cli: Cli) -> Result<Cli> {
        let mut cli = if self.defaults.is_empty() {
            cli
        } else {
            Cli::with_defaults(&self.defaults)?
        };
        cli.screen.appearance.keys = self.keys.clone();
        if let Some(Command::Lesson(args)) = &mut cli.command {
            args.screen.appearance.keys = self.keys.clone();
        }
        if let Some(Command::Exercise(args)) = &mut cli.command {
            args.screen.appearance.keys = self.keys.clone();
        }
        Ok(cli)
    }
}

/// Prints the configuration in force: `linmem config`.
pub fn print(args: &ConfigArgs, config: &Config) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match (&config.path, args.path) {
        (Some(path), true) => writeln!(out, "{}", safe::plain(&path.to_string_lossy()))?,
        (None, true) => bail!("this system names no folder for configuration; give --config PATH"),
        (_, false) => out.write_all(page::page(config).as_bytes())?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn home_file() -> Option<PathBuf> {
    Some(folders::config()?.join("config.toml"))
}

fn read(file: &Path, shown: &str) -> Result<String> {
    let cannot = || format!("cannot read the configuration {shown}");
    let mut bytes = Vec::new();
    let _notice = input_file::notice_of_wait(file);
    let open = std::fs::File::open(file).with_context(cannot)?;
    input_file::read_at_most(open, LONGEST, &mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > LONGEST {
        bail!("the configuration {shown} is longer than {LONGEST} bytes");
    }
    String::from_utf8(bytes)
        .map_err(|_| anyhow::anyhow!("the configuration {shown} is not UTF-8 text"))
}
