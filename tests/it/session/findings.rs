//! Each kind of finding: a small guest and session that cause it, and a near miss that stays quiet.

use serde_json::Value as Json;
use tempfile::TempDir;

use std::process::Command;

/// A buffer that moves to a page of its own each time, as a list does that outgrew its room; an
/// allocator that goes upwards; and the plain instructions, to do with memory what a session says.
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
  ;; Moves to a new page, with what was there.
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
  ;; Each call hands out other bytes, and stores nothing to do so.
  (func (export "fresh") (result i32)
    (global.set $top (i32.add (global.get $top) (i32.const 64)))
    (global.get $top))
  ;; With a header in front, which it writes.
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
  ;; Byte by byte, with a counter in memory as unoptimised code has it.
  (func $loop (export "loop") (param $at i32) (param $n i32)
    (i32.store (i32.const 0x100) (i32.const 0))
    (loop $next
      (i32.store8 (i32.add (local.get $at) (i32.load (i32.const 0x100))) (i32.const 0x78))
      (i32.store (i32.const 0x100) (i32.add (i32.load (i32.const 0x100)) (i32.const 1)))
      (br_if $next (i32.lt_u (i32.load (i32.const 0x100)) (local.get $n)))))
)"#;

const IMPORT: &str = "import env.put(at) writes at, \"0123456789\"";

/// A trace with its exit status.
struct Trace {
    json: Json,
    code: i32,
}

/// What a finding says: the step that carries it, its kind, and the step it blames.
type Told = (usize, String, Option<u64>);

impl Trace {
    fn told(&self) -> Vec<Told> {
        let mut told = Vec::new();
        for (index, step) in self.json["steps"].as_array().unwrap().iter().enumerate() {
            for finding in step["findings"].as_array().unwrap() {
                told.push((
                    index,
                    finding["kind"].as_str().unwrap().into(),
                    finding["step"].as_u64(),
                ));
            }
        }
        told
    }

    #[track_caller]
    fn finding(&self, kind: &str) -> &Json {
        let steps = self.json["steps"].as_array().unwrap();
        let mut all = steps
            .iter()
            .flat_map(|step| step["findings"].as_array().unwrap());
        all.find(|f| f["kind"] == kind)
            .unwrap_or_else(|| panic!("no {kind}: {:?}", self.told()))
    }

    #[track_caller]
    fn says(&self, kind: &str, words: &str) {
        let message = self.finding(kind)["message"].as_str().unwrap();
        assert!(message.contains(words), "`{words}` is not in: {message}");
    }
}

fn run_file(path: &str, args: &[&str]) -> Trace {
    let output = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .args(["run", path, "--format", "json"])
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    Trace {
        json,
        code: output.status.code().unwrap(),
    }
}

/// Runs steps on a module given as text.
#[track_caller]
fn run_on(wat: &str, steps: &str, args: &[&str]) -> Trace {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("guest.wat"), wat).unwrap();
    let path = folder.path().join("s.steps");
    std::fs::write(&path, format!("module \"guest.wat\"\n{steps}")).unwrap();
    run_file(path.to_str().unwrap(), args)
}

/// Runs steps on [`GUEST`].
#[track_caller]
fn run(steps: &str) -> Trace {
    run_on(GUEST, &format!("{IMPORT}\n{steps}"), &[])
}

/// Checks that a session has these findings, each with its step and the step it blames, and no
/// other but notes of growth.
#[track_caller]
fn finds(steps: &str, wanted: &[(usize, &str, Option<u64>)]) -> Trace {
    let trace = run(steps);
    assert_eq!(trace.json["status"], "ok", "{steps}\n{:?}", trace.told());
    let told: Vec<Told> = trace
        .told()
        .into_iter()
        .filter(|(_, kind, _)| kind != "memory-grew")
        .collect();
    let wanted: Vec<Told> = wanted
        .iter()
        .map(|(step, kind, blamed)| (*step, (*kind).into(), *blamed))
        .collect();
    assert_eq!(told, wanted, "{steps}");
    trace
}

/// Checks that a session has no finding but notes of growth.
#[track_caller]
fn is_quiet(steps: &str) {
    finds(steps, &[]);
}

