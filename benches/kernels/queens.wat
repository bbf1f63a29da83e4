;; Ten queens: recursion that stores before its calls and takes back after them, as what a compiler spills to the shadow
;; stack. Columns at 0, diagonals at 64 and 128.
(func $place (param $row i32) (result i32) (local $c i32) (local $count i32) (local $d i32) (local $e i32)
  (if (i32.eq (local.get $row) (i32.const 10)) (then (return (i32.const 1))))
  (loop $next
    (local.set $d (i32.add (local.get $row) (local.get $c)))
    (local.set $e (i32.add (i32.sub (local.get $row) (local.get $c)) (i32.const 16)))
    (if (i32.eqz (i32.or (i32.load8_u (local.get $c))
          (i32.or (i32.load8_u offset=64 (local.get $d)) (i32.load8_u offset=128 (local.get $e)))))
      (then
        (i32.store8 (local.get $c) (i32.const 1))
        (i32.store8 offset=64 (local.get $d) (i32.const 1))
        (i32.store8 offset=128 (local.get $e) (i32.const 1))
        (local.set $count (i32.add (local.get $count) (call $place (i32.add (local.get $row) (i32.const 1)))))
        (i32.store8 (local.get $c) (i32.const 0))
        (i32.store8 offset=64 (local.get $d) (i32.const 0))
        (i32.store8 offset=128 (local.get $e) (i32.const 0))))
    (br_if $next (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 1))) (i32.const 10))))
  (local.get $count))
(func (export "run") (result i32) (local $t i32) (local $count i32)
  (loop $rounds
    (local.set $count (i32.add (local.get $count) (call $place (i32.const 0))))
    (br_if $rounds (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 3))))
  (local.get $count))
