//! `linmem diff`: where two runs diverge, the writers of the differing bytes, and the exit status.

use serde_json::Value;

use crate::support::command::{Folder, Run, read_in_repository};

/// Returns a guest that stores three bytes, the last one `third`, and returns their number.
fn guest(third: u8, comment: &str) -> String {
    format!(
        r#"(module ;; {comment}
  (memory (export "memory") 1 3)
  (data (i32.const 0x20) "data")
  (func $fill (export "fill") (param $at i32) (result i32)
    (i32.store8 (local.get $at) (i32.const 65))
    (i32.store8 offset=1 (local.get $at) (i32.const 66))
    (i32.store8 offset=2 (local.get $at) (i32.const {third}))
    (i32.const 3))
  (func (export "grow") (param $by i32) (result i32) (memory.grow (local.get $by)))
  (func (export "fail") (param $if i32) (if (local.get $if) (then (unreachable)))))"#
    )
}

const SCRIPT: &str =
    "module \"a.wat\"\nlet at = 0x100\nn = call fill(at)\nout = read at, n as utf8\n";

/// Returns a folder with two guests, which differ in their third byte, and a script for both.
fn folder() -> Folder {
    Folder::new()
        .with("a.wat", guest(67, "one"))
        .with("b.wat", guest(68, "two"))
        .with("a.steps", SCRIPT)
}

/// Runs `linmem diff` and returns its exit status, standard output and standard error.
fn diff(folder: &Folder, args: &[&str]) -> (i32, String, String) {
    let Run {
        status,
        stdout,
        stderr,
        ..
    } = folder.run(&[&["diff"], args].concat());
    (status, stdout, stderr)
}

/// Runs `linmem diff` and returns its exit status and its JSON document.
fn diff_json(folder: &Folder, args: &[&str]) -> (i32, Value) {
    let (status, out, err) = diff(folder, &[args, &["--format", "json"]].concat());
    let document = serde_json::from_str(&out);
    (
        status,
        document.unwrap_or_else(|e| panic!("{e}: {out}{err}")),
    )
}

#[test]
fn runs_that_behave_alike_are_the_same() {
    let folder = folder();
    let (status, out, _) = diff(&folder, &["a.steps", "a.steps"]);
    assert_eq!(status, 0, "{out}");
    assert!(out.contains("same: 4 steps"), "{out}");
    // One more function moves every offset and changes the hash, but not the behavior.
    folder.write(
        "c.wat",
        guest(67, "three").replacen("(func", "(func (export \"unused\"))\n  (func", 1),
    );
    let (status, out, _) = diff(
        &folder,
        &["a.steps", "--module", "a.wat", "--module", "c.wat"],
    );
    assert_eq!(status, 0, "{out}");
    let (status, document) = diff_json(&folder, &["a.steps", "--module", "c.wat"]);
    assert_eq!(
        (status, &document["same"], &document["parting"]),
        (0, &Value::Bool(true), &Value::Null)
    );
    assert_ne!(
        document["sides"][0]["guest"]["sha256"],
        document["sides"][1]["guest"]["sha256"]
    );
}

#[test]
fn two_modules_diverge_at_a_store_inside_a_call() {
    let folder = folder();
    let (status, out, err) = diff(
        &folder,
        &[
            "a.steps", "--module", "a.wat", "--module", "b.wat", "--color", "never",
        ],
    );
    assert_eq!((status, err.as_str()), (1, ""));
    insta::assert_snapshot!("parted_in_a_call", out);
}

#[test]
fn json_holds_the_writers_of_both_sides() {
    let folder = folder();
    let (status, document) = diff_json(
        &folder,
        &["a.steps", "--module", "a.wat", "--module", "b.wat"],
    );
    assert_eq!(status, 1);
    assert_eq!(document["schema"], "linmem.diff/1");
    let parting = &document["parting"];
    assert_eq!(parting["step"], 2);
    assert_eq!(parting["store"]["number"], 3);
    assert_eq!(parting["byte"]["address"], 0x102);
    for (side, (value, path)) in [(67, "a.wat:7"), (68, "b.wat:7")].into_iter().enumerate() {
        let held = &parting["byte"]["sides"][side];
        assert_eq!(
            (&held["value"], &held["step"], &held["store"]),
            (&value.into(), &2.into(), &3.into())
        );
        assert_eq!(
            (&held["writer"]["function"], &held["writer"]["source"]),
            (&"fill".into(), &path.into())
        );
        assert!(held["writer"]["offset"].is_u64());
        assert_eq!(
            parting["store"]["sides"][side]["after"],
            format!("{value:02x}")
        );
    }
    assert_eq!(parting["bytes_differing"], 1);
    assert_eq!(
        parting["spans"],
        serde_json::json!([{"start": 0x102, "len": 1}])
    );
    assert_eq!(document["rest"]["differ"], serde_json::json!([3]));
    assert_eq!(
        document["rest"]["parts"][0]["sides"],
        serde_json::json!(["ABC", "ABD"])
    );
    assert_keys_are_described(&document);
}

/// Asserts that `docs/diff.md` describes every key of `document`.
#[track_caller]
fn assert_keys_are_described(document: &Value) {
    let page = read_in_repository("docs/diff.md");
    for key in keys(document) {
        assert!(
            page.contains(&format!("`{key}`")),
            "docs/diff.md does not describe `{key}`"
        );
    }
}

