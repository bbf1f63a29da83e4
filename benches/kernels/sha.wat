;; A hash in the manner of SHA-256: the message schedule is stored word by word, then read in 64 rounds. 4,000 blocks.
(func $block (param $at i32) (param $h i32) (result i32) (local $t i32) (local $p i32) (local $a i32) (local $b i32)
  (loop $copy
    (i32.store offset=4096 (i32.shl (local.get $t) (i32.const 2)) (i32.load (i32.add (local.get $at) (i32.shl (local.get $t) (i32.const 2)))))
    (br_if $copy (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 16))))
  (loop $extend
    (local.set $p (i32.shl (local.get $t) (i32.const 2)))
    (local.set $a (i32.load offset=4036 (local.get $p)))
    (local.set $b (i32.load offset=4088 (local.get $p)))
    (i32.store offset=4096 (local.get $p)
      (i32.add (i32.add (i32.load offset=4032 (local.get $p)) (i32.load offset=4068 (local.get $p)))
        (i32.add
          (i32.xor (i32.rotr (local.get $a) (i32.const 7)) (i32.xor (i32.rotr (local.get $a) (i32.const 18)) (i32.shr_u (local.get $a) (i32.const 3))))
          (i32.xor (i32.rotr (local.get $b) (i32.const 17)) (i32.xor (i32.rotr (local.get $b) (i32.const 19)) (i32.shr_u (local.get $b) (i32.const 10)))))))
    (br_if $extend (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 64))))
  (local.set $t (i32.const 0))
  (local.set $a (local.get $h))
  (loop $rounds
    (local.set $b (i32.add (i32.xor (i32.rotr (local.get $a) (i32.const 6)) (i32.rotr (local.get $b) (i32.const 11)))
      (i32.load offset=4096 (i32.shl (local.get $t) (i32.const 2)))))
    (local.set $a (i32.add (i32.rotr (local.get $a) (i32.const 22)) (i32.and (local.get $b) (i32.xor (local.get $a) (local.get $h)))))
    (br_if $rounds (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 64))))
  (i32.add (local.get $a) (local.get $b)))
(func (export "run") (result i32) (local $i i32) (local $h i32)
  (local.set $h (i32.const 0x6a09e667))
  (loop $next
    (local.set $h (call $block (i32.add (i32.const 8192) (i32.shl (local.get $i) (i32.const 6))) (local.get $h)))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4000))))
  (i32.store offset=8192 (i32.const 0) (local.get $h))
  (local.get $h))
