;; Lesson 13: local variables, and one that needs an address. As in C:
;;
;;     int sum(int n) { int total = 0; while (n) total += n--; return total; }
;;     void set(int *p) { *p = 7; }
;;     int with_address(void) { int x; set(&x); return x; }
(module
  (memory (export "memory") 1)
  ;; The stack pointer of the shadow stack, which grows downwards.
  (global $__stack_pointer (export "sp") (mut i32) (i32.const 0x1000))

  (func $sum (export "sum") (param $n i32) (result i32)
    (local $total i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $total (i32.add (local.get $total) (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $total))

  (func $set (param $p i32)
    (i32.store (local.get $p) (i32.const 7)))

  (func $with_address (export "with_address") (result i32)
    (local $frame i32)
    ;; Reserves 16 bytes; x is the last four of them.
    (local.set $frame (i32.sub (global.get $__stack_pointer) (i32.const 16)))
    (global.set $__stack_pointer (local.get $frame))
    (call $set (i32.add (local.get $frame) (i32.const 12)))
    (global.set $__stack_pointer (i32.add (local.get $frame) (i32.const 16)))
    (i32.load offset=12 (local.get $frame))))
