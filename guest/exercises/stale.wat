;; A buffer that moves. The guest makes a text longer. The result is too long for the buffer, so the guest adds
;; a page and copies the text there. A Vec in Rust, a std::string in C++ and realloc in C do the same when they must.
(module
  (memory (export "memory") 1)

  ;; Mutable, because the buffer moves.
  (global $buffer (mut i32) (i32.const 1024))

  (func $get_buffer (export "get_buffer") (result i32)
    (global.get $buffer))

  ;; Adds " again" after the text, in a larger buffer, and returns the new length.
  (func $again (export "again") (param $length i32) (result i32)
    (local $new i32)
    ;; memory.grow returns the old size in pages: the new page begins there. It returns -1 if it fails.
    (local.set $new (memory.grow (i32.const 1)))
    (if (i32.eq (local.get $new) (i32.const -1))
      (then (return (i32.const 0))))
    (local.set $new (i32.mul (local.get $new) (i32.const 65536)))
    (memory.copy (local.get $new) (global.get $buffer) (local.get $length))
    (memory.copy (i32.add (local.get $new) (local.get $length)) (i32.const 16) (i32.const 6))
    (global.set $buffer (local.get $new))
    (i32.add (local.get $length) (i32.const 6)))

  (data (i32.const 16) " again"))
