//! The guest's stack pointer: it is a fact of each step, and the findings about it, each with near
//! misses that stay quiet.

use linmem::timeline::{StackPointer, Status, describe_step};

use super::harness::{findings, run};

/// A guest with data at 0x400, its stack from 0x800 to 0x1000, and its heap after that.
const GUEST: &str = r#"(module
  (import "env" "throw" (func $throw))
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1)
  (global $__stack_pointer (;EXPORT;) (mut i32) (i32.const 0x1000))
  (global (export "__data_end") i32 (i32.const 0x800))
  (global (export "__heap_base") i32 (i32.const 0x1000))
  (data $.rodata (i32.const 0x400) "constants")
  (func (export "stackSave") (result i32) (global.get $__stack_pointer))
  (func (export "stackRestore") (param i32) (global.set $__stack_pointer (local.get 0)))
  (func (export "stackAlloc") (param i32) (result i32)
    (global.set $__stack_pointer (i32.sub (global.get $__stack_pointer) (local.get 0)))
    (global.get $__stack_pointer))
  (func (export "_initialize_later") (global.set $__stack_pointer (i32.const 0xff0)))
  ;; Fills a frame of 256 bytes, and returns an address in it.
  (func $frame (export "frame") (param $then i32) (result i32) (local $fp i32)
    (global.set $__stack_pointer
      (local.tee $fp (i32.sub (global.get $__stack_pointer) (i32.const 256))))
    (memory.fill (local.get $fp) (i32.const 0x41) (i32.const 256))
    (if (i32.eq (local.get $then) (i32.const 1)) (then (call $throw)))
    (if (i32.eq (local.get $then) (i32.const 2)) (then (call $log (local.get $fp))))
    (if (i32.eq (local.get $then) (i32.const 3)) (then (return (i32.const 7))))
    (global.set $__stack_pointer (i32.add (local.get $fp) (i32.const 256)))
    (local.get $fp))
  (func (export "nested") (result i32) (local $fp i32) (local $inner i32)
    (global.set $__stack_pointer
      (local.tee $fp (i32.sub (global.get $__stack_pointer) (i32.const 64))))
    (local.set $inner (call $frame (i32.const 0)))
    (global.set $__stack_pointer (i32.add (local.get $fp) (i32.const 64)))
    (local.get $inner))
  (func (export "static") (result i32) (i32.store (i32.const 0x700) (i32.const 65))
    (i32.const 0x700)))"#;

const IMPORTS: &str = "import env.throw() traps \"thrown\"\nimport env.log(at)\n";

fn guest() -> String {
    GUEST.replace("(;EXPORT;)", "(export \"__stack_pointer\")")
}

/// Returns the steps that have findings, each with the kind, and their messages. Growth of memory
/// and expected traps are left out.
fn found(steps: &str) -> (Vec<(usize, &'static str)>, Vec<String>) {
    let timeline = run(&guest(), &format!("{IMPORTS}{steps}"));
    let found = findings(&timeline);
    assert_ne!(timeline.status(), Status::Failed, "{steps}\n{found:?}");
    let found = found.into_iter().filter(|(_, kind, _)| *kind != "trap");
    found
        .map(|(step, kind, message)| ((step, kind), message))
        .unzip()
}

#[track_caller]
fn assert_finds(steps: &str, expected: &[(usize, &str)]) -> Vec<String> {
    let (kinds, messages) = found(steps);
    assert_eq!(kinds, expected, "{steps}\n{messages:?}");
    messages
}

/// Returns the stack pointer of the last step.
fn stack_pointer(guest: &str, steps: &str) -> Option<StackPointer> {
    let timeline = run(guest, &format!("{IMPORTS}{steps}"));
    timeline.steps().last()?.stack_pointer
}

#[test]
fn stack_pointer_is_a_fact_of_each_step() {
    let at = |before, after| Some(StackPointer { before, after });
    let moved = at(Some(0x1000), 0xff0);
    let steps = "p = call stackAlloc(16)";
    // It is known by its export, by its name, by a function that moves it, or by prologues.
    let named = GUEST.to_owned();
    let moved_by = GUEST.replace("$__stack_pointer", "$g");
    let by_prologues = moved_by
        .replace("\"stackAlloc\"", "\"take\"")
        .replace("\"stackRestore\"", "\"back\"");
    assert_eq!(stack_pointer(&guest(), steps), moved);
    assert_eq!(stack_pointer(&named, steps), moved);
    assert_eq!(stack_pointer(&moved_by, steps), moved);
    assert_eq!(stack_pointer(&by_prologues, "p = call take(16)"), moved);
    assert_eq!(
        stack_pointer(&guest(), "set __stack_pointer = 0xf00"),
        at(Some(0x1000), 0xf00)
    );
    assert_eq!(
        stack_pointer(&guest(), "n = call frame(0)"),
        at(Some(0x1000), 0x1000)
    );
    assert_eq!(
        stack_pointer(&guest(), "expect trap call frame(1)"),
        at(Some(0x1000), 0xf00)
    );
    let timeline = run(&guest(), IMPORTS);
    assert_eq!(timeline.steps()[0].stack_pointer, at(None, 0x1000));
    // No global is known to be it, or it is that of a memory which is not recorded.
    let unknown = r#"(module (memory (export "memory") 1) (global (mut i32) (i32.const 64))
        (func (export "f") (global.set 0 (i32.const 8))))"#;
    assert_eq!(run(unknown, "call f()").steps()[1].stack_pointer, None);
    let two = r#"(module (memory 1) (memory (export "memory") 1)
        (global (export "__stack_pointer") (mut i32) (i32.const 64)))"#;
    assert_eq!(run(two, "let a = 1").steps()[1].stack_pointer, None);
}

