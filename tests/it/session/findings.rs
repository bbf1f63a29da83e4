//! Each kind of finding: a small session that causes it, and near misses that do not.

use serde_json::Value as Json;

use crate::support::command::{Folder, linmem, read_in_repository};
use crate::support::trace::Trace;

/// A guest with a buffer that moves to a new page, an allocator that never reuses bytes, and
/// exports that run single instructions.
const GUEST: &str = r#"(module
  (import "env" "put" (func $put (param i32)))
  (memory (export "memory") 1 20)
  (data (i32.const 0x300) "guest data")
  (global $buffer (mut i32) (i32.const 0x400))
  (global $top (mut i32) (i32.const 0x1000))
  (global (export "place") (mut i32) (i32.const 0x400))
  (global (export "fixed") i32 (i32.const 0x400))
  (func (export "buffer") (result i32) (global.get $buffer))
  (func (export "same") (param i32) (result i32) (local.get 0))
  ;; Moves the buffer to a new page and copies its bytes.
  (func (export "move") (param $n i32) (result i32)
    (local $new i32)
    (local.set $new (i32.shl (memory.grow (i32.const 1)) (i32.const 16)))
    (memory.copy (local.get $new) (global.get $buffer) (local.get $n))
    (i32.store8 (local.get $new) (i32.const 0x21))
    (global.set $buffer (local.get $new))
    (global.set 2 (local.get $new))
    (local.get $n))
  (func (export "shift") (global.set $buffer (i32.add (global.get $buffer) (i32.const 64))))
  (func (export "grow") (drop (memory.grow (i32.const 1))))
  ;; Each call returns other bytes, and stores nothing.
  (func (export "fresh") (result i32)
    (global.set $top (i32.add (global.get $top) (i32.const 64)))
    (global.get $top))
  ;; Writes a header before each block.
  (func $alloc (export "alloc") (param $n i32) (result i32)
    (i32.store (global.get $top) (local.get $n))
    (global.set $top (i32.add (global.get $top) (i32.add (local.get $n) (i32.const 8))))
    (i32.sub (global.get $top) (local.get $n)))
  (func (export "free_nothing") (param i32))
  (func $free (export "free") (param i32)
    (i32.store (local.get 0) (i32.const -1)) (i32.store offset=4 (local.get 0) (i32.const -1))
    (i32.store offset=8 (local.get 0) (i32.const -1)))
  (func (export "realloc_inside") (param i32 i32) (drop (call $alloc (i32.const 4)))
    (i32.store8 (local.get 0) (local.get 1)))
  (func (export "give") (param i32) (result i32) (i32.store8 (local.get 0) (i32.const 0)) (local.get 0))
  (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "poke8") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "put") (param i32) (call $put (local.get 0)))
  (func (export "boom") (unreachable))
  (func (export "spin") (loop $again (br $again)))
  ;; Stores byte by byte, with a counter in memory as in unoptimized code.
  (func $loop (export "loop") (param $at i32) (param $n i32)
    (i32.store (i32.const 0x100) (i32.const 0))
    (loop $next
      (i32.store8 (i32.add (local.get $at) (i32.load (i32.const 0x100))) (i32.const 0x78))
      (i32.store (i32.const 0x100) (i32.add (i32.load (i32.const 0x100)) (i32.const 1)))
      (br_if $next (i32.lt_u (i32.load (i32.const 0x100)) (local.get $n)))))
)"#;

const IMPORT: &str = "import env.put(at) writes at, \"0123456789\"";

/// The findings of a run.
struct Findings {
    trace: Trace,
    exit_status: i32,
}

/// The step of a finding, its kind, and the step that it blames.
type Summary = (usize, String, Option<u64>);

impl Findings {
    fn status(&self) -> &Json {
        &self.trace.0["status"]
    }

