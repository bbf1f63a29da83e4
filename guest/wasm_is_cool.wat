;; The guest that linmem runs when it is started without an argument.
;;
;; A guest cannot be handed text. The only values that pass between a host and a guest are numbers. What both sides can
;; see is the guest's linear memory: one long row of bytes, addressed from 0, which belongs to the guest and which the
;; host may read and write. So text is passed by agreement:
;;
;;   1. the host asks the guest where its buffer is              get_wasm_memory_buffer_pointer() -> an address
;;   2. the host writes the text there, as UTF-8 bytes
;;   3. the host says how long the text is and calls the guest   add_wasm_is_cool(length) -> the new length
;;   4. the host asks for the address again
;;   5. the host reads that many bytes back
;;
;; Step 4 looks needless, for this guest's buffer never moves. But the host cannot know that: a call may make memory
;; grow, or put the buffer somewhere else. A pointer is good only until the next call, so ask again.
;; `examples/growing.wat` has the same two exports and a buffer that does move.
(module
  ;; One page of memory. A page is 64 KiB, 65536 bytes, addresses 0 to 0xffff. All of them are 0 to begin with.
  (memory (export "memory") 1)

  ;; A data segment: bytes that are put into memory before anything runs. These 14 lie at address 16. Nothing stops the
  ;; host, or a mistake in the guest, from overwriting them: in linear memory there are no constants.
  (data (i32.const 16) " Wasm is cool!")

  ;; The buffer: 1024 bytes from address 1024 (0x400) to 2047 (0x7ff). To WebAssembly this is no object, and no bound is
  ;; checked at its end. It exists only because everyone who uses these addresses agrees on it.
  (global $buffer i32 (i32.const 1024))
  (global $capacity i32 (i32.const 1024))

  ;; Says where the buffer is. "Pointer" is the C word: to the host it is an integer, an index into memory.
  (func $get_wasm_memory_buffer_pointer (export "get_wasm_memory_buffer_pointer") (result i32)
    (global.get $buffer))

  ;; Puts " Wasm is cool!" behind the `$length` bytes that the host wrote, and returns the new length.
  (func $add_wasm_is_cool (export "add_wasm_is_cool") (param $length i32) (result i32)
    (local $i i32)

    ;; 14 more bytes must fit. `$length` comes from the host, so it may be anything. The comparison is unsigned (`_u`),
    ;; so that -1 counts as 4294967295 and not as less than nothing; and it subtracts from the capacity, which cannot
    ;; wrap around, where `$length + 14` could. `unreachable` is a trap: the call ends here, with an error in the host.
    (if (i32.gt_u (local.get $length) (i32.sub (global.get $capacity) (i32.const 14)))
      (then (unreachable)))

    ;; Copies one byte in each round. `memory.copy` would do all 14 in one instruction; byte by byte can be watched.
    (loop $copy
      (i32.store8 (i32.add (i32.add (global.get $buffer) (local.get $length)) (local.get $i))
        (i32.load8_u (i32.add (i32.const 16) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (i32.const 14))))

    ;; The length, in bytes. There is no NUL at the end: in this contract the length alone says where the text stops.
    (i32.add (local.get $length) (i32.const 14))))