#[test]
fn a_moved_stack_pointer_is_in_the_sentence_of_the_step() {
    let timeline = run(&guest(), &format!("{IMPORTS}expect trap call frame(1)"));
    let sentence = "The stack pointer moved down by 256 bytes, from 0x1000 to 0xf00.";
    assert!(describe_step(&timeline, 1).contains(sentence));
    let timeline = run(&guest(), &format!("{IMPORTS}n = call frame(0)"));
    assert!(!describe_step(&timeline, 1).contains("stack pointer"));
}

#[test]
fn a_call_that_returns_without_restoring_the_stack_pointer_is_found() {
    let messages = assert_finds("n = call frame(3)", &[(1, "stack-not-restored")]);
    assert_eq!(
        messages[0],
        "frame returned with the stack pointer at 0xf00, 256 bytes below where it was before the \
         call, 0x1000: it did not restore it"
    );
    // Functions whose purpose is to move it, and calls that restore it.
    assert_finds(
        "sp = call stackSave()\np = call stackAlloc(64)\ncall stackRestore(sp)",
        &[],
    );
    assert_finds("call stackRestore(0xff0)\ncall stackRestore(0x1000)", &[]);
    assert_finds("call _initialize_later()", &[]);
    assert_finds(
        "n = call nested()\nn = call frame(0)\nn = call frame(2)",
        &[],
    );
    let start = guest().replace("\"frame\"", "\"_start\"");
    let timeline = run(&start, &format!("{IMPORTS}n = call _start(3)"));
    assert_eq!(findings(&timeline), []);
}

#[test]
fn frames_that_a_trap_left_are_found_in_the_next_call() {
    let trap = "sp = global __stack_pointer\nexpect trap \"thrown\" call frame(1)\n";
    let messages = assert_finds(
        &format!("{trap}n = call frame(0)"),
        &[(3, "stack-not-restored")],
    );
    assert!(
        messages[0].contains(
            "the stack pointer is 0xf00, 256 bytes below where it was before the guest trapped, \
             0x1000: step 2 ended without restoring it"
        ),
        "{messages:?}"
    );
    // Once for each trap.
    assert_finds(
        &format!("{trap}n = call frame(0)\nm = call frame(0)"),
        &[(3, "stack-not-restored")],
    );
    assert_finds(
        &format!("{trap}expect trap call frame(1)\nm = call frame(0)"),
        &[(3, "stack-not-restored"), (4, "stack-not-restored")],
    );
    // The host restores it, or calls nothing any more.
    assert_finds(
        &format!("{trap}set __stack_pointer = sp\nn = call frame(0)"),
        &[],
    );
    assert_finds(
        &format!("{trap}call stackRestore(sp)\nn = call frame(0)"),
        &[],
    );
    assert_finds(trap, &[]);
}

#[test]
fn a_stack_that_runs_out_is_found_with_the_data_that_it_hit() {
    // The stack allocator goes below the lowest address, and the host writes there.
    let steps = "let n = 0xc10\np = call stackAlloc(n)\nwrite p, repeat(\"x\", n)";
    let messages = assert_finds(steps, &[(2, "stack-overflow"), (3, "stray-write")]);
    assert_eq!(
        messages[0],
        "the stack pointer went down to 0x3f0, 1040 bytes below the lowest address of the guest's \
         stack, 0x800"
    );
    assert!(
        messages[1].contains("over 9 bytes of data segment .rodata"),
        "{messages:?}"
    );
    // A frame goes over the data, and the call restores the stack pointer.
    let messages = assert_finds(
        "set __stack_pointer = 0x900\na = call nested()\nset __stack_pointer = 0x500\n\
         b = call frame(0)\nset __stack_pointer = 0x1000",
        &[
            (2, "stack-overflow"),
            (3, "stack-overflow"),
            (4, "stack-overflow"),
        ],
    );
    assert!(
        messages[2].ends_with("the guest stored over 9 bytes of data segment .rodata there"),
        "{messages:?}"
    );
    // All of it fits exactly.
    assert_finds(
        "p = call stackAlloc(0x800)\nwrite p, repeat(\"x\", 0x800)",
        &[],
    );
    assert_finds("set __stack_pointer = 0x940\na = call nested()", &[]);
}