    fn summaries(&self) -> Vec<Summary> {
        let mut summaries = Vec::new();
        for (index, step) in self.trace.steps().iter().enumerate() {
            for finding in step["findings"].as_array().unwrap() {
                let kind = finding["kind"].as_str().unwrap();
                summaries.push((index, kind.into(), finding["step"].as_u64()));
            }
        }
        summaries
    }

    fn kinds(&self) -> Vec<String> {
        self.summaries()
            .into_iter()
            .map(|(_, kind, _)| kind)
            .collect()
    }

    #[track_caller]
    fn find(&self, kind: &str) -> &Json {
        let steps = self.trace.steps().iter();
        let mut all = steps.flat_map(|step| step["findings"].as_array().unwrap());
        all.find(|finding| finding["kind"] == kind)
            .unwrap_or_else(|| panic!("no {kind}: {:?}", self.summaries()))
    }

    /// Asserts that the message of the first finding of `kind` contains `text`.
    #[track_caller]
    fn assert_message(&self, kind: &str, text: &str) {
        let message = self.find(kind)["message"].as_str().unwrap();
        assert!(message.contains(text), "`{text}` is not in: {message}");
    }
}

fn run_file(path: &str, args: &[&str]) -> Findings {
    let run = linmem(&[&["run", path, "--format", "json"], args].concat());
    let trace = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    Findings {
        trace: Trace(trace),
        exit_status: run.status,
    }
}

/// Runs `steps` on the guest `wat`.
fn run_on(wat: &str, steps: &str, args: &[&str]) -> Findings {
    let folder = Folder::new()
        .with("guest.wat", wat)
        .with("s.steps", format!("module \"guest.wat\"\n{steps}"));
    run_file(&folder.arg("s.steps"), args)
}

/// Runs `steps` on [`GUEST`].
fn run(steps: &str) -> Findings {
    run_on(GUEST, &format!("{IMPORT}\n{steps}"), &[])
}

/// Asserts that a session has exactly the `expected` findings, apart from notes of growth.
#[track_caller]
fn assert_finds(steps: &str, expected: &[(usize, &str, Option<u64>)]) -> Findings {
    let findings = run(steps);
    let mut summaries = findings.summaries();
    assert_eq!(*findings.status(), "ok", "{steps}\n{summaries:?}");
    summaries.retain(|(_, kind, _)| kind != "memory-grew");
    let expected: Vec<Summary> = expected
        .iter()
        .map(|(step, kind, blamed)| (*step, (*kind).into(), *blamed))
        .collect();
    assert_eq!(summaries, expected, "{steps}");
    findings
}

/// Asserts that a session has no finding apart from notes of growth.
#[track_caller]
fn assert_no_findings(steps: &str) {
    assert_finds(steps, &[]);
}

#[test]
fn a_later_fetch_reveals_a_stale_pointer() {
    let trace = assert_finds(
        "p = call buffer()\nwrite p, \"abcd\"\nn = call move(4)\nx = read p, n as utf8\np = call buffer()",
        &[
            (4, "pointer-not-refetched", Some(3)),
            (5, "stale-pointer", Some(4)),
        ],
    );
    trace.assert_message(
        "stale-pointer",
        "p has moved from 0x400 to 0x10000, and step 4 used the old address",
    );
    trace.assert_message(
        "stale-pointer",
        "it read \"abcd\" at 0x400, while 0x10000 holds \"!bcd\"",
    );
    assert_eq!(trace.find("stale-pointer")["address"], 0x400);
    assert_eq!(trace.exit_status, 0);
    // Without growth the use itself is not suspicious. The later fetch reveals it.
    assert_finds(
        "p = call buffer()\ncall shift()\nwrite p + 2, \"x\"\np = call buffer()",
        &[(4, "stale-pointer", Some(3))],
    );
    // A pointer may also come from a global, and be passed to the guest.
    assert_finds(
        "p = global place\nwrite p, \"a\"\ncall move(1)\ncall poke(p, 1)\np = global place",
        &[
            (4, "pointer-not-refetched", Some(3)),
            (5, "stale-pointer", Some(4)),
        ],
    );
}

