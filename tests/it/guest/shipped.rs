//! Each shipped guest fulfills the contract that its text and its sessions state.
//!
//! The guests run in the engine alone. When a session fails and these tests pass, the guest is not the
//! cause.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use wasmer::{Engine, Function, Imports, Instance, Module, Store, Value, imports};

const TEXT_WAT: &str = "guest/wasm_is_cool.wat";
const RUST_WASM: &str = "guest/rust/wasm_is_cool.wasm";
const C_WAT: &str = "guest/c_contract.wat";
const GROWING_WAT: &str = "guest/examples/growing.wat";

const SUFFIX: &[u8] = b" Wasm is cool!";
const NEIGHBOUR: &[u8] = b"do not touch: next variable\0";

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn bytes_of(path: &str) -> Vec<u8> {
    let bytes = std::fs::read(in_repository(path)).unwrap();
    wat::parse_bytes(&bytes).unwrap().into_owned()
}

/// Returns a module, which is compiled once for all tests, and the engine that all its stores need.
fn compiled(path: &str) -> (Engine, Module) {
    static ALL: LazyLock<(Engine, Mutex<HashMap<String, Module>>)> =
        LazyLock::new(Default::default);
    let (engine, modules) = &*ALL;
    let mut modules = modules.lock().unwrap();
    let module = modules
        .entry(path.into())
        .or_insert_with(|| Module::new(engine, bytes_of(path)).unwrap());
    (engine.clone(), module.clone())
}

/// An instance of a guest.
struct Guest {
    store: RefCell<Store>,
    instance: Instance,
}

impl Guest {
    fn start(path: &str) -> Self {
        Guest::start_with(path, |_| Imports::new())
    }

    fn start_with(path: &str, imports: impl FnOnce(&mut Store) -> Imports) -> Self {
        let (engine, module) = compiled(path);
        let mut store = Store::new(engine);
        let imports = imports(&mut store);
        let instance = Instance::new(&mut store, &module, &imports).unwrap();
        Guest {
            store: RefCell::new(store),
            instance,
        }
    }

    /// Returns the results as integers, or the message of the trap.
    fn call(&self, export: &str, args: &[i32]) -> Result<Vec<i32>, String> {
        let args: Vec<Value> = args.iter().map(|a| Value::I32(*a)).collect();
        let function = self.instance.exports.get_function(export).unwrap();
        let results = function
            .call(&mut *self.store.borrow_mut(), &args)
            .map_err(|e| e.message())?;
        Ok(results.iter().map(|v| v.unwrap_i32()).collect())
    }

    fn one(&self, export: &str, args: &[i32]) -> i32 {
        self.call(export, args).unwrap()[0]
    }

    fn pointer(&self) -> i32 {
        self.one("get_wasm_memory_buffer_pointer", &[])
    }

    fn write(&self, at: i32, bytes: &[u8]) {
        let memory = self.instance.exports.get_memory("memory").unwrap();
        memory
            .view(&*self.store.borrow())
            .write(at as u64, bytes)
            .unwrap();
    }

    fn read(&self, at: i32, len: usize) -> Vec<u8> {
        let memory = self.instance.exports.get_memory("memory").unwrap();
        let mut bytes = vec![0; len];
        memory
            .view(&*self.store.borrow())
            .read(at as u64, &mut bytes)
            .unwrap();
        bytes
    }

    fn pages(&self) -> u32 {
        self.instance
            .exports
            .get_memory("memory")
            .unwrap()
            .view(&*self.store.borrow())
            .size()
            .0
    }

    fn global(&self, export: &str) -> i32 {
        let global = self.instance.exports.get_global(export).unwrap();
        global.get(&mut *self.store.borrow_mut()).unwrap_i32()
    }

    fn set_global(&self, export: &str, value: i32) {
        let global = self.instance.exports.get_global(export).unwrap();
        global
            .set(&mut *self.store.borrow_mut(), Value::I32(value))
            .unwrap();
    }
}

