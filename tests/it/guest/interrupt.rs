//! Another thread can interrupt a guest that never stores: the compiler keeps no copy of the word that
//! requests the interrupt in a register.

use crate::support::journal_host::{Host, Limit, PAGE, guest};
use linmem::guest::InstrumentOptions;

const OPTIONS: InstrumentOptions = InstrumentOptions {
    max_memory: 16 * PAGE,
    memory: Some(0),
};

#[test]
fn loops_without_stores_can_be_interrupted() {
    let text = r#"(module (memory (export "memory") 1)
      (func (export "empty") (loop $l (br $l)))
      (func (export "nested") (local $i i32)
        (loop $l (block $b (br_if $b (i32.eqz (local.get $i))) (local.set $i (i32.sub (local.get $i) (i32.const 1)))) (br $l)))
      (func (export "conditional") (local $i i32)
        (loop $l (local.set $i (i32.add (local.get $i) (i32.const 2))) (br_if $l (i32.ne (local.get $i) (i32.const 1)))))
      (func (export "table") (local $i i32)
        (loop $l (block $b (br_table $b $l $b (local.tee $i (i32.xor (local.get $i) (i32.const 1))))) (br $l)))
      (func (export "twice") (loop $l (loop $k (br_if $k (i32.const 1))) (br $l)))
      (func $f (export "recursion") (call $f))
      (func (export "loads") (loop $l (br_if $l (i32.eqz (i32.load (i32.const 0))))))
      (func (export "storing") (i32.store (i32.const 8) (i32.const 1)) (loop $l (br $l)))
      (func (export "filling") (local $i i32)
        (loop $l (local.set $i (i32.add (local.get $i) (i32.const 4)))
          (i32.store (i32.and (local.get $i) (i32.const 0xfffc)) (local.get $i)) (br_if $l (i32.const 1))))
      (func (export "passing") (i32.const 1) (loop $l (param i32) (br $l))))"#;
    let guest = guest(text);
    for memory in [Some(0), None] {
        let rewritten = guest
            .instrument(&InstrumentOptions { memory, ..OPTIONS })
            .unwrap();
        for export in guest
            .exports()
            .iter()
            .map(|export| &export.name)
            .filter(|name| *name != "memory")
        {
            // Recursion exhausts the stack before the other thread runs often.
            let (most, expected) = if export == "recursion" {
                (1, "cancelled")
            } else {
                (5, "cancelled")
            };
            let mut host = Host::new(&guest, &rewritten, Limit::Full, most);
            let interrupter = host.interrupt_often();
            let result = host.call(export, &[]);
            interrupter.stop();
            let is_overflow = export == "recursion"
                && result.as_ref().is_err_and(|error| error.contains("stack"));
            assert!(
                is_overflow || result == Err(expected.into()),
                "{export}: {result:?}"
            );
        }
    }
}
