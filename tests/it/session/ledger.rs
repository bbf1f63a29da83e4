//! What the calls of the guest's allocator show, without a line about blocks in the script.

use linmem::testing::allocators::GUESTS;
use linmem::timeline::Timeline;

use super::harness::{findings, run};

const GUEST: &str = include_str!("ledger.wat");

const IMPORT: &str = "import env.text() p = call malloc(5) ; writes p, \"hello\" ; returns p\n";

fn run_steps(steps: &str) -> Timeline {
    run(GUEST, &format!("{IMPORT}{steps}"))
}

/// Asserts that a run has exactly the `expected` findings, each with its step, its kind and a part
/// of its message.
#[track_caller]
fn assert_found(timeline: &Timeline, expected: &[(usize, &str, &str)]) {
    let found = findings(timeline);
    let matches = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| {
            (found.0, found.1) == (expected.0, expected.1) && found.2.contains(expected.2)
        });
    assert!(matches, "{found:#?}\nis not\n{expected:#?}");
}

#[track_caller]
fn assert_finds(steps: &str, expected: &[(usize, &str, &str)]) {
    assert_found(&run_steps(steps), expected);
}

#[test]
fn a_block_that_the_guest_released_must_not_be_released_by_the_host() {
    let first = "take at test.wat:28, had released it in step 2, after 2 stores";
    assert_finds(
        "p = call malloc(6)\nn = call take(p)\ncall free(p)",
        &[(3, "double-release", first)],
    );
    let named = "p = call malloc(6)\nblock given = p, 6\nwrite p, \"wazero\"\nn = call take(p)\n";
    assert_finds(
        &format!("{named}call free(p)\nrelease given"),
        &[(
            5,
            "double-release",
            "the host released block given again with free",
        )],
    );
    assert_finds(
        &format!("{named}release given\nq = call malloc(4)\ncall free(q)"),
        &[],
    );
    // The line is missing, but the calls show the release.
    assert_finds(
        &format!("{named}q = call malloc(4)\nwrite q, \"next\""),
        &[],
    );
}

#[test]
fn a_second_release_is_one_finding_with_and_without_lines() {
    let start =
        "p = call malloc(6)\nblock a = p, 6\nwrite p, \"123456\"\ncall free(p)\nrelease a\n";
    assert_finds(
        &format!("{start}call free(p)\nrelease a"),
        &[(6, "double-release", "the host had released it in step 4")],
    );
    assert_finds(&format!("{start}p = call malloc(6)\ncall free(p)"), &[]);
}

#[test]
fn a_second_release_inside_the_guest_is_found() {
    assert_finds(
        "p = call twice()",
        &[(
            1,
            "double-release",
            "the guest, in twice at test.wat:34, released the block of 8 bytes",
        )],
    );
    assert_finds(
        "p = call make()\ncall free(p)\np = call make()\ncall free(p)",
        &[],
    );
    assert_finds("call free(0)\ncall free(0)", &[]);
}

#[test]
fn bytes_with_two_owners_are_found() {
    assert_finds(
        "p = call twice()\na = call malloc(6)\nblock first = a, 6\nb = call malloc(4)\n\
         block second = b, 4\nrelease first\nrelease second",
        &[
            (1, "double-release", ""),
            (
                4,
                "allocated-twice",
                "block first has them and was not released",
            ),
        ],
    );
    assert_finds(
        "a = call malloc(6)\nb = call malloc(4)\ncall free(a)\nc = call malloc(64)\nwrite c, \"x\"",
        &[],
    );
}

#[test]
fn a_write_of_the_guest_after_a_release_is_found() {
    let found = [(
        1,
        "use-after-release",
        "in write_late at test.wat:41, wrote the 4 bytes at 0x1004..0x1008, in the block of 8 bytes \
         at 0x1000, which the guest, in write_late at test.wat:40, had released",
    )];
    assert_finds("call write_late(1)", &found);
    assert_finds("call write_late(0)", &[]);
    // The allocator keeps its list in the block: that is no use.
    assert_finds(
        "p = call malloc(8)\ncall free(p)\nq = call make()\ncall free(q)",
        &[],
    );
    let step = "p = call malloc(8)\ncall free(p)\ncall store(p)";
    assert_finds(
        step,
        &[(
            3,
            "use-after-release",
            "which the host had released in step 2",
        )],
    );
    assert_finds(
        "p = call malloc(8)\ncall free(p)\nq = call malloc(8)\ncall store(q)",
        &[],
    );
}

#[test]
fn the_order_of_stores_and_calls_survives_vectors_and_full_journals() {
    for count in [1, 3, 700, 20_000] {
        assert_finds(&format!("call write_much({count}, 0)"), &[]);
        let timeline = run_steps(&format!("call write_much({count}, 1)"));
        assert_found(
            &timeline,
            &[(1, "use-after-release", "the 16 bytes at 0x1008..0x1018")],
        );
        let step = &timeline.steps()[1];
        // The stores have the numbers that they would have without an allocator.
        assert_eq!(step.stores, 3 * count + 2);
        assert_eq!(step.events.len() as u64, step.stores);
    }
}