#[test]
fn a_pointer_that_a_later_fetch_shows_to_have_moved_was_stale() {
    let trace = finds(
        "p = call buffer()\nwrite p, \"abcd\"\nn = call move(4)\nx = read p, n as utf8\np = call buffer()",
        &[
            (4, "pointer-not-refetched", Some(3)),
            (5, "stale-pointer", Some(4)),
        ],
    );
    trace.says(
        "stale-pointer",
        "p has moved from 0x400 to 0x10000, and step 4 used the old address",
    );
    trace.says(
        "stale-pointer",
        "it read \"abcd\" at 0x400, where 0x10000 holds \"!bcd\"",
    );
    assert_eq!(trace.finding("stale-pointer")["address"], 0x400);
    assert_eq!(trace.code, 0);
    // Without growth nothing can be said at the use, and the fetch tells it all the same.
    finds(
        "p = call buffer()\ncall shift()\nwrite p + 2, \"x\"\np = call buffer()",
        &[(4, "stale-pointer", Some(3))],
    );
    // A global is fetched too, and a pointer may be handed to the guest.
    finds(
        "p = global place\nwrite p, \"a\"\ncall move(1)\ncall poke(p, 1)\np = global place",
        &[
            (4, "pointer-not-refetched", Some(3)),
            (5, "stale-pointer", Some(4)),
        ],
    );
}

#[test]
fn a_pointer_known_to_have_moved_is_told_at_once() {
    let trace = finds(
        "p = call buffer()\nlet old = p + 1\nwrite p, \"abcd\"\ncall move(4)\np = call buffer()\nx = read old, 3 as utf8",
        &[(6, "stale-pointer", Some(1))],
    );
    trace.says(
        "stale-pointer",
        "old is still 0x400, from step 1, but buffer() has answered 0x10000 since step 5",
    );
    trace.says(
        "stale-pointer",
        "the reading got \"bcd\" at 0x401, where 0x10001 holds \"bcd\"",
    );
    finds(
        "p = call buffer()\nq = call buffer()\ncall shift()\np = call buffer()\nwrite q, \"x\"\nregion r = q, 4",
        &[(5, "stale-pointer", Some(2)), (6, "stale-pointer", Some(2))],
    );
}

#[test]
fn what_is_fetched_again_in_time_is_not_stale() {
    is_quiet(
        "p = call buffer()\nwrite p, \"a\"\ncall move(1)\np = call buffer()\nx = read p, 1 as utf8",
    );
    is_quiet(
        "p = call buffer()\nwrite p, \"a\"\nx = read p, 1 as utf8\ncall shift()\np = call buffer()",
    );
    // It was used between two calls either of which may have moved it.
    is_quiet("p = call buffer()\ncall shift()\nwrite p, \"a\"\ncall shift()\np = call buffer()");
    // What an allocator hands out is another address each time, and stays where it is.
    is_quiet(
        "a = call fresh()\nwrite a, \"a\"\ncall shift()\nwrite a, \"b\"\nb = call fresh()\nwrite a, \"c\"\nwrite b, \"d\"",
    );
    is_quiet(
        "a = call alloc(8)\ncall grow()\nwrite a, \"a\"\nb = call alloc(8)\nwrite a, \"c\"\nwrite b, \"d\"",
    );
    // Asked something else.
    is_quiet("a = call same(64)\nb = call same(128)\nwrite a, \"a\"\nwrite b, \"b\"");
}

#[test]
fn a_pointer_used_after_growth_without_a_fetch_is_noted_once() {
    let trace = finds(
        "p = call buffer()\ncall grow()\nwrite p, \"a\"\nwrite p, \"b\"",
        &[(3, "pointer-not-refetched", Some(2))],
    );
    trace.says(
        "pointer-not-refetched",
        "p is used as step 1 fetched it, 0x400, but memory grew in step 2",
    );
    assert_eq!(trace.finding("pointer-not-refetched")["severity"], "note");
    assert_eq!(trace.code, 0);
    // Growth that the host makes moves nothing of the guest's; a global that cannot change tells of
    // nothing that moves.
    is_quiet("p = call buffer()\nold = grow 1\nwrite p, \"a\"");
    is_quiet("p = global fixed\ncall grow()\nwrite p, \"a\"");
    is_quiet("p = call buffer()\ncall grow()\nq = call buffer()\nwrite p, \"a\"");
}

