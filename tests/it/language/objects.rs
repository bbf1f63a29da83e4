//! Objects of the host, which a guest holds as an `externref`.

use serde_json::json;

use super::harness::{assert_contains, assert_fails, assert_refused, run_on};

/// A guest that keeps an object, passes objects on and takes one from an import.
const KEEPER: &str = r#"(module
  (import "env" "open" (func $open (param externref i32) (result externref)))
  (global $held (export "held") (mut externref) (ref.null extern))
  (table $objects 2 externref)
  (func (export "same") (param externref) (result externref) (local.get 0))
  (func (export "hold") (param externref) (table.set $objects (i32.const 1) (local.get 0)))
  (func (export "held_object") (result externref) (table.get $objects (i32.const 1)))
  (func (export "open") (param externref) (result externref)
    (call $open (local.get 0) (i32.const 7))))"#;

#[test]
fn an_object_keeps_its_identity_through_the_guest() {
    let trace = run_on(
        KEEPER,
        "import env.open(parent, n) let file = object(\"file\") ; returns file\n\
         let doc = object(\"document\")\nlet twin = object(\"document\")\nr = call same(doc)\n\
         expect r == doc\nexpect r != twin\nexpect r != null\ncall hold(twin)\n\
         h = call held_object()\nexpect h == twin\nset held = doc\ng = global held\n\
         expect g == doc\nf = call open(doc)\nexpect call_args(env.open, 0) == [doc, 7]\n\
         expect call_results(env.open, 0) == [f]\nexpect f != doc\nn = call same(null)\n\
         expect n == null",
    )
    .ok_trace();
    assert_eq!(trace.value("r"), "document");
    assert_eq!(trace.value("f"), "file");
    let open = &trace.step(13);
    assert_eq!(open["call"]["args"], json!(["document"]));
    assert_eq!(open["imports_called"][0]["args"], json!(["document", 7]));
    assert_eq!(open["imports_called"][0]["results"], json!(["file"]));
}

#[test]
fn an_object_is_a_reference_and_nothing_else() {
    assert_fails(&[
        (
            "object(1)",
            "`object(…)` was given an integer (1); it takes text",
        ),
        ("object(\"a\") + 1", "an object (a)"),
        ("len(object(\"a\"))", "an object (a)"),
    ]);
    assert_refused(
        "let x = object()",
        &["s.steps:2:9", "write `object(\"name\")`"],
    );
    assert_refused(
        "input x = object(\"a\")",
        &[
            "s.steps:2:11",
            "`object(…)` has no value before the guest starts",
        ],
    );
    let error = |steps| run_on(KEEPER, steps).failed_trace();
    assert_contains(
        error("call same(5)").error(),
        "an integer (5) was given; null or an object (object(\"name\")) is needed",
    );
    assert_contains(
        error("let d = object(\"d\")\nexpect d == object(\"d\")").error(),
        "left:  d",
    );
}
