//! The journal of an instrumented guest. It holds every store in order, and its replay over memory
//! before a call is memory after it. A store that trapped is the last slot and changed nothing.

use crate::support::journal_host::{Host, Limit, PAGE, Plain, Slot, guest};
use linmem::guest::{Guest, InstrumentOptions};
use linmem::journal_abi::{SiteKind, StoreSite};
use wasmer::Value;

const OPTIONS: InstrumentOptions = InstrumentOptions {
    max_memory: 16 * PAGE,
    memory: Some(0),
};

fn host(guest: &Guest, limit: Limit) -> Host {
    Host::new(guest, &guest.instrument(&OPTIONS).unwrap(), limit, u64::MAX)
}

/// A guest as given and instances of it that are recorded. Some of these drain the journal as often
/// as possible. Every call must have the same result and the same slots in all of them.
struct Pair {
    plain: Plain,
    recorded: Vec<Host>,
}

/// A mark that is a comment in one guest and [`FENCE`] in another, whose slots must be the same.
const MAYBE_FENCED: &str = ";;fence\n";
/// A block that makes the instrumentation write the slots of its function by calls.
const FENCE: &str = "(try_table)";

impl Pair {
    fn new(text: &str) -> Pair {
        let mut guests = vec![guest(text)];
        if text.contains(MAYBE_FENCED) {
            guests.push(guest(&text.replace(MAYBE_FENCED, FENCE)));
        }
        let limits = [Limit::Full, Limit::Always];
        let recorded = guests
            .iter()
            .flat_map(|guest| limits.map(|limit| host(guest, limit)))
            .collect();
        Pair {
            plain: Plain::new(&guests[0]).unwrap(),
            recorded,
        }
    }

    fn call(
        &mut self,
        name: &str,
        args: &[Value],
    ) -> (Result<Vec<Value>, String>, Vec<Slot>, Option<Slot>) {
        let expected = self
            .plain
            .try_call(name, args)
            .map_err(|error| error.message());
        let mut recorded: Vec<_> = self
            .recorded
            .iter_mut()
            .map(|host| host.record(name, args))
            .collect();
        assert!(
            recorded.iter().all(|one| *one == recorded[0]),
            "{name}{args:?}: {recorded:?}"
        );
        assert_eq!(expected, recorded[0].0, "{name}{args:?}");
        for host in &self.recorded {
            let name = &host.rewritten.memory_exports[0];
            assert!(self.plain.memory(name) == host.memory(name));
        }
        recorded.swap_remove(0)
    }

    fn site(&self, slot: &Slot) -> StoreSite {
        self.recorded[0].rewritten.journal.sites[slot.site as usize - 1]
    }
}

/// The instruction, the type of the value, and the number of bytes that are written.
const STORES: [(&str, &str, u8); 16] = [
    ("i32.store8", "i32", 1),
    ("i32.store16", "i32", 2),
    ("i32.store", "i32", 4),
    ("i64.store8", "i64", 1),
    ("i64.store16", "i64", 2),
    ("i64.store32", "i64", 4),
    ("i64.store", "i64", 8),
    ("f32.store", "f32", 4),
    ("f64.store", "f64", 8),
    ("i32.atomic.store8", "i32", 1),
    ("i32.atomic.store16", "i32", 2),
    ("i32.atomic.store", "i32", 4),
    ("i64.atomic.store8", "i64", 1),
    ("i64.atomic.store16", "i64", 2),
    ("i64.atomic.store32", "i64", 4),
    ("i64.atomic.store", "i64", 8),
];

const OFFSETS: [u64; 5] = [0, 1, 8, 65535, 0xffff_ffff];

/// Returns addresses at both ends of memory, with every overlap and alignment, and addresses that
/// exceed 2^32 with an offset.
fn addresses() -> impl Iterator<Item = i32> {
    (0..18)
        .chain(65536 - 20..65536 + 2)
        .chain([-1, -2, -7, -8, -9, -16, -65535, -65536, i32::MIN])
}

fn value(ty: &str, n: i32) -> Value {
    let bits = 0x8182_8384_8586_8788u64.wrapping_mul((n as u64).wrapping_mul(2) | 1);
    match ty {
        "i32" => Value::I32(bits as i32),
        "i64" => Value::I64(bits as i64),
        "f32" => Value::F32(f32::from_bits(bits as u32 & 0x7f7f_ffff)),
        _ => Value::F64(f64::from_bits(bits & 0x7fef_ffff_ffff_ffff)),
    }
}