#[test]
fn a_pointer_into_a_released_block_is_stale() {
    let trace = finds(
        "p = call alloc(8)\nblock b = p, 8\ncall free(p)\nrelease b\ncall put(p)\ncall same(p + 4)",
        &[
            (5, "stale-pointer", Some(4)),
            (5, "use-after-release", Some(4)),
            (6, "stale-pointer", Some(4)),
        ],
    );
    trace.says(
        "stale-pointer",
        "p points to 0x1008, in block b, which was given back in step 4",
    );
    is_quiet("p = call alloc(8)\nblock b = p, 8\ncall same(p)\ncall free(p)\nrelease b");
    // Given back, and then the guest is told.
    is_quiet("p = call alloc(16)\nblock b = p, 8\nwrite p, \"a\"\nrelease b\ncall free_nothing(p)");
}

#[test]
fn writes_that_run_on_past_a_region_are_an_overrun() {
    let trace = finds(
        "region r = 0x400, 16\ncall loop(0x408, 10)",
        &[(2, "overrun", None)],
    );
    trace.says("overrun", "the guest, in loop");
    trace.says("overrun", "wrote on past the end of region r, 0x410: of 10 bytes at 0x408..0x412 the last 2 went into");
    trace.says("overrun", "bytes that were zero and perhaps unused");
    assert_eq!(trace.finding("overrun")["address"], 0x410);
    assert_eq!(trace.finding("overrun")["severity"], "warning");
    // One write that lies across the end; by each of those who write.
    finds(
        "region r = 0x400, 16\ncall poke8(0x40c, -1)",
        &[(2, "overrun", None)],
    );
    finds(
        "region r = 0x400, 16\ncall fill(0x400, 1, 17)",
        &[(2, "overrun", None)],
    );
    finds(
        "region r = 0x400, 16\nwrite 0x400, repeat(\"x\", 20)",
        &[(2, "overrun", None)],
    )
    .says("overrun", "the host");
    finds(
        "region r = 0x400, 16\ncall put(0x40a)",
        &[(2, "overrun", None)],
    )
    .says("overrun", "the import env.put");
    finds(
        "block b = 0x400, 16\ncall fill(0x400, 1, 17)\nrelease b",
        &[(2, "overrun", None)],
    );
}

#[test]
fn an_overrun_names_what_it_hit() {
    let hits = |steps: &str, words: &str| {
        run(&format!("{steps}\ncall fill(0x2f0, 1, 32)")).says("overrun", words)
    };
    hits(
        "region r = 0x2f0, 8\nregion other = 0x300, 4",
        "went into region other",
    );
    hits(
        "region r = 0x2f0, 16",
        "went into guest data, put there by data segment 0",
    );
    hits("region r = 0x2f0, 8\nwrite 0x2fe, \"x\"", "guest data");
    let trace = run("region r = 0x400, 8\nwrite 0x40a, \"x\"\ncall fill(0x400, 1, 12)");
    trace.says("overrun", "bytes that held something else");
}

#[test]
fn what_ends_in_time_or_begins_elsewhere_is_no_overrun() {
    is_quiet("region r = 0x400, 16\ncall loop(0x400, 16)");
    is_quiet("region r = 0x400, 16\ncall fill(0x410, 1, 16)");
    is_quiet("region r = 0x400, 16\nwrite 0x400, repeat(\"x\", 16)\ncall copy(0x800, 0x400, 64)");
    // It filled a larger whole, or came from before.
    is_quiet("region r = 0x400, 16\nregion whole = 0x400, 64\ncall fill(0x400, 1, 64)");
    is_quiet("region r = 0x400, 16\ncall fill(0x3f0, 1, 64)");
    // Two writers, and a gap.
    is_quiet("region r = 0x400, 16\nwrite 0x400, repeat(\"x\", 16)\nwrite 0x410, \"x\"");
    is_quiet("region r = 0x400, 16\ncall fill(0x400, 1, 16)\ncall fill(0x410, 1, 16)");
    // The allocator's lists, in a block that is being given back.
    is_quiet("p = call alloc(8)\nblock b = p, 8\ncall free(p)\nrelease b");
    // A block in a region is a border of its own.
    finds(
        "region heap = 0x400, 1024\nblock b = 0x400, 16\ncall fill(0x400, 1, 17)\nrelease b",
        &[(3, "overrun", None)],
    );
}

