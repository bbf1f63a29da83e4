;; Memory that stays the guest's own: the guest exports where its numbers lie, and the host changes them there.
;;
;; No byte is copied in or out by a call. This is how a host shares pixels, samples or particle positions with a guest:
;; both look at the same array. The pointer is an exported global here, which the host reads without a call.
;;
;; What both must know and no type says: that these are u32, four bytes each, the lowest byte first (little endian, on
;; every machine), one behind the other without gaps, and how many there are.
(module
  (memory (export "memory") 1)

  ;; 10, 20, 30 and 40 as they lie in memory. Address 256 is a multiple of 4, as an array of u32 should be.
  (data (i32.const 256) "\0a\00\00\00" "\14\00\00\00" "\1e\00\00\00" "\28\00\00\00")

  ;; Where the array is. It is immutable: this guest promises that the array never moves.
  (global $readings (export "readings") i32 (i32.const 256))
  ;; How many of the readings count. It is mutable and exported, so the host may set it too.
  (global $count (export "count") (mut i32) (i32.const 4))

  ;; The sum of the readings as they are at this moment, whoever wrote them. Overflow wraps around.
  (func $sum (export "sum") (result i32)
    (local $i i32)
    (local $total i32)
    ;; The host set `$count` and may have set it to anything. There is room for 4.
    (if (i32.gt_u (global.get $count) (i32.const 4))
      (then (unreachable)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (global.get $count)))
        (local.set $total
          (i32.add (local.get $total)
            ;; Number i lies 4 * i bytes behind the first.
            (i32.load (i32.add (global.get $readings) (i32.shl (local.get $i) (i32.const 2))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $total))

  ;; Doubles each reading in place: now the guest writes, and the host finds the new numbers where it looked before.
  (func $double (export "double")
    (local $i i32)
    (local $at i32)
    (loop $next
      (local.set $at (i32.add (global.get $readings) (i32.shl (local.get $i) (i32.const 2))))
      (i32.store (local.get $at) (i32.shl (i32.load (local.get $at)) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4))))))
