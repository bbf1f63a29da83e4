;; Lesson 10: several values at once. As in C or Rust (repr C):
;;
;;     struct Person { uint8_t kind; uint32_t age; };
(module
  (memory (export "memory") 1)

  (data (i32.const 0x100) "Ada Lovelace")

  ;; The struct at 0x200: kind is 7, then three bytes of padding, then age, 36, which must be at a multiple of 4.
  (data (i32.const 0x200) "\07\00\00\00" "\24\00\00\00")

  (func $person (export "person") (result i32)
    (i32.const 0x200))

  ;; Two results, address and length, through a return area: the host passes its address.
  (func $name (export "name") (param $area i32)
    (i32.store (local.get $area) (i32.const 0x100))
    (i32.store offset=4 (local.get $area) (i32.const 12)))

  ;; The same two in one i64: the address in the upper 32 bits, the length in the lower 32 bits.
  (func $name_packed (export "name_packed") (result i64)
    (i64.or
      (i64.shl (i64.const 0x100) (i64.const 32))
      (i64.const 12))))
