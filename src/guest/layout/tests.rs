use super::*;

fn layout(text: &str) -> Layout {
    Guest::from_bytes("test.wat", text.as_bytes())
        .unwrap()
        .layout()
}

/// The areas in short: `data 0x400..0x500`, with `?` for what is not known.
fn describe(layout: &Layout) -> String {
    let address =
        |address: Option<u64>| address.map_or("?".to_owned(), |address| format!("{address:#x}"));
    let areas = [
        ("data", &layout.data),
        ("stack", &layout.stack),
        ("heap", &layout.heap),
    ];
    let known = areas
        .iter()
        .filter_map(|(name, area)| Some((name, area.as_ref()?)));
    let areas: Vec<String> = known
        .map(|(name, area)| format!("{name} {}..{}", address(area.start), address(area.end)))
        .collect();
    areas.join(", ")
}

#[test]
fn areas_follow_from_names_and_constants_alone() {
    let rows = [
        // Rust for wasm32-unknown-unknown: the stack is first, its global is known by the name
        // section.
        (
            r#"(memory 17) (global $__stack_pointer (mut i32) (i32.const 0x100000))
               (global (export "__data_end") i32 (i32.const 0x101884))
               (global (export "__heap_base") i32 (i32.const 0x101890)) (data $.rodata (i32.const 0x100000) "abc")"#,
            "data 0x100000..0x101884, stack 0x0..0x100000, heap 0x101890..?",
        ),
        // The same without names: it is not known which global is the stack pointer.
        (
            r#"(memory 17) (global (mut i32) (i32.const 0x100000))
               (global (export "__data_end") i32 (i32.const 0x1006c0))
               (global (export "__heap_base") i32 (i32.const 0x1006c0)) (data (i32.const 0x100000) "abc")"#,
            "data 0x100000..0x1006c0, heap 0x1006c0..?",
        ),
        // clang with wasi-sdk, which places the stack after the data.
        (
            r#"(memory 2) (global $__stack_pointer (mut i32) (i32.const 0x11010))
               (global (export "__data_end") i32 (i32.const 0x1010))
               (global (export "__heap_base") i32 (i32.const 0x11010)) (data $.data (i32.const 0x400) "abc")"#,
            "data 0x400..0x1010, stack 0x1010..0x11010, heap 0x11010..?",
        ),
        // Every bound exported.
        (
            r#"(memory 2) (global (export "__stack_low") i32 (i32.const 0x500))
               (global (export "__stack_high") i32 (i32.const 0x900))
               (global (export "__global_base") i32 (i32.const 0x400))
               (global (export "__data_end") i32 (i32.const 0x4f0))"#,
            "data 0x400..0x4f0, stack 0x500..0x900",
        ),
        (
            r#"(memory 2) (global $__stack_pointer (mut i32) (i32.const 0x800))
               (global (export "__global_base") i32 (i32.const 0x800))"#,
            "stack 0x0..0x800",
        ),
        // The stack comes after data. Only the segments of the data are known, and zeroed variables may
        // follow them.
        (
            r#"(memory 2) (global $__stack_pointer (mut i32) (i32.const 0x11010)) (data (i32.const 0x400) "abc")"#,
            "stack ?..0x11010",
        ),
        (
            r#"(memory 2) (global (export "__stack_pointer") (mut i32) (i32.const 0x10000))"#,
            "stack ?..0x10000",
        ),
        (
            r#"(memory 2) (global (export "__heap_base") i32 (i32.const 0x106f0))"#,
            "heap 0x106f0..?",
        ),
        // AssemblyScript, with names.
        (
            r#"(memory 1) (global $~lib/memory/__data_end i32 (i32.const 0x44c))
               (global $~lib/memory/__stack_pointer (mut i32) (i32.const 0x844c))
               (global $~lib/memory/__heap_base i32 (i32.const 0x844c)) (data (i32.const 0x40c) "\1c")"#,
            "data 0x40c..0x44c, stack 0x44c..0x844c, heap 0x844c..?",
        ),
        (
            r#"(memory 1) (global (export "__data_end") i32 (i32.const 0x44c))
               (global (export "__stack_pointer") (mut i32) (i32.const 0x844c))
               (global (export "__heap_base") i32 (i32.const 0x844c)) (data (i32.const 0x40c) "\1c")"#,
            "data 0x40c..0x44c, stack 0x44c..0x844c, heap 0x844c..?",
        ),
        // wasm-bindgen's module, names gone: a function that can only move the stack pointer is
        // left.
        (
            r#"(memory 17) (global (mut i32) (i32.const 0x100000)) (data (i32.const 0x100000) "abc")
               (func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32)
                 (global.set 0 (i32.add (local.get 0) (global.get 0))) (global.get 0))"#,
            "stack 0x0..0x100000",
        ),
        // Written by hand: the purpose of a mutable global is not known.
        (
            r#"(memory (export "memory") 1) (global (mut i32) (i32.const 0x400)) (data (i32.const 0x800) "abc")"#,
            "",
        ),
        // Values that mean nothing, or that a host decides.
        (
            r#"(memory 1) (global $__stack_pointer (mut i32) (i32.const 0))"#,
            "",
        ),
        (
            r#"(import "env" "__stack_pointer" (global $__stack_pointer (mut i32))) (memory 1)"#,
            "",
        ),
        (
            r#"(memory 1) (global (export "__heap_base") f64 (f64.const 1024))"#,
            "",
        ),
        // An address in the upper half is no negative number.
        (
            r#"(memory 1) (global (export "__heap_base") i32 (i32.const -65536))"#,
            "heap 0xffff0000..?",
        ),
        ("", ""),
    ];
    for (module, expected) in rows {
        assert_eq!(
            describe(&layout(&format!("(module {module})"))),
            expected,
            "{module}"
        );
    }
}