fn bits(value: &Value) -> u64 {
    match value {
        Value::I32(n) => u64::from(*n as u32),
        Value::I64(n) => *n as u64,
        Value::F32(n) => n.to_bits().into(),
        Value::F64(n) => n.to_bits(),
        _ => panic!(),
    }
}

#[test]
fn stores_of_every_width_are_journaled() {
    let mut functions = String::new();
    for (name, ty, width) in STORES {
        for offset in OFFSETS {
            for align in [1, width] {
                if align != width && name.contains("atomic")
                    || align == width && functions.contains(&format!("\"{name} {offset} {align}\""))
                {
                    continue;
                }
                functions.push_str(&format!(
                    "(func (export \"{name} {offset} {align}\") (param i32 {ty}) {MAYBE_FENCED}
                       ({name} offset={offset} align={align} (local.get 0) (local.get 1)))"
                ));
            }
        }
    }
    let mut pair = Pair::new(&format!(
        "(module (memory (export \"memory\") 1) {functions})"
    ));
    let (mut done, mut trapped) = (0, 0);
    for (name, ty, width) in STORES {
        for (offset, address) in OFFSETS
            .into_iter()
            .flat_map(|offset| addresses().map(move |at| (offset, at)))
        {
            let given = value(ty, address);
            let export = format!("{name} {offset} {width}");
            let (result, slots, attempt) =
                pair.call(&export, &[Value::I32(address), given.clone()]);
            let (slot, other) = if result.is_ok() {
                (slots.first(), attempt)
            } else {
                (attempt.as_ref(), slots.first().cloned())
            };
            assert_eq!(other, None, "{export} {address}");
            let slot = slot.unwrap();
            let mask = u64::MAX >> (64 - 8 * u32::from(width));
            assert_eq!(
                (slot.address, slot.value),
                (address as u32, bits(&given) & mask),
                "{export}"
            );
            let site = pair.site(slot);
            assert_eq!(
                (site.immediate, site.kind),
                (offset, SiteKind::Store { width })
            );
            let end = u64::from(address as u32) + offset + u64::from(width);
            let is_aligned = !name.contains("atomic")
                || (u64::from(address as u32) + offset) % u64::from(width) == 0;
            assert_eq!(
                result.is_ok(),
                end <= PAGE && is_aligned,
                "{export} {address}"
            );
            *if result.is_ok() {
                &mut done
            } else {
                &mut trapped
            } += 1;
        }
    }
    assert!(done > 500 && trapped > 500, "{done} {trapped}");
}

#[test]
fn vector_and_lane_stores_are_journaled() {
    let constant = "(v128.const i32x4 0x03020100 0x07060504 0x0b0a0908 0x0f0e0d0c)";
    let mut functions = String::new();
    for (width, lanes) in [(8, [0, 15]), (16, [3, 7]), (32, [0, 3]), (64, [0, 1])] {
        for lane in lanes {
            functions.push_str(&format!(
                "(func (export \"{width} {lane}\") (param i32) {MAYBE_FENCED} (v128.store{width}_lane offset=1 {lane} (local.get 0) {constant}))"
            ));
        }
    }
    let mut pair = Pair::new(&format!(
        "(module (memory (export \"memory\") 1) {functions}
           (func (export \"v\") (param i32) {MAYBE_FENCED} (v128.store offset=1 (local.get 0) {constant})
             (v128.store (i32.const 100) (v128.load offset=1 (local.get 0)))))"
    ));
    for address in addresses() {
        let (result, slots, attempt) = pair.call("v", &[Value::I32(address)]);
        let all: Vec<Slot> = slots.iter().cloned().chain(attempt).collect();
        assert_eq!(
            (all[0].address, all[0].value),
            (address as u32, 0x0706_0504_0302_0100)
        );
        assert_eq!(pair.site(&all[0]).kind, SiteKind::Vector);
        assert_eq!(slots.len(), if result.is_ok() { 4 } else { 0 });
        for (width, lane) in [
            (8, 0),
            (8, 15),
            (16, 3),
            (16, 7),
            (32, 0),
            (32, 3),
            (64, 0),
            (64, 1),
        ] {
            let (_, slots, attempt) = pair.call(&format!("{width} {lane}"), &[Value::I32(address)]);
            let slot = attempt.or(slots.first().cloned()).unwrap();
            let bytes: Vec<u8> = (0..width / 8).map(|n| lane * (width / 8) + n).collect();
            assert_eq!(slot.value.to_le_bytes()[..bytes.len()], bytes);
            assert_eq!(pair.site(&slot).kind, SiteKind::Store { width: width / 8 });
        }
    }
}

