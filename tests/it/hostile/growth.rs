//! Memory and tables grow up to the limit, and the message names the limit that was reached.

use crate::support::command::steps_on;

const TWO_MIB: [&str; 2] = ["--max-memory", "2MiB"];

/// Returns a module that grows its memory by `by` pages until growth is refused.
fn greedy(memory: &str, by: i32) -> String {
    format!(
        r#"(module (memory (export "memory") {memory}) (func $more (export "greedy")
             (loop (br_if 0 (i32.ne (memory.grow (i32.const {by})) (i32.const -1))))))"#
    )
}

#[test]
fn growth_stops_at_the_limit_with_a_finding() {
    let answer = steps_on(
        greedy("1", 1),
        "call greedy()\nexpect pages() == 32",
        &TWO_MIB,
    );
    answer.assert_ok(&[
        "from 1 to 32 pages",
        "warning: growth-refused: more asked for 1 more page than the 32 pages, 2 MiB",
        "because of --max-memory",
        "itself allows 65536 pages, 4 GiB",
        "--max-memory 2112KiB would grant it",
    ]);
}

#[test]
fn refused_growth_can_be_expected_or_denied() {
    let denied = [&TWO_MIB[..], &["--deny", "warnings"]].concat();
    let answer = steps_on(greedy("1", 100), "call greedy()", &denied);
    assert_eq!(answer.status, 1);
    answer.assert_contains(&["asked for 100 more pages than the 1 page, 64 KiB"]);
    steps_on(
        greedy("1", 100),
        "call greedy()\nexpect finding growth-refused",
        &denied,
    )
    .assert_ok(&["expect finding"]);
}

/// A guest that ignores the answer uses memory that it does not have.
#[test]
fn growth_refused_by_the_module_names_its_maximum() {
    for (memory, by, pages) in [("1 4", 1, "4 pages"), ("1 40", 40, "40 pages")] {
        let answer = steps_on(
            greedy(memory, by),
            "call greedy()",
            &["--max-memory", "16MiB"],
        );
        let reason = format!("the maximum that the module itself declares, {pages}");
        answer.assert_ok(&["warning: growth-refused", &reason]);
    }
}

/// All addresses are in use, so neither the module nor the host has refused anything.
#[test]
fn growth_past_all_addresses_is_not_a_finding() {
    for (memory, by) in [("1", 65536), ("1", -1), ("1 4", 0)] {
        let steps = match by {
            0 => "expect pages() == 1",
            _ => "call greedy()",
        };
        let answer = steps_on(greedy(memory, by), steps, &["--max-memory", "16MiB"]);
        assert!(
            !answer.stdout.contains("growth-refused"),
            "{memory} by {by}: {}",
            answer.stdout
        );
        answer.assert_ok(&[]);
    }
}

#[test]
fn host_growth_names_the_limit() {
    let steps = "grow 40";
    steps_on(greedy("1 4", 1), steps, &TWO_MIB)
        .assert_stopped(&["cannot grow by 40 pages: it may have at most 4 pages"]);
    steps_on(greedy("1 99", 1), steps, &TWO_MIB)
        .assert_stopped(&["cannot grow by 40 pages: --max-memory allows at most 32 pages"]);
    steps_on(greedy("1", 1), "grow 70000", &TWO_MIB)
        .assert_stopped(&["it may have at most 65536 pages"]);
}

#[test]
fn modules_that_start_above_the_limit_are_refused() {
    let large = r#"(module (memory (export "memory") 20000))"#;
    steps_on(large, "let x = 1", &[]).assert_refused(&[
        "at least 1250 MiB",
        "limit is 1 GiB",
        "--max-memory 1250MiB",
    ]);
    steps_on("(module (memory 65536))", "let x = 1", &[])
        .assert_refused(&["at least 4 GiB", "--max-memory 4GiB"]);
    steps_on("(module (table 10000001 funcref))", "let x = 1", &[])
        .assert_refused(&["needs tables of 10000001 elements"]);
    let tables = "(module (table 9000000 funcref) (table 9000000 funcref))";
    steps_on(tables, "let x = 1", &[])
        .assert_refused(&["needs tables of 18000000 elements; at most 10000000"]);
}

#[test]
fn table_growth_is_limited() {
    let table = r#"(module (table $t 1 funcref) (memory (export "memory") 1) (func (export "greedy") (result i32)
        (local $i i32)
        (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1))))
        (local.get $i)))"#;
    steps_on(table, "n = call greedy()\nexpect n == 10", &[]).assert_ok(&["all ok"]);
}
