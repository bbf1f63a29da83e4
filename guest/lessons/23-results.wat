;; Lesson 23: an address and a length as a result, in three ways.
(module
  (memory (export "memory") 1)
  (data (i32.const 0x100) "Ada Lovelace")

  (func $name_pair (export "name_pair") (result i32 i32)
    (i32.const 0x100)
    (i32.const 12))

  ;; Stores both numbers at an address that the host passes.
  (func $name_to (export "name_to") (param $area i32)
    (i32.store (local.get $area) (i32.const 0x100))
    (i32.store offset=4 (local.get $area) (i32.const 12)))

  (func $name_packed (export "name_packed") (result i64)
    (i64.or
      (i64.shl (i64.const 0x100) (i64.const 32))
      (i64.const 12))))