/// Writes `length` bytes into the buffer of a new guest and calls `add_wasm_is_cool`. Returns the
/// guest, the pointer before the call, and the outcome.
fn add_to(path: &str, length: usize) -> (Guest, i32, Result<i32, String>) {
    let guest = Guest::start(path);
    let pointer = guest.pointer();
    guest.write(pointer, &vec![b'x'; length]);
    let outcome = guest
        .call("add_wasm_is_cool", &[length as i32])
        .map(|results| results[0]);
    (guest, pointer, outcome)
}

fn exports_of(path: &str) -> Vec<String> {
    let (_, module) = compiled(path);
    let mut names: Vec<String> = module
        .exports()
        .map(|e| format!("{}: {}", e.name(), shape(e.ty())))
        .collect();
    names.sort();
    names
}

/// Returns the type of an export in a few words.
fn shape(ty: &wasmer::ExternType) -> String {
    match ty {
        wasmer::ExternType::Function(f) => format!("{:?} -> {:?}", f.params(), f.results()),
        wasmer::ExternType::Memory(m) => format!("memory of {} page(s)", m.minimum.0),
        wasmer::ExternType::Global(_) => "global".into(),
        other => format!("{other:?}"),
    }
}

fn is_unreachable(outcome: &Result<i32, String>) -> bool {
    matches!(outcome, Err(message) if message.contains("unreachable"))
}

#[test]
fn shipped_guests_export_exactly_what_they_document() {
    let common = [
        "add_wasm_is_cool: [I32] -> [I32]",
        "get_wasm_memory_buffer_pointer: [] -> [I32]",
    ];
    for path in [TEXT_WAT, C_WAT, GROWING_WAT] {
        assert_eq!(
            exports_of(path),
            [common[0], common[1], "memory: memory of 1 page(s)"],
            "{path}"
        );
    }
    // The linker of rustc always exports two globals: the end of static data and the start of the heap.
    assert_eq!(
        exports_of(RUST_WASM),
        [
            "__data_end: global",
            "__heap_base: global",
            common[0],
            common[1],
            "memory: memory of 17 page(s)"
        ]
    );
}

#[test]
fn contracts_differ_at_the_same_lengths() {
    // The outcome of each guest for a length: `Some(result)`, or `None` for a trap.
    let rows: [(i32, [Option<i32>; 3]); 8] = [
        // length, text format, Rust, C
        (0, [Some(14), Some(14), Some(15)]),
        (12, [Some(26), Some(26), Some(27)]),
        (85, [Some(99), Some(99), Some(100)]),
        (86, [Some(100), Some(100), Some(101)]),
        (99, [Some(113), Some(113), Some(114)]),
        (100, [Some(114), Some(114), Some(-1)]),
        (1010, [Some(1024), Some(1024), Some(-1)]),
        (1011, [None, None, Some(-1)]),
    ];
    for (length, outcomes) in rows {
        for (path, expected) in [TEXT_WAT, RUST_WASM, C_WAT].into_iter().zip(outcomes) {
            let (guest, pointer, outcome) = add_to(path, length as usize);
            match expected {
                None => assert!(
                    is_unreachable(&outcome),
                    "{path}, {length} bytes: {outcome:?}"
                ),
                Some(result) => {
                    assert_eq!(outcome, Ok(result), "{path}, {length} bytes");
                    if result >= 0 {
                        let mut text = vec![b'x'; length as usize];
                        text.extend(SUFFIX);
                        text.resize(result as usize, 0);
                        assert_eq!(
                            guest.read(pointer, text.len()),
                            text,
                            "{path}, {length} bytes"
                        );
                        assert_eq!(guest.pointer(), pointer, "{path} moved its buffer");
                    }
                }
            }
        }
    }
}