#[test]
fn atomic_exchanges_are_journaled_with_their_result() {
    let mut functions = String::new();
    let mut names = Vec::new();
    for (ty, widths) in [("i32", &[8, 16, 32][..]), ("i64", &[8, 16, 32, 64])] {
        for width in widths {
            let is_whole = ty == format!("i{width}");
            let (narrow, sign) = if is_whole {
                (String::new(), "")
            } else {
                (width.to_string(), "_u")
            };
            for op in ["add", "sub", "and", "or", "xor", "xchg"] {
                let name = format!("{ty}.atomic.rmw{narrow}.{op}{sign}");
                functions.push_str(&format!(
                    "(func (export \"{name}\") (param i32 i64) (result {ty}) {MAYBE_FENCED}
                       ({name} offset=8 (local.get 0) {}))",
                    if ty == "i32" {
                        "(i32.wrap_i64 (local.get 1))"
                    } else {
                        "(local.get 1)"
                    }
                ));
                names.push((name, width / 8));
            }
            let name = format!("{ty}.atomic.rmw{narrow}.cmpxchg{sign}");
            let [expected, value] = [1, 2].map(|n| match ty {
                "i32" => format!("(i32.wrap_i64 (local.get {n}))"),
                _ => format!("(local.get {n})"),
            });
            functions.push_str(&format!(
                "(func (export \"{name}\") (param i32 i64 i64) (result {ty}) {MAYBE_FENCED} ({name} offset=8 (local.get 0) {expected} {value}))"
            ));
            names.push((name, width / 8));
        }
    }
    let mut pair = Pair::new(&format!(
        "(module (memory (export \"memory\") 1) {functions})"
    ));
    let (mut exchanged, mut failed) = (0, 0);
    for (name, width) in &names {
        let mut old = 0;
        for (round, address) in (0..40).zip([0, 0, 8, 65520, 65528, 3, -8].into_iter().cycle()) {
            let wanted = Value::I64(0x0102_0304_8586_8788i64.wrapping_mul(round + 1));
            let is_compared = name.contains("cmpxchg");
            let args = match is_compared {
                true => vec![
                    Value::I32(address),
                    Value::I64(if round % 3 == 0 { old } else { 0 }),
                    wanted,
                ],
                false => vec![Value::I32(address), wanted],
            };
            let before = pair.recorded[0].memory("memory");
            let (result, slots, attempt) = pair.call(name, &args);
            assert_eq!(attempt.is_some(), result.is_err(), "{name} {address}");
            if let Some(attempt) = attempt {
                assert_eq!((attempt.address, slots.len()), (address as u32, 0));
            } else if slots.is_empty() {
                assert!(is_compared && before == pair.recorded[0].memory("memory"));
                failed += 1;
            } else {
                assert_eq!(pair.site(&slots[0]).kind, SiteKind::Store { width: *width });
                exchanged += 1;
            }
            let at = (address.max(-8) + 8).min(65528) as usize;
            let low = &pair.recorded[0].memory("memory")[at..at + usize::from(*width)];
            let mut word = [0; 8];
            word[..low.len()].copy_from_slice(low);
            old = i64::from_le_bytes(word);
        }
    }
    assert!(exchanged > 500 && failed > 20, "{exchanged} {failed}");
}