#[test]
fn use_of_a_moved_pointer_is_found_at_once() {
    let trace = assert_finds(
        "p = call buffer()\nlet old = p + 1\nwrite p, \"abcd\"\ncall move(4)\np = call buffer()\nx = read old, 3 as utf8",
        &[(6, "stale-pointer", Some(1))],
    );
    trace.assert_message(
        "stale-pointer",
        "old is still 0x400, from step 1, but buffer() returns 0x10000 since step 5",
    );
    trace.assert_message(
        "stale-pointer",
        "this step read \"bcd\" at 0x401, while 0x10001 holds \"bcd\"",
    );
    assert_finds(
        "p = call buffer()\nq = call buffer()\ncall shift()\np = call buffer()\nwrite q, \"x\"\nregion r = q, 4",
        &[(5, "stale-pointer", Some(2)), (6, "stale-pointer", Some(2))],
    );
}

#[test]
fn refetched_pointers_are_not_stale() {
    assert_no_findings(
        "p = call buffer()\nwrite p, \"a\"\ncall move(1)\np = call buffer()\nx = read p, 1 as utf8",
    );
    assert_no_findings(
        "p = call buffer()\nwrite p, \"a\"\nx = read p, 1 as utf8\ncall shift()\np = call buffer()",
    );
    // The use is between two calls, and either of them may have moved the buffer.
    assert_no_findings(
        "p = call buffer()\ncall shift()\nwrite p, \"a\"\ncall shift()\np = call buffer()",
    );
    // An allocator returns another address each time, and its blocks do not move.
    assert_no_findings(
        "a = call fresh()\nwrite a, \"a\"\ncall shift()\nwrite a, \"b\"\nb = call fresh()\nwrite a, \"c\"\nwrite b, \"d\"",
    );
    assert_no_findings(
        "a = call alloc(8)\ncall grow()\nwrite a, \"a\"\nb = call alloc(8)\nwrite a, \"c\"\nwrite b, \"d\"",
    );
    // The arguments differ, so the results are different pointers.
    assert_no_findings("a = call same(64)\nb = call same(128)\nwrite a, \"a\"\nwrite b, \"b\"");
}

#[test]
fn use_after_growth_without_a_fetch_is_noted_once() {
    let trace = assert_finds(
        "p = call buffer()\ncall grow()\nwrite p, \"a\"\nwrite p, \"b\"",
        &[(3, "pointer-not-refetched", Some(2))],
    );
    trace.assert_message(
        "pointer-not-refetched",
        "p has the value from step 1, 0x400, but memory grew in step 2",
    );
    assert_eq!(trace.find("pointer-not-refetched")["severity"], "note");
    assert_eq!(trace.exit_status, 0);
    // Growth by the host moves no buffer of the guest, and neither does a pointer from an immutable
    // global.
    assert_no_findings("p = call buffer()\nold = grow 1\nwrite p, \"a\"");
    assert_no_findings("p = global fixed\ncall grow()\nwrite p, \"a\"");
    assert_no_findings("p = call buffer()\ncall grow()\nq = call buffer()\nwrite p, \"a\"");
}

#[test]
fn pointers_into_released_blocks_are_stale() {
    let trace = assert_finds(
        "p = call alloc(8)\nblock b = p, 8\ncall free(p)\nrelease b\ncall put(p)\ncall same(p + 4)",
        &[
            (5, "stale-pointer", Some(4)),
            (5, "use-after-release", Some(4)),
            (6, "stale-pointer", Some(4)),
        ],
    );
    trace.assert_message(
        "stale-pointer",
        "p points to 0x1008, in block b, which was released in step 4",
    );
    assert_no_findings("p = call alloc(8)\nblock b = p, 8\ncall same(p)\ncall free(p)\nrelease b");
    // The release precedes the call that frees the block.
    assert_no_findings(
        "p = call alloc(16)\nblock b = p, 8\nwrite p, \"a\"\nrelease b\ncall free_nothing(p)",
    );
}

