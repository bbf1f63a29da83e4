//! `expect`, `expect trap`, `expect finding` and `ask`.

use serde_json::json;

use super::support::{Folder, GUEST, Trace, assert_contains, refused, run, run_on};

#[test]
fn the_step_fails_unless_the_expression_is_true() {
    run("expect true\nexpect 1 + 1 == 2").ok();
    let trace = run("expect false\nlet never = 1").failed();
    assert_eq!(trace.steps().len(), 2);
    assert_eq!(trace.last()["kind"], "expect");
    assert_contains(run("expect 1").failed().error(), "expected true or false");
    assert_contains(run("expect 1 / 0 == 1").failed().error(), "divides by zero");
}

#[test]
fn a_failed_comparison_shows_both_sides() {
    let trace = run("let n = 3\nexpect n * 2 == 7").failed();
    assert_contains(trace.error(), "left:  6\nright: 7");
    let trace = run("expect \"abc\" == \"abd\"").failed();
    assert_contains(
        trace.error(),
        "left:  \"abc\"\nright: \"abd\"\nfirst difference at byte 2",
    );
    assert_contains(run("expect 2 < 1").failed().error(), "left:  2\nright: 1");
}

#[test]
fn expect_trap_wants_a_trap_whose_text_contains_the_words() {
    let steps = "expect trap call boom()\nexpect trap \"unreachable\" call boom()\n\
                 expect trap \"zero\" call divide(1, 0)\nlet after = 1";
    let trace = run(steps).ok();
    assert_eq!(trace.value("after"), 1);
    assert_eq!(trace.findings(1), ["trap"]);
    assert_eq!(trace.step(1)["findings"][0]["expected"], true);
    assert_eq!(trace.step(1)["outcome"], "ok");
    assert_eq!(
        trace.step(3)["call"],
        json!({"export": "divide", "args": [1, 0], "results": []})
    );
}

#[test]
fn a_trap_with_other_words_fails() {
    let trace = run("expect trap \"out of bounds\" call boom()").failed();
    assert_contains(
        trace.error(),
        "boom trapped, but not with \"out of bounds\"",
    );
    assert_contains(trace.error(), "unreachable");
}

#[test]
fn a_call_that_does_not_trap_fails() {
    let trace = run("expect trap call id32(5)").failed();
    assert_contains(
        trace.error(),
        "id32 was expected to trap, but it returned 5",
    );
    assert_eq!(
        run("expect trap call missing()").failed().last()["outcome"],
        "failed"
    );
    assert_contains(
        run("expect trap call id32()").failed().error(),
        "takes 1 argument",
    );
}

#[test]
fn expect_trap_takes_traps_of_imports_too() {
    let wat = r#"(module (import "env" "f" (func $f)) (import "env" "g" (func $g))
      (func (export "f") (call $f)) (func (export "g") (call $g)))"#;
    let trace = run_on(
        wat,
        "import env.f() traps \"no luck\"\nexpect trap \"luck\" call f()\nexpect trap \"env.g\" call g()",
    );
    assert_eq!(trace.ok().findings(2), ["import-undefined"]);
}

