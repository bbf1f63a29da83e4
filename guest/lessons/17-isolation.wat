;; Lesson 17: a guest can load anything in its own memory, and nothing else.
(module
  (memory (export "memory") 1)
  ;; Some data of this guest.
  (data (i32.const 0x400) "X")

  (func $get_buffer (export "get_buffer") (result i32)
    (i32.const 0x800))

  ;; Loads one byte at any address.
  (func $peek (export "peek") (param $address i32) (result i32)
    (i32.load8_u (local.get $address))))
