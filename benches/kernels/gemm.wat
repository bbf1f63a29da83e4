;; Dense floats: C = A * B with the sum in a local, as compilers make it, f64, 160 by 160. Four million rounds, one store
;; for 160 of them.
(func $init (local $i i32)
  (loop $next
    (f64.store (i32.shl (local.get $i) (i32.const 3))
      (f64.div (f64.convert_i32_s (i32.rem_u (local.get $i) (i32.const 97))) (f64.const 97)))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 51200)))))
(func (export "run") (result i32)
  (local $i i32) (local $j i32) (local $k i32) (local $sum f64) (local $a i32) (local $b i32) (local $c i32)
  (call $init)
  (local.set $c (i32.const 409600))
  (loop $rows
    (local.set $j (i32.const 0))
    (loop $columns
      (local.set $a (i32.mul (local.get $i) (i32.const 1280)))
      (local.set $b (i32.add (i32.const 204800) (i32.shl (local.get $j) (i32.const 3))))
      (local.set $sum (f64.const 0))
      (local.set $k (i32.const 160))
      (loop $inner
        (local.set $sum (f64.add (local.get $sum) (f64.mul (f64.load (local.get $a)) (f64.load (local.get $b)))))
        (local.set $a (i32.add (local.get $a) (i32.const 8)))
        (local.set $b (i32.add (local.get $b) (i32.const 1280)))
        (br_if $inner (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (f64.store (local.get $c) (local.get $sum))
      (local.set $c (i32.add (local.get $c) (i32.const 8)))
      (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 160))))
    (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 160))))
  (i32.trunc_f64_s (f64.load (i32.const 500008))))