#[test]
fn bulk_operations_are_journaled() {
    let mut pair = Pair::new(
        r#"(module (memory (export "memory") 1)
          (data $d "0123456789")
          (func (export "fill") (param i32 i32 i32) ;;fence
            (memory.fill (local.get 0) (local.get 1) (local.get 2)))
          (func (export "copy") (param i32 i32 i32) ;;fence
            (memory.copy (local.get 0) (local.get 1) (local.get 2)))
          (func (export "init") (param i32 i32 i32) ;;fence
            (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
          (func (export "drop") (data.drop $d)))"#,
    );
    let mut call = |name: &str, args: [i32; 3]| {
        let (result, slots, attempt) = pair.call(name, &args.map(Value::I32));
        let slot = attempt.or(slots.first().cloned()).unwrap();
        (result.is_ok(), slots.len(), slot.address, slot.value)
    };
    let value = |length: u64, second: u64| length | second << 32;
    assert_eq!(
        call("fill", [10, 0x1ab, 20]),
        (true, 1, 10, value(20, 0xab))
    );
    assert_eq!(call("init", [30, 2, 5]), (true, 1, 30, value(5, 2)));
    assert_eq!(call("copy", [12, 10, 30]), (true, 1, 12, value(30, 10)));
    assert_eq!(call("copy", [0, 10, 30]), (true, 1, 0, value(30, 10)));
    assert_eq!(call("fill", [65536, 1, 0]), (true, 1, 65536, value(0, 1)));
    assert_eq!(call("fill", [65530, 7, 7]), (false, 0, 65530, value(7, 7)));
    assert_eq!(
        call("copy", [0, -1, 2]),
        (false, 0, 0, value(2, 0xffff_ffff))
    );
    assert_eq!(call("init", [0, 9, 2]), (false, 0, 0, value(2, 9)));
    pair.call("drop", &[]).0.unwrap();
    let (result, slots, attempt) =
        pair.call("init", &[Value::I32(0), Value::I32(0), Value::I32(1)]);
    assert!(result.is_err() && slots.is_empty() && attempt.is_some());
}

#[test]
fn memory_growth_is_journaled_even_if_it_fails() {
    let mut pair = Pair::new(
        r#"(module (memory (export "memory") 1 3)
          (func (export "grow") (param i32) (result i32) ;;fence
            (i32.store8 (i32.const 9) (i32.const 1)) (memory.grow (local.get 0)) (i32.store8 (i32.const 9) (i32.const 2))))"#,
    );
    for (pages, old) in [(0, 1), (2, 1), (0, 3), (1, u32::MAX), (-1, u32::MAX)] {
        let (result, slots, _) = pair.call("grow", &[Value::I32(pages)]);
        assert_eq!(result, Ok(vec![Value::I32(old as i32)]));
        // A growth by no pages is no event, and has no slot.
        if pages == 0 {
            assert_eq!(slots.len(), 2);
            continue;
        }
        assert_eq!(slots.len(), 3);
        assert_eq!(
            (slots[1].address, slots[1].value),
            (pages as u32, u64::from(old))
        );
        assert_eq!(pair.site(&slots[1]).kind, SiteKind::Grow);
    }
}

#[test]
fn copies_from_other_memories_are_journaled() {
    let text = r#"(module (memory $a (export "a") 1) (memory $b (export "b") 1)
      (func (export "go") ;;fence
        (i32.store $b (i32.const 8) (i32.const 0x64636261))
        (memory.copy $a $b (i32.const 100) (i32.const 8) (i32.const 4))
        (i32.store8 $b (i32.const 8) (i32.const 0))
        (memory.copy $a $b (i32.const 102) (i32.const 8) (i32.const 4))
        (memory.copy $b $a (i32.const 0) (i32.const 100) (i32.const 4))
        (drop (memory.grow $b (i32.const 1)))
        (i32.store8 $a (i32.const 100) (i32.const 90)))
      (func (export "past") ;;fence
        (memory.copy $a $b (i32.const 65535) (i32.const 8) (i32.const 4))))"#;
    let mut pair = Pair::new(text);
    let (_, slots, _) = pair.call("go", &[]);
    let copied: Vec<&[u8]> = slots.iter().map(|slot| &*slot.copied).collect();
    assert_eq!(copied, [&b"abcd"[..], b"\0bcd", b""]);
    assert_eq!(pair.site(&slots[0]).kind, SiteKind::CopyFrom);
    assert!(pair.call("past", &[]).2.is_some());
    let other = guest(text)
        .instrument(&InstrumentOptions {
            memory: Some(1),
            ..OPTIONS
        })
        .unwrap();
    assert_eq!(other.journal.sites.len(), 4);
    assert!(
        guest(text)
            .instrument(&InstrumentOptions {
                memory: None,
                ..OPTIONS
            })
            .unwrap()
            .journal
            .sites
            .is_empty()
    );
}