/// A step with a finding, and what must stand before it.
fn causes() -> [(&'static str, &'static str, &'static str); 6] {
    [
        ("trap", "trapped", "call boom()"),
        ("out-of-bounds", "failed", "x = read 65536 as u8"),
        ("invalid-utf8", "failed", "x = read 4, 1 as utf8"),
        ("memory-grew", "ok", "call grow(1)"),
        ("import-undefined", "trapped", "call undefined()"),
        ("limit", "cancelled", "call spin()"),
    ]
}

fn cause(steps: &str) -> super::support::Run {
    let wat = GUEST.replace(
        "(module",
        "(module (import \"env\" \"undefined\" (func $undefined))",
    );
    let folder = Folder::with_guest(&wat.replace(
        "(func $nothing (",
        "(func (export \"undefined\") (call $undefined)) (func $nothing (",
    ));
    folder.steps(
        &format!("module \"guest.wat\"\nwrite 4, hex\"ff\"\n{steps}"),
        &["--max-time", "200ms"],
    )
}

#[test]
fn a_claimed_finding_no_longer_counts_and_the_run_goes_on() {
    for (kind, outcome, step) in causes() {
        let trace = cause(&format!("{step}\nexpect finding {kind}\nlet after = 1")).ok();
        assert_eq!(trace.value("after"), 1, "{kind}");
        assert_eq!(trace.step(2)["outcome"], outcome, "{kind}");
        assert_eq!(trace.step(2)["findings"][0]["kind"], kind);
        assert_eq!(trace.step(2)["findings"][0]["expected"], true, "{kind}");
        assert_eq!(trace.step(3)["outcome"], "ok", "{kind}");
    }
}

#[test]
fn an_unclaimed_finding_of_severity_error_ends_with_status_1() {
    for (kind, outcome, step) in causes() {
        let run = cause(&format!("{step}\nlet after = 1"));
        let trace = if outcome == "ok" {
            run.ok()
        } else {
            run.ended(1, outcome)
        };
        assert_eq!(trace.findings(2), [kind]);
        assert_eq!(trace.step(2)["findings"][0]["expected"], false, "{kind}");
        assert_eq!(
            trace.steps().len(),
            if outcome == "ok" { 4 } else { 3 },
            "{kind}"
        );
    }
}

#[test]
fn the_previous_step_must_have_this_finding() {
    let trace = run("let x = 1\nexpect finding trap").failed();
    assert_contains(
        trace.error(),
        "step 1 was expected to have the finding trap; it has none",
    );
    let trace = run("call grow(1)\nexpect finding overrun").failed();
    assert_contains(trace.error(), "it has memory-grew");
    let trace = run("call boom()\nexpect finding out-of-bounds").trapped();
    assert_eq!(trace.steps().len(), 2, "another kind claims nothing");
    let trace = run("call grow(1)\nlet x = 1\nexpect finding memory-grew").failed();
    assert_contains(trace.error(), "step 2");
    refused(
        "expect finding nonsense",
        &["no kind of finding `nonsense`"],
    );
}

#[test]
fn several_findings_of_one_step_are_claimed_one_by_one() {
    let wat = r#"(module (memory (export "memory") 1)
      (func (export "go") (drop (memory.grow (i32.const 1))) (unreachable)))"#;
    let trace = run_on(
        wat,
        "call go()\nexpect finding memory-grew\nexpect finding trap\nlet after = 1",
    )
    .ok();
    assert_eq!(trace.value("after"), 1);
    run_on(
        wat,
        "call go()\nexpect finding trap\nexpect finding memory-grew\nlet after = 1",
    )
    .ok();
    let trace = run_on(wat, "call go()\nexpect finding memory-grew\nlet after = 1").trapped();
    assert_eq!(trace.steps().len(), 2);
}

#[test]
fn expect_finding_stands_for_step_0_too() {
    let wat = "(module (func $start unreachable) (start $start))";
    run_on(wat, "expect finding trap\nlet after = 1").ok();
}

#[track_caller]
fn answer(trace: &Trace, step: usize) -> &serde_json::Value {
    assert_eq!(trace.step(step)["kind"], "ask");
    &trace.step(step)["ask"]["answer"]
}

#[test]
fn ask_is_answered_after_the_step_that_follows() {
    let trace = run("ask \"How many pages?\" = pages()\ncall grow(1)\ncall grow(1)").ok();
    assert_eq!(trace.step(1)["ask"]["question"], "How many pages?");
    assert_eq!(answer(&trace, 1), &json!({"value": 2, "error": null}));
}

#[test]
fn ask_is_answered_when_its_expression_can_be_told() {
    let trace = run("ask \"What comes back?\" = x\ncall nothing()\nlet y = 1\nx = call id32(7)\nx = call id32(8)").ok();
    assert_eq!(answer(&trace, 1), &json!({"value": 7, "error": null}));
}

#[test]
fn ask_that_can_never_be_told_says_why() {
    let trace = run("ask \"What?\" = x\ncall boom()\nx = call id32(1)").trapped();
    assert_eq!(answer(&trace, 1)["value"], json!(null));
    assert_contains(answer(&trace, 1)["error"].as_str().unwrap(), "x");
    refused("ask \"What?\" = x\nlet y = 1", &["no variable `x`"]);
    let trace = run("let y = 1\nask \"What?\" = y").ok();
    assert_eq!(answer(&trace, 2), &json!(null), "no step behind it answers");
}

#[test]
fn ask_shows_question_and_answer_in_text() {
    let folder = Folder::with_guest(GUEST);
    folder.file(
        "s.steps",
        "module \"guest.wat\"\nask \"What comes back?\" = x\ncall nothing()\nx = call id32(7)",
    );
    let text = folder.linmem(&["run", "s.steps"], "").stdout;
    assert_contains(&text, "What comes back?");
    assert!(
        text.contains("Answer: 7") || text.contains("answer: 7") || text.contains("answer is 7"),
        "{text}"
    );
}
