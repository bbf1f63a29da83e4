;; Two consecutive variables, and a function that does not check where the first one ends. As in C:
;;
;;     char name[8];
;;     int balance = 100;
(module
  (memory (export "memory") 1)

  ;; name: 8 bytes at 0x400. Directly after it, at 0x408, balance: 100 (0x64) as an i32.
  (data (i32.const 0x408) "\64\00\00\00")

  (func $balance (export "balance") (result i32)
    (i32.load (i32.const 0x408)))

  ;; Copies $length bytes from 0x500, where the host wrote them, to name.
  ;; TODO: a name of more than 8 bytes must change nothing.
  (func $set_name (export "set_name") (param $length i32)
    (local $i i32)
    (if (i32.gt_u (local.get $length) (i32.const 8)) (then (return)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
        (i32.store8 offset=0x400 (local.get $i) (i32.load8_u offset=0x500 (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))))
