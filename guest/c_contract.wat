;; The same two exports as in `wasm_is_cool.wat`, with another contract. A host that follows the other contract gets wrong
;; results without any error, because the types are the same: () -> i32 and (i32) -> i32. The types are not the contract.
;;
;; This is how a C programmer writes it:
;;
;;     static char buffer[100];
;;     static char neighbour[] = "do not touch: next variable";
;;
;;     char *get_wasm_memory_buffer_pointer(void) { return buffer; }
;;
;;     int add_wasm_is_cool(int length) {
;;         if (length < 0 || length >= (int)sizeof buffer) return -1;   /* too long */
;;         memcpy(buffer + length, " Wasm is cool!", sizeof " Wasm is cool!");
;;         return length + sizeof " Wasm is cool!";                     /* sizeof counts the NUL: 15 */
;;     }
;;
;; The differences:
;;   - the buffer has 100 bytes, not 1024;
;;   - the text ends with a NUL (a byte of 0), as C strings do, and the returned length includes it. The host must not
;;     read the last byte: `read ptr, n - 1 as utf8`;
;;   - for a text that is too long, it returns -1 instead of a trap. The host must check for that.
;;
;; The mistake: the check compares the *input* with the buffer, not the *result*. 14 bytes and a NUL are added, so 85 is
;; the longest text that fits (85 + 14 + 1 = 100). Lengths from 86 to 99 pass the check, and the guest writes past the
;; end of the buffer, 1 to 14 bytes into the data after it. A trap comes only at the end of the whole memory, at 64 KiB;
;; WebAssembly knows no border between one variable and the next.
;; `c_overrun.steps` shows this mistake.
(module
  (memory (export "memory") 1)

  ;; The string literal, with its NUL.
  (data (i32.const 16) " Wasm is cool!\00")

  ;; The buffer: 100 bytes from address 1024 (0x400) to 1123 (0x463). It needs no data segment: memory is 0 at first.
  (global $buffer i32 (i32.const 1024))
  (global $capacity i32 (i32.const 100))

  ;; Directly after it, at 1124 (0x464), is the next variable, which the mistake overwrites.
  (data (i32.const 1124) "do not touch: next variable\00")

  (func $get_wasm_memory_buffer_pointer (export "get_wasm_memory_buffer_pointer") (result i32)
    (global.get $buffer))

  (func $add_wasm_is_cool (export "add_wasm_is_cool") (param $length i32) (result i32)
    (local $i i32)

    ;; The mistake. It should be: length > 100 - 15. (Read as unsigned, a negative length is very large: this is both of
    ;; C's comparisons in one.)
    (if (i32.ge_u (local.get $length) (global.get $capacity))
      (then (return (i32.const -1))))

    ;; memcpy: copies the 14 bytes and the NUL.
    (loop $copy
      (i32.store8 (i32.add (i32.add (global.get $buffer) (local.get $length)) (local.get $i))
        (i32.load8_u (i32.add (i32.const 16) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (i32.const 15))))

    ;; 14 bytes and the NUL.
    (i32.add (local.get $length) (i32.const 15))))
