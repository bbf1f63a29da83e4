;; The guest that linmem runs when it is started without an argument.
;;
;; A host cannot pass text to a guest. Only numbers pass between a host and a guest. But both can access the guest's
;; linear memory: one long row of bytes with addresses from 0. It belongs to the guest, and the host can read and write
;; it. So text is passed by agreement:
;;
;;   1. the host asks the guest for its buffer's address         get_wasm_memory_buffer_pointer() -> an address
;;   2. the host writes the text there, as UTF-8 bytes
;;   3. the host calls the guest with the length of the text     add_wasm_is_cool(length) -> the new length
;;   4. the host asks for the address again
;;   5. the host reads that many bytes back
;;
;; Step 4 seems needless, because this guest's buffer never moves. But the host cannot know that: a call may grow memory
;; or move the buffer. A pointer is valid only until the next call, so ask again.
;; `examples/growing.wat` has the same two exports and a buffer that does move.
(module
  ;; One page of memory. A page is 64 KiB, 65536 bytes, with the addresses 0 to 0xffff. All bytes are 0 at first.
  (memory (export "memory") 1)

  ;; A data segment: bytes that are copied into memory before any code runs. These 14 are at address 16. The host, or a
  ;; mistake in the guest, can overwrite them: linear memory has no constants.
  (data (i32.const 16) " Wasm is cool!")

  ;; The buffer: 1024 bytes from address 1024 (0x400) to 2047 (0x7ff). WebAssembly does not know of this buffer, and does
  ;; not check its end. It exists only because host and guest agree on it.
  (global $buffer i32 (i32.const 1024))
  (global $capacity i32 (i32.const 1024))

  ;; Returns the address of the buffer. C calls it a pointer; for the host it is an integer, an index into memory.
  (func $get_wasm_memory_buffer_pointer (export "get_wasm_memory_buffer_pointer") (result i32)
    (global.get $buffer))

  ;; Adds " Wasm is cool!" after the `$length` bytes that the host wrote, and returns the new length.
  (func $add_wasm_is_cool (export "add_wasm_is_cool") (param $length i32) (result i32)
    (local $i i32)

    ;; 14 more bytes must fit. `$length` comes from the host, so it can be any number. The comparison is unsigned (`_u`),
    ;; so that -1 counts as 4294967295 and not as a number below 0. It subtracts from the capacity, which cannot wrap
    ;; around; `$length + 14` could. `unreachable` is a trap: the call ends here, with an error in the host.
    (if (i32.gt_u (local.get $length) (i32.sub (global.get $capacity) (i32.const 14)))
      (then (unreachable)))

    ;; Copies one byte in each round. `memory.copy` would do all 14 in one instruction; here you can watch each byte.
    (loop $copy
      (i32.store8 (i32.add (i32.add (global.get $buffer) (local.get $length)) (local.get $i))
        (i32.load8_u (i32.add (i32.const 16) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (i32.const 14))))

    ;; The length in bytes. There is no NUL at the end: in this contract, only the length marks the end of the text.
    (i32.add (local.get $length) (i32.const 14))))
