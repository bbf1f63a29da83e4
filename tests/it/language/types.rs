//! Types: declarations, records that are read and written, fields, and views.

use linmem::data_types::{DataType, Shape, TypeId, TypeSource, TypeTable};
use proptest::prelude::*;
use serde_json::json;

use super::harness::{Trace, assert_contains, folder_with, run_in};
use crate::support::command::{Run, in_repository, linmem, read_in_repository};

const TYPES: &str = "\
type Point = { x: f32, y: f32 }
type Shape = {
  kind: u8 enum { circle = 0, polygon = 1 },  # one byte and three of padding
  name: *cstr,
  count: u32,
  points: *[Point; count],
}
type Packet = packed { id: u64, flags: u16 flags { ack = 0x1, last = 0x8 }, body @ 16: [u8; 8] }
";

fn run(steps: &str) -> Run {
    let wat = read_in_repository("tests/types/shapes.wat");
    let script = format!("module \"guest.wat\"\n{TYPES}p = call shape()\n{steps}");
    run_in(&folder_with(&wat), &script, &[])
}

fn ok(steps: &str) -> Trace {
    run(steps).ok_trace()
}

#[track_caller]
fn refused(steps: &str, texts: &[&str]) {
    run(steps).assert_refused(texts);
}

#[track_caller]
fn fails(steps: &str, texts: &[&str]) {
    let trace = run(steps).failed_trace();
    for text in texts {
        assert_contains(trace.error(), text);
    }
}

