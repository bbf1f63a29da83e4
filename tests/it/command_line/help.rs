//! The help of every command, the man page and the completions, as snapshots.
//!
//! The tests find a new command by themselves. `INSTA_UPDATE=always cargo test --test it
//! command_line::help` updates the snapshots after an intended change.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::support::command::{linmem, spawn};

#[track_caller]
fn stdout(args: &[&str]) -> String {
    linmem(args).success()
}

/// Returns the names of all commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = stdout(&["-h"]);
    let listed = help
        .split_once("Commands:\n")
        .unwrap()
        .1
        .split_once("\n\n")
        .unwrap()
        .0;
    let names: Vec<String> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_string))
        .collect();
    assert!(names.len() >= 4, "{help}");
    names
}

#[test]
fn help_of_every_command() {
    let mut text = format!(
        "$ linmem -h\n{}\n$ linmem --help\n{}",
        stdout(&["-h"]),
        stdout(&["--help"])
    );
    for command in commands() {
        text.push_str(&format!(
            "\n$ linmem {command} --help\n{}",
            stdout(&[&command, "--help"])
        ));
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn man_page() {
    let page = stdout(&["man"]);
    for command in commands() {
        assert!(
            page.contains(&format!("LINMEM {}", command.to_uppercase())),
            "{command} is not in the page"
        );
    }
    for section in ["EXIT STATUS", "FILES", "ENVIRONMENT", "EXAMPLES"] {
        assert!(
            page.contains(&format!(".SH \"{section}\""))
                || page.contains(&format!(".SH {section}")),
            "{section}"
        );
    }
    // The version changes with every release.
    insta::assert_snapshot!("man", page.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn man_page_and_help_share_their_notes() {
    let plain = |text: String| {
        text.replace(['\\', '\n'], " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (page, help) = (plain(stdout(&["man"])), plain(stdout(&["--help"])));
    let notes = help.split_once("Exit status:").unwrap().1;
    for words in [
        "the command line, a file or a module cannot be used",
        "NO_COLOR",
        "XDG_CONFIG_HOME",
        "abi.steps",
    ] {
        assert!(page.contains(words) && notes.contains(words), "{words}");
    }
}

#[test]
fn completions_contain_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell} does not know {command}");
        }
        assert!(script.contains("max-stores"), "{shell}");
    }
    insta::assert_snapshot!("completions_fish", stdout(&["completions", "fish"]));
}

/// Runs `shell` with `input` on its standard input.
fn run_shell(shell: &str, arg: &str, input: &str) -> std::io::Result<Output> {
    let mut child = spawn(
        Command::new(shell)
            .arg(arg)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    )?;
    child.stdin.take().unwrap().write_all(input.as_bytes())?;
    child.wait_with_output()
}

/// Bash is required; the other shells are tested where they are installed.
#[test]
fn shells_accept_their_completions() {
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let output = match run_shell(shell, check, &stdout(&["completions", shell])) {
            Ok(output) => output,
            Err(error) if shell != "bash" => {
                println!("{shell} is not tested, because it cannot be run: {error}");
                continue;
            }
            Err(error) => panic!("bash cannot be run: {error}"),
        };
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && errors.is_empty(),
            "{shell}: {errors}"
        );
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let script = format!(
        "{}\nCOMP_WORDS=(linmem te); COMP_CWORD=1; _linmem linmem te linmem; echo \"${{COMPREPLY[@]}}\"\n\
         COMP_WORDS=(linmem test --jun); COMP_CWORD=2; _linmem linmem --jun test; echo \"${{COMPREPLY[@]}}\"\n",
        stdout(&["completions", "bash"])
    );
    let output = run_shell("bash", "--norc", &script).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "test\n--junit\n");
}

#[test]
fn an_unknown_shell_is_refused() {
    linmem(&["completions", "cmd"]).assert_refused(&["bash"]);
}
