;; Lesson 5: a buffer that moves. The guest adds to a text; the result no longer fits, so it asks for a new page and
;; carries the text over. A Vec in Rust, a std::string in C++ and realloc in C all do this, when they have to.
(module
  (memory (export "memory") 1)

  ;; Mutable: the buffer will be elsewhere one day.
  (global $buffer (mut i32) (i32.const 1024))

  (func $get_buffer (export "get_buffer") (result i32)
    (global.get $buffer))

  ;; Puts " again" behind the text, in a larger buffer, and returns the new length.
  (func $again (export "again") (param $length i32) (result i32)
    (local $new i32)
    ;; memory.grow adds a page and returns the old size in pages; the new page begins there.
    (local.set $new (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
    (memory.copy (local.get $new) (global.get $buffer) (local.get $length))
    (memory.copy (i32.add (local.get $new) (local.get $length)) (i32.const 16) (i32.const 6))
    (global.set $buffer (local.get $new))
    (i32.add (local.get $length) (i32.const 6)))

  (data (i32.const 16) " again"))
