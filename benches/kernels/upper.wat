;; Makes the letters of a text of 1 MiB upper case, in place, byte by byte; what is upper case already is left.
(func $init (local $i i32)
  (loop $next
    (i32.store8 (local.get $i) (i32.add (i32.const 32) (i32.rem_u (i32.mul (local.get $i) (i32.const 7)) (i32.const 95))))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1048576)))))
(func $upper (param $at i32) (param $end i32) (local $c i32)
  (loop $next
    (if (i32.lt_u (i32.sub (local.tee $c (i32.load8_u (local.get $at))) (i32.const 97)) (i32.const 26))
      (then (i32.store8 (local.get $at) (i32.sub (local.get $c) (i32.const 32)))))
    (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end)))))
(func (export "run") (result i32) (local $t i32)
  (loop $rounds
    (call $init)
    (call $upper (i32.const 0) (i32.const 1048576))
    (br_if $rounds (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 2))))
  (i32.load (i32.const 77777)))