#[test]
fn the_host_must_not_use_a_released_block() {
    let start = "p = call malloc(8)\nwrite p, \"abcdefgh\"\ncall free(p)\n";
    assert_finds(
        &format!("{start}x = read p + 4, 4 as utf8"),
        &[(4, "use-after-release", "The result is \"efgh\"")],
    );
    assert_finds(
        &format!("{start}write p, \"x\""),
        &[(4, "use-after-release", "the host wrote the byte at 0x1000")],
    );
    assert_finds(&format!("{start}q = call malloc(8)\nwrite q, \"x\""), &[]);
    assert_finds(&format!("{start}x = read p + 64, 4 as bytes"), &[]);
}

#[test]
fn an_address_that_is_no_block_must_not_be_released() {
    assert_finds(
        "p = call malloc(32)\nwrite p, \"x\"\ncall free(p + 16)",
        &[(
            3,
            "invalid-release",
            "0x1010 is 16 bytes after the start of the block of 32 bytes",
        )],
    );
    assert_finds(
        "p = call malloc(32)\ncall release_inside(p, 16)",
        &[(
            2,
            "invalid-release",
            "the guest, in release_inside at test.wat:57, passed 0x1010",
        )],
    );
    assert_finds(
        "call free(0x800)",
        &[(1, "invalid-release", "no block begins at 0x800")],
    );
    assert_finds("p = call malloc(32)\ncall release_inside(p, 0)", &[]);
}

#[test]
fn an_allocation_that_failed_must_not_be_used() {
    assert_finds(
        "p = call malloc(65)\nwrite p, \"x\"",
        &[(
            2,
            "null-block-used",
            "malloc returned 0 in step 1: it could not allocate 65 bytes",
        )],
    );
    assert_finds(
        "p = call malloc(65)\nexpect p == 0\nq = call malloc(64)\nwrite q, \"x\"",
        &[],
    );
}

#[test]
fn a_release_must_name_the_size_of_the_block() {
    let guest = GUESTS[1].text().unwrap();
    let import = "import env.text(n) returns 0\nimport env.name(p, n)\n";
    let steps = |size: u32| {
        format!(
            "{import}p = call guest_alloc(20)\nwrite p, \"x\"\nq = call guest_realloc(p, 20, 30)\n\
             call guest_free(q, {size})"
        )
    };
    assert_found(
        &run(&guest, &steps(20)),
        &[(
            4,
            "mismatched-release",
            "passed 20 bytes with alignment 1 to __rust_dealloc",
        )],
    );
    assert_found(&run(&guest, &steps(30)), &[]);
}

#[test]
fn blocks_of_imports_belong_to_the_guest() {
    assert_finds("p = call ask()", &[]);
    assert_finds(
        "p = call ask()\ncall free(p)",
        &[(
            2,
            "double-release",
            "the guest, in ask at test.wat:62, had released it in step 1",
        )],
    );
}

#[test]
fn an_import_must_not_write_to_a_released_block_though_the_allocator_runs() {
    let found = |address: &str| {
        let import = format!(
            "import env.text() p = call malloc(8) ; writes {address}, \"late\" ; returns p\n"
        );
        let released = "p = call malloc(8)\nq = call malloc(8)\nblock b = q, 8\ncall free(q)\n\
                        release b\ncall free(p)\nr = call ask()";
        run(GUEST, &format!("{import}{released}"))
    };
    let message = "the import env.text wrote the 4 bytes at 0x1044..0x1048, in block b";
    assert_found(&found("0x1044"), &[(7, "use-after-release", message)]);
    // The block that the allocator hands out again.
    assert_found(&found("p"), &[]);
}

#[test]
fn without_all_calls_only_the_host_s_own_blocks_are_known() {
    let arena = GUESTS[0].text().unwrap();
    let import = "import env.text(n) returns 0\nimport env.name(p, n)\n";
    let run = |steps: &str| run(&arena, &format!("{import}{steps}"));
    let start = "p = call alloc(8)\nwrite p, \"x\"\ncall free(p)\n";
    assert_found(
        &run(&format!("{start}call free(p)")),
        &[(4, "double-release", "the host had released it in step 3")],
    );
    assert_found(
        &run(&format!("{start}x = read p as u8")),
        &[(4, "use-after-release", "")],
    );
    // The arena may have other blocks by now.
    assert_found(&run(&format!("{start}q = call make(8)\ncall free(q)")), &[]);
    assert_found(
        &run(&format!(
            "{start}call reset()\nq = call make(8)\nwrite q, \"x\"\ncall free(q)"
        )),
        &[],
    );
}

