;; A stencil of five points over 256 by 256 f64, forth and back, 16 rounds. Two million stores, five loads each.
(func $init (local $i i32)
  (loop $next
    (f64.store (i32.shl (local.get $i) (i32.const 3)) (f64.convert_i32_s (i32.rem_u (local.get $i) (i32.const 1009))))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 131072)))))
(func $sweep (param $from i32) (param $to i32) (local $i i32) (local $j i32) (local $p i32) (local $q i32)
  (local.set $i (i32.const 1))
  (loop $rows
    (local.set $p (i32.add (local.get $from) (i32.add (i32.shl (local.get $i) (i32.const 11)) (i32.const 8))))
    (local.set $q (i32.add (local.get $to) (i32.add (i32.shl (local.get $i) (i32.const 11)) (i32.const 8))))
    (local.set $j (i32.const 254))
    (loop $columns
      (f64.store (local.get $q) (f64.mul (f64.const 0.2)
        (f64.add (f64.load (local.get $p))
          (f64.add
            (f64.add (f64.load (i32.sub (local.get $p) (i32.const 8))) (f64.load offset=8 (local.get $p)))
            (f64.add (f64.load (i32.sub (local.get $p) (i32.const 2048))) (f64.load offset=2048 (local.get $p)))))))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $q (i32.add (local.get $q) (i32.const 8)))
      (br_if $columns (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
    (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 255)))))
(func (export "run") (result i32) (local $t i32)
  (call $init)
  (loop $rounds
    (call $sweep (i32.const 0) (i32.const 524288))
    (call $sweep (i32.const 524288) (i32.const 0))
    (br_if $rounds (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 16))))
  (i32.trunc_f64_s (f64.load (i32.const 300008))))