#[test]
fn impossible_lengths_trap_or_are_refused() {
    for length in [-1, i32::MIN, i32::MAX, 1025, -14] {
        for path in [TEXT_WAT, RUST_WASM, GROWING_WAT] {
            let outcome = Guest::start(path)
                .call("add_wasm_is_cool", &[length])
                .map(|r| r[0]);
            assert!(is_unreachable(&outcome), "{path}, {length}: {outcome:?}");
        }
        assert_eq!(
            Guest::start(C_WAT).one("add_wasm_is_cool", &[length]),
            -1,
            "C, {length}"
        );
    }
}

#[test]
fn default_guest_changes_only_fourteen_bytes() {
    let guest = Guest::start(TEXT_WAT);
    assert_eq!(guest.pointer(), 0x400);
    guest.write(0x400, b"Did you know");
    let mut expected = guest.read(0, 65536);
    assert_eq!(guest.one("add_wasm_is_cool", &[12]), 26);
    expected[0x40c..0x41a].copy_from_slice(SUFFIX);
    assert!(guest.read(0, 65536) == expected);
    assert_eq!(guest.pages(), 1);
}

/// Sessions that show "14 stores" depend on this.
#[test]
fn default_guest_has_one_store_instruction() {
    assert_eq!(stores_in(&bytes_of(TEXT_WAT)), ["I32Store8"]);
    assert_eq!(data_bytes(&bytes_of(TEXT_WAT)), SUFFIX.len());
}

fn stores_in(module: &[u8]) -> Vec<String> {
    let mut stores = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() else {
            continue;
        };
        for operator in body.get_operators_reader().unwrap() {
            let name = format!("{:?}", operator.unwrap());
            let name = name.split([' ', '{']).next().unwrap_or_default();
            if name.contains("Store") || name.starts_with("Memory") {
                stores.push(name.to_string());
            }
        }
    }
    stores
}

fn data_bytes(module: &[u8]) -> usize {
    let mut sum = 0;
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let wasmparser::Payload::DataSection(section) = payload.unwrap() {
            sum += section
                .into_iter()
                .map(|d| d.unwrap().data.len())
                .sum::<usize>();
        }
    }
    sum
}

#[test]
fn rust_guest_grows_in_its_first_call_only() {
    let guest = Guest::start(RUST_WASM);
    assert_eq!(guest.pages(), 17);
    let pointer = guest.pointer();
    guest.write(pointer, b"Did you know");
    assert_eq!(guest.pages(), 17);
    assert_eq!(guest.one("add_wasm_is_cool", &[12]), 26);
    assert_eq!(guest.pages(), 18);
    assert_eq!(guest.one("add_wasm_is_cool", &[26]), 40);
    assert_eq!(guest.pages(), 18);
    assert_eq!(
        guest.read(pointer, 40),
        b"Did you know Wasm is cool! Wasm is cool!"
    );
}

#[test]
fn rust_guest_traps_on_invalid_utf8() {
    let bad = b"abc\xff\xfedef";
    for (path, traps) in [(RUST_WASM, true), (TEXT_WAT, false)] {
        let guest = Guest::start(path);
        guest.write(guest.pointer(), bad);
        let outcome = guest
            .call("add_wasm_is_cool", &[bad.len() as i32])
            .map(|r| r[0]);
        assert_eq!(is_unreachable(&outcome), traps, "{path}: {outcome:?}");
    }
}

#[test]
fn c_guest_overruns_by_up_to_fourteen_bytes() {
    for length in 0..100_usize {
        let (guest, pointer, outcome) = add_to(C_WAT, length);
        assert_eq!(outcome, Ok(length as i32 + 15), "{length} bytes");
        let mut expected = NEIGHBOUR.to_vec();
        let over = (length + 15).saturating_sub(100);
        let written: Vec<u8> = [SUFFIX, b"\0"].concat();
        expected[..over].copy_from_slice(&written[15 - over..]);
        assert_eq!(
            guest.read(pointer + 100, NEIGHBOUR.len()),
            expected,
            "{length} bytes"
        );
        assert_eq!(over > 0, length >= 86);
    }
    let (guest, pointer, _) = add_to(C_WAT, 99);
    assert_eq!(guest.read(pointer + 100, 14), b"Wasm is cool!\0");
}

