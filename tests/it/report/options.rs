//! `--stores` and `--max-stores` on the program itself.

use std::path::Path;
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    let session = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/wasm_is_cool.steps");
    Command::new(env!("CARGO_BIN_EXE_linmem"))
        .arg("run")
        .arg(session)
        .args(args)
        .output()
        .unwrap()
}

fn stdout(args: &[&str]) -> String {
    let output = run(args);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn stores_unfold_the_steps_in_both_formats() {
    let write = "44 69 64 20 79 6f 75 20 6b 6e 6f 77  │⋄⋄⋄⋄⋄⋄⋄⋄⋄⋄⋄⋄│ → │Did you know│  host";
    assert!(stdout(&["--stores"]).contains(write));
    assert!(!stdout(&[]).contains(write));
    let trace: serde_json::Value =
        serde_json::from_str(&stdout(&["--stores", "--format", "json"])).unwrap();
    assert_eq!(
        trace["steps"][3]["events"][0]["after"],
        "44696420796f75206b6e6f77"
    );
    let trace: serde_json::Value = serde_json::from_str(&stdout(&["--format", "json"])).unwrap();
    assert!(trace["steps"][3].get("events").is_none());
}

#[test]
fn a_limit_of_stores_is_a_count() {
    for count in ["0", "12", "500k", "4M", "1G"] {
        stdout(&["--max-stores", count]);
    }
    for count in ["many", "4MiB", "1.5M", "", "99999999999G"] {
        let output = run(&[&format!("--max-stores={count}")]);
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            count.is_empty()
                || error.contains("expected a number of stores such as 20000, 500k, 4M or 1G"),
            "{error}"
        );
    }
}
