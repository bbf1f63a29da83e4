;; The guest of after_growth.mjs.
(module
  (memory (export "memory") 4)
  ;; Grows memory, and returns the first address of the new pages.
  (func (export "grow") (param i32) (result i32)
    (i32.mul (memory.grow (local.get 0)) (i32.const 65536)))
  (func (export "sum") (param i32 i32) (result i32) (local i32)
    (loop $next
      (local.set 2 (i32.add (local.get 2) (i32.load8_u (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br_if $next (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 2)))
