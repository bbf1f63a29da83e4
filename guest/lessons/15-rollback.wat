;; Lesson 15: a call that traps in the middle. Two accounts of four bytes each, at 0x10 and 0x14.
(module
  (memory (export "memory") 1)
  (data (i32.const 0x10) "\64\00\00\00" "\64\00\00\00")

  (func $add (param $at i32) (param $amount i32)
    (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (local.get $amount))))

  ;; Takes an amount from account 0, and then adds it to another one if that exists.
  (func $pay (export "pay") (param $amount i32) (param $to i32)
    (call $add (i32.const 0x10) (i32.sub (i32.const 0) (local.get $amount)))
    (if (i32.ne (local.get $to) (i32.const 1)) (then unreachable))
    (call $add (i32.const 0x14) (local.get $amount)))

  ;; The same with the check before the first store.
  (func $pay_checked (export "pay_checked") (param $amount i32) (param $to i32)
    (if (i32.ne (local.get $to) (i32.const 1)) (then unreachable))
    (call $pay (local.get $amount) (local.get $to))))
