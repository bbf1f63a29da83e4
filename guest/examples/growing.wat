;; The same two exports as the default guest, and a buffer that moves.
;;
;; Each call grows memory by a page, moves the text to that page and works there. So the address that the host fetched
;; before the call is out of date after it: the old bytes still lie there, no access fails, and what the host reads is
;; old text. A real guest does this when an array outgrows its room (a Vec in Rust, realloc in C), that is, seldom and
;; for long texts only, which is why the mistake gets through every test with short ones.
;;
;; Growing has a second consequence for some hosts. In JavaScript an ArrayBuffer that shows the memory becomes empty
;; (detached) when the memory grows; elsewhere the memory may lie in another place of the machine. A view taken before
;; the call must be taken again, even where the guest's address stayed the same.
(module
  (memory (export "memory") 1)
  (data (i32.const 16) " Wasm is cool!")

  ;; Mutable, unlike in the default guest.
  (global $buffer (mut i32) (i32.const 1024))
  (global $capacity (mut i32) (i32.const 1024))

  (func $get_wasm_memory_buffer_pointer (export "get_wasm_memory_buffer_pointer") (result i32)
    (global.get $buffer))

  (func $add_wasm_is_cool (export "add_wasm_is_cool") (param $length i32) (result i32)
    (local $pages i32)
    (local $new i32)

    ;; The host cannot have written more than the buffer holds, and 14 more must fit into the new page.
    (if (i32.or
          (i32.gt_u (local.get $length) (global.get $capacity))
          (i32.gt_u (local.get $length) (i32.const 65522)))
      (then (unreachable)))

    ;; memory.grow returns the old size in pages, or -1 when it cannot grow. The new page begins where memory ended.
    (local.set $pages (memory.grow (i32.const 1)))
    (if (i32.eq (local.get $pages) (i32.const -1))
      (then (unreachable)))
    (local.set $new (i32.shl (local.get $pages) (i32.const 16)))

    ;; The text, then the addition. memory.copy takes: to, from, how many bytes.
    (memory.copy (local.get $new) (global.get $buffer) (local.get $length))
    (memory.copy (i32.add (local.get $new) (local.get $length)) (i32.const 16) (i32.const 14))

    (global.set $buffer (local.get $new))
    (global.set $capacity (i32.const 65536))
    (i32.add (local.get $length) (i32.const 14))))
