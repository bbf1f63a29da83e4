//! `expect`, `expect trap`, `expect finding` and `ask`.

use serde_json::json;

use super::harness::{
    GUEST, Run, Trace, assert_contains, assert_refused, folder_with, run, run_in, run_on,
};

#[test]
fn expect_fails_unless_the_expression_is_true() {
    run("expect true\nexpect 1 + 1 == 2").ok_trace();
    let trace = run("expect false\nlet never = 1").failed_trace();
    assert_eq!(trace.steps().len(), 2);
    assert_eq!(trace.last()["kind"], "expect");
    assert_contains(
        run("expect 1").failed_trace().error(),
        "expected true or false",
    );
    assert_contains(
        run("expect 1 / 0 == 1").failed_trace().error(),
        "divides by zero",
    );
}

#[test]
fn failed_comparisons_show_both_sides() {
    let trace = run("let n = 3\nexpect n * 2 == 7").failed_trace();
    assert_contains(trace.error(), "left:  6\nright: 7");
    let trace = run("expect \"abc\" == \"abd\"").failed_trace();
    assert_contains(
        trace.error(),
        "left:  \"abc\"\nright: \"abd\"\nfirst difference at byte 2",
    );
    assert_contains(
        run("expect 2 < 1").failed_trace().error(),
        "left:  2\nright: 1",
    );
}

#[test]
fn expect_trap_requires_the_text_in_the_message() {
    let steps = "expect trap call boom()\nexpect trap \"unreachable\" call boom()\n\
                 expect trap \"zero\" call divide(1, 0)\nlet after = 1";
    let trace = run(steps).ok_trace();
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
fn expect_trap_fails_on_another_message() {
    let trace = run("expect trap \"out of bounds\" call boom()").failed_trace();
    assert_contains(
        trace.error(),
        "boom trapped, but not with \"out of bounds\"",
    );
    assert_contains(trace.error(), "unreachable");
}

#[test]
fn expect_trap_fails_without_a_trap() {
    let trace = run("expect trap call id32(5)").failed_trace();
    assert_contains(
        trace.error(),
        "id32 was expected to trap, but it returned 5",
    );
    assert_eq!(
        run("expect trap call missing()").failed_trace().last()["outcome"],
        "failed"
    );
    assert_contains(
        run("expect trap call id32()").failed_trace().error(),
        "takes 1 argument",
    );
}

#[test]
fn expect_trap_accepts_traps_of_imports() {
    let wat = r#"(module (import "env" "f" (func $f)) (import "env" "g" (func $g))
      (func (export "f") (call $f)) (func (export "g") (call $g)))"#;
    let trace = run_on(
        wat,
        "import env.f() traps \"no luck\"\nexpect trap \"luck\" call f()\nexpect trap \"env.g\" call g()",
    );
    assert_eq!(trace.ok_trace().findings(2), ["import-undefined"]);
}

/// Returns the kind of each finding, the status of the run that has it, and the step that causes it.
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

fn cause(steps: &str) -> Run {
    let wat = GUEST.replace(
        "(module",
        "(module (import \"env\" \"undefined\" (func $undefined))",
    );
    let folder = folder_with(&wat.replace(
        "(func $nothing (",
        "(func (export \"undefined\") (call $undefined)) (func $nothing (",
    ));
    run_in(
        &folder,
        &format!("module \"guest.wat\"\nwrite 4, hex\"ff\"\n{steps}"),
        &["--max-time", "200ms"],
    )
}

#[test]
fn claimed_findings_do_not_end_the_run() {
    for (kind, outcome, step) in causes() {
        let trace = cause(&format!("{step}\nexpect finding {kind}\nlet after = 1")).ok_trace();
        assert_eq!(trace.value("after"), 1, "{kind}");
        assert_eq!(trace.step(2)["outcome"], outcome, "{kind}");
        assert_eq!(trace.step(2)["findings"][0]["kind"], kind);
        assert_eq!(trace.step(2)["findings"][0]["expected"], true, "{kind}");
        assert_eq!(trace.step(3)["outcome"], "ok", "{kind}");
    }
}