#[test]
fn a_returned_length_that_reaches_past_its_region_is_told() {
    let trace = finds(
        "region r = 0x400, 16\nn = call same(20)\nx = read 0x400, n as utf8",
        &[(3, "length-past-region", Some(2))],
    );
    trace.says(
        "length-past-region",
        "n, which step 2 got from the guest, makes the reading reach 4 bytes past the end of region r",
    );
    assert_eq!(trace.finding("length-past-region")["address"], 0x410);
    finds(
        "region r = 0x400, 16\nn = call same(17)\nx = read 0x401, n - 1 as utf8",
        &[(3, "length-past-region", Some(2))],
    );
    is_quiet("region r = 0x400, 16\nn = call same(16)\nx = read 0x400, n as utf8");
    is_quiet("region r = 0x400, 16\nn = call same(17)\nx = read 0x400, n - 1 as utf8");
    is_quiet(
        "region r = 0x400, 16\nregion whole = 0x400, 64\nn = call same(20)\nx = read 0x400, n as utf8",
    );
    // The script's own length is its own business.
    is_quiet(
        "region r = 0x400, 16\nlet n = 20\nx = read 0x400, n as utf8\ny = read 0x400, 20 as bytes",
    );
}

#[test]
fn a_released_block_must_not_be_touched() {
    let start = "p = call alloc(8)\nblock b = p, 8\ncall free(p)\nrelease b";
    let trace = finds(
        &format!("{start}\nx = read p, 4 as bytes"),
        &[(5, "use-after-release", Some(4))],
    );
    trace.says(
        "use-after-release",
        "the host read the 4 bytes at 0x1008..0x100c, in block b, which was given back in step 4",
    );
    assert_eq!(trace.code, 1);
    finds(
        &format!("{start}\nwrite p + 7, \"xy\""),
        &[(5, "use-after-release", Some(4))],
    );
    finds(
        &format!("{start}\ncall poke(0x1008, 1)"),
        &[(5, "use-after-release", Some(4))],
    )
    .says("use-after-release", "the guest, in poke");
    finds(
        &format!("{start}\ncall put(0x1000)"),
        &[(5, "use-after-release", Some(4))],
    )
    .says("use-after-release", "the import env.put");
    // Next to it, before it, and before the release.
    is_quiet(&format!(
        "{start}\ncall poke(0x1010, 1)\nx = read 0x1010, 4 as bytes\nwrite 0x1004, \"abcd\""
    ));
    is_quiet("p = call alloc(8)\nblock b = p, 8\nwrite p, \"x\"\ncall free(p)\nrelease b");
}

#[test]
fn bytes_that_are_handed_out_again_may_be_touched() {
    let start = "p = call alloc(8)\nblock b = p, 8\ncall free(p)\nrelease b";
    is_quiet(&format!(
        "{start}\nq = call give(0x1008)\nwrite q, \"x\"\ncall poke(0x1009, 1)"
    ));
    is_quiet(&format!(
        "{start}\nblock again = 0x1008, 8\nwrite 0x1008, \"x\"\nrelease again"
    ));
    // The guest's own allocator ran in the call, and may have given it the bytes.
    is_quiet(&format!("{start}\ncall realloc_inside(0x1008, 1)"));
}

#[test]
fn a_block_is_given_back_once() {
    let trace = finds(
        "block b = 0x400, 8\nrelease b\nrelease b",
        &[(3, "double-release", Some(2))],
    );
    assert_eq!(trace.code, 1);
    is_quiet("block b = 0x400, 8\nrelease b\nblock b = 0x400, 8\nrelease b");
    is_quiet("block a = 0x400, 8\nblock b = 0x500, 8\nrelease a\nrelease b");
}

#[test]
fn a_block_that_is_never_given_back_leaks() {
    let trace = finds("block b = 0x400, 8\nlet x = 1", &[(2, "leak", Some(1))]);
    trace.says(
        "leak",
        "block b, the 8 bytes at 0x400..0x408, was never given back",
    );
    assert_eq!(trace.code, 0);
    finds(
        "block b = 0x400, 8\nblock b = 0x500, 8\nrelease b",
        &[(2, "leak", Some(1))],
    );
    is_quiet("block b = 0x400, 8\nrelease b");
    is_quiet("region r = 0x400, 8");
    // A run that stopped early did not come to it.
    let trace = run("block b = 0x400, 8\nexpect false");
    assert_eq!(trace.told(), []);
}

