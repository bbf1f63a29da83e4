;; A guest that changes a text which the host writes into its buffer.
(module
  (memory (export "memory") 1)

  ;; The address of the buffer: 1024 (0x400). The host does not know this number; it must ask for it.
  (global $buffer i32 (i32.const 1024))

  (func $get_buffer (export "get_buffer") (result i32)
    (global.get $buffer))

  ;; Changes the first $length bytes to capital letters, adds "!!!" after them, and returns the new length.
  (func $shout (export "shout") (param $length i32) (result i32)
    (local $at i32)
    (local $end i32)
    (local.set $at (global.get $buffer))
    (local.set $end (i32.add (global.get $buffer) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        ;; For 'a' (0x61) to 'z', the capital letter is the number minus 0x20.
        (if (i32.lt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 0x61)) (i32.const 26))
          (then
            (i32.store8 (local.get $at) (i32.sub (i32.load8_u (local.get $at)) (i32.const 0x20)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    ;; '!' is 0x21.
    (i32.store8 (local.get $end) (i32.const 0x21))
    (i32.store8 offset=1 (local.get $end) (i32.const 0x21))
    (i32.store8 offset=2 (local.get $end) (i32.const 0x21))
    (i32.add (local.get $length) (i32.const 3))))
