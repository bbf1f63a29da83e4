;; The guest of detached.mjs.
(module
  (import "env" "fill" (func $fill (param i32)))
  (memory (export "memory") 1)
  ;; Grows memory by $pages, if there are any, and lets the host fill 8 bytes at $at.
  (func (export "grow_and_fill") (param $pages i32) (param $at i32) (result i32)
    (if (local.get $pages) (then (drop (memory.grow (local.get $pages)))))
    (call $fill (local.get $at))
    (i32.load8_u (local.get $at))))
