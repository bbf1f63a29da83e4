;; A guest that calls the host: imports.
;;
;; A guest can only compute. Everything else, such as reading a line, printing or the time, is a function that the host
;; provides when the guest is instantiated. Here the guest owns the memory, and the host uses it: an imported function
;; gets an address and a length, and reads or writes there before it returns.
;;
;; Such an address is valid only until the import returns. A host that needs the bytes later must copy them.
(module
  ;; read_line(to, most): writes at most `most` bytes to `to` and returns their number.
  (import "env" "read_line" (func $read_line (param i32 i32) (result i32)))
  ;; on_word(at, length): a callback, which is called for each word.
  (import "env" "on_word" (func $on_word (param i32 i32)))

  (memory (export "memory") 1)

  ;; The line: 64 bytes from address 1024 (0x400).
  (global $line i32 (i32.const 1024))

  ;; Gets a line from the host, passes each of its words to the host, and returns the number of words.
  ;; Words are separated by spaces.
  (func $split (export "split") (result i32)
    (local $at i32)     ;; the current byte  
    (local $end i32)    ;; one past the line's last byte
    (local $word i32)   ;; where the current word began
    (local $words i32)

    (local.set $at (global.get $line))
    (local.set $word (global.get $line))
    (local.set $end (call $read_line (global.get $line) (i32.const 64)))
    ;; The host promised at most 64. Without this check, the guest could read past its buffer.
    (if (i32.gt_u (local.get $end) (i32.const 64))
      (then (unreachable)))
    (local.set $end (i32.add (global.get $line) (local.get $end)))

    (loop $next
      ;; A word ends at a space, and at the end of the line.
      (if (if (result i32) (i32.ge_u (local.get $at) (local.get $end))
            (then (i32.const 1))
            (else (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x20))))
        (then
          (if (i32.gt_u (local.get $at) (local.get $word))
            (then
              (call $on_word (local.get $word) (i32.sub (local.get $at) (local.get $word)))
              (local.set $words (i32.add (local.get $words) (i32.const 1)))))
          (local.set $word (i32.add (local.get $at) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.le_u (local.get $at) (local.get $end))))
    (local.get $words)))
