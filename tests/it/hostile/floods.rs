//! Large numbers of import calls are counted, and the first ones are recorded.

use crate::support::command::steps_on;

const MILLION: &str = r#"(module (import "env" "f" (func $f (param i32) (result i32))) (memory (export "memory") 16)
    (func (export "go") (local i32) (loop
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (drop (call $f (local.get 0)))
        (br_if 0 (i32.lt_u (local.get 0) (i32.const 1000000))))))"#;

#[test]
fn one_million_import_calls_are_counted() {
    let lines = "import env.f(a) returns a\ncall go()\nexpect calls(env.f) == 1000000";
    steps_on(MILLION, lines, &["--max-time", "60s"]).assert_ok(&["more of 1000000 calls"]);
    let writes = "import env.f(a) writes 0, repeat(\"a\", 1000000) ; returns a\ncall go()";
    steps_on(MILLION, writes, &["--max-time", "60s"]).assert_stopped(&[
        "limit",
        "256 MiB",
        "called env.f(1)",
    ]);
}