#[test]
fn an_address_below_zero_names_the_stack_that_ran_out() {
    let guest = guest().replace("(export \"__data_end\")", "");
    let timeline = run(
        &guest,
        &format!("{IMPORTS}set __stack_pointer = 0x80\nn = call frame(0)"),
    );
    let error = timeline.steps()[2].error.clone().unwrap_or_default();
    assert!(
        error.contains(
            "the stack pointer is 0xffffff80, 128 bytes below 0: the guest's stack has run out"
        ),
        "{error}"
    );
    let timeline = run(
        &guest,
        &format!("{IMPORTS}let p = 0xfffffff0\nn = read p as u8"),
    );
    let error = timeline.steps()[2].error.clone().unwrap_or_default();
    assert!(error.contains("16 bytes below 0"), "{error}");
    assert!(!error.contains("stack"), "{error}");
}

#[test]
fn an_access_to_a_frame_that_has_ended_is_found() {
    // The call that returns the address has a note already.
    let messages = assert_finds(
        "p = call frame(0)\nn = call nested()\nx = read p as u32",
        &[(1, "stack-address-returned"), (3, "dangling-stack-pointer")],
    );
    assert!(
        messages[1].contains(
            "the host read the 4 bytes at 0xf00..0xf04, below the stack pointer 0x1000, where no \
             frame is live (p is from step 1): the guest, in frame"
        ),
        "{messages:?}"
    );
    assert!(messages[1].ends_with("since, in step 2"), "{messages:?}");
    // The guest passed it to an import.
    let messages = assert_finds(
        "n = call frame(2)\nlet args = call_args(env.log, 0)\nx = read args[0] as u32",
        &[(3, "dangling-stack-pointer")],
    );
    assert!(messages[0].contains("the guest passed it to env.log in step 1"));
    assert_finds(
        "sp = global __stack_pointer\nwrite sp - 16, \"x\"",
        &[(2, "dangling-stack-pointer")],
    );
    // Memory of the stack allocator, static memory, and a number that is no address.
    assert_finds(
        "p = call stackAlloc(16)\nwrite p, \"x\"\nn = read p as u8",
        &[],
    );
    assert_finds(
        "p = call static()\nn = call frame(0)\nx = read p as u32",
        &[],
    );
    assert_finds("n = call frame(0)\nexpect n == 0xf00", &[]);
    assert_finds(
        "sp = global __stack_pointer\nlet p = sp - 16\nset __stack_pointer = p\nwrite p, \"x\"\n\
         set __stack_pointer = sp",
        &[],
    );
}

#[test]
fn a_write_that_no_pointer_led_to_is_found() {
    let messages = assert_finds("write 0x404, \"xy\"", &[(1, "stray-write")]);
    assert_eq!(
        messages[0],
        "the host wrote the 2 bytes at 0x404..0x406, over 2 bytes of data segment .rodata: the \
         host chose the address 0x404 (a number in the script), and no address that the guest gave \
         leads there"
    );
    let messages = assert_finds(
        "input at = 0x3fe\nlet p = at\nwrite p, \"1234\"",
        &[(2, "stray-write")],
    );
    assert!(messages[0].contains("the host chose the address 0x3fe (p, from step 1)"));
    // Zeroed static data, and frames of the stack that are live.
    let messages = assert_finds("write 0x600, \"xy\"", &[(1, "stray-write")]);
    assert!(
        messages[0].contains("2 bytes of static data"),
        "{messages:?}"
    );
    assert_finds(
        "p = call stackAlloc(32)\nwrite 0xff0, \"xy\"",
        &[(2, "stray-write")],
    );
    // The heap, and an address that the guest gave, also if it is typed as a number.
    assert_finds("write 0x1000, \"xy\"", &[]);
    assert_finds(
        "p = call static()\nwrite p, \"xy\"\nwrite p + 4, \"xy\"",
        &[],
    );
    assert_finds("n = call static()\nwrite 0x700, \"xy\"", &[]);
    assert_finds(
        "write 0x1000, u32(0x400)\np = read 0x1000 as u32\nwrite p, \"x\"",
        &[],
    );
}

