;; Crosses out the multiples of each prime below 1,500,000, a byte each.
(func (export "run") (result i32) (local $i i32) (local $j i32) (local $count i32)
  (memory.fill (i32.const 0) (i32.const 0) (i32.const 1500000))
  (local.set $i (i32.const 2))
  (loop $next
    (if (i32.eqz (i32.load8_u (local.get $i)))
      (then
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (if (i32.lt_u (local.get $i) (i32.const 1225))
          (then
            (local.set $j (i32.mul (local.get $i) (local.get $i)))
            (loop $multiples
              (i32.store8 (local.get $j) (i32.const 1))
              (br_if $multiples (i32.lt_u (local.tee $j (i32.add (local.get $j) (local.get $i))) (i32.const 1500000))))))))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1500000))))
  (local.get $count))
