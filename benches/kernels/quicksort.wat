;; Sorts 200,000 i32 by Hoare's partition, recursing into both halves.
(func $init (local $i i32) (local $x i32)
  (local.set $x (i32.const 12345))
  (loop $next
    (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
    (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.shr_u (local.get $x) (i32.const 4)))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000)))))
(func $sort (param $low i32) (param $high i32) (local $i i32) (local $j i32) (local $pivot i32) (local $a i32) (local $b i32)
  (if (i32.ge_s (local.get $low) (local.get $high)) (then (return)))
  (local.set $pivot (i32.load (i32.and (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)) (i32.const -4))))
  (local.set $i (i32.sub (local.get $low) (i32.const 4)))
  (local.set $j (i32.add (local.get $high) (i32.const 4)))
  (block $done
    (loop $swap
      (loop $up
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br_if $up (i32.lt_s (local.tee $a (i32.load (local.get $i))) (local.get $pivot))))
      (loop $down
        (local.set $j (i32.sub (local.get $j) (i32.const 4)))
        (br_if $down (i32.gt_s (local.tee $b (i32.load (local.get $j))) (local.get $pivot))))
      (br_if $done (i32.ge_s (local.get $i) (local.get $j)))
      (i32.store (local.get $i) (local.get $b))
      (i32.store (local.get $j) (local.get $a))
      (br $swap)))
  (call $sort (local.get $low) (local.get $j))
  (call $sort (i32.add (local.get $j) (i32.const 4)) (local.get $high)))
(func (export "run") (result i32)
  (call $init)
  (call $sort (i32.const 0) (i32.const 799996))
  (i32.load (i32.const 400000)))
