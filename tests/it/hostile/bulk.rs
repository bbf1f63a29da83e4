//! Bulk operations in a straight line are stopped at the time limit.

use std::time::Duration;

use crate::support::command::steps_on;

#[test]
fn straight_bulk_operations_are_stopped() {
    let fill = "(memory.fill (i32.const 0) (i32.const 7) (i32.const 0x4000000))".repeat(300);
    let copy =
        "(memory.copy (i32.const 0) (i32.const 0x2000000) (i32.const 0x2000000))".repeat(600);
    let table = "(table.fill (i32.const 0) (ref.null func) (i32.const 5000000))".repeat(900);
    for body in [fill, copy, table] {
        let guest = format!(
            r#"(module (memory (export "memory") 1024) (table 5000000 funcref)
                (func (export "go") {body}))"#
        );
        let run = steps_on(guest, "call go()", &["--max-time", "100ms"]);
        let run = run.assert_stopped(&["(cancelled)", "longer than 100ms"]);
        assert!(run.duration < Duration::from_secs(60), "{:?}", run.duration);
    }
}
