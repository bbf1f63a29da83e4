//! `linmem completions` and `linmem man`, from the types of the command line and the tables of the
//! help.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::{Cli, CompletionsArgs, notes};

/// Prints completions for a shell.
pub fn completions(args: &CompletionsArgs) -> Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "linmem", &mut text);
    print(&text)
}

/// Prints the manual: one page with a section for each subcommand.
pub fn page() -> Result<ExitCode> {
    let mut command = Cli::command();
    command.build();
    let mut text = Vec::new();
    let man = Man::new(command.clone())
        .title("linmem")
        .manual("User Commands");
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    for subcommand in command
        .get_subcommands()
        .filter(|subcommand| !subcommand.is_hide_set())
    {
        section(subcommand, &mut text)?;
    }
    for notes in notes::ALL {
        let mut roff = Roff::default();
        roff.control("SH", [notes.title.to_uppercase().as_str()]);
        for (term, meaning) in notes.rows {
            roff.control("TP", []);
            roff.text([bold(*term)]);
            roff.text([roman(*meaning)]);
        }
        roff.to_writer(&mut text)?;
    }
    print(&text)
}

/// Adds a section for a subcommand: its description, its usage, its arguments and options.
fn section(subcommand: &Command, text: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::default();
    let name = format!("linmem {}", subcommand.get_name());
    roff.control("SH", [name.to_uppercase().as_str()]);
    roff.text([roman(
        subcommand
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default(),
    )]);
    roff.to_writer(text)?;
    let man = Man::new(subcommand.clone());
    let mut part = Vec::new();
    man.render_synopsis_section(&mut part)?;
    man.render_options_section(&mut part)?;
    // Headings of a page become headings within a section.
    let part = String::from_utf8_lossy(&part)
        .replace(".SH SYNOPSIS", ".PP")
        .replace(".SH OPTIONS", ".PP");
    text.extend_from_slice(part.as_bytes());
    Ok(())
}

fn print(text: &[u8]) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
