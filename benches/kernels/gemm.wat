;; Dense floats: C += A * B, row by row as PolyBench has it, f64, 128 by 128. Two million stores.
(func $init (local $i i32)
  (loop $next
    (f64.store (i32.shl (local.get $i) (i32.const 3))
      (f64.div (f64.convert_i32_s (i32.rem_u (local.get $i) (i32.const 97))) (f64.const 97)))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 49152)))))
(func (export "run") (result i32)
  (local $i i32) (local $j i32) (local $k i32) (local $a f64) (local $b i32) (local $c i32)
  (call $init)
  (loop $rows
    (local.set $k (i32.const 0))
    (loop $inner
      (local.set $a (f64.mul (f64.const 1.5)
        (f64.load (i32.shl (i32.add (i32.shl (local.get $i) (i32.const 7)) (local.get $k)) (i32.const 3)))))
      (local.set $b (i32.add (i32.const 131072) (i32.shl (local.get $k) (i32.const 10))))
      (local.set $c (i32.add (i32.const 262144) (i32.shl (local.get $i) (i32.const 10))))
      (local.set $j (i32.const 128))
      (loop $columns
        (f64.store (local.get $c) (f64.add (f64.load (local.get $c)) (f64.mul (local.get $a) (f64.load (local.get $b)))))
        (local.set $b (i32.add (local.get $b) (i32.const 8)))
        (local.set $c (i32.add (local.get $c) (i32.const 8)))
        (br_if $columns (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
      (br_if $inner (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 128))))
    (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 128))))
  (i32.trunc_f64_s (f64.load (i32.const 300008))))
