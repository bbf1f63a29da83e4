;; The same two exports as the default guest, with a buffer that moves.
;;
;; Each call grows memory by a page, moves the text to that page and works there. So the address that the host fetched
;; before the call is out of date after it. The old bytes are still there, no access fails, and the host reads the old
;; text. A real guest does this when an array becomes too long for its memory (a Vec in Rust, realloc in C). That is rare
;; and happens only with long texts, so tests with short texts do not find the mistake.
;;
;; Growth has a second effect on some hosts. In JavaScript, the ArrayBuffer of the memory becomes empty (detached) when
;; memory grows. In other hosts, memory may move to another address of the machine. The host must make a new view after
;; the call, even where the guest's address stayed the same.
(module
  (memory (export "memory") 1)
  (data (i32.const 16) " Wasm is cool!")

  ;; Mutable, other than in the default guest.
  (global $buffer (mut i32) (i32.const 1024))
  (global $capacity (mut i32) (i32.const 1024))

  (func $get_wasm_memory_buffer_pointer (export "get_wasm_memory_buffer_pointer") (result i32)
    (global.get $buffer))

  (func $add_wasm_is_cool (export "add_wasm_is_cool") (param $length i32) (result i32)
    (local $pages i32)
    (local $new i32)

    ;; The host cannot have written more bytes than the buffer has, and 14 more must fit in the new page.
    (if (i32.or
          (i32.gt_u (local.get $length) (global.get $capacity))
          (i32.gt_u (local.get $length) (i32.const 65522)))
      (then (unreachable)))

    ;; memory.grow returns the old size in pages, or -1 if it cannot grow. The new page begins at the old end of memory.
    (local.set $pages (memory.grow (i32.const 1)))
    (if (i32.eq (local.get $pages) (i32.const -1))
      (then (unreachable)))
    (local.set $new (i32.shl (local.get $pages) (i32.const 16)))

    ;; The text, then the addition. The operands of memory.copy: to, from, number of bytes.
    (memory.copy (local.get $new) (global.get $buffer) (local.get $length))
    (memory.copy (i32.add (local.get $new) (local.get $length)) (i32.const 16) (i32.const 14))

    (global.set $buffer (local.get $new))
    (global.set $capacity (i32.const 65536))
    (i32.add (local.get $length) (i32.const 14))))