/// A guest with stores before, between and after calls, in branches, loops and recursion.
const CALLS: &str = r#"(module
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table funcref (elem $leaf $pure))
  (global $n (mut i32) (i32.const 0))
  (func $next (result i32)
    (global.set $n (i32.add (global.get $n) (i32.const 4))) (i32.and (global.get $n) (i32.const 0xfffc)))
  (func $pure (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $leaf (param i32) (result i32) (i32.store (call $next) (local.get 0)) (local.get 0))
  (func $tree (export "tree") (param $depth i32) (result i32) (local $i i32)
    (if (i32.eqz (local.get $depth)) (then (return (call $leaf (i32.const 7)))))
    (i32.store (call $next) (local.get $depth))
    (block $out
      (loop $again
        (i32.store16 (call $next) (call $tree (i32.sub (local.get $depth) (i32.const 1))))
        (drop (call $pure (i32.const 1)))
        (i32.store8 (call $next) (call_indirect (param i32) (result i32) (local.get $i) (i32.and (local.get $i) (i32.const 1))))
        (br_if $out (i32.gt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2)))
        (if (i32.and (local.get $i) (i32.const 1))
          (then (i64.store32 (call $next) (i64.const 99)) (br $again))
          (else (drop (call $add (local.get $i) (i32.const 1)))))
        (i32.store (call $next) (i32.const 5))
        (br_table $again $out $again (local.get $i))))
    (i32.store (call $next) (i32.const 6))
    (local.get $i))
  (func $down (export "down") (param $n i32) (result i32)
    (if (local.get $n) (then
      (drop (call $down (i32.sub (local.get $n) (i32.const 1))))
      (i32.store (call $next) (local.get $n)) (i32.store (call $next) (i32.const -1))
      (i32.store (call $next) (i32.const -2)) (i32.store (call $next) (i32.const -3))))
    (local.get $n))
  (func (export "trap") (param i32) (result i32)
    (i32.store (i32.const 4) (i32.const 1))
    (drop (call $down (i32.const 3)))
    (i32.store (i32.const 8) (i32.const 2))
    (i32.div_u (i32.const 1) (local.get 0)))
  (func (export "squares") (param $n i32) (result i32) (local $i i32)
    (loop $next (result i32)
      (i32.store (i32.and (i32.shl (local.get $i) (i32.const 2)) (i32.const 0xfffc)) (local.get $i))
      (block $skip
        (br_if $skip (i32.and (local.get $i) (i32.const 1)))
        (i32.store8 offset=1 (i32.and (local.get $i) (i32.const 0xff)) (local.get $i))
        (br_table $skip $skip (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n)))
      (if (i32.lt_u (local.get $i) (i32.const 50)) (then (br $next)))
      (local.get $i)))
  (func (export "leaves") (param $n i32) (result i32)
    (block $out
      (loop $next
        (i32.store (local.get $n) (local.get $n))
        (if (i32.and (local.get $n) (i32.const 64)) (then (br_if 3 (local.get $n) (local.get $n)) (drop)))
        (if (i32.and (local.get $n) (i32.const 128)) (then (return (i32.const -1))))
        (br_table $out $next $out (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 3))) (i32.const 50)))))
    (i32.store8 (i32.const 7) (local.get $n))
    (local.get $n)))"#;

#[test]
fn position_is_right_after_calls_and_branches() {
    let mut pair = Pair::new(CALLS);
    let (_, slots, _) = pair.call("tree", &[Value::I32(3)]);
    assert!(slots.len() > 40, "{}", slots.len());
    for n in [1, 10, 60, 100_000] {
        let (result, slots, _) = pair.call("squares", &[Value::I32(n)]);
        let rounds = n.max(50);
        assert_eq!(result, Ok(vec![Value::I32(rounds)]));
        assert_eq!(slots.len() as i32, rounds + (rounds + 1) / 2);
    }
    for (n, expected) in [(0, 51), (48, 51), (64, 64), (100, 100), (130, -1)] {
        assert_eq!(
            pair.call("leaves", &[Value::I32(n)]).0,
            Ok(vec![Value::I32(expected)])
        );
    }
    let (result, slots, attempt) = pair.call("trap", &[Value::I32(0)]);
    assert!(result.is_err() && attempt.is_none());
    assert_eq!(slots.len(), 14);
}