#[test]
fn writes_past_the_end_of_a_region_are_an_overrun() {
    let trace = assert_finds(
        "region r = 0x400, 16\ncall loop(0x408, 10)",
        &[(2, "overrun", None)],
    );
    trace.assert_message("overrun", "the guest, in loop");
    trace.assert_message(
        "overrun",
        "wrote past the end of region r, 0x410: of 10 bytes at 0x408..0x412, the last 2 went into",
    );
    trace.assert_message("overrun", "bytes that were zero and may be unused");
    assert_eq!(trace.find("overrun")["address"], 0x410);
    assert_eq!(trace.find("overrun")["severity"], "warning");
    // One write crosses the end, by each kind of writer.
    assert_finds(
        "region r = 0x400, 16\ncall poke8(0x40c, -1)",
        &[(2, "overrun", None)],
    );
    assert_finds(
        "region r = 0x400, 16\ncall fill(0x400, 1, 17)",
        &[(2, "overrun", None)],
    );
    assert_finds(
        "region r = 0x400, 16\nwrite 0x400, repeat(\"x\", 20)",
        &[(2, "overrun", None)],
    )
    .assert_message("overrun", "the host");
    assert_finds(
        "region r = 0x400, 16\ncall put(0x40a)",
        &[(2, "overrun", None)],
    )
    .assert_message("overrun", "the import env.put");
    assert_finds(
        "block b = 0x400, 16\ncall fill(0x400, 1, 17)\nrelease b",
        &[(2, "overrun", None)],
    );
}

#[test]
fn overruns_name_what_they_hit() {
    let hits = |steps: &str, words: &str| {
        run(&format!("{steps}\ncall fill(0x2f0, 1, 32)")).assert_message("overrun", words)
    };
    hits(
        "region r = 0x2f0, 8\nregion other = 0x300, 4",
        "went into region other",
    );
    hits(
        "region r = 0x2f0, 16",
        "went into guest data, written by data segment 0",
    );
    hits("region r = 0x2f0, 8\nwrite 0x2fe, \"x\"", "guest data");
    let trace = run("region r = 0x400, 8\nwrite 0x40a, \"x\"\ncall fill(0x400, 1, 12)");
    trace.assert_message("overrun", "bytes that held something else");
}

#[test]
fn writes_that_do_not_cross_the_end_are_not_an_overrun() {
    assert_no_findings("region r = 0x400, 16\ncall loop(0x400, 16)");
    assert_no_findings("region r = 0x400, 16\ncall fill(0x410, 1, 16)");
    assert_no_findings(
        "region r = 0x400, 16\nwrite 0x400, repeat(\"x\", 16)\ncall copy(0x800, 0x400, 64)",
    );
    // The writes fill a larger region, or begin before the region.
    assert_no_findings("region r = 0x400, 16\nregion whole = 0x400, 64\ncall fill(0x400, 1, 64)");
    assert_no_findings("region r = 0x400, 16\ncall fill(0x3f0, 1, 64)");
    // Two writers, and two calls.
    assert_no_findings("region r = 0x400, 16\nwrite 0x400, repeat(\"x\", 16)\nwrite 0x410, \"x\"");
    assert_no_findings("region r = 0x400, 16\ncall fill(0x400, 1, 16)\ncall fill(0x410, 1, 16)");
    // The allocator stores its lists in the block that is being freed.
    assert_no_findings("p = call alloc(8)\nblock b = p, 8\ncall free(p)\nrelease b");
    // A block inside a region has an end of its own.
    assert_finds(
        "region heap = 0x400, 1024\nblock b = 0x400, 16\ncall fill(0x400, 1, 17)\nrelease b",
        &[(3, "overrun", None)],
    );
}

