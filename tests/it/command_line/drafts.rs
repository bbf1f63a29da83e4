//! The calls that `linmem init` drafts: each kind of guest with its right call, and a near miss that
//! stays in a comment. Every draft also runs.

use crate::support::command::{Folder, linmem};
use linmem::guest::Guest;
use linmem::inspect::draft::Draft;
use wasm_encoder::{Component, RawSection};

/// Returns the draft for a guest, without blanks, after checking that it runs.
#[track_caller]
fn draft(wat: &str) -> String {
    let folder = Folder::new().with("guest.wat", wat);
    let steps = folder.arg("guest.steps");
    linmem(&["init", &folder.arg("guest.wat"), "--output", &steps]).success();
    linmem(&["run", &steps]).assert_status(0);
    folder.read("guest.steps")
}

/// Returns whether a draft has a line that begins with a statement, which is no comment.
fn runs(draft: &str, statement: &str) -> bool {
    draft.lines().any(|line| line.starts_with(statement))
}

#[track_caller]
fn assert_runs(draft: &str, statements: &[&str]) {
    let mut lines = draft.lines();
    for statement in statements {
        assert!(
            lines.any(|line| line.starts_with(statement)),
            "{statement}\n{draft}"
        );
    }
}

/// The exports of wasm-bindgen, with a bump allocator, and a function that returns the text that it
/// gets.
fn bindgen(params: &str, body: &str, more: &str) -> String {
    format!(
        "(module (memory (export \"memory\") 17)
          (global $sp (mut i32) (i32.const 1048576))
          (global $next (mut i32) (i32.const 1048600))
          {more}
          (func (export \"shout\") {params} {body})
          (func (export \"__wbindgen_add_to_stack_pointer\") (param i32) (result i32)
            (global.set $sp (i32.add (local.get 0) (global.get $sp)))
            (global.get $sp))
          (func (export \"__wbindgen_malloc\") (param i32 i32) (result i32)
            (global.get $next)
            (global.set $next (i32.add (global.get $next) (local.get 0))))
          (func (export \"__wbindgen_free\") (param i32 i32 i32)))"
    )
}

const PAIR: &str = "(i32.store (local.get 0) (local.get 1))
    (i32.store offset=4 (local.get 0) (local.get 2))";

#[test]
fn return_areas_are_found_by_the_code_with_any_number_of_parameters() {
    let four = draft(&bindgen("(param i32 i32 i32 i32)", PAIR, ""));
    assert_runs(
        &four,
        &[
            "ptr = call __wbindgen_malloc(len(text), 1)",
            "area = call __wbindgen_add_to_stack_pointer(-16)",
            "call shout(area, ptr, len(text), 0)",
            "out_ptr = read area as u32",
            "out = read out_ptr, n as utf8",
            "call __wbindgen_free(out_ptr, n, 1)",
        ],
    );
    // An error and whether it is set come after the address and the length.
    let with_error = format!(
        "{PAIR} (i32.store offset=8 (local.get 0) (i32.const 0))
         (i32.store offset=12 (local.get 0) (i32.const 0))"
    );
    let text = draft(&bindgen("(param i32 i32 i32)", &with_error, ""));
    assert_runs(
        &text,
        &["failed = read area + 12 as u32", "expect failed == 0"],
    );
    // Nothing shows that the first of three numbers is a place for results.
    let numbers = "(drop (i32.add (local.get 0) (i32.add (local.get 1) (local.get 2))))";
    let text = draft(&bindgen("(param i32 i32 i32)", numbers, ""));
    assert!(!text.contains("area = "), "{text}");
}

#[test]
fn only_the_allocator_and_the_release_of_the_family_are_called() {
    let more = "(func (export \"chunk_autoAllocateSize\") (param i32) (result i32) (i32.const 7))
        (func (export \"context_destroy\") (param i32))";
    let text = draft(&bindgen("(param i32 i32 i32)", PAIR, more));
    assert_runs(
        &text,
        &[
            "ptr = call __wbindgen_malloc",
            "call __wbindgen_free(out_ptr, n, 1)",
        ],
    );
    for other in ["chunk_autoAllocateSize", "context_destroy"] {
        assert!(!runs(&text, &format!("call {other}")), "{text}");
        assert!(!runs(&text, &format!("ptr = call {other}")), "{text}");
    }
}

#[test]
fn methods_get_an_object_first() {
    let more = "(func (export \"__wbg_parser_free\") (param i32 i32))
        (func (export \"parser_new\") (result i32) (i32.const 2048))
        (func (export \"parser_count\") (param i32) (result i32)
          (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1)))
          (i32.load offset=4 (local.get 0)))";
    let text = draft(&bindgen("(param externref)", "", more));
    assert_runs(
        &text,
        &[
            "object = call parser_new()",
            "expect object != 0",
            "result = call parser_count(object)",
            "call __wbg_parser_free(object, 0)",
        ],
    );
    // Without a function that makes one, the method is not called.
    let without = more.replace("parser_new", "other_new");
    let text = draft(&bindgen("(param externref)", "", &without));
    assert!(
        !text
            .lines()
            .any(|line| line.contains("parser_count(") && !line.starts_with('#'))
    );
    assert!(text.contains("which the guest makes first"), "{text}");
}

const MALLOC: &str = "(global $next (mut i32) (i32.const 65536))
    (func $malloc (export \"malloc\") (param i32) (result i32)
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get 0))))
    (func (export \"free\") (param i32))";

#[test]
fn helpers_of_a_library_are_not_called_beside_own_functions() {
    let helper = "(func (export \"strchr\") (param $s i32) (param $c i32) (result i32)
        (loop $next
          (local.set $s (i32.add (local.get $s) (i32.const 1)))
          (br_if $next (i32.ne (i32.load8_u (local.get $s)) (local.get $c))))
        (local.get $s))";
    let own = "(func (export \"render\") (param i32 i32) (result i32)
        (i32.load8_u (i32.add (local.get 0) (local.get 1))))";
    let text = draft(&format!(
        "(module (memory (export \"memory\") 2) {MALLOC} {helper} {own})"
    ));
    assert_runs(
        &text,
        &[
            "ptr = call malloc(len(text))",
            "result = call render(ptr, len(text))",
        ],
    );
    assert!(!runs(&text, "result = call strchr"), "{text}");
    // A function that passes its arguments to the host may take anything.
    let unclear =
        "(func (export \"render\") (param i32 i32) (call $host (local.get 0) (local.get 1)))";
    let text = draft(&format!(
        "(module (import \"env\" \"host\" (func $host (param i32 i32))) (memory (export \"memory\") 2)
         {MALLOC} {helper} {unclear})"
    ));
    assert!(
        !runs(&text, "call render") && !runs(&text, "result = call strchr"),
        "{text}"
    );
    assert!(
        text.contains("the code does not show what argument 1 is"),
        "{text}"
    );
}

#[test]
fn text_without_a_length_ends_with_a_nul() {
    let length = "(func (export \"count_words\") (param i32) (result i32) (local i32)
        (loop $next
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (br_if $next (i32.load8_u (i32.add (local.get 0) (local.get 1)))))
        (local.get 1))";
    let text = draft(&format!(
        "(module (memory (export \"memory\") 2) {MALLOC} {length})"
    ));
    assert_runs(
        &text,
        &[
            "ptr = call malloc(len(text) + 1)",
            "write ptr, cstr(text)",
            "result = call count_words(ptr)",
        ],
    );
}

#[test]
fn results_go_to_a_buffer_of_their_own() {
    let copy = "(func (export \"convert\") (param i32 i32 i32)
        (memory.copy (local.get 2) (local.get 0) (local.get 1)))";
    let text = draft(&format!(
        "(module (memory (export \"memory\") 2) {MALLOC} {copy})"
    ));
    assert_runs(
        &text,
        &[
            "out_buffer = call malloc(4096)",
            "call convert(ptr, len(text), out_buffer)",
            "answer = read out_buffer, 32 as bytes",
            "call free(out_buffer)",
        ],
    );
}

/// The host writes only to memory that nobody else uses.
#[test]
fn the_host_writes_to_a_new_page_where_nothing_allocates() {
    let guest = |memory: &str| {
        format!(
            "(module (memory (export \"memory\") {memory}) (data (i32.const 1024) \"static data\")
             (func (export \"d\") (param i32 i32) (result i32) (i32.load8_u (local.get 0))))"
        )
    };
    let text = draft(&guest("2"));
    assert_runs(
        &text,
        &[
            "pages_before = grow 1",
            "let ptr = pages_before * 65536",
            "result = call d(ptr, len(text))",
        ],
    );
    // No page can be added, so nothing is written.
    let text = draft(&guest("2 2"));
    assert!(
        !runs(&text, "write") && !runs(&text, "result = call d"),
        "{text}"
    );
    assert!(
        text.contains("linmem ran this step, and it failed"),
        "{text}"
    );
}

#[test]
fn a_count_is_no_address() {
    let guest = |name: &str| {
        format!(
            "(module (memory (export \"memory\") 1)
             (func (export \"{name}\") (result i32) (i32.const 16))
             (func (export \"mix\") (param $length i32) (result i32)
               (i32.store8 (i32.const 4096) (i32.const 33)) (local.get $length)))"
        )
    };
    let text = draft(&guest("getNumberOfSamplesInBuffer"));
    assert_runs(
        &text,
        &[
            "count = call getNumberOfSamplesInBuffer()",
            "n = call mix(count)",
            "let buffer = 0x1000",
            "out = read buffer, 16 as bytes",
        ],
    );
    assert!(!runs(&text, "write"), "{text}");
    let text = draft(&guest("get_buffer"));
    assert_runs(&text, &["ptr = call get_buffer()", "write ptr, text"]);
}

#[test]
fn a_first_word_that_is_a_discriminant_is_read_as_one() {
    let guest = |stores: &str| {
        format!(
            "(module (memory (export \"memory\") 1) (data (i32.const 256) \"parsed\")
             (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
             (func (export \"parse\") (param i32 i32) (result i32)
               (drop (i32.load8_u (i32.add (local.get 0) (local.get 1))))
               {stores})
             (func (export \"cabi_post_parse\") (param i32)))"
        )
    };
    let tagged =
        "(i32.store8 (i32.const 128) (i32.const 0)) (i32.store (i32.const 132) (i32.const 256))
        (i32.store (i32.const 136) (i32.const 6)) (i32.const 128)";
    let text = draft(&guest(tagged));
    assert_runs(
        &text,
        &[
            "tag = read area as u8",
            "out_ptr = read area + 4 as u32",
            "n = read area + 8 as u32",
            "out = read out_ptr, n as utf8",
            "call cabi_post_parse(area)",
        ],
    );
    let pair =
        "(i32.store (i32.const 128) (i32.const 256)) (i32.store (i32.const 132) (i32.const 6))
        (i32.const 128)";
    let text = draft(&guest(pair));
    assert_runs(
        &text,
        &["out_ptr = read area as u32", "n = read area + 4 as u32"],
    );
    assert!(!text.contains("tag = "), "{text}");
    // The code does not show the stores, but the first word is 0 when the draft is tried.
    let hidden = "(memory.copy (i32.const 128) (i32.const 512) (i32.const 12)) (i32.const 128)";
    let wat = guest(hidden).replace(
        "(data (i32.const 256) \"parsed\")",
        "(data (i32.const 256) \"parsed\") (data (i32.const 512) \"\\00\\00\\00\\00\\00\\01\\00\\00\\06\\00\\00\\00\")",
    );
    let text = draft(&wat);
    assert_runs(
        &text,
        &["tag = read area as u8", "out = read out_ptr, n as utf8"],
    );
    assert!(!text.contains("expect out_ptr"), "{text}");
}

#[test]
fn strings_of_old_assemblyscript_are_allocated_and_released() {
    let text = draft(
        "(module (memory (export \"memory\") 1)
          (global $top (mut i32) (i32.const 1024))
          (func (export \"__alloc\") (param i32 i32) (result i32) (local i32)
            (local.set 2 (i32.add (global.get $top) (i32.const 16)))
            (i32.store offset=12 (global.get $top) (local.get 0))
            (global.set $top (i32.add (local.get 2) (local.get 0)))
            (local.get 2))
          (func (export \"__retain\") (param i32) (result i32) (local.get 0))
          (func (export \"__release\") (param i32))
          (func (export \"length\") (param i32) (result i32)
            (i32.shr_u (i32.load (i32.sub (local.get 0) (i32.const 4))) (i32.const 1))))",
    );
    assert_runs(
        &text,
        &[
            "ptr = call __alloc(len(utf16(text)), 1)",
            "pinned = call __retain(ptr)",
            "write ptr, utf16(text)",
            "answer = call length(ptr)",
            "call __release(ptr)",
        ],
    );
    // A computed number is no object.
    assert!(!text.contains("read answer - 4"), "{text}");
}

#[test]
fn an_exit_code_is_expected() {
    let guest = |code: u32| {
        format!(
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
             (memory (export \"memory\") 1) (func (export \"_start\") (call $exit (i32.const {code}))))"
        )
    };
    assert_runs(
        &draft(&guest(3)),
        &["expect trap \"exit code 3\" call _start()"],
    );
    assert_runs(&draft(&guest(0)), &["call _start()"]);
}

#[test]
fn guests_of_other_hosts_are_not_called() {
    let text = draft(
        "(module (import \"gojs\" \"runtime.wasmWrite\" (func (param i32))) (memory (export \"mem\") 2)
          (func (export \"run\") (param i32 i32) (i32.store (i32.const 16) (local.get 1)))
          (func (export \"resume\")))",
    );
    assert!(
        text.contains("It cannot be stepped without Go's wasm_exec.js"),
        "{text}"
    );
    assert!(
        !text
            .lines()
            .any(|line| line.contains("call ") && !line.starts_with('#')),
        "{text}"
    );
    assert!(!text.contains("call run"), "{text}");
}

#[test]
fn a_side_module_gets_addresses_for_its_data_and_its_stack() {
    let text = draft(
        "(module (@custom \"dylink.0\" (before first) \"\\01\\06\\80\\80\\08\\02\\00\\00\")
          (import \"env\" \"memory\" (memory 1))
          (import \"env\" \"__stack_pointer\" (global (mut i32)))
          (import \"env\" \"__memory_base\" (global $base i32))
          (data (global.get $base) \"\\0e\\00\\00\\00\")
          (func (export \"__wasm_apply_data_relocs\"))
          (func (export \"language\") (result i32) (global.get $base)))",
    );
    assert_runs(
        &text,
        &[
            "import env.memory pages 4",
            "import env.__stack_pointer = 65536",
            "import env.__memory_base = 65536",
            "call __wasm_apply_data_relocs()",
            "result = call language()",
            "out = read result, 16 as bytes",
        ],
    );
}

#[test]
fn a_dprint_plugin_shares_its_description() {
    let text = draft(
        "(module (memory (export \"memory\") 1) (data (i32.const 64) \"{}\")
          (func (export \"dprint_plugin_version_4\") (result i32) (i32.const 4))
          (func (export \"get_plugin_info\") (result i32) (i32.const 2))
          (func (export \"get_shared_bytes_ptr\") (result i32) (i32.const 64)))",
    );
    assert_runs(
        &text,
        &[
            "n = call get_plugin_info()",
            "ptr = call get_shared_bytes_ptr()",
            "out = read ptr, n as utf8",
        ],
    );
}

/// What a call returns means nothing if the call fails.
#[test]
fn results_of_a_call_that_fails_become_comments() {
    let text = draft(&bindgen(
        "(param i32 i32 i32)",
        &format!("{PAIR} unreachable"),
        "",
    ));
    assert!(
        text.contains("# call shout(area, ptr, len(text))"),
        "{text}"
    );
    assert!(
        !runs(&text, "out_ptr") && !runs(&text, "call __wbindgen_free"),
        "{text}"
    );
    assert_runs(&text, &["call __wbindgen_add_to_stack_pointer(16)"]);
}

#[test]
fn init_takes_the_limit_of_memory() {
    let folder = Folder::new().with(
        "large.wat",
        "(module (memory (export \"memory\") 32768) (func (export \"run\")))",
    );
    let path = folder.arg("large.wat");
    linmem(&["init", &path]).assert_refused(&["allow more with --max-memory 2GiB"]);
    let text = linmem(&["init", &path, "--max-memory", "2GiB"]).success();
    assert!(runs(&text, "call run()"), "{text}");
}

/// Returns a component with core modules.
fn component(modules: &[&str]) -> Vec<u8> {
    let mut component = Component::new();
    for module in modules {
        let bytes = wat(module);
        // A core module is the contents of a section with the number 1.
        component.section(&RawSection {
            id: 1,
            data: &bytes,
        });
    }
    component.finish()
}

fn wat(text: &str) -> Vec<u8> {
    Guest::from_bytes("core.wat", text.as_bytes())
        .unwrap()
        .wasm()
        .to_vec()
}

#[test]
fn core_modules_of_a_component_are_chosen_by_number() {
    let bytes = component(&[
        "(module)",
        "(module (memory (export \"memory\") 1) (func (export \"run\")))",
    ]);
    let folder = Folder::new();
    folder.write("c.wasm", &bytes);
    let path = folder.arg("c.wasm");
    let text = linmem(&["inspect", &path]).success();
    assert!(text.contains("a component with 2 core modules"), "{text}");
    assert!(
        text.contains("1: ") && text.contains("exports memory and run"),
        "{text}"
    );
    let json = linmem(&["inspect", &path, "--format", "json"]).success();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["form"], "component");
    assert_eq!(json["core_modules"][1]["exports"], 2);
    let text = linmem(&["inspect", &path, "--core", "1"]).success();
    assert!(text.contains("takes and returns nothing"), "{text}");
    let steps = folder.arg("c.steps");
    linmem(&["init", &path, "--core", "1", "--output", &steps]).success();
    assert!(folder.read("c.steps").contains("c.wasm#1\"\n"));
    linmem(&["run", &steps]).assert_status(0);
    let text = linmem(&["run", &format!("{path}#1")]).success();
    assert!(text.contains("Memory is 1 page"), "{text}");
    linmem(&["init", &path]).assert_refused(&["it has 2 core modules", "c.wasm#0"]);
    linmem(&["inspect", &path, "--core", "2"]).assert_refused(&["has no core module 2"]);
    folder.write("m.wasm", b"\0asm\x01\0\0\0");
    linmem(&["inspect", &folder.arg("m.wasm"), "--core", "0"])
        .assert_refused(&["is not a component with core modules"]);
}

#[test]
fn a_draft_that_calls_nothing_gives_the_reason() {
    let wat = "(module (import \"env\" \"g\" (func $g (param i32))) (memory (export \"memory\") 1)
        (func (export \"run\") (param i32) (call $g (local.get 0))))";
    let guest = Guest::from_bytes("guest.wat", wat.as_bytes()).unwrap();
    let text = Draft::new(&guest, "guest.wat").text();
    assert!(text.contains("No call is run here"), "{text}");
    assert!(!runs(&text, "call"), "{text}");
}

#[test]
fn vectors_that_begin_with_their_pointer_are_text() {
    let body = "(local i32)
        (global.set $sp (local.tee 3 (i32.sub (global.get $sp) (i32.const 16))))
        (i32.store offset=8 (local.get 3) (local.get 2))
        (i32.store offset=4 (local.get 3) (local.get 2))
        (i32.store (local.get 3) (local.get 1))
        (i32.store (local.get 0) (i32.const 5))
        (i32.store offset=4 (local.get 0) (i32.const 0))
        (global.set $sp (i32.add (local.get 3) (i32.const 16)))";
    let text = draft(&bindgen("(param i32 i32 i32)", body, ""));
    assert_runs(&text, &["call shout(area, ptr, len(text))"]);
    // The last two of the three words are different numbers.
    let other = body.replacen(
        "(local.get 3) (local.get 2)",
        "(local.get 3) (i32.const 9)",
        1,
    );
    let text = draft(&bindgen("(param i32 i32 i32)", &other, ""));
    assert!(!runs(&text, "call shout"), "{text}");
}

#[test]
fn texts_that_a_call_returns_as_two_words_are_read() {
    let two = |results: &str| {
        draft(&format!(
            "(module (memory (export \"memory\") 2) {MALLOC}
              (func (export \"format\") (param $p i32) (param $n i32) (result i32 i32)
                (memory.copy (local.get $p) (local.get $p) (local.get $n))
                {results}))"
        ))
    };
    let text = two("(call $malloc (i32.const 8)) (local.get $n)");
    assert_runs(
        &text,
        &[
            "out_ptr, n = call format(ptr, len(text))",
            "out = read out_ptr, n as utf8",
        ],
    );
    // Two numbers are no address and no length.
    let text = two("(i32.const 1) (i32.eqz (local.get $n))");
    assert!(!text.contains("read out_ptr"), "{text}");
}

#[test]
fn getters_of_the_result_are_called_after_the_work() {
    let guest = |length: &str| {
        format!(
            "(module (memory (export \"memory\") 2) (global $n (mut i32) (i32.const 0))
              (func (export \"alloc\") (param i32) (result i32)
                (global.set $n (local.get 0)) (i32.const 65536))
              (func (export \"format\") (result i32)
                (i32.store8 (i32.const 65536) (i32.const 33)) (i32.const 0))
              (func (export \"output_ptr\") (result i32) (i32.const 65536))
              (func (export \"{length}\") (result i32) (global.get $n)))"
        )
    };
    let text = draft(&guest("output_len"));
    assert_runs(
        &text,
        &[
            "write ptr, text",
            "result = call format()",
            "out_ptr = call output_ptr()",
            "n = call output_len()",
            "out = read out_ptr, n as utf8",
        ],
    );
    // The length of something else is not that of the result.
    let text = draft(&guest("input_len"));
    assert!(!text.contains("read out_ptr"), "{text}");
}

#[test]
fn names_that_embind_registers_are_shown() {
    let guest = |import: &str| {
        format!(
            "(module
              (import \"env\" \"{import}\"
                (func $register (param i32 i32 i32 i32 i32 i32)))
              (import \"env\" \"_embind_register_void\" (func (param i32 i32)))
              (memory (export \"memory\") 1) (data (i32.const 1024) \"resample\\00\")
              (func (export \"__getTypeName\") (param i32) (result i32) (i32.const 0))
              (func (export \"_embind_initialize_bindings\")
                (call $register (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 0)
                  (i32.const 1) (i32.const 2)))
              (func (export \"__wasm_call_ctors\")))"
        )
    };
    let text = draft(&guest("_embind_register_function"));
    assert_runs(
        &text,
        &[
            "import env._embind_register_function(a, b, c, d, e, f) reads a as cstr",
            "call __wasm_call_ctors()",
            "call _embind_initialize_bindings()",
        ],
    );
    let text = draft(&guest("_embind_register_other"));
    assert!(!text.contains("reads a as cstr"), "{text}");
}

/// A block is released with its own size.
#[test]
fn a_release_names_the_size_of_its_block() {
    let text = draft(
        "(module (memory (export \"memory\") 2) (global $next (mut i32) (i32.const 4096))
          (func (export \"alloc\") (param i32) (result i32)
            (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 0))))
          (func (export \"dealloc\") (param i32 i32))
          (func (export \"pack\") (param i32 i32 i32 i32) (result i32)
            (memory.copy (local.get 2) (local.get 0) (local.get 1)) (local.get 3)))",
    );
    assert!(!text.contains("dealloc(out_buffer, len(text))"), "{text}");
}