#[test]
fn deep_recursion_does_not_overrun_the_journal() {
    let guest = guest(CALLS);
    let mut plain = Plain::new(&guest).unwrap();
    let mut recorded =
        [Limit::Full, Limit::Slots(1), Limit::Slots(100)].map(|limit| host(&guest, limit));
    plain.try_call("down", &[Value::I32(9000)]).unwrap();
    let expected = plain.memory("memory");
    for host in &mut recorded {
        let (result, slots, _) = host.record("down", &[Value::I32(9000)]);
        result.unwrap();
        assert_eq!(slots.len(), 36_000);
        assert!(host.memory("memory") == expected);
    }
    let bound = recorded[0].rewritten.journal.start + 16 * (1 + 4 + 4);
    assert!(
        recorded[1].farthest() <= bound,
        "{}",
        recorded[1].farthest()
    );
}

#[test]
fn functions_with_2000_stores_do_not_overrun_the_journal() {
    for count in [1_999, 2_001] {
        let stores: String = (0..count)
            .map(|n| format!("(i32.store8 offset={n} (local.get 0) (i32.const {n}))"))
            .collect();
        let mut pair = Pair::new(&format!(
            "(module (memory (export \"memory\") 1) (func (export \"f\") (param i32) {stores}))"
        ));
        for _ in 0..20 {
            assert_eq!(pair.call("f", &[Value::I32(0)]).1.len(), count);
        }
        let (_, slots, attempt) = pair.call("f", &[Value::I32(65536 - count as i32 + 1)]);
        assert_eq!((slots.len(), attempt.is_some()), (count - 1, true));
    }
}

/// More stores than the journal has slots. With twice as many, the compiler takes many seconds for the
/// guest as given.
#[test]
fn five_thousand_stores_in_one_function_are_recorded() {
    for fence in ["", FENCE] {
        let stores: String = (0..5_000)
            .map(|n| {
                format!(
                    "(i32.store16 offset={} (local.get 0) (i32.const {}))",
                    6 * n,
                    n % 997
                )
            })
            .collect();
        let text = format!(
            "(module (memory (export \"memory\") 1) (func (export \"f\") (param i32) {fence} {stores}))"
        );
        let guest = Guest::from_bytes("many.wasm", &wat::parse_str(&text).unwrap()).unwrap();
        let mut recorded = host(&guest, Limit::Full);
        let (result, slots, _) = recorded.record("f", &[Value::I32(8)]);
        assert_eq!((result, slots.len()), (Ok(vec![]), 5_000));
        assert!(
            slots
                .iter()
                .zip(0u64..)
                .all(|(slot, n)| (slot.address, slot.value) == (8, n % 997))
        );
        let (result, slots, attempt) = recorded.record("f", &[Value::I32(65536 - 6 * 4_998 - 1)]);
        assert!(result.is_err());
        assert_eq!(
            (slots.len(), attempt.map(|slot| slot.value)),
            (4_998, Some(4_998 % 997))
        );
        let journal = &recorded.rewritten.journal;
        assert!(
            recorded.farthest() <= journal.limit + 16,
            "{} {}",
            recorded.farthest(),
            journal.limit
        );
    }
}