#[test]
fn returned_lengths_past_the_region_are_found() {
    let trace = assert_finds(
        "region r = 0x400, 16\nn = call same(20)\nx = read 0x400, n as utf8",
        &[(3, "length-past-region", Some(2))],
    );
    trace.assert_message(
        "length-past-region",
        "n, which step 2 got from the guest, makes this read go 4 bytes past the end of region r",
    );
    assert_eq!(trace.find("length-past-region")["address"], 0x410);
    assert_finds(
        "region r = 0x400, 16\nn = call same(17)\nx = read 0x401, n - 1 as utf8",
        &[(3, "length-past-region", Some(2))],
    );
    assert_no_findings("region r = 0x400, 16\nn = call same(16)\nx = read 0x400, n as utf8");
    assert_no_findings("region r = 0x400, 16\nn = call same(17)\nx = read 0x400, n - 1 as utf8");
    assert_no_findings(
        "region r = 0x400, 16\nregion whole = 0x400, 64\nn = call same(20)\nx = read 0x400, n as utf8",
    );
    // A length that the script states is not from the guest.
    assert_no_findings(
        "region r = 0x400, 16\nlet n = 20\nx = read 0x400, n as utf8\ny = read 0x400, 20 as bytes",
    );
}

#[test]
fn use_of_a_released_block_is_found() {
    let start = "p = call alloc(8)\nblock b = p, 8\ncall free(p)\nrelease b";
    let trace = assert_finds(
        &format!("{start}\nx = read p, 4 as bytes"),
        &[(5, "use-after-release", Some(4))],
    );
    trace.assert_message(
        "use-after-release",
        "the host read the 4 bytes at 0x1008..0x100c, in block b, which was released in step 4",
    );
    assert_eq!(trace.exit_status, 1);
    assert_finds(
        &format!("{start}\nwrite p + 7, \"xy\""),
        &[(5, "use-after-release", Some(4))],
    );
    assert_finds(
        &format!("{start}\ncall poke(0x1008, 1)"),
        &[(5, "use-after-release", Some(4))],
    )
    .assert_message("use-after-release", "the guest, in poke");
    assert_finds(
        &format!("{start}\ncall put(0x1000)"),
        &[(5, "use-after-release", Some(4))],
    )
    .assert_message("use-after-release", "the import env.put");
    // The accesses are next to the block, before it, or before the release.
    assert_no_findings(&format!(
        "{start}\ncall poke(0x1010, 1)\nx = read 0x1010, 4 as bytes\nwrite 0x1004, \"abcd\""
    ));
    assert_no_findings(
        "p = call alloc(8)\nblock b = p, 8\nwrite p, \"x\"\ncall free(p)\nrelease b",
    );
}

#[test]
fn reallocated_bytes_may_be_used() {
    let start = "p = call alloc(8)\nblock b = p, 8\ncall free(p)\nrelease b";
    assert_no_findings(&format!(
        "{start}\nq = call give(0x1008)\nwrite q, \"x\"\ncall poke(0x1009, 1)"
    ));
    assert_no_findings(&format!(
        "{start}\nblock again = 0x1008, 8\nwrite 0x1008, \"x\"\nrelease again"
    ));
    // The allocator of the guest ran in the call and may have reused the bytes.
    assert_no_findings(&format!("{start}\ncall realloc_inside(0x1008, 1)"));
}

#[test]
fn double_release_is_found() {
    let trace = assert_finds(
        "block b = 0x400, 8\nrelease b\nrelease b",
        &[(3, "double-release", Some(2))],
    );
    assert_eq!(trace.exit_status, 1);
    assert_no_findings("block b = 0x400, 8\nrelease b\nblock b = 0x400, 8\nrelease b");
    assert_no_findings("block a = 0x400, 8\nblock b = 0x500, 8\nrelease a\nrelease b");
}

