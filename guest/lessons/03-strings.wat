;; Lesson 3: text as bytes. The guest keeps the last message, as C would: with a byte of 0, a NUL, behind it.
(module
  (memory (export "memory") 1)

  ;; The host writes at 0x400, the guest keeps its copy at 0x500.
  (func $keep (export "keep") (param $length i32)
    ;; memory.copy takes: to, from, how many bytes.
    (memory.copy (i32.const 0x500) (i32.const 0x400) (local.get $length))
    (i32.store8 offset=0x500 (local.get $length) (i32.const 0))))