#[test]
fn blocks_do_not_overlap_while_they_live() {
    let trace = finds(
        "block a = 0x400, 8\nblock b = 0x404, 8\nrelease a\nrelease b",
        &[(2, "overlap", Some(1))],
    );
    trace.says(
        "overlap",
        "block b shares the 4 bytes at 0x404..0x408 with block a",
    );
    is_quiet("block a = 0x400, 8\nblock b = 0x408, 8\nrelease a\nrelease b");
    is_quiet("block a = 0x400, 8\nrelease a\nblock b = 0x404, 8\nrelease b");
    is_quiet("region r = 0x400, 64\nblock b = 0x404, 8\nrelease b");
}

#[test]
fn the_older_kinds_are_caused_and_missed_too() {
    let kinds = |steps: &str, args: &[&str]| -> Vec<String> {
        let trace = run_on(GUEST, &format!("{IMPORT}\n{steps}"), args);
        trace.told().into_iter().map(|(_, kind, _)| kind).collect()
    };
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
    let undefined = |steps| run_on(GUEST, steps, &[]).told();
    assert_eq!(
        undefined("call put(0)"),
        [(1, "import-undefined".into(), None)]
    );
    assert_eq!(undefined("call same(0)"), []);
}

#[test]
fn each_of_them_can_be_expected_and_then_is_no_problem() {
    let claimed = |steps: &str, args: &[&str]| {
        let trace = run_on(GUEST, &format!("{IMPORT}\n{steps}"), args);
        assert_eq!(
            (trace.code, &trace.json["status"]),
            (0, &Json::from("ok")),
            "{steps}: {:?}",
            trace.told()
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
    assert_eq!(trace.code, 1);
}

#[test]
fn the_three_guests_of_the_same_name_are_told_apart() {
    let kinds = |trace: &Trace| -> Vec<String> {
        trace.told().into_iter().map(|(_, kind, _)| kind).collect()
    };
    // Rust: its allocator makes memory grow in the first call, and nothing runs over.
    let rust = run_file("guest/rust/wasm_is_cool.steps", &["--deny", "warnings"]);
    assert_eq!((kinds(&rust), rust.code), (vec!["memory-grew".into()], 0));

    // C: nothing traps, and the text runs over the buffer's end.
    let steps = |read: &str| {
        format!(
            "input text = repeat(\"x\", 99)\nptr = call get_wasm_memory_buffer_pointer()\nregion buffer = ptr, 100\n\
             write ptr, text\nn = call add_wasm_is_cool(len(text))\nout = read ptr, {read} as utf8"
        )
    };
    let c = include_str!("../../../guest/c_contract.wat");
    let trace = run_on(c, &steps("n - 1"), &[]);
    assert_eq!(
        trace.told(),
        [
            (4, "overrun".into(), None),
            (5, "length-past-region".into(), Some(4))
        ]
    );
    let words =
        "of 15 bytes at 0x463..0x472 the last 14 went into guest data, put there by data segment 1";
    trace.says(
        "overrun",
        &format!("wrote on past the end of region buffer, 0x464: {words}"),
    );
    trace.says("overrun", "in add_wasm_is_cool at ");
    trace.says("length-past-region", "reach 13 bytes past");
    // Its NUL is counted: with 85 bytes all fit, with 86 it is the NUL alone that does not.
    assert_eq!(
        kinds(&run_on(
            c,
            &steps("n"),
            &["--set", "text=repeat(\"x\", 85)"]
        )),
        [""; 0]
    );
    let trace = run_on(c, &steps("n"), &["--set", "text=repeat(\"x\", 86)"]);
    assert_eq!(kinds(&trace), ["overrun", "length-past-region"]);
    trace.says("length-past-region", "reach 1 byte past");

    // The text module whose buffer moves: who keeps the old pointer reads old bytes.
    let growing = include_str!("../../../guest/examples/growing.wat");
    let trace = run_on(
        growing,
        &steps("n").replace("99", "12").replace("100", "1024"),
        &[],
    );
    assert_eq!(kinds(&trace), ["memory-grew", "pointer-not-refetched"]);
    let again = format!(
        "{}\nptr = call get_wasm_memory_buffer_pointer()",
        steps("n").replace("99", "12")
    );
    let trace = run_on(growing, &again, &[]);
    assert_eq!(
        kinds(&trace),
        ["memory-grew", "pointer-not-refetched", "stale-pointer"]
    );
    trace.says(
        "stale-pointer",
        "where 0x10000 holds \"xxxxxxxxxxxx Wasm is cool!\"",
    );
}

#[test]
fn the_sessions_that_ship_have_no_warning_that_they_do_not_expect() {
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
        assert_eq!(trace.code, 0, "{path}: {:?}", trace.told());
    }
}
