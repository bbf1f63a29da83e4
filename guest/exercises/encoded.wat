;; A guest that stores the last message as in C: with a byte of 0, a NUL, after it.
(module
  (memory (export "memory") 1)

  ;; The host writes to 0x400, the guest stores its copy at 0x500.
  (func $keep (export "keep") (param $length i32)
    ;; The operands of memory.copy: to, from, number of bytes.
    (memory.copy (i32.const 0x500) (i32.const 0x400) (local.get $length))
    (i32.store8 offset=0x500 (local.get $length) (i32.const 0))))