#[test]
fn unreleased_blocks_are_leaks() {
    let trace = assert_finds("block b = 0x400, 8\nlet x = 1", &[(2, "leak", Some(1))]);
    trace.assert_message(
        "leak",
        "block b, the 8 bytes at 0x400..0x408, was never released",
    );
    assert_eq!(trace.exit_status, 0);
    assert_finds(
        "block b = 0x400, 8\nblock b = 0x500, 8\nrelease b",
        &[(2, "leak", Some(1))],
    );
    assert_no_findings("block b = 0x400, 8\nrelease b");
    assert_no_findings("region r = 0x400, 8");
    // A run that stopped early has no leaks.
    let trace = run("block b = 0x400, 8\nexpect false");
    assert_eq!(trace.summaries(), []);
}

#[test]
fn overlapping_blocks_are_found() {
    let trace = assert_finds(
        "block a = 0x400, 8\nblock b = 0x404, 8\nrelease a\nrelease b",
        &[(2, "overlap", Some(1))],
    );
    trace.assert_message(
        "overlap",
        "block b shares the 4 bytes at 0x404..0x408 with block a",
    );
    assert_no_findings("block a = 0x400, 8\nblock b = 0x408, 8\nrelease a\nrelease b");
    assert_no_findings("block a = 0x400, 8\nrelease a\nblock b = 0x404, 8\nrelease b");
    assert_no_findings("region r = 0x400, 64\nblock b = 0x404, 8\nrelease b");
}

#[test]
fn other_findings_and_their_near_misses() {
    let kinds =
        |steps: &str, args: &[&str]| run_on(GUEST, &format!("{IMPORT}\n{steps}"), args).kinds();
    assert_eq!(kinds("call boom()", &[]), ["trap"]);
    assert_eq!(kinds("call same(1)", &[]), [""; 0]);
    assert_eq!(kinds("x = read 65533 as u32", &[]), ["out-of-bounds"]);
    assert_eq!(kinds("x = read 65532 as u32", &[]), [""; 0]);
    assert_eq!(
        kinds("write 0, hex\"c3\"\nx = read 0, 1 as utf8", &[]),
        ["invalid-utf8"]
    );
    assert_eq!(
        kinds("write 0, hex\"c3 a9\"\nx = read 0, 2 as utf8", &[]),
        [""; 0]
    );
    assert_eq!(kinds("call grow()", &[]), ["memory-grew"]);
    assert_eq!(kinds("old = grow 0", &[]), [""; 0]);
    assert_eq!(kinds("call spin()", &["--max-time", "50ms"]), ["limit"]);
    assert_eq!(kinds("call same(1)", &["--max-time", "10s"]), [""; 0]);
    let undefined = |steps| run_on(GUEST, steps, &[]).summaries();
    assert_eq!(
        undefined("call put(0)"),
        [(1, "import-undefined".into(), None)]
    );
    assert_eq!(undefined("call same(0)"), []);
}

#[test]
fn expected_findings_do_not_fail_the_run() {
    let claimed = |steps: &str, args: &[&str]| {
        let trace = run_on(GUEST, &format!("{IMPORT}\n{steps}"), args);
        assert_eq!(
            (trace.exit_status, trace.status()),
            (0, &Json::from("ok")),
            "{steps}: {:?}",
            trace.summaries()
        );
    };
    let deny = &["--deny", "warnings"][..];
    claimed(
        "region r = 0x400, 16\ncall fill(0x400, 1, 17)\nexpect finding overrun",
        deny,
    );
    claimed("block b = 0x400, 8\nexpect finding leak", deny);
    claimed("block b = 0x400, 8\nlet x = 1\nexpect finding leak", deny);
    claimed(
        "block b = 0x400, 8\nrelease b\nrelease b\nexpect finding double-release",
        &[],
    );
    claimed(
        "block b = 0x400, 8\nrelease b\nx = read 0x400 as u8\nexpect finding use-after-release",
        &[],
    );
    claimed(
        "p = call buffer()\ncall shift()\nwrite p, \"a\"\np = call buffer()\nexpect finding stale-pointer",
        deny,
    );
    claimed(
        "p = call buffer()\ncall grow()\nwrite p, \"a\"\nexpect finding pointer-not-refetched",
        deny,
    );
    claimed(
        "region r = 0x400, 1\nn = call same(2)\nx = read 0x400, n as utf8\nexpect finding length-past-region",
        deny,
    );
    claimed(
        "block a = 0x400, 8\nblock b = 0x404, 8\nexpect finding overlap\nrelease a\nrelease b\n",
        deny,
    );
    let trace = run_on(
        GUEST,
        &format!("{IMPORT}\nregion r = 0x400, 16\ncall fill(0x400, 1, 17)"),
        deny,
    );
    assert_eq!(trace.exit_status, 1);
}

