;; Stores on both sides of what throws and what catches: no slot may be lost or written over, whichever way a call ends.

(module $thrower
  (memory (export "memory") 1)
  (tag $e (export "e") (param i32))
  (tag $other (export "other"))
  (func $store_and_throw (export "store_and_throw") (param i32)
    (i32.store8 (local.get 0) (i32.const 0x11))
    (i64.store (i32.add (local.get 0) (i32.const 8)) (i64.const 0x1122334455667788))
    (throw $e (local.get 0)))
  (func $maybe (param i32)
    (i32.store16 (local.get 0) (i32.const 0x2222))
    (if (i32.and (local.get 0) (i32.const 1)) (then (call $store_and_throw (i32.add (local.get 0) (i32.const 64)))))
    (i32.store16 (i32.add (local.get 0) (i32.const 2)) (i32.const 0x3333)))

  (func (export "caught") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.const 1))
    (block $h (result i32)
      (try_table (catch $e $h)
        (i32.store (i32.const 4) (i32.const 2))
        (call $store_and_throw (local.get 0))
        (i32.store (i32.const 8) (i32.const 3)))
      (i32.const -1))
    (i32.store (i32.const 12) (i32.const 4)))

  ;; Here the local throws itself.
  (func (export "thrown_within") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $e $h)
        (i32.store (i32.const 16) (i32.const 5))
        (throw $e (local.get 0)))
      (i32.const -1))
    (i32.store (i32.const 20) (i32.const 6)))

  ;; Caught in every second round, and stored in each.
  (func (export "in_a_loop") (param i32) (result i32) (local $i i32) (local $caught i32)
    (loop $next
      (block $on
        (block $h (result i32)
          (try_table (catch $e $h) (call $maybe (i32.add (i32.const 256) (local.get $i))))
          (br $on))
        (local.set $caught (i32.add (local.get $caught) (i32.const 1)))
        (i32.store8 (i32.add (i32.const 1024)) (i32.const 77)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get 0))))
    (local.get $caught))

  ;; The handler is the function's own end.
  (func (export "caught_by_the_body") (param i32) (result i32)
    (i32.store (i32.const 24) (i32.const 7))
    (try_table (catch $e 0)
      (call $store_and_throw (local.get 0)))
    (i32.const -1))

  ;; The handler is a loop's head.
  (func (export "caught_by_a_loop") (param i32) (result i32) (local $tries i32)
    (local.get 0)
    (loop $again (param i32) (result i32)
      (local.set 0)
      (local.set $tries (i32.add (local.get $tries) (i32.const 1)))
      (i32.store8 (i32.add (i32.const 2048) (local.get $tries)) (local.get $tries))
      (if (i32.lt_u (local.get $tries) (i32.const 5))
        (then (try_table (catch $e $again) (call $store_and_throw (i32.add (local.get 0) (i32.const 32))))))
      (local.get 0)))

  ;; Another tag passes through, and takes what was stored along.
  (func $other_passes
    (block $h (result i32)
      (try_table (catch $e $h)
        (i32.store (i32.const 28) (i32.const 8))
        (throw $other))
      (i32.const 0))
    (drop))
  (func (export "passed_through") (result i32)
    (block $h
      (try_table (catch_all $h) (call $other_passes))
      (return (i32.const -1)))
    (i32.store (i32.const 32) (i32.const 9))
    (i32.const 10))

  ;; Thrown again from a reference.
  (func (export "thrown_again") (param i32)
    (block $h (result exnref)
      (try_table (catch_all_ref $h) (call $store_and_throw (local.get 0)))
      (return))
    (i32.store (i32.const 36) (i32.const 11))
    (throw_ref))

  ;; A trap behind what was caught.
  (func (export "caught_then_trapped") (param i32)
    (block $h (result i32)
      (try_table (catch $e $h) (call $store_and_throw (local.get 0)))
      (i32.const -1))
    (i32.store (i32.const 40))
    (i32.store (i32.const -1) (i32.const 12))))

(assert_return (invoke "caught" (i32.const 100)) (i32.const 100))
(assert_return (invoke "thrown_within" (i32.const 7)) (i32.const 7))
(assert_return (invoke "in_a_loop" (i32.const 9)) (i32.const 4))
(assert_return (invoke "caught_by_the_body" (i32.const 200)) (i32.const 200))
(assert_return (invoke "caught_by_a_loop" (i32.const 300)) (i32.const 428))
(assert_return (invoke "passed_through") (i32.const 10))
(assert_exception (invoke "thrown_again" (i32.const 400)))
(assert_trap (invoke "caught_then_trapped" (i32.const 500)) "out of bounds memory access")
(assert_trap (invoke "caught" (i32.const -4)) "out of bounds memory access")
(assert_exception (invoke "store_and_throw" (i32.const 600)))
(assert_return (invoke "caught" (i32.const 700)) (i32.const 700))

;; The same between two modules, each with a memory and a journal of its own.
(register "thrower" $thrower)
(module
  (import "thrower" "e" (tag $e (param i32)))
  (import "thrower" "store_and_throw" (func $store_and_throw (param i32)))
  (memory (export "memory") 1)
  (func (export "caught_here") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.const 1))
    (block $h (result i32)
      (try_table (catch $e $h)
        (i32.store (i32.const 4) (i32.const 2))
        (call $store_and_throw (local.get 0)))
      (i32.const -1))
    (i32.store (i32.const 8) (i32.const 3)))
  (func (export "not_caught") (param i32)
    (i32.store (i32.const 12) (i32.const 4))
    (call $store_and_throw (local.get 0))))
(assert_return (invoke "caught_here" (i32.const 800)) (i32.const 800))
(assert_exception (invoke "not_caught" (i32.const 900)))
(assert_trap (invoke "not_caught" (i32.const 65536)) "out of bounds memory access")
(assert_return (invoke $thrower "caught" (i32.const 1000)) (i32.const 1000))