#[test]
fn fields_of_a_record_are_values() {
    ok("s = read p as Shape
expect s.count == 2
expect s.points[1].y == 2.0
expect s.points[0] == Point { x: 1, y: 1.5 }
expect s.kind == \"polygon\"
expect s.kind == 1
expect s.kind + 1 == 2
expect s.name == \"square\"
expect s.name == 0x500
expect s.name ++ \"!\" == \"square!\"
expect len(s.name) == 6
expect len(s.points) == 2
expect s.points + 8 == 0x468
expect s.points > 0x400
let name = s.name
expect name == \"square\"
let first = s.points[0]
expect first.y == 1.5
n = call same(s.points)
expect n == 0x460
second = read s.points + size(Point) as Point
expect second.y == 2.0");
}

#[test]
fn a_value_in_json_has_its_fields() {
    let trace = ok("s = read p as Shape");
    let s = trace.value("s");
    assert_eq!(s["count"], 2);
    assert_eq!(s["kind"], "polygon");
    assert_eq!(s["name"], json!({"address": 0x500, "value": "square"}));
    assert_eq!(s["points"]["value"][1], json!({"x": 0.0, "y": 2.0}));
    assert_eq!(trace.type_of("s"), "record");
}

#[test]
fn sizes_and_offsets_are_those_of_c() {
    ok("expect size(Point) == 8
expect size(Shape) == 16
expect size(Packet) == 24
expect size([Shape; 3]) == 48
expect size(*Shape) == 4
expect size({ a: u8, b: u64, c: bool }) == 24
expect size(packed { a: u8, b: u64, c: bool }) == 10
expect size(union { a: u8, b: u32 }) == 4
expect offset(Shape.name) == 4
expect offset(Shape.points) == 12
expect offset(Packet.body) == 16
expect offset(Packet.body[3]) == 19
let n = size(Shape)");
}

#[test]
fn a_write_leaves_padding_and_missing_fields_as_they_are() {
    let trace = ok("write 2048, repeat(\"x\", 16)
write 2048, Shape { kind: \"circle\", count: 7 }
b = read 2048, 16 as bytes
expect b == hex\"00 78 78 78 78 78 78 78 07 00 00 00 78 78 78 78\"
write zeroed 2048, Shape { kind: 1, name: p }
b = read 2048, 16 as bytes
expect b == hex\"01 00 00 00 00 04 00 00 00 00 00 00 00 00 00 00\"
write 2048, [Point { x: 1, y: 2 }, Point { y: -1 }]
b = read 2048, 16 as bytes
expect b == f32(1, 2, 0, -1)");
    assert_eq!(
        trace.step(3)["text"],
        "write 2048, Shape { kind: \"circle\", count: 7 }"
    );
}

#[test]
fn records_that_were_read_can_be_written_and_compared() {
    ok("s = read p as Shape
write 2048, s
t = read 2048 as Shape
expect t == s
write 4096, s.points[1]
q = read 4096 as Point
expect q == s.points[1]
expect q != Point { x: 0, y: 3 }
expect q == Point { x: 0, y: 2 }");
}

#[test]
fn enumerations_and_flags_have_names() {
    ok(
        "write 2048, Packet { id: 7, flags: \"ack | last\", body: hex\"01 02 03 04 05 06 07 08\" }
k = read 2048 as Packet
expect k.flags == \"last | ack\"
expect k.flags == 9
expect k.flags & 0x1 == 0x1
expect k.body[2] == 3
expect k.body == hex\"01 02 03 04 05 06 07 08\"
expect k.body != hex\"01 02\"
expect k == Packet { id: 7, flags: 9, body: [1, 2, 3, 4, 5, 6, 7, 8] }
b = read 2048 + 8 as u16
expect b == 9",
    );
}

#[test]
fn all_kinds_of_types_are_read() {
    ok("type Header = {
  magic: u32 be,
  tag: [char; 4],
  is_ready: bool,
  union { whole: u32, half: u16 },
  inner: { a: u8, b: u8 },
  len: u16,
  text: utf8(len)
}
write zeroed 2048, Header { magic: 1, tag: \"ab\", is_ready: true, whole: 0x10002, inner: { a: 3, b: 4 } }
write 2048 + offset(Header.len), u16(5)
write 2048 + offset(Header.text), \"hello\"
h = read 2048 as Header
expect h.magic == 1
expect h.tag == \"ab\"
expect h.is_ready
expect h.half == 2
expect h.whole == 0x10002
expect h.inner.b == 4
expect h.text == \"hello\"
b = read 2048, 4 as bytes
expect b == hex\"00 00 00 01\"
w = read 2048 + offset(Header.text), 4 as utf8
u = read 2048 as u32 be
expect u == 1
t = read 2048 + offset(Header.text) as utf8(2)
expect t == \"he\"
pp = read p + 4 as *cstr
expect pp == \"square\"
write 3000, u32(2048)
write 3004, u32(3000)
deep = read 3004 as **u32 be
expect deep == 3000
two = read p as [Shape; 2]
expect two[0].count == 2");
}

#[test]
fn a_field_that_cannot_be_read_is_an_error_only_where_it_is_used() {
    ok("type Node = { value: u32, next: *Node }
write 2048, Node { value: 1, next: 2048 }
n = read 2048 as Node
expect n.value == 1
expect n.next == 2048
write 2048, Node { next: 0x20000 }
n = read 2048 as Node
expect n.next == 0x20000");
    fails(
        "type Node = { value: u32, next: *Node }\nwrite 2048, Node { value: 1, next: 2048 }\nn = read 2048 as Node\nexpect n.next.next.value == 1",
        &["could not be read", "0x800"],
    );
    fails(
        "s = read 60000 as Shape\nexpect s.name == \"x\"",
        &["what is at 0x0 could not be read: the pointer is 0"],
    );
    fails("s = read 65530 as Shape", &["memory ends at 0x10000"]);
}

#[test]
fn a_failed_expectation_names_the_fields_and_puts_the_cursor_on_their_bytes() {
    let trace = run("s = read p as Shape\ncall add_point(p)\nwrite s.points + 4, f32(7)\nt = read p as Shape\nexpect t == s")
        .failed_trace();
    assert_contains(trace.error(), "count: left 3, right 2");
    assert_contains(trace.error(), "read this byte at 0x408");
    let trace =
        run("s = read p as Shape\nexpect s.points[1] == Point { x: 0, y: 5 }").failed_trace();
    assert_contains(trace.error(), "different field: y: left 2.0, right 5.0");
    assert_contains(trace.error(), "at 0x46e");
    let trace = run("s = read p as Shape\nexpect s.name == \"squire\"").failed_trace();
    assert_contains(trace.error(), "read this byte at 0x503");
}

#[test]
fn a_view_is_a_region_with_a_type() {
    let trace = ok("view shapes = p as [Shape; 4]
call add_point(p)
call move_first(p, 3.5)
call set_kind(p, 0)
write p + 4, u32(0x501)
view one = p as Point");
    let view = trace.step(2);
    assert_eq!(view["kind"], "view");
    assert_eq!(
        view["span"],
        json!({"kind": "region", "name": "shapes", "start": 0x400, "len": 64})
    );
    let fields = |step: usize| trace.step(step)["fields"].clone();
    assert_eq!(
        fields(3),
        json!([{
            "path": "shapes[0].count",
            "before": {"type": "int", "value": 2},
            "after": {"type": "int", "value": 3},
            "start": 0x408,
            "len": 4
        }])
    );
    assert_eq!(fields(4)[0]["path"], "shapes[0].points[0].y");
    assert_eq!(fields(4)[0]["after"]["value"], 3.5);
    assert_eq!(fields(5)[0]["before"]["value"], "polygon");
    assert_eq!(fields(6)[0]["path"], "shapes[0].name");
    assert_contains(
        trace.step(3)["happened"].as_str().unwrap(),
        "Changed field: shapes[0].count: 2 → 3.",
    );
    let views = &trace.0["views"];
    assert_eq!(views[0]["type"], "[Shape; 4]");
    assert_eq!(
        views[1],
        json!({"name": "one", "type": "Point", "start": 0x400, "len": 8})
    );
}

#[test]
fn a_write_past_a_view_is_an_overrun() {
    let trace = run("view shape = p as Shape\nwrite p, repeat(\"a\", 20)").ok_trace();
    assert_eq!(trace.findings(3), ["overrun"]);
    let trace = run("view shape = p as Shape\nwrite p, repeat(\"a\", 16)").ok_trace();
    assert!(trace.findings(3).is_empty());
}

#[test]
fn imports_read_and_write_records() {
    let wat = r#"(module (import "env" "fill" (func $fill (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "go") (param i32) (result i32) (call $fill (local.get 0))))"#;
    let script = "module \"guest.wat\"
type Point = { x: f32, y: f32 }
import env.fill(at) writes at, Point { x: 1, y: 2 } ; q = reads at as Point ; returns size(Point)
n = call go(64)
expect n == 8
q = read 64 as Point
expect q == Point { x: 1, y: 2 }
";
    let trace = run_in(&folder_with(wat), script, &[]).ok_trace();
    assert_eq!(trace.value("q"), &json!({"x": 1.0, "y": 2.0}));
}

#[test]
fn markdown_sessions_have_types_too() {
    let wat = read_in_repository("tests/types/shapes.wat");
    let folder = folder_with(&wat);
    folder.write(
        "s.md",
        "# Shapes\n\n```steps\nmodule \"guest.wat\"\ntype P = {\n  x: f32,\n  y: f32,\n}\n```\n\nRead it.\n\n\
         ```steps\nq = read 0x460 as P\nexpect q == P {\n  x: 1,\n  y: 1.5,\n}\n```\n",
    );
    folder.run(&["run", "s.md"]).success();
}

#[test]
fn mistakes_in_types_are_refused_with_their_place() {
    let refuse = |steps: &str, texts: &[&str]| refused(steps, texts);
    refuse(
        "s = read p as Shap",
        &[
            "s.steps:11:15",
            "there is no type \"Shap\"",
            "did you mean `Shape`?",
        ],
    );
    refuse(
        "s = read p as ut8",
        &[
            "s.steps:11:15",
            "memory cannot be read as `ut8`",
            "did you mean `utf8`?",
        ],
    );
    refuse(
        "s = read p as \"core::Unknown\"",
        &["s.steps:11:15", "there is no type"],
    );
    refuse(
        "type A = { x: Pint }",
        &[
            "s.steps:11:15",
            "there is no type \"Pint\"",
            "did you mean `Point`?",
        ],
    );
    refuse(
        "type A = { x: u8, x: u8 }",
        &["s.steps:11:19", "two fields x"],
    );
    refuse(
        "type A = { x: u8, union { x: u16, y: u8 } }",
        &["two fields x"],
    );
    refuse("type A = { a: A }", &["A contains itself", "*A"]);
    refuse(
        "type A = { p: [u8; n] }",
        &["no field n is before this one"],
    );
    refuse(
        "type Point = u8",
        &[
            "s.steps:11:6",
            "a second type `Point`; the first is in line 2",
        ],
    );
    refuse("type u32 = u8", &["`u32` is a type already"]);
    refuse(
        "type A = { x u8 }",
        &["s.steps:11:14", "expected `:`", "NAME: TYPE"],
    );
    refuse("type A = { x: u8", &["this `{` is never closed"]);
    refuse("type A = f32 enum { a = 0 }", &["f32 has no names"]);
    refuse("type A = u8 enum { a = 256 }", &["256 does not fit in u8"]);
    refuse("type A = u8 enum { a }", &["give each name a number"]);
    refuse(
        "write p, Point { z: 1 }",
        &[
            "s.steps:11:18",
            "Point has no field `z`",
            "its fields are x and y",
        ],
    );
    refuse("write p, Shape { cuont: 1 }", &["did you mean `count`?"]);
    refuse(
        "write p, Point { x: \"a\" }",
        &["s.steps:11:21", "text was given", "f32 takes a number"],
    );
    refuse(
        "write p, Shape { kind: \"poligon\" }",
        &["there is no \"poligon\"; did you mean \"polygon\"?"],
    );
    refuse(
        "write p, Packet { body: [1, 2] }",
        &["2 elements given, and 8 are needed"],
    );
    refuse(
        "write p, Packet { flags: \"lost\" }",
        &["there is no \"lost\""],
    );
    refuse(
        "write p, { x: 1 }",
        &["a record begins with the name of its type"],
    );
    refuse(
        "let n = size(cstr)",
        &["the length of cstr is known only in memory"],
    );
    refuse(
        "let n = offset(Shape.points[0].x)",
        &["*[Point; count] has no elements"],
    );
    refuse(
        "let n = offset(Shape.cont)",
        &["Shape has no field `cont`", "did you mean `count`?"],
    );
    refuse("view v = p", &["s.steps:11:11", "expected `as`"]);
    refuse("let g = 1 { }", &["there are no blocks"]);
}

#[test]
fn mistakes_with_values_fail_their_step() {
    fails(
        "s = read p as Shape\nlet x = s.cuont",
        &["Shape has no field `cuont`", "did you mean `count`?"],
    );
    fails(
        "s = read p as Shape\nlet x = s.count.y",
        &["an integer (2) has no fields"],
    );
    fails(
        "let n = 300\nwrite p, Shape { kind: n }",
        &["kind", "300 does not fit in u8"],
    );
    fails(
        "let t = \"too long\"\ntype A = { c: [char; 4] }\nwrite p, A { c: t }",
        &["the text has 8 bytes, and at most 4 fit"],
    );
    fails("write zeroed p, \"a\"", &["`write zeroed` writes a record"]);
    fails(
        "s = read p as Shape\nexpect s == Point { x: 1, y: 2 }",
        &["one side has no field"],
    );
    fails(
        "write p, Shape { count: 3, name: \"abc\" }",
        &["a pointer is written as the address"],
    );
}

#[test]
fn words_of_types_are_names_too() {
    ok(
        "let type = 1\nlet view = type + 1\nlet size = 3\nlet offset = size\nlet zeroed = 2048\nwrite zeroed, \"a\"\nwrite zeroed + 1, \"b\"\nlet packed = view",
    );
}

#[test]
fn the_session_of_the_documents_reads_as_before() {
    let path = in_repository("tests/types/shapes.steps");
    let run = linmem(&["run", path.to_str().unwrap()]);
    let text = run.success();
    let from = text.find("memory  ").unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("typed_session", &text[from..]);
    });
}

#[test]
fn two_runs_are_compared_by_field() {
    let path = in_repository("tests/types/shapes.steps");
    let path = path.to_str().unwrap();
    let run = linmem(&["diff", path, path, "--set", "y=3.5"]);
    run.success();
    let folder = folder_with(&read_in_repository("tests/types/shapes.wat"));
    let session = read_in_repository("tests/types/shapes.steps").replace("shapes.wat", "guest.wat");
    folder.write("a.steps", &session);
    folder.write("b.steps", session.replace("input y = 3.5", "input y = 4.5"));
    let run = folder.run(&["diff", "a.steps", "b.steps"]);
    let text = run.assert_status(1).stdout.clone();
    assert_contains(&text, "shapes[0].points[0].y");
    assert_contains(&text, "A  3.5");
    assert_contains(&text, "B  4.5");
    let json = folder.run(&["diff", "a.steps", "b.steps", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        json["parting"]["fields"][0],
        json!({"path": "shapes[0].points[0].y", "start": 0x464, "len": 4, "sides": [3.5, 4.5]})
    );
}

/// A source with one type that no declaration has.
struct OneType;

impl TypeSource for OneType {
    fn find(&mut self, name: &str, table: &mut TypeTable) -> Option<TypeId> {
        (name == "core::option::Option<u32>").then(|| {
            table.add(DataType {
                name: Some(name.into()),
                size: 8,
                align: 4,
                shape: Shape::Opaque,
            })
        })
    }
}

#[test]
fn types_of_another_source_are_found_by_their_name() {
    let text = "type Pair = { first: \"core::option::Option<u32>\", second: u8 }
let n = size(Pair) + size(\"core::option::Option<u32>\")
x = read 16 as \"core::option::Option<u32>\"
y = read 16 as \"core::option::Option<u64>\"
";
    let mut script = linmem::script::parse("a.steps", text).unwrap();
    let errors = script.resolve_types(&mut OneType).unwrap_err();
    let [error] = errors.errors.as_slice() else {
        panic!("{errors}")
    };
    assert_eq!((error.line, error.column), (4, 16));
    assert!(script.types().find("core::option::Option<u32>").is_some());
    let pair = script.types().find("Pair").unwrap();
    assert_eq!(script.types().get(pair).unwrap().size, 12);
}

/// Pieces of statements with types.
const PIECES: [&str; 40] = [
    "type ",
    "A",
    " = ",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ": ",
    ", ",
    ";",
    "*",
    "**",
    " @ ",
    "4",
    "-1",
    "u8",
    "f32 be",
    " enum ",
    " flags ",
    "packed ",
    "union ",
    "cstr",
    "char",
    "utf8(n)",
    "utf16(4)",
    "n",
    "\"q\"",
    "\n",
    "write zeroed p, ",
    "s = read p as ",
    "view v = p as ",
    "size(",
    "offset(",
    ".",
    "x: 1",
    "let t = ",
    "n: u32",
    "A { ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_with_types_is_read_or_refused(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..24)
    ) {
        let text = format!("let p = 4\ntype A = {{ n: u32, x: u8 }}\n{}", pieces.concat());
        let errors = match linmem::script::parse("a.steps", &text) {
            Ok(mut script) => script.resolve_types(&mut ()).err(),
            Err(errors) => Some(errors),
        };
        for error in errors.iter().flat_map(|errors| &errors.errors) {
            prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len());
            prop_assert!(!error.message.is_empty());
        }
    }
}