/// A guest that stores through its first argument.
const STORES: &str = r#"(module
  (memory (export "memory") 2)
  (;HEAP;)
  (global (export "table") i32 (i32.const 64))
  (data $config (i32.const 8) "\2a\00\00\00")
  (data (i32.const 64) "table")
  (func (export "get") (result i32) (i32.const 8))
  (func (export "get_if") (param i32) (result i32) (local.get 0))
  (func (export "size") (param $result i32) (param $n i32)
    (i32.store (local.get $result) (local.get $n))
    (i32.store offset=4 (local.get $result) (local.get $n))))"#;

#[test]
fn a_store_of_the_guest_by_an_address_that_the_host_chose_is_found() {
    let with_heap = STORES.replace(
        "(;HEAP;)",
        "(global (export \"__heap_base\") i32 (i32.const 1024))",
    );
    let kinds = |guest: &str, steps: &str| -> Vec<(usize, &'static str)> {
        let found = findings(&run(guest, steps));
        found.iter().map(|(step, kind, _)| (*step, *kind)).collect()
    };
    let stray = |steps: &str| kinds(&with_heap, steps);
    let messages = findings(&run(&with_heap, "call size(8, 5)"));
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(
        messages[0].2.contains(
            "wrote the 8 bytes at 0x8..0x10, over 4 bytes of data segment config: the host chose \
             the address 0x8 (a number in the script) and passed it"
        ),
        "{messages:?}"
    );
    // A name that the script gives to the number is no pointer of the guest. A result that equals
    // an argument is none either.
    assert_eq!(
        stray("region config = 8, 4\ncall size(8, 5)"),
        [(2, "overrun"), (2, "stray-write")]
    );
    assert_eq!(
        stray("n = call get_if(8)\ncall size(8, 5)"),
        [(2, "stray-write")]
    );
    assert_eq!(stray("call size(4, 5)"), [(1, "stray-write")]);
    // A place that is free, a pointer, a number that the guest gave, and an exported constant.
    assert_eq!(stray("call size(0x1000, 5)"), []);
    assert_eq!(stray("p = call get()\ncall size(p, 5)"), []);
    assert_eq!(stray("p = call get()\ncall size(8, 5)"), []);
    assert_eq!(stray("call size(64, 5)"), []);
    // A number that is no address.
    assert_eq!(stray("call size(0x1000, 8)"), []);
    // The guest shows nowhere which memory is free.
    assert_eq!(kinds(STORES, "call size(8, 5)\nwrite 8, \"x\""), []);
}

#[test]
fn a_write_of_an_import_to_an_address_that_the_script_chose_is_found() {
    let guest = r#"(module
      (import "env" "fill" (func $fill (param i32)))
      (memory (export "memory") 1)
      (global (export "__heap_base") i32 (i32.const 1024))
      (data (i32.const 64) "constants")
      (func (export "run") (param i32) (call $fill (local.get 0))))"#;
    let found = |action: &str, call: &str| -> Vec<(usize, &'static str)> {
        let steps = format!("import env.fill(at) {action}\n{call}");
        let found = findings(&run(guest, &steps));
        found.iter().map(|(step, kind, _)| (*step, *kind)).collect()
    };
    let stray = [(1, "stray-write")];
    assert_eq!(found("writes 64, \"xy\"", "call run(2000)"), stray);
    assert_eq!(found("copies 64, at, 2", "call run(2000)"), stray);
    // The guest passes the address, or the bytes are free.
    assert_eq!(found("writes at, \"xy\"", "call run(64)"), []);
    assert_eq!(found("writes 64, \"xy\"", "call run(64)"), []);
    assert_eq!(
        found("p = reads at as u32 ; writes p, \"xy\"", "call run(2000)"),
        []
    );
    assert_eq!(found("writes 1024, \"xy\"", "call run(2000)"), []);
}

#[test]
fn the_unused_end_of_the_stack_is_a_note() {
    // The stack is first, as current linkers place it.
    let guest = r#"(module (memory (export "memory") 2)
      (global $__stack_pointer (mut i32) (i32.const 0x10000))
      (global (export "__heap_base") i32 (i32.const 0x10400))
      (data (i32.const 0x10000) "constants"))"#;
    let kinds = |steps: &str| -> Vec<(usize, &'static str)> {
        let found = findings(&run(guest, steps));
        found.iter().map(|(step, kind, _)| (*step, *kind)).collect()
    };
    let note = [(1, "unused-stack-write")];
    assert_eq!(kinds("write 0x100, \"xy\"\nwrite 0x200, \"xy\""), note);
    assert_eq!(kinds("write 0xfff0, \"xy\""), [(1, "stray-write")]);
    assert_eq!(kinds("write 0x10400, \"xy\""), []);
}