/// Returns the keys of `value` and of everything in it.
fn keys(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, member)| std::iter::once(key.as_str()).chain(keys(member)))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn stores_that_were_not_recorded_are_null() {
    let folder = folder();
    let (_, document) = diff_json(
        &folder,
        &[
            "a.steps",
            "--module",
            "a.wat",
            "--module",
            "b.wat",
            "--max-stores",
            "1",
        ],
    );
    assert_eq!(document["parting"]["store"], Value::Null);
    assert_eq!(document["parting"]["byte"]["address"], 0x102);
}

#[test]
fn every_result_of_a_step_is_compared() {
    let folder = folder();
    folder.write(
        "import.wat",
        "(module (import \"env\" \"say\" (func $say (param i32))) (memory (export \"memory\") 1)
        (func (export \"f\") (param i32) (call $say (local.get 0))))",
    );
    let module = "module \"a.wat\"\n";
    let import = "module \"import.wat\"\nimport env.say(n)\n";
    let cases = [
        (
            "grow",
            module,
            "n = call grow(1)",
            "n = call grow(2)",
            "arguments",
        ),
        ("size", module, "n = grow 1", "n = grow 2", "pages"),
        ("bind", module, "let x = 1", "let x = 2", "binding"),
        ("name", module, "let x = 1", "let y = 1", "binding"),
        ("nan", module, "let x = 0.0", "let x = -0.0", "binding"),
        ("trap", module, "call fail(0)", "call fail(1)", "outcome"),
        ("fail", module, "expect 1 == 2", "expect 1 == 1", "outcome"),
        ("why", module, "expect 1 == 2", "expect 1 == 3", "error"),
        ("calls", import, "call f(1)", "call f(2)", "import call"),
        (
            "found",
            module,
            "region r = 16, 4\nwrite 16, \"abcd\"",
            "region r = 16, 3\nwrite 16, \"abcd\"",
            "findings",
        ),
    ];
    for (name, head, a, b, what) in cases {
        folder.write("x.steps", format!("{head}{a}\n"));
        folder.write("y.steps", format!("{head}{b}\n"));
        let (status, document) = diff_json(&folder, &["x.steps", "y.steps"]);
        assert_eq!(status, 1, "{name}");
        let found: Vec<&str> = document["parting"]["parts"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|p| p["what"].as_str())
            .collect();
        assert!(found.contains(&what), "{name}: {found:?}");
        assert_keys_are_described(&document);
        let (status, out, _) = diff(&folder, &["x.steps", "y.steps"]);
        assert_eq!(status, 1);
        assert!(
            out.contains("The runs first differ at step "),
            "{name}: {out}"
        );
        assert_eq!(diff(&folder, &["x.steps", "x.steps"]).0, 0, "{name}");
    }
    folder.write("x.steps", format!("{module}let x = nan\n"));
    assert_eq!(
        diff(&folder, &["x.steps", "x.steps"]).0,
        0,
        "not a number is the same as itself"
    );
}

#[test]
fn a_longer_run_diverges_where_the_other_ends() {
    let folder = folder();
    folder.write("more.steps", format!("{SCRIPT}write at, \"x\"\n"));
    let (status, out, _) = diff(&folder, &["a.steps", "more.steps"]);
    assert_eq!(status, 1);
    assert!(out.contains("Only one side has a step 4."), "{out}");
    assert!(
        out.contains("A 4  has no such step") && out.contains("B 4  write at, \"x\""),
        "{out}"
    );
    assert!(
        out.contains("1 byte of memory differs at the end."),
        "{out}"
    );
}

#[test]
fn options_apply_to_both_sides() {
    let folder = folder();
    folder.write(
        "x.steps",
        "module \"a.wat\"\ninput at = 1\nwrite at, \"x\"\n",
    );
    folder.write(
        "y.steps",
        "module \"a.wat\"\ninput at = 2\nwrite at, \"x\"\n",
    );
    assert_eq!(diff(&folder, &["x.steps", "y.steps"]).0, 1);
    assert_eq!(diff(&folder, &["x.steps", "y.steps", "--set", "at=7"]).0, 0);
    let (_, out, _) = diff(&folder, &["x.steps", "y.steps", "--ascii"]);
    assert!(out.is_ascii(), "{out}");
}

#[test]
fn unusable_arguments_exit_with_2() {
    let folder = folder();
    let cases: [(&[&str], &str); 6] = [
        (
            &["a.steps"],
            "there is nothing to compare; name a second session, or give --module twice",
        ),
        (&["a.steps", "none.steps"], "side B cannot be run"),
        (
            &["a.steps", "--module", "a.wat", "--module", "none.wat"],
            "side B cannot be run",
        ),
        (
            &[
                "a.steps", "--module", "a.wat", "--module", "a.wat", "--module", "a.wat",
            ],
            "--module is given 3 times",
        ),
        (&["-", "-"], "standard input cannot be both sessions"),
        (
            &["a.steps", "a.steps", "--set", "nobody=1"],
            "side A cannot be run",
        ),
    ];
    for (args, expected) in cases {
        let (status, out, err) = diff(&folder, args);
        assert_eq!((status, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains(expected), "{args:?}: {err}");
    }
}

#[test]
fn control_characters_in_names_are_escaped() {
    let folder = folder();
    let text = guest(68, "x").replace("$fill (export", "$fill (export \"\\1b[2J\") (export");
    folder.write("evil.wat", text.replace("$fill", "(@name \"\\1b[31m\")"));
    let (status, out, err) = diff(
        &folder,
        &["a.steps", "--module", "a.wat", "--module", "evil.wat"],
    );
    assert_eq!(status, 1, "{err}");
    assert!(
        !out.contains('\x1b') && out.contains("\\u{1b}[31m"),
        "{out}"
    );
}
