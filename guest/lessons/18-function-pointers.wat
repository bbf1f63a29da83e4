;; Lesson 18: functions in a table, and an index in memory that chooses one.
(module
  (memory (export "memory") 1)
  (type $operation (func (param i32) (result i32)))
  (table 3 funcref)
  (elem (i32.const 0) $same $double $bonus)
  ;; name: four bytes at 0x100; callback: the index of a function, at 0x104.
  (data (i32.const 0x104) "\01\00\00\00")

  (func $same (param $n i32) (result i32) (local.get $n))
  (func $double (param $n i32) (result i32) (i32.mul (local.get $n) (i32.const 2)))
  (func $bonus (param $n i32) (result i32) (i32.const 1000))

  ;; Calls the function whose index is in the variable.
  (func $run (export "run") (param $n i32) (result i32)
    (call_indirect (type $operation) (local.get $n) (i32.load (i32.const 0x104))))

  ;; Copies $length bytes from 0x200 to name. It does not check the length.
  (func $set_name (export "set_name") (param $length i32)
    (local $i i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
        (i32.store8 offset=0x100 (local.get $i) (i32.load8_u offset=0x200 (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))))
