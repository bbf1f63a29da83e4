;; Copies 1 MiB byte by byte, three times: the loop a compiler makes of a memcpy it was not allowed to recognise.
(func $copy (param $to i32) (param $from i32) (param $length i32)
  (block $done
    (br_if $done (i32.eqz (local.get $length)))
    (loop $next
      (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next (local.tee $length (i32.sub (local.get $length) (i32.const 1)))))))
(func (export "run") (result i32) (local $t i32)
  (i64.store (i32.const 0) (i64.const 0x0123456789abcdef))
  (loop $rounds
    (call $copy (i32.const 3) (i32.const 0) (i32.const 1048576))
    (br_if $rounds (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 3))))
  (i32.load (i32.const 77777)))
