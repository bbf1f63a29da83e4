;; y = a * x + y over 65,536 f32, four at a time, 32 times. Half a million vectors stored.
(func $init (local $i i32)
  (loop $next
    (f32.store (i32.shl (local.get $i) (i32.const 2)) (f32.convert_i32_u (i32.and (local.get $i) (i32.const 255))))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 131072)))))
(func $saxpy (param $y i32) (param $x i32) (param $end i32) (param $a v128)
  (loop $next
    (v128.store (local.get $y)
      (f32x4.add (v128.load (local.get $y)) (f32x4.mul (local.get $a) (v128.load (local.get $x)))))
    (local.set $y (i32.add (local.get $y) (i32.const 16)))
    (br_if $next (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $end)))))
(func (export "run") (result i32) (local $t i32)
  (call $init)
  (loop $rounds
    (call $saxpy (i32.const 262144) (i32.const 0) (i32.const 262144) (f32x4.splat (f32.const 0.5)))
    (br_if $rounds (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 32))))
  (i32.load (i32.const 300000)))
