//! `region`, `block` and `release`.

use serde_json::json;

use super::harness::{assert_contains, assert_refused, run};

#[test]
fn region_names_a_permanent_span() {
    let trace = run("let p = 64\nregion buffer = p, 16\nwrite p, \"a\"").ok_trace();
    assert_eq!(
        trace.step(2)["span"],
        json!({"kind": "region", "name": "buffer", "start": 64, "len": 16})
    );
    assert_eq!(trace.step(2)["kind"], "region");
    assert_eq!(trace.step(2)["changes"], json!([]));
}

#[test]
fn release_ends_a_block() {
    let trace = run("block b = 64, 16\nrelease b\nblock b = 80, 4").ok_trace();
    assert_eq!(
        trace.step(1)["span"],
        json!({"kind": "block", "name": "b", "start": 64, "len": 16})
    );
    assert_eq!(trace.step(2)["released"], "b");
    assert_eq!(
        (&trace.step(1)["kind"], &trace.step(2)["kind"]),
        (&json!("block"), &json!("release"))
    );
    assert_eq!(trace.step(3)["span"]["start"], 80);
    assert_refused("release b", &["there is no block `b`"]);
    assert_refused("region r = 0, 1\nrelease r", &["there is no block `r`"]);
    assert_refused("release b\nblock b = 0, 1", &["there is no block `b`"]);
}

#[test]
fn spans_must_be_inside_memory() {
    let trace = run("let n = 2000\nregion r = 65000, n").failed_trace();
    assert_contains(trace.error(), "memory ends at 0x10000");
    assert_contains(trace.error(), "n is 2000, from step 1");
    assert_eq!(trace.findings(2), ["out-of-bounds"]);
    run("region all = 0, 65536\nblock none = 65536, 0").ok_trace();
}