#[test]
fn growing_guest_moves_its_buffer() {
    let guest = Guest::start(GROWING_WAT);
    let old = guest.pointer();
    guest.write(old, b"Did you know");
    assert_eq!(guest.one("add_wasm_is_cool", &[12]), 26);
    assert_eq!((guest.pages(), guest.pointer()), (2, 65536));
    assert_eq!(guest.read(65536, 26), b"Did you know Wasm is cool!");
    assert_eq!(
        guest.read(old, 26),
        [b"Did you know".as_slice(), &[0; 14]].concat()
    );
    // After the move the buffer is the whole second page.
    assert_eq!(guest.one("add_wasm_is_cool", &[65522]), 65536);
    assert!(is_unreachable(
        &guest.call("add_wasm_is_cool", &[65523]).map(|r| r[0])
    ));
}

#[test]
fn allocator_reuses_freed_blocks() {
    let guest = Guest::start("guest/examples/alloc.wat");
    let blocks: Vec<(i32, i32)> = [12, 1, 0, 8, 70_000]
        .map(|size| (guest.one("alloc", &[size]), size))
        .to_vec();
    for pair in blocks.windows(2) {
        assert!(
            pair[0].0 % 8 == 0 && pair[0].0 + pair[0].1 <= pair[1].0,
            "{blocks:?}"
        );
    }
    assert_eq!(guest.pages(), 2);
    // The last byte of the large block is inside memory.
    guest.write(blocks[4].0 + 69_999, b"z");

    // A block from the middle of the free list is found, and those around it stay on the list.
    for index in [0, 4, 1] {
        assert_eq!(guest.call("free", &[blocks[index].0]), Ok(vec![]));
    }
    assert_eq!(guest.one("alloc", &[60_000]), blocks[4].0);
    assert_eq!(guest.one("alloc", &[9]), blocks[0].0);
    assert_eq!(guest.one("alloc", &[8]), blocks[1].0);
    for refused in [-1, i32::MAX, 0x100001] {
        assert_eq!(guest.one("alloc", &[refused]), 0);
    }
}

#[test]
fn upper_changes_only_letters() {
    let guest = Guest::start("guest/examples/alloc.wat");
    let all: Vec<u8> = (0..=255).collect();
    let at = guest.one("alloc", &[256]);
    guest.write(at, &all);
    assert_eq!(guest.call("upper", &[at, 256]), Ok(vec![]));
    assert_eq!(guest.read(at, 256), all.to_ascii_uppercase());
}

#[test]
fn host_and_guest_share_the_readings() {
    let guest = Guest::start("guest/examples/in_place.wat");
    let at = guest.global("readings");
    assert_eq!(guest.one("sum", &[]), 100);
    guest.write(at + 8, &1000_u32.to_le_bytes());
    assert_eq!(guest.one("sum", &[]), 1070);
    assert_eq!(guest.call("double", &[]), Ok(vec![]));
    assert_eq!(guest.read(at, 8), [20, 0, 0, 0, 40, 0, 0, 0]);
    for (count, sum) in [
        (0, Ok(0)),
        (1, Ok(20)),
        (4, Ok(2140)),
        (5, Err(())),
        (-1, Err(())),
    ] {
        guest.set_global("count", count);
        assert_eq!(
            guest.call("sum", &[]).map(|r| r[0]).map_err(|_| ()),
            sum,
            "count {count}"
        );
    }
}

