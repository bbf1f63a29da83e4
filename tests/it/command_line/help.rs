//! The help of every command, the manual page and the completions: snapshots of what the program
//! prints. A new command is found by itself. After a change that is meant: `INSTA_UPDATE=always
//! cargo test --test it command_line::help`.

use std::io::Write as _;
use std::process::{Command, Stdio};

fn linmem(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linmem"));
    let output = command
        .args(args)
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

/// The names of all commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = linmem(&["-h"]);
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
        linmem(&["-h"]),
        linmem(&["--help"])
    );
    for command in commands() {
        text.push_str(&format!(
            "\n$ linmem {command} --help\n{}",
            linmem(&[&command, "--help"])
        ));
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn the_manual_page() {
    let page = linmem(&["man"]);
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
    // The version is that of the program.
    insta::assert_snapshot!("man", page.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn the_manual_and_the_help_say_the_same() {
    let plain = |text: String| {
        text.replace(['\\', '\n'], " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (page, help) = (plain(linmem(&["man"])), plain(linmem(&["--help"])));
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
fn completions_know_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = linmem(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell} does not know {command}");
        }
        assert!(script.contains("max-stores"), "{shell}");
    }
    insta::assert_snapshot!("completions_fish", linmem(&["completions", "fish"]));
}

/// Bash runs wherever the tests do; the others where they are installed.
#[test]
fn shells_read_their_completions() {
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let child = Command::new(shell)
            .arg(check)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) if shell != "bash" => {
                println!("left out: {shell} cannot be run: {error}");
                continue;
            }
            Err(error) => panic!("bash cannot be run: {error}"),
        };
        child
            .stdin
            .take()
            .unwrap()
            .write_all(linmem(&["completions", shell]).as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.is_empty(),
            "{shell}: {said}"
        );
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let script = format!(
        "{}\nCOMP_WORDS=(linmem te); COMP_CWORD=1; _linmem linmem te linmem; echo \"${{COMPREPLY[@]}}\"\n\
         COMP_WORDS=(linmem test --jun); COMP_CWORD=2; _linmem linmem --jun test; echo \"${{COMPREPLY[@]}}\"\n",
        linmem(&["completions", "bash"])
    );
    let mut bash = Command::new("bash");
    let mut child = bash
        .arg("--norc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "test\n--junit\n");
}

#[test]
fn an_unknown_shell_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .args(["completions", "cmd"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("bash"));
}
