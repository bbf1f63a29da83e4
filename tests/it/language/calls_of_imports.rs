//! `import M.N(…) at K`, and `catches call`.

use crate::support::command::Folder;

const GUEST: &str = r#"(module
  (import "env" "next" (func $next (result i32)))
  (import "env" "run" (func $run))
  (memory (export "memory") 1)
  (func (export "sum") (result i32)
    (i32.add (i32.add (i32.mul (call $next) (i32.const 100)) (i32.mul (call $next) (i32.const 10)))
      (call $next)))
  (func (export "trap") (unreachable))
  (func (export "fine"))
  (func (export "go") (call $run)))"#;

fn run(steps: &str) -> crate::support::command::Run {
    let text = format!("module \"g.wat\"\n{steps}\n");
    let folder = Folder::new().with("g.wat", GUEST).with("a.steps", text);
    folder.run(&["run", "a.steps"])
}

#[test]
fn single_calls_have_lines_of_their_own() {
    run("import env.next() returns 1\nimport env.next() at 1 returns 2\nx = call sum()\nexpect x == 121")
        .success();
    let missing = run("import env.next() at 0 returns 1\ncall sum()");
    assert_eq!(missing.status, 1);
    assert!(
        missing
            .stdout
            .contains("env.next, an import that nobody defined"),
        "{}",
        missing.stdout
    );
    run("import env.next() at 1 returns 1\nimport env.next() at 1 returns 2\ncall sum()")
        .assert_refused(&["a second line for this import; the first is in line 2"]);
    run("import env.next() at -1 returns 1\ncall sum()")
        .assert_refused(&["expected the number of a call", "calls count from 0"]);
}

#[test]
fn an_import_can_go_on_after_a_trap() {
    run("import env.run() catches call trap() ; call fine()\ncall go()").success();
    let returned = run("import env.run() catches call fine()\ncall go()");
    assert_eq!(returned.status, 1);
    let text = returned
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        text.contains("the call returned, but `catches` expects it to trap"),
        "{text}"
    );
    run("import env.run() catches trap()\ncall go()").assert_refused(&["expected `call`"]);
}