#[test]
fn callback_guest_reports_each_word() {
    let rows: [(&str, &[(i32, i32)]); 5] = [
        (
            "one row of bytes",
            &[(1024, 3), (1028, 3), (1032, 2), (1035, 5)],
        ),
        ("  a  ", &[(1026, 1)]),
        ("", &[]),
        (" ", &[]),
        ("x", &[(1024, 1)]),
    ];
    for (line, expected) in rows {
        assert_eq!(
            words_of(line, line.len() as i32),
            (Ok(expected.len() as i32), expected.to_vec()),
            "{line:?}"
        );
    }
    // A line of 64 bytes ends at the last byte that the host may write. A longer one is refused.
    assert_eq!(words_of(&"y".repeat(64), 64), (Ok(1), vec![(1024, 64)]));
    for promised in [65, -1] {
        assert!(is_unreachable(&words_of("", promised).0));
    }
}

/// Returns the result of `split` and the words that it reports, when the host writes `line` to memory
/// and states `length` bytes.
fn words_of(line: &str, length: i32) -> (Result<i32, String>, Vec<(i32, i32)>) {
    let seen: Arc<Mutex<Vec<(i32, i32)>>> = Arc::default();
    let log = seen.clone();
    let guest = Guest::start_with("guest/examples/callback.wat", |store| {
        imports! { "env" => {
            "read_line" => Function::new_typed(store, move |_to: i32, _most: i32| -> i32 { length }),
            "on_word" => Function::new_typed(store, move |at: i32, n: i32| log.lock().unwrap().push((at, n))),
        } }
    });
    // The guest reads the line at a fixed address, so it can be written before the call.
    guest.write(1024, line.as_bytes());
    let outcome = guest.call("split", &[]).map(|r| r[0]);
    let words = seen.lock().unwrap().clone();
    (outcome, words)
}

/// The committed module must be the same on every machine and not reveal the one that built it.
#[test]
fn rust_guest_holds_debug_info_but_no_build_paths() {
    let module = bytes_of(RUST_WASM);
    assert!(module.len() < 600 * 1024, "{} bytes", module.len());
    let has = |needle: &str| module.windows(needle.len()).any(|w| w == needle.as_bytes());
    for folder in [
        "/root/", "/home/", "/work/", "/usr/", "/build/", "/tmp/", "/Users/", ":\\",
    ] {
        assert!(
            !has(folder),
            "{RUST_WASM} holds a path below {folder}: see guest/rust/build.sh"
        );
    }
    for section in [
        ".debug_info",
        ".debug_abbrev",
        ".debug_line",
        ".debug_str",
        "add_wasm_is_cool",
    ] {
        assert!(
            has(section),
            "{RUST_WASM} has lost {section}: see guest/rust/build.sh"
        );
    }
    // The folder and the file of the line table each end with a NUL. The name of the unit follows.
    assert!(has("src\0library/") && has("lib.rs\0") && has("src/lib.rs/@/"));
}

/// The module was built from the source next to it: the debug information names the current line of
/// the store.
#[test]
fn rust_guest_matches_its_source() {
    let guest = linmem::guest::Guest::load(&in_repository(RUST_WASM)).unwrap();
    let source = std::fs::read_to_string(in_repository("guest/rust/src/lib.rs")).unwrap();
    let line = 1 + source
        .lines()
        .position(|l| l.contains("*start.add(i) = byte"))
        .unwrap();
    let found: Vec<String> = (0..guest.wasm().len() as u64)
        .filter(|at| {
            guest
                .function_at(*at)
                .is_some_and(|index| guest.function_name(index) == "add_wasm_is_cool")
        })
        .filter(|at| {
            guest
                .access_at(*at)
                .is_some_and(|access| access.is_store && access.width == 1)
        })
        .filter_map(|at| guest.locate(at).source.map(|source| source.to_string()))
        .collect();
    let expected = format!("src/lib.rs:{line}");
    assert!(
        found.contains(&expected),
        "stores of {found:?}, the source has {expected}: run guest/rust/build.sh"
    );
}
