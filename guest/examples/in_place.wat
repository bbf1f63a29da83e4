;; Memory that the guest owns: the guest exports the address of its numbers, and the host changes them there.
;;
;; No call copies any bytes. In this way, a host shares pixels, samples or particle positions with a guest: both use the
;; same array. Here the pointer is an exported global, which the host reads without a call.
;;
;; Both must agree on what no type contains: that these are consecutive u32 numbers of four bytes, the lowest byte first
;; (little endian, on every machine), and how many there are.
(module
  (memory (export "memory") 1)

  ;; 10, 20, 30 and 40 as bytes. Address 256 is a multiple of 4, as the address of an array of u32 should be.
  (data (i32.const 256) "\0a\00\00\00" "\14\00\00\00" "\1e\00\00\00" "\28\00\00\00")

  ;; The address of the array. It is immutable: this guest promises that the array never moves.
  (global $readings (export "readings") i32 (i32.const 256))
  ;; The number of readings in use. It is mutable and exported, so the host can set it too.
  (global $count (export "count") (mut i32) (i32.const 4))

  ;; Returns the sum of the readings, whoever wrote them. Overflow wraps around.
  (func $sum (export "sum") (result i32)
    (local $i i32)
    (local $total i32)
    ;; The host can set `$count` to any number. There are only 4 readings.
    (if (i32.gt_u (global.get $count) (i32.const 4))
      (then (unreachable)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (global.get $count)))
        (local.set $total
          (i32.add (local.get $total)
            ;; Number i is 4 * i bytes after the first.
            (i32.load (i32.add (global.get $readings) (i32.shl (local.get $i) (i32.const 2))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $total))

  ;; Doubles each reading in place: now the guest writes, and the host reads the new numbers at the same addresses.
  (func $double (export "double")
    (local $i i32)
    (local $at i32)
    (loop $next
      (local.set $at (i32.add (global.get $readings) (i32.shl (local.get $i) (i32.const 2))))
      (i32.store (local.get $at) (i32.shl (i32.load (local.get $at)) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4))))))
