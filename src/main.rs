//! Command line in, exit code out.

mod cli;
mod commands;

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::from_arguments() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version are not errors: `exit_code` and `use_stderr` of clap distinguish them.
            let code = u8::try_from(answer.exit_code()).unwrap_or(2);
            let printed = answer.print().and_then(|()| io::stdout().flush());
            return match printed.map_err(anyhow::Error::from) {
                Err(error) if code == 0 && !is_broken_pipe(&error) => {
                    print_error(&error.context("cannot write to standard output"));
                    ExitCode::from(2)
                }
                _ => ExitCode::from(code),
            };
        }
    };
    match commands::perform(cli) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error);
            ExitCode::from(commands::error_status())
        }
    }
}

/// `error: …`, then numbered causes.
fn print_error(error: &anyhow::Error) {
    let mut text = format!("error: {error}\n");
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    for (index, cause) in causes.iter().enumerate() {
        text.push_str(&format!("  {}: {cause}\n", index + 1));
    }
    // When nothing reads the error stream, there is no other place for the message.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Whoever read the output has read enough: nothing to complain about.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}
