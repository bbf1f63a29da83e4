;; Lesson 14: a guest that calls its host.
(module
  (import "env" "fill" (func $fill (param i32)))
  (import "env" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0x400) "old")

  ;; Passes address and length of the text to the host.
  (func $show (export "show")
    (call $log (i32.const 0x400) (i32.const 3)))

  ;; Loads the first letter, lets the host fill the text, and returns the letter that it loaded.
  (func $refresh (export "refresh") (result i32)
    (local $letter i32)
    (local.set $letter (i32.load8_u (i32.const 0x400)))
    (call $fill (i32.const 0x400))
    (local.get $letter))

  ;; The same, but loads after the call.
  (func $refresh_and_load (export "refresh_and_load") (result i32)
    (call $fill (i32.const 0x400))
    (i32.load8_u (i32.const 0x400))))
