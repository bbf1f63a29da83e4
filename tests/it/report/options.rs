//! The options `--stores` and `--max-stores` of the program.

use crate::support::command::{Run, linmem};

fn run(args: &[&str]) -> Run {
    linmem(&[&["run", "guest/wasm_is_cool.steps"], args].concat())
}

#[track_caller]
fn stdout(args: &[&str]) -> String {
    run(args).success()
}

#[test]
fn stores_option_adds_events_to_both_formats() {
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
fn max_stores_option_is_a_count() {
    for count in ["0", "12", "500k", "4M", "1G"] {
        stdout(&["--max-stores", count]);
    }
    for count in ["many", "4MiB", "1.5M", "", "99999999999G"] {
        let run = run(&[&format!("--max-stores={count}")]);
        run.assert_refused(match count {
            "" => &[],
            _ => &["expected a number of stores such as 20000, 500k, 4M or 1G"],
        });
    }
}
