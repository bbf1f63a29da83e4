//! What debug information declares shows without a line of the script: records that parameters point
//! to, and global variables.

use serde_json::Value;

use crate::support::command::{Folder, linmem, read_in_repository};

const SHAPES: &str = "guest/rust/shapes.wasm";

fn run(steps: &str) -> Value {
    let wasm = std::fs::read(crate::support::command::in_repository(SHAPES)).unwrap();
    let folder = Folder::new()
        .with("shapes.wasm", wasm)
        .with("s.steps", format!("module \"shapes.wasm\"\n{steps}"));
    serde_json::from_str(&folder.run(&["run", "s.steps", "--format", "json"]).stdout).unwrap()
}

/// Returns the paths of the fields that a step changed.
fn changed(trace: &Value, step: usize) -> Vec<String> {
    let fields = trace["steps"][step]["fields"].as_array();
    let paths = fields.into_iter().flatten();
    paths
        .map(|field| field["path"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_parameter_that_points_to_a_record_shows_its_fields() {
    let trace = run("shape = call triangle()\ncall add_point(shape, 4.0, 1.5)\n");
    let fields = changed(&trace, 2);
    assert!(fields.contains(&"shape.count".to_owned()), "{fields:?}");
    // The address of the result is an argument without a parameter.
    let trace = run(
        "shape = call triangle()\ncall move_shape(shape, 1.0, 2.0)\ncall bounds(0x100060, shape)\n",
    );
    let results = ["low.x", "low.y", "high.x", "high.y"].map(|path| format!("(result).{path}"));
    assert_eq!(changed(&trace, 3), results);
    // A view of the same bytes has its own name, and the parameter none.
    let trace =
        run("shape = call triangle()\nview s = shape as Shape\ncall add_point(shape, 4.0, 1.5)\n");
    let fields = changed(&trace, 3);
    assert!(fields.contains(&"s.count".to_owned()), "{fields:?}");
    assert!(
        !fields.iter().any(|path| path.starts_with("shape.")),
        "{fields:?}"
    );
}

#[test]
fn global_variables_are_views_without_a_line() {
    let trace = run("shape = call triangle()\ncall move_shape(shape, 0.0, 1.0)\ncall triangle()\n");
    let fields = changed(&trace, 2);
    let calls = fields.iter().find(|path| path.ends_with(".calls"));
    assert_eq!(calls.unwrap(), "shapes::TOTALS.calls");
    assert!(changed(&trace, 3).is_empty());
}

#[test]
fn what_is_no_record_in_memory_has_no_fields() {
    // Addresses that are 0, or partly outside memory.
    let end = 17 * 65536;
    let trace = run(&format!(
        "expect trap call add_point({}, 1.0, 1.0)\ncall add_point(0, 1.0, 1.0)\n",
        end - 4
    ));
    assert!(changed(&trace, 1).is_empty());
    assert!(
        changed(&trace, 2)
            .iter()
            .all(|path| !path.starts_with("shape."))
    );
    // A global variable that is only a buffer.
    let steps = ["run", "guest/rust/wasm_is_cool.steps", "--format", "json"];
    let trace: Value = serde_json::from_str(&linmem(&steps).stdout).unwrap();
    for step in 0..trace["steps"].as_array().unwrap().len() {
        assert_eq!(changed(&trace, step), [""; 0]);
    }
}

#[test]
fn the_rust_guest_with_types_runs_and_has_no_path_of_a_machine() {
    let text = linmem(&["run", "guest/rust/shapes.steps", "--deny", "warnings"]).success();
    assert!(text.contains("triangle.count: 3 → 4"), "{text}");
    let wasm = std::fs::read(crate::support::command::in_repository(SHAPES)).unwrap();
    let text = String::from_utf8_lossy(&wasm);
    for folder in ["/root/", "/home/", "/tmp/", "/work/", "/usr/", "/build/"] {
        assert!(
            !text.contains(folder),
            "{SHAPES} has a path in {folder}: see guest/rust/build.sh"
        );
    }
    // The lines of stores are those of the source: module and source agree.
    let source = read_in_repository("guest/rust/src/shapes.rs");
    let trace = linmem(&[
        "who",
        "0x100004",
        "guest/rust/shapes.steps",
        "--format",
        "json",
    ])
    .success();
    let trace: Value = serde_json::from_str(&trace).unwrap();
    let at = &trace["runs"][0]["last"]["writer"];
    let line = at["source"]["line"].as_u64().or_else(|| {
        let text = at["source"].as_str()?;
        text.rsplit(':').next()?.parse().ok()
    });
    let line = usize::try_from(line.unwrap_or_else(|| panic!("{at}"))).unwrap();
    assert!(
        source
            .lines()
            .nth(line - 1)
            .unwrap()
            .contains("shape.count += 1"),
        "{line}"
    );
}
