//! What the documents show runs: the README's script, and the default session on the language's
//! page.

use std::path::Path;
use std::process::Command;

fn document(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Runs a script on the default guest; what it printed.
fn run(script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let steps = folder.path().join("example.steps");
    std::fs::write(&steps, script).unwrap();
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/wasm_is_cool.wat");
    let output = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .args([
            "run".as_ref(),
            steps.as_os_str(),
            "--module".as_ref(),
            guest.as_os_str(),
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{script}\n{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn the_script_in_the_readme_runs() {
    let readme = document("README.md");
    let start = readme
        .find("module \"hello.wasm\"")
        .expect("the README shows hello.steps");
    let script = readme[start..].split("```").next().unwrap();
    assert!(run(script).contains("→ \"Did you know Wasm is cool!\""));
}

#[test]
fn the_languages_page_shows_the_default_session() {
    let page = document("docs/steps.md");
    let start = page
        .find("    module \"wasm_is_cool.wat\"")
        .expect("the page shows the default session");
    let shown: Vec<&str> = page[start..]
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    let shown = shown.join("\n");
    assert_eq!(shown.trim(), document("guest/wasm_is_cool.steps").trim());
    run(&shown);
}
