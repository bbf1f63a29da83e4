;; Lesson 28: three structs in a row. In C:
;;
;;   struct Reading { uint8_t sensor; uint32_t value; uint16_t unit; };
;;   uint32_t total(struct Reading *readings, uint32_t count);
(module
  (memory (export "memory") 1)

  ;; Each takes 12 bytes: the sensor, 3 unused bytes, the value, the unit, 2 unused bytes.
  (data (i32.const 0x200)
    "\01\00\00\00" "\14\00\00\00" "\01\00\00\00"
    "\02\00\00\00" "\16\00\00\00" "\01\00\00\00"
    "\03\00\00\00" "\00\00\00\00" "\01\00\00\00")

  (func $readings (export "readings") (result i32)
    (i32.const 0x200))

  ;; The sum of the values, which are at offset 4 of each.
  (func $total (export "total") (param $at i32) (param $count i32) (result i32)
    (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $sum
          (i32.add (local.get $sum) (i32.load offset=4 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 12)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (local.get $sum)))