#[test]
fn position_is_right_after_exceptions() {
    let mut pair = Pair::new(
        r#"(module (memory (export "memory") 1) (tag $e (param i32))
          (func $thrower (param i32)
            (i32.store (local.get 0) (i32.const 1))
            (if (i32.and (local.get 0) (i32.const 4)) (then (throw $e (local.get 0))))
            (i32.store8 (local.get 0) (i32.const 2)))
          (func $passes (param i32)
            (i32.store16 offset=64 (local.get 0) (i32.const 3))
            (call $thrower (local.get 0))
            (i32.store16 offset=64 (local.get 0) (i32.const 4)))
          (func (export "catcher") (param $n i32) (local $i i32)
            (loop $next
              (i32.store (i32.const 200) (local.get $i))
              (block $caught (result i32)
                (try_table (catch $e $caught) (call $passes (local.get $i)) (i32.store (i32.const 204) (local.get $i)))
                (i32.const 0))
              (i32.store (i32.const 208))
              (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
          (func (export "outside") (call $passes (i32.const 4))))"#
            .replace("(i32.store (i32.const 208))", "(local.set $c) (i32.store (i32.const 208) (local.get $c))")
            .replace("(local $i i32)", "(local $i i32) (local $c i32)")
            .as_str(),
    );
    let (result, slots, _) = pair.call("catcher", &[Value::I32(16)]);
    assert_eq!(result, Ok(vec![]));
    assert_eq!(slots.len(), 16 * 2 + 8 * 2 + 8 * 5);
    let (result, slots, _) = pair.call("outside", &[]);
    assert!(result.is_err());
    assert_eq!(slots.len(), 2);
}

#[test]
fn trapped_loads_leave_their_address() {
    let loads = [
        "i32.load8_s",
        "i64.load16_u",
        "i32.load",
        "i64.load",
        "f32.load",
        "f64.load",
        "v128.load",
        "v128.load8_splat",
        "v128.load32_zero",
        "v128.load16x4_s",
        "i32.atomic.load",
        "i64.atomic.load32_u",
        "i64.atomic.load8_u",
    ];
    let mut functions = String::new();
    for load in loads {
        functions.push_str(&format!(
            "(func (export \"{load}\") (param $a i32) (param $b i32)
               (drop ({load} (local.get $a))) (drop ({load} offset=16 (local.get $a)))
               (drop ({load} (local.get $b))) (drop ({load} offset=16 (local.get $a)))
               (if (local.get $a) (then (local.set $a (i32.add (local.get $a) (local.get $b)))))
               (drop ({load} (local.get $a))) (drop ({load} offset=24 (i32.add (local.get $a) (i32.const 8)))))"
        ));
    }
    let zero = "(v128.const i64x2 0 0)";
    functions.push_str(&format!(
        "(func (export \"lane\") (param $a i32) (param $b i32)
           (drop (v128.load16_lane 3 (local.get $a) {zero})) (drop (v128.load16_lane 3 (local.get $b) {zero})))"
    ));
    let mut pair = Pair::new(&format!(
        "(module (memory (export \"memory\") 1) {functions})"
    ));
    let cases = [
        (65536, 0, 65536),
        (65528, 0, 65528),
        (0, 65536, 65536),
        (32768, 32768, 65536),
        (65504, 8, 65520),
    ];
    for load in loads {
        for (a, b, expected) in cases {
            let (result, slots, _) = pair.call(load, &[Value::I32(a), Value::I32(b)]);
            assert!(result.is_err() && slots.is_empty(), "{load} {a} {b}");
            assert_eq!(
                pair.recorded
                    .iter_mut()
                    .map(Host::last_load)
                    .collect::<Vec<_>>(),
                [expected; 2],
                "{load} {a} {b}"
            );
        }
    }
    for (a, b, expected) in [(-1, 0, u32::MAX), (0, 65535, 65535)] {
        assert!(
            pair.call("lane", &[Value::I32(a), Value::I32(b)])
                .0
                .is_err()
        );
        assert_eq!(
            pair.recorded
                .iter_mut()
                .map(Host::last_load)
                .collect::<Vec<_>>(),
            [expected; 2]
        );
    }
}

#[test]
fn traps_map_to_the_module_as_given() {
    let guest = guest(CALLS);
    let mut plain = Plain::new(&guest).unwrap();
    let mut recorded = host(&guest, Limit::Full);
    let given = plain.try_call("trap", &[Value::I32(0)]).unwrap_err();
    let again = recorded.try_call("trap", &[Value::I32(0)]).unwrap_err();
    let expected: Vec<u64> = given
        .trace()
        .iter()
        .map(|frame| frame.module_offset() as u64)
        .collect();
    let found: Vec<u64> = again
        .trace()
        .iter()
        .map(|frame| recorded.original_offset(frame).unwrap())
        .collect();
    assert_eq!((expected.len(), &expected), (1, &found));
    let outside = recorded
        .rewritten
        .original_offset(&guest, again.trace()[0].func_index(), 3);
    assert_eq!(outside, None);
}
