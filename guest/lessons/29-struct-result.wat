;; Lesson 29: a struct as a result. In C:
;;
;;   struct Point { float x, y; };
;;   struct Point middle(struct Point a, struct Point b);
;;
;; A C compiler passes and returns such structs by address: the function has three parameters, and
;; the first is the address for the result.
(module
  (memory (export "memory") 1)

  ;; The address of 24 bytes that the host may use: three points.
  (func $points (export "points") (result i32)
    (i32.const 0x400))

  (func $middle (export "middle") (param $result i32) (param $a i32) (param $b i32)
    (f32.store (local.get $result)
      (f32.div
        (f32.add (f32.load (local.get $a)) (f32.load (local.get $b)))
        (f32.const 2)))
    (f32.store offset=4 (local.get $result)
      (f32.div
        (f32.add (f32.load offset=4 (local.get $a)) (f32.load offset=4 (local.get $b)))
        (f32.const 2)))))
