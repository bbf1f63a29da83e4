;; The guest of conventions.mjs: each export expects something of its host.
(module
  (import "env" "fail" (func $fail (param i32)))
  (memory (export "memory") 2 2)
  (global $__stack_pointer (export "__stack_pointer") (mut i32) (i32.const 10240))
  (global (export "__data_end") i32 (i32.const 2048))
  (global (export "__heap_base") i32 (i32.const 10240))
  (global $brk (mut i32) (i32.const 10240))
  (data $.rodata (i32.const 0) "0123456789abcdef")
  (data $.rodata.colour (i32.const 1024) "green\00")
  (table (export "table") 3 funcref)
  (elem (i32.const 1) $double $nothing)
  (type $unary (func (param i32) (result i32)))

  (func $double (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
  (func $nothing)

  (func (export "malloc") (param $n i32) (result i32)
    (local $p i32)
    (local.set $p (global.get $brk))
    (global.set $brk
      (i32.and (i32.add (i32.add (local.get $p) (local.get $n)) (i32.const 15)) (i32.const -16)))
    (local.get $p))
  (func (export "free") (param $p i32))

  (func (export "stackSave") (result i32) (global.get $__stack_pointer))
  (func (export "stackRestore") (param $at i32) (global.set $__stack_pointer (local.get $at)))
  (func (export "stackAlloc") (param $n i32) (result i32)
    (global.set $__stack_pointer
      (i32.and (i32.sub (global.get $__stack_pointer) (local.get $n)) (i32.const -16)))
    (global.get $__stack_pointer))

  ;; Writes two digits for each byte to $result.
  (func (export "to_hex") (param $result i32) (param $from i32) (param $n i32)
    (local $byte i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $byte (i32.load8_u (local.get $from)))
        (i32.store8 (local.get $result) (i32.load8_u (i32.shr_u (local.get $byte) (i32.const 4))))
        (i32.store8 offset=1 (local.get $result)
          (i32.load8_u (i32.and (local.get $byte) (i32.const 15))))
        (local.set $result (i32.add (local.get $result) (i32.const 2)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next))))

  ;; Returns a width and a height in the structure at $result.
  (func (export "size") (param $result i32)
    (i32.store (local.get $result) (i32.const 640))
    (i32.store offset=4 (local.get $result) (i32.const 480)))

  ;; Returns the value of a digit. Anything else is a failure of the host's choice.
  (func (export "digit") (param $byte i32) (result i32)
    (local $frame i32)
    (global.set $__stack_pointer
      (local.tee $frame (i32.sub (global.get $__stack_pointer) (i32.const 256))))
    (i32.store (local.get $frame) (i32.sub (local.get $byte) (i32.const 48)))
    (if (i32.gt_u (i32.load (local.get $frame)) (i32.const 9))
      (then (call $fail (local.get $byte))))
    (global.set $__stack_pointer (i32.add (local.get $frame) (i32.const 256)))
    (i32.load (local.get $frame)))

  ;; Returns the number of bytes before the NUL.
  (func (export "length") (param $p i32) (result i32)
    (local $n i32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (i32.load8_u (i32.add (local.get $p) (local.get $n)))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $n))

  ;; Returns the sum of floats.
  (func (export "sum") (param $p i32) (param $n i32) (result f32)
    (local $sum f32)
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $n)))
        (local.set $sum (f32.add (local.get $sum) (f32.load (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 4)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $sum))

  (func (export "colour") (result i32) (i32.const 1024))

  (func (export "apply") (param $index i32) (param $x i32) (result i32)
    (call_indirect (type $unary) (local.get $x) (local.get $index)))

  ;; Grows memory for so many bytes, without a look at whether it grew, and writes the last one.
  (func (export "reserve") (param $n i32)
    (drop (memory.grow (i32.shr_u (local.get $n) (i32.const 16))))
    (i32.store8 (i32.add (i32.const 131071) (local.get $n)) (i32.const 1))))
