;; Lesson 19: loads at any address.
(module
  (memory (export "memory") 1)

  ;; Loads four bytes. The alignment of the instruction, 4 by default, is only a hint.
  (func $load (export "load") (param $address i32) (result i32)
    (i32.load (local.get $address))))