#[test]
fn unclaimed_errors_exit_with_1() {
    for (kind, outcome, step) in causes() {
        let run = cause(&format!("{step}\nlet after = 1"));
        let trace = if outcome == "ok" {
            run.ok_trace()
        } else {
            run.trace(1, outcome)
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
fn expect_finding_requires_the_finding_in_the_previous_step() {
    let trace = run("let x = 1\nexpect finding trap").failed_trace();
    assert_contains(
        trace.error(),
        "step 1 was expected to have the finding trap; it has none",
    );
    let trace = run("call grow(1)\nexpect finding overrun").failed_trace();
    assert_contains(trace.error(), "it has memory-grew");
    let trace = run("call boom()\nexpect finding out-of-bounds").trapped_trace();
    assert_eq!(trace.steps().len(), 2, "another kind claims nothing");
    let trace = run("call grow(1)\nlet x = 1\nexpect finding memory-grew").failed_trace();
    assert_contains(trace.error(), "step 2");
    assert_refused(
        "expect finding nonsense",
        &["no kind of finding `nonsense`"],
    );
}

#[test]
fn findings_of_one_step_are_claimed_one_by_one() {
    let wat = r#"(module (memory (export "memory") 1)
      (func (export "go") (drop (memory.grow (i32.const 1))) (unreachable)))"#;
    let trace = run_on(
        wat,
        "call go()\nexpect finding memory-grew\nexpect finding trap\nlet after = 1",
    )
    .ok_trace();
    assert_eq!(trace.value("after"), 1);
    run_on(
        wat,
        "call go()\nexpect finding trap\nexpect finding memory-grew\nlet after = 1",
    )
    .ok_trace();
    let trace = run_on(wat, "call go()\nexpect finding memory-grew\nlet after = 1").trapped_trace();
    assert_eq!(trace.steps().len(), 2);
}

#[test]
fn expect_finding_applies_to_step_0() {
    let wat = "(module (func $start unreachable) (start $start))";
    run_on(wat, "expect finding trap\nlet after = 1").ok_trace();
}

#[track_caller]
fn answer(trace: &Trace, step: usize) -> &serde_json::Value {
    assert_eq!(trace.step(step)["kind"], "ask");
    &trace.step(step)["ask"]["answer"]
}

#[test]
fn ask_is_answered_after_the_step_that_follows() {
    let trace = run("ask \"How many pages?\" = pages()\ncall grow(1)\ncall grow(1)").ok_trace();
    assert_eq!(trace.step(1)["ask"]["question"], "How many pages?");
    assert_eq!(answer(&trace, 1), &json!({"value": 2, "error": null}));
}

#[test]
fn ask_is_answered_when_its_expression_has_a_value() {
    let trace = run("ask \"What comes back?\" = x\ncall nothing()\nlet y = 1\nx = call id32(7)\nx = call id32(8)").ok_trace();
    assert_eq!(answer(&trace, 1), &json!({"value": 7, "error": null}));
}

#[test]
fn ask_that_cannot_be_evaluated_gives_a_reason() {
    let trace = run("ask \"What?\" = x\ncall boom()\nx = call id32(1)").trapped_trace();
    assert_eq!(answer(&trace, 1)["value"], json!(null));
    assert_contains(answer(&trace, 1)["error"].as_str().unwrap(), "x");
    assert_refused("ask \"What?\" = x\nlet y = 1", &["no variable `x`"]);
    let trace = run("let y = 1\nask \"What?\" = y").ok_trace();
    assert_eq!(answer(&trace, 2), &json!(null), "no step behind it answers");
}

#[test]
fn ask_shows_question_and_answer_in_text() {
    let folder = folder_with(GUEST);
    folder.write(
        "s.steps",
        "module \"guest.wat\"\nask \"What comes back?\" = x\ncall nothing()\nx = call id32(7)",
    );
    let text = folder.run(&["run", "s.steps"]).stdout;
    assert_contains(&text, "What comes back?");
    assert!(
        text.contains("Answer: 7") || text.contains("answer: 7") || text.contains("answer is 7"),
        "{text}"
    );
}
