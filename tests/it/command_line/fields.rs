//! Names and paths of fields as addresses, and memory as fields.

use serde_json::Value;

use crate::support::command::{Folder, read_in_repository};

const STEPS: &str = "\
module \"shapes.wat\"
type Point = { x: f32, y: f32 }
type Shape = { kind: u8 enum { circle = 0, polygon = 1 }, name: *cstr, count: u32, points: *[Point; count] }
p = call shape()
view shapes = p as [Shape; 2]
s = read p as Shape
region names = 0x500, 7
write p, Shape { kind: 1, name: 0x500, count: 2, points: 0x460 }
call move_first(p, 9)
call set_kind(p, 0)
call add_point(p)
both = read p as [Shape; 2]
";

fn folder() -> Folder {
    let wat = read_in_repository("tests/types/shapes.wat");
    Folder::new().with("shapes.wat", wat).with("s.steps", STEPS)
}

#[track_caller]
fn ok(args: &[&str]) -> String {
    folder().run(args).success()
}

#[track_caller]
fn json(args: &[&str]) -> Value {
    serde_json::from_str(&ok(&[args, &["--format", "json"]].concat())).unwrap()
}

/// Returns the range that `linmem who` understands, and the moment of the last write to it.
fn who(range: &str) -> (u64, u64, String) {
    let answer = json(&["who", range, "s.steps"]);
    let at = answer["runs"][0]["last"]["at"].as_str().unwrap_or_default();
    let number = |key: &str| answer[key].as_u64().unwrap();
    (number("address"), number("length"), at.to_owned())
}

#[test]
fn a_path_is_the_address_of_a_field() {
    for (path, address, length, at) in [
        ("shapes[0].kind", 0x400, 1, "7.1"),
        ("shapes[0].count", 0x408, 4, "8.1"),
        ("shapes[1].name", 0x414, 4, ""),
        // Pointers are followed.
        ("shapes[0].points[0].y", 0x464, 4, "6.1"),
        ("shapes[0].points[2 - 1]", 0x468, 8, "0.2"),
        // The variable of a step that read the record, or a list of them.
        ("s.count", 0x408, 4, "8.1"),
        ("s.points[1].y", 0x46c, 4, "0.2"),
        ("both[1].count", 0x418, 4, ""),
        ("both[0].points[0].y", 0x464, 4, "6.1"),
        // A part of the field, and regions by their names.
        ("shapes[0].points[0].y..2", 0x464, 2, "6.1"),
        ("names", 0x500, 7, "0.3"),
        ("shapes", 0x400, 32, "5.1"),
        // Variables and numbers are as ever: one byte.
        ("p", 0x400, 1, "7.1"),
        ("s.points + 0", 0x460, 1, "0.2"),
    ] {
        let (start, len, last) = who(path);
        assert_eq!((start, len), (address, length), "{path}");
        if path != "shapes" {
            assert_eq!(last, at, "{path}");
        }
    }
    let before = ok(&["who", "shapes[0].kind", "s.steps", "--previous"]);
    assert!(
        before.starts_with("0x400, after step 9: previously written"),
        "{before}"
    );
    let memory = json(&[
        "memory",
        "shapes[0].points[0].y",
        "4",
        "s.steps",
        "--at",
        "5",
    ]);
    assert_eq!(memory["bytes"], "0000c03f");
}

#[test]
fn a_path_to_no_field_names_the_fields() {
    for (path, texts) in [
        (
            "shapes[0].nam",
            [
                "there is no field nam in Shape",
                "its fields are kind, name, count and points; did you mean name?",
            ],
        ),
        (
            "shapes[2].kind",
            [
                "`shapes[2].kind` has no value",
                "there is no element 2 in 2 elements",
            ],
        ),
        ("shapes[0].kind.x", ["has no fields", "there is no field x"]),
        ("shapes.kind", ["[Shape; 2]", "there is no field kind"]),
        ("shapes[1].points[0]", ["has no parts", "the pointer is 0"]),
        ("both.kind", ["it is a list", "no fields"]),
        ("nothing.kind", ["is not an expression", "nothing"]),
    ] {
        let run = folder().run(&["who", path, "s.steps"]);
        assert_eq!(run.status, 2, "{path}");
        for text in texts {
            assert!(run.stderr.contains(text), "{path}: {}", run.stderr);
        }
    }
    // Before the view has its name.
    let run = folder().run(&["who", "shapes[0].kind", "s.steps", "--at", "1"]);
    assert_eq!(run.status, 2, "{}", run.stdout);
}

#[test]
fn questions_have_paths_too() {
    let lines = concat!(
        r#"{"id": 1, "memory": {"address": "shapes[0].count"}}"#,
        "\n",
        r#"{"id": 2, "next": {"address": "s.points[0].y"}}"#,
        "\n",
        r#"{"id": 3, "who": {"address": "shapes[0].nam"}}"#,
        "\n",
    );
    let folder = folder();
    let output = folder
        .command(&["query", "s.steps"])
        .stdin(lines)
        .run()
        .success();
    let answers: Vec<Value> = output
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers[0]["memory"]["bytes"], "03000000");
    assert_eq!(answers[1]["next"]["address"], 0x464);
    assert_eq!(answers[2]["error"]["code"], "no-value");
}

#[test]
fn memory_is_printed_as_fields() {
    let text = ok(&["memory", "shapes[0]", "16", "s.steps", "--format", "fields"]);
    let expected = "\
0x400..0x410, 16 bytes, after step 9
  0x400        1  shapes[0].kind    u8 enum          circle
  0x404        4  shapes[0].name    *cstr            0x500 → \"square\"
  0x408        4  shapes[0].count   u32              3
";
    assert!(text.starts_with(expected), "{text}");
    let last = text.lines().last().unwrap();
    assert!(
        last.starts_with("  0x40c        4  shapes[0].points  *[Point; count]"),
        "{text}"
    );
    // Only the fields of the range.
    let text = ok(&[
        "memory", "0x409", "1", "s.steps", "--format", "fields", "--at", "7",
    ]);
    assert!(
        text.ends_with("  0x408        4  shapes[0].count  u32  2\n"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2);
    // As a type, also where no view is.
    let text = ok(&[
        "memory",
        "0x460",
        "16",
        "s.steps",
        "--format",
        "fields",
        "--as",
        "[Point; 2]",
    ]);
    assert!(
        text.contains("  0x464        4  [Point; 2][0].y  f32  9.0\n"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 5);
    for (args, message) in [
        (
            vec!["0x460", "16", "--format", "fields"],
            "no view of the session has bytes of 0x460..0x470",
        ),
        (
            vec!["0x460", "16", "--format", "fields", "--as", "Poin"],
            "`Poin` is not a type",
        ),
        (
            vec!["0x460", "16", "--as", "Point"],
            "only --format fields prints",
        ),
    ] {
        let args = [&["memory"], &args[..2], &["s.steps"], &args[2..]].concat();
        let run = folder().run(&args);
        assert_eq!(run.status, 2, "{}", run.stdout);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}
