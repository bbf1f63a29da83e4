;; A stack in memory that grows downwards. The stack pointer is the lowest address in use.
(module
  (memory (export "memory") 1)
  (global $sp (export "sp") (mut i32) (i32.const 0x1000))

  ;; Stores two results in the return area: the tens and the ones of a number below 100.
  (func $split (param $area i32) (param $n i32)
    (i32.store (local.get $area) (i32.div_u (local.get $n) (i32.const 10)))
    (i32.store offset=4 (local.get $area) (i32.rem_u (local.get $n) (i32.const 10))))

  ;; Returns the sum of the two digits.
  (func $digits (param $n i32) (result i32)
    (local $area i32)
    ;; TODO: the eight bytes from the stack pointer on belong to the caller.
    (local.set $area (global.get $sp))
    (call $split (local.get $area) (local.get $n))
    (i32.add (i32.load (local.get $area)) (i32.load offset=4 (local.get $area))))

  ;; Returns 100 and the sum of the two digits. Its frame of 16 bytes has the 100.
  (func $total (export "total") (param $n i32) (result i32)
    (local $sum i32)
    (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
    (i32.store (global.get $sp) (i32.const 100))
    (local.set $sum (call $digits (local.get $n)))
    (local.set $sum (i32.add (local.get $sum) (i32.load (global.get $sp))))
    (global.set $sp (i32.add (global.get $sp) (i32.const 16)))
    (local.get $sum)))
