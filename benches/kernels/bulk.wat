;; 100,000 copies and fills of 16 bytes to 4 KiB.
(func (export "run") (result i32) (local $i i32) (local $x i32) (local $length i32) (local $to i32)
  (local.set $x (i32.const 99))
  (loop $next
    (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
    (local.set $length (i32.shl (i32.const 16) (i32.and (i32.shr_u (local.get $x) (i32.const 28)) (i32.const 7))))
    (local.set $to (i32.and (i32.shr_u (local.get $x) (i32.const 8)) (i32.const 0xfffff)))
    (memory.fill (local.get $to) (local.get $i) (local.get $length))
    (memory.copy (i32.xor (local.get $to) (i32.const 0x55550)) (local.get $to) (local.get $length))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50000))))
  (i32.load (i32.const 77777)))