#[test]
fn findings_distinguish_the_three_contracts() {
    // Rust: the allocator grows memory in the first call, and nothing overruns.
    let rust = run_file("guest/rust/wasm_is_cool.steps", &["--deny", "warnings"]);
    assert_eq!(
        (rust.kinds(), rust.exit_status),
        (vec!["memory-grew".into()], 0)
    );

    // C: nothing traps, and the text overruns the buffer.
    let steps = |read: &str| {
        format!(
            "input text = repeat(\"x\", 99)\nptr = call get_wasm_memory_buffer_pointer()\nregion buffer = ptr, 100\n\
             write ptr, text\nn = call add_wasm_is_cool(len(text))\nout = read ptr, {read} as utf8"
        )
    };
    let c = &read_in_repository("guest/c_contract.wat");
    let trace = run_on(c, &steps("n - 1"), &[]);
    assert_eq!(
        trace.summaries(),
        [
            (4, "overrun".into(), None),
            (5, "length-past-region".into(), Some(4))
        ]
    );
    let words =
        "of 15 bytes at 0x463..0x472, the last 14 went into guest data, written by data segment 1";
    trace.assert_message(
        "overrun",
        &format!("wrote past the end of region buffer, 0x464: {words}"),
    );
    trace.assert_message("overrun", "in add_wasm_is_cool at ");
    trace.assert_message("length-past-region", "go 13 bytes past");
    // The guest appends a NUL: 85 bytes fit, and with 86 bytes only the NUL does not.
    assert_eq!(
        run_on(c, &steps("n"), &["--set", "text=repeat(\"x\", 85)"]).kinds(),
        [""; 0]
    );
    let trace = run_on(c, &steps("n"), &["--set", "text=repeat(\"x\", 86)"]);
    assert_eq!(trace.kinds(), ["overrun", "length-past-region"]);
    trace.assert_message("length-past-region", "go 1 byte past");

    // The guest whose buffer moves: a read through the old pointer returns old bytes.
    let growing = &read_in_repository("guest/examples/growing.wat");
    let trace = run_on(
        growing,
        &steps("n").replace("99", "12").replace("100", "1024"),
        &[],
    );
    assert_eq!(trace.kinds(), ["memory-grew", "pointer-not-refetched"]);
    let again = format!(
        "{}\nptr = call get_wasm_memory_buffer_pointer()",
        steps("n").replace("99", "12")
    );
    let trace = run_on(growing, &again, &[]);
    assert_eq!(
        trace.kinds(),
        ["memory-grew", "pointer-not-refetched", "stale-pointer"]
    );
    trace.assert_message(
        "stale-pointer",
        "while 0x10000 holds \"xxxxxxxxxxxx Wasm is cool!\"",
    );
}

#[test]
fn shipped_sessions_have_no_unexpected_warnings() {
    for path in [
        "guest/wasm_is_cool.steps",
        "guest/c_contract.steps",
        "guest/c_overrun.steps",
        "guest/rust/wasm_is_cool.steps",
        "guest/examples/alloc.steps",
        "guest/examples/callback.steps",
        "guest/examples/growing.steps",
        "guest/examples/in_place.steps",
    ] {
        let trace = run_file(path, &["--deny", "warnings"]);
        assert_eq!(trace.exit_status, 0, "{path}: {:?}", trace.summaries());
    }
}
