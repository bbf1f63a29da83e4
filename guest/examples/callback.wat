;; A guest that calls the host: imports.
;;
;; A guest can do nothing but compute. Everything else, reading a line, printing, asking for the time, is a function
;; that the host gives it when it is instantiated. Here the guest owns the memory and the host comes by: an imported
;; function gets an address and a length, and reads or writes there before it returns.
;;
;; Such an address is good only until the import returns. A host that wants the bytes later must copy them.
(module
  ;; read_line(to, most): puts at most so many bytes at `to` and returns how many there were.
  (import "env" "read_line" (func $read_line (param i32 i32) (result i32)))
  ;; on_word(at, length): is called for each word. A callback.
  (import "env" "on_word" (func $on_word (param i32 i32)))

  (memory (export "memory") 1)

  ;; The line: 64 bytes from address 1024 (0x400).
  (global $line i32 (i32.const 1024))

  ;; Asks the host for a line, hands each of its words back, and returns how many there were.
  ;; Words are what stands between spaces.
  (func $split (export "split") (result i32)
    (local $at i32)     ;; the byte looked at
    (local $end i32)    ;; one past the line's last byte
    (local $word i32)   ;; where the current word began
    (local $words i32)

    (local.set $at (global.get $line))
    (local.set $word (global.get $line))
    (local.set $end (call $read_line (global.get $line) (i32.const 64)))
    ;; The host promised at most 64. A guest that believes it without looking reads past its buffer.
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
