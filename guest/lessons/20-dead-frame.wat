;; Lesson 20: a function that returns the address of its own frame.
(module
  (memory (export "memory") 1)
  ;; The stack pointer of the shadow stack, which grows downwards.
  (global $__stack_pointer (mut i32) (i32.const 0x1000))
  (data (i32.const 16) "Hello")

  (func $greeting_to (export "greeting_to") (param $at i32)
    (memory.copy (local.get $at) (i32.const 16) (i32.const 5)))

  ;; Writes the text into its frame of 16 bytes, and returns the address of the frame: the mistake.
  (func $greeting (export "greeting") (result i32)
    (local $frame i32)
    (local.set $frame (i32.sub (global.get $__stack_pointer) (i32.const 16)))
    (global.set $__stack_pointer (local.get $frame))
    (call $greeting_to (local.get $frame))
    (global.set $__stack_pointer (i32.add (local.get $frame) (i32.const 16)))
    (local.get $frame))

  ;; Uses a frame of 16 bytes for something else.
  (func $count (export "count")
    (local $frame i32)
    (local.set $frame (i32.sub (global.get $__stack_pointer) (i32.const 16)))
    (global.set $__stack_pointer (local.get $frame))
    (i64.store (local.get $frame) (i64.const 0x3737373737373737))
    (global.set $__stack_pointer (i32.add (local.get $frame) (i32.const 16)))))
