//! The scripts in the documents run: that of the README, and the default session of the language
//! page.

use crate::support::command::{Folder, in_repository, read_in_repository};

/// Runs `script` on the default guest and returns what is printed.
#[track_caller]
fn run(script: &str) -> String {
    let guest = in_repository("guest/wasm_is_cool.wat");
    Folder::new()
        .with("example.steps", script)
        .run(&["run", "example.steps", "--module", guest.to_str().unwrap()])
        .assert_ok(&[])
        .stdout
}

#[test]
fn readme_script_runs() {
    let readme = read_in_repository("README.md");
    let start = readme
        .find("module \"hello.wasm\"")
        .expect("the README shows hello.steps");
    let script = readme[start..].split("```").next().unwrap();
    assert!(run(script).contains("→ \"Did you know Wasm is cool!\""));
}

#[test]
fn language_page_contains_the_default_session() {
    let page = read_in_repository("docs/steps.md");
    let start = page
        .find("    module \"wasm_is_cool.wat\"")
        .expect("the page shows the default session");
    let shown: Vec<&str> = page[start..]
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    let shown = shown.join("\n");
    assert_eq!(
        shown.trim(),
        read_in_repository("guest/wasm_is_cool.steps").trim()
    );
    run(&shown);
}