#[test]
fn a_rust_guest_as_it_was_built_has_all_of_it() {
    let guest = include_bytes!("../../../guest/rust/wasm_is_cool.wasm");
    let layout = Guest::from_bytes("wasm_is_cool.wasm", guest)
        .unwrap()
        .layout();
    let (data, stack) = (
        layout.data.as_ref().unwrap(),
        layout.stack.as_ref().unwrap(),
    );
    assert_eq!(
        (stack.start, stack.end, data.start),
        (Some(0), Some(0x10_0000), Some(0x10_0000))
    );
    assert_eq!(
        data.end
            .zip(layout.heap.as_ref().unwrap().start)
            .map(|(data, heap)| data <= heap),
        Some(true)
    );
    assert_eq!(
        layout
            .segments
            .iter()
            .map(|s| s.name.as_deref())
            .collect::<Vec<_>>(),
        [Some(".rodata")]
    );
}

#[test]
fn segments_are_known_where_only_the_module_decides_their_address() {
    let layout = layout(
        r#"(module
          (import "env" "__memory_base" (global $base i32))
          (memory 1)
          (data $.rodata (i32.const 16) "hello")
          (data "passive")
          (data $moved (global.get $base) "x")
          (data (i32.const 32) "ab")
          (data (i32.add (i32.const 48) (i32.const -8)) "c")
          (data (i32.const 99) "")
          (data $over (i32.const 18) "LL"))"#,
    );
    let known: Vec<_> = layout
        .segments
        .iter()
        .map(|s| (s.index, s.name.as_deref(), s.start, s.len))
        .collect();
    let expected = [
        (0, Some(".rodata"), 16, 5),
        (3, None, 32, 2),
        (4, None, 40, 1),
        (6, Some("over"), 18, 2),
    ];
    assert_eq!(known, expected);
}

#[test]
fn each_fact_has_how_it_is_known() {
    let layout = layout(
        r#"(module (memory 17) (global $__stack_pointer (mut i32) (i32.const 0x100000))
          (global (export "__heap_base") i32 (i32.const 0x100890)) (data (i32.const 0x100000) "abc"))"#,
    );
    let symbols: Vec<_> = layout
        .symbols
        .iter()
        .map(|s| (s.name, s.address, s.known_by.as_str()))
        .collect();
    let expected = [
        (
            "__stack_pointer",
            0x100000,
            "global __stack_pointer in the name section",
        ),
        ("__heap_base", 0x100890, "exported global __heap_base"),
    ];
    assert_eq!(symbols, expected);
    let stack = "global __stack_pointer in the name section; all data segments are above it";
    assert_eq!(
        layout.stack.map(|area| area.known_by).as_deref(),
        Some(stack)
    );
    assert_eq!(
        layout.heap.map(|area| area.known_by).as_deref(),
        Some("exported global __heap_base")
    );
}

#[test]
fn an_export_counts_more_than_a_name_and_only_the_first_memory_has_a_stack() {
    let two = r#"(module (memory 1) (memory (export "other") 1)
      (global $__heap_base i32 (i32.const 16)) (global (export "__heap_base") i32 (i32.const 32))
      (data (memory 1) (i32.const 4) "x"))"#;
    let guest = Guest::from_bytes("two.wat", two.as_bytes()).unwrap();
    assert_eq!(describe(&guest.layout_of(0)), "heap 0x20..?");
    assert!(guest.layout_of(0).segments.is_empty());
    assert_eq!(
        (describe(&guest.layout()), guest.layout().segments.len()),
        (String::new(), 1)
    );
}
