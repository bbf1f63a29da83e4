;; Lesson 1: a memory, and one function that changes a byte of it.
(module
  ;; One page: 65536 bytes, all 0 at first. It is exported, so that the host can read and write it.
  (memory (export "memory") 1)

  ;; A data segment: bytes that the module contains. They are copied to address 16 before any code runs.
  (data (i32.const 16) "Hi")

  ;; Adds 1 to the byte at an address: loads the byte, adds 1, and stores the result.
  (func $increment (export "increment") (param $address i32)
    (i32.store8 (local.get $address)
      (i32.add (i32.load8_u (local.get $address)) (i32.const 1)))))
