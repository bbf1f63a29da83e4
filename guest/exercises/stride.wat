;; The guest decides where its data is, and the host works on the data in place.
(module
  (memory (export "memory") 1)

  ;; Four consecutive u32 numbers, four bytes each: 10, 20, 30 and 40.
  (data (i32.const 0x200) "\0a\00\00\00" "\14\00\00\00" "\1e\00\00\00" "\28\00\00\00")

  ;; Their address, in an exported global: the host reads it without a call. It is immutable, so the array never moves.
  (global $samples (export "samples") i32 (i32.const 0x200))

  ;; Doubles each of the four numbers in its place.
  (func $amplify (export "amplify")
    (local $at i32)
    (local.set $at (global.get $samples))
    (loop $next
      (i32.store (local.get $at) (i32.mul (i32.load (local.get $at)) (i32.const 2)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (i32.add (global.get $samples) (i32.const 16)))))))
