  ;; The part that all guests of the generator share: a guest that works with blocks. It uses `$take`
  ;; and `$give`, which the allocator's part defines.
  (import "env" "text" (func $text (param i32) (result i32)))
  (import "env" "name" (func $name (param i32 i32)))
  (memory (export "memory") 1)
  (global $__stack_pointer (mut i32) (i32.const 0x2000))
  (global $held (mut i32) (i32.const 0))
  (global $held_size (mut i32) (i32.const 0))
  (func (export "stackSave") (result i32) (global.get $__stack_pointer))
  (func (export "stackRestore") (param i32) (global.set $__stack_pointer (local.get 0)))
  (func (export "stackAlloc") (param i32) (result i32)
    (global.set $__stack_pointer
      (i32.and (i32.sub (global.get $__stack_pointer) (local.get 0)) (i32.const -16)))
    (global.get $__stack_pointer))
  ;; Takes a block over: changes it and releases it.
  (func (export "consume") (param $p i32) (param $n i32) (result i32)
    (memory.fill (local.get $p) (i32.const 0x63) (local.get $n))
    (call $give (local.get $p) (local.get $n))
    (local.get $n))
  ;; Takes a block over, and releases the one that it took over before.
  (func (export "hold") (param $p i32) (param $n i32)
    (if (global.get $held)
      (then (call $give (global.get $held) (global.get $held_size))))
    (global.set $held (local.get $p))
    (global.set $held_size (local.get $n))
    (memory.fill (local.get $p) (i32.const 0x68) (local.get $n)))
  ;; Returns a new block, which the caller must release.
  (func (export "make") (param $n i32) (result i32)
    (local $p i32)
    (local.set $p (call $take (local.get $n)))
    (memory.fill (local.get $p) (i32.const 0x6d) (local.get $n))
    (local.get $p))
  ;; Fills a block of the caller.
  (func (export "fill") (param $p i32) (param $n i32)
    (memory.fill (local.get $p) (i32.const 0x66) (local.get $n)))
  ;; Gets a block from an import, which allocates it with this guest's allocator, and releases it.
  (func (export "fetch") (param $n i32) (result i32)
    (local $p i32)
    (local.set $p (call $text (local.get $n)))
    (i32.store8 (local.get $p) (i32.const 0x21))
    (call $give (local.get $p) (local.get $n))
    (local.get $n))
  ;; Lets an import write to a block, and releases it.
  (func (export "ask") (param $n i32) (result i32)
    (local $p i32) (local $first i32)
    (local.set $p (call $take (local.get $n)))
    (call $name (local.get $p) (local.get $n))
    (local.set $first (i32.load8_u (local.get $p)))
    (call $give (local.get $p) (local.get $n))
    (local.get $first))
  ;; Works with $rounds pairs of blocks and a frame on the stack.
  (func (export "work") (param $rounds i32) (result i32)
    (local $frame i32) (local $a i32) (local $b i32) (local $n i32)
    (global.set $__stack_pointer
      (local.tee $frame (i32.sub (global.get $__stack_pointer) (i32.const 64))))
    (loop $next
      (local.set $n (i32.add (i32.mul (local.get $rounds) (i32.const 7)) (i32.const 5)))
      (local.set $a (call $take (local.get $n)))
      (memory.fill (local.get $frame) (local.get $rounds) (i32.const 64))
      (memory.fill (local.get $a) (i32.const 0x61) (local.get $n))
      (local.set $b (call $take (local.get $n)))
      (memory.copy (local.get $b) (local.get $a) (local.get $n))
      (call $give (local.get $a) (local.get $n))
      (i32.store8 (local.get $b) (i32.const 0x62))
      (call $give (local.get $b) (local.get $n))
      (br_if $next
        (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (global.set $__stack_pointer (i32.add (local.get $frame) (i32.const 64)))
    (local.get $n))