#[test]
fn functions_that_exports_wrap_are_the_allocator() {
    let guest = r#"(module
      (memory (export "memory") 1)
      (global $list (mut i32) (i32.const 0))
      (global $end (mut i32) (i32.const 0x1000))
      (func $get (param i32) (result i32)
        (if (global.get $list)
          (then (global.get $list) (global.set $list (i32.const 0)) return))
        (global.get $end)
        (global.set $end (i32.add (global.get $end) (i32.const 64))))
      (func $put (param i32) (global.set $list (local.get 0)))
      (func (export "alloc") (param i32) (result i32) (call $get (local.get 0)))
      (func (export "free") (param i32) (call $put (local.get 0)))
      (func (export "consume") (param i32) (call $put (local.get 0))))"#;
    let start = "p = call alloc(8)\nwrite p, \"x\"\n";
    assert_found(
        &run(guest, &format!("{start}call consume(p)\ncall free(p)")),
        &[(
            4,
            "double-release",
            "the guest, in consume at test.wat:13, had released it in step 3",
        )],
    );
    assert_found(
        &run(
            guest,
            &format!("{start}call free(p)\np = call alloc(8)\ncall free(p)"),
        ),
        &[],
    );
}

#[test]
fn writes_past_the_end_of_a_block_are_found_without_its_line() {
    let two = "p = call malloc(8)\nq = call malloc(8)\n";
    let host = "the host wrote past the end of the block of 8 bytes at 0x1000, 0x1008: of 9 bytes at \
                0x1000..0x1009, the last 1 went into bytes that were zero";
    assert_finds(
        &format!("{two}write p, \"12345678\"\nwrite p, cstr(\"12345678\")"),
        &[(4, "overrun", host)],
    );
    let into = "the last 57 went into the block of 8 bytes at 0x1040";
    assert_finds(
        &format!("{two}write p + 1, repeat(\"x\", 64)"),
        &[(3, "overrun", into)],
    );
    for export in ["fill", "count_up"] {
        assert_finds(&format!("{two}call {export}(p, 8)"), &[]);
        assert_finds(
            &format!("{two}call {export}(p + 2, 7)"),
            &[(
                3,
                "overrun",
                "of 7 bytes at 0x1002..0x1009, the last 1 went into",
            )],
        );
    }
    // A named block is in one finding only.
    assert_finds(
        &format!("{two}block b = p, 8\nwrite p, \"123456789\"\nrelease b"),
        &[(4, "overrun", "the host wrote past the end of block b")],
    );
}

#[test]
fn writes_that_end_in_a_block_or_begin_outside_are_no_overruns() {
    let full = "p = call malloc(64)\nq = call malloc(64)\n";
    assert_finds(&format!("{full}call fill_both(p, q)"), &[]);
    assert_finds(&format!("{full}call fill(p, 64)\ncall fill(q, 64)"), &[]);
    assert_finds(&format!("{full}write q, repeat(\"x\", 64)"), &[]);
    // The block was released, and another one of the same address is larger.
    assert_finds(
        "p = call malloc(4)\ncall free(p)\nq = call malloc(9)\nwrite q, \"123456789\"",
        &[],
    );
    // The bytes before a block are not the block's.
    assert_finds("p = call malloc(4)\nwrite p - 16, repeat(\"x\", 40)", &[]);
}

#[test]
fn a_reading_past_the_end_of_a_block_is_found_without_its_line() {
    let block = "p = call malloc(4)\nwrite p, \"abcd\"\n";
    let message = "this read goes 1 byte past the end of the block of 4 bytes at 0x1000, 0x1004, which \
                   malloc returned in step 1";
    assert_finds(
        &format!("{block}x = read p, 5 as bytes"),
        &[(3, "length-past-region", message)],
    );
    assert_finds(
        &format!("{block}x = read p, 4 as utf8\ny = read p + 4, 4 as bytes"),
        &[],
    );
    // The guest's own block may be larger than the host knows.
    assert_finds("p = call make()\nx = read p, 11 as bytes", &[]);
}

#[test]
fn live_blocks_have_an_owner() {
    let timeline = run_steps("p = call malloc(6)\nq = call make()\ncall free(p)");
    let live = |step: usize| {
        let live = timeline.steps()[step].live_blocks.as_ref().unwrap();
        let blocks = live.first.iter().map(|block| {
            let (start, len) = (block.span.start, block.span.len);
            format!("{start:#x} {len} {} {}", block.owner, block.step)
        });
        (live.count, live.bytes, blocks.collect::<Vec<_>>())
    };
    assert_eq!(live(0), (0, 0, vec![]));
    assert_eq!(live(1), (1, 6, vec!["0x1000 6 host 1".into()]));
    let make = "0x1040 10 make at test.wat:64 2".to_owned();
    assert_eq!(
        live(2),
        (2, 16, vec!["0x1000 6 host 1".into(), make.clone()])
    );
    assert_eq!(live(3), (1, 10, vec![make]));
}

#[test]
fn wrappers_are_in_no_call_chain() {
    let timeline = run_steps("call release_inside(0xbad, 0)");
    let trap = timeline.steps()[1].trap.as_ref().unwrap();
    let chain: Vec<_> = trap
        .chain
        .iter()
        .map(|frame| (&*frame.function, frame.source.as_deref()))
        .collect();
    assert_eq!(
        chain,
        [
            ("free", Some("test.wat:21")),
            ("release_inside", Some("test.wat:57"))
        ]
    );
    assert_eq!(trap.depth, 2);
}
