;; The guest of tables.mjs.
(module
  (import "env" "objects" (table $objects 2 externref))
  (import "env" "keep" (func $keep (param externref)))
  (import "env" "more" (func $more))
  (type $unary (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (table $functions (export "functions") 1 8 funcref)
  (func (export "double") (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func (export "negate") (type $unary) (i32.sub (i32.const 0) (local.get 0)))
  (func (export "apply") (param $index i32) (param $x i32) (result i32)
    (call_indirect $functions (type $unary) (local.get $x) (local.get $index)))
  ;; Passes an element of the table of objects to the host.
  (func (export "show") (param $index i32) (call $keep (table.get $objects (local.get $index))))
  ;; Lets the host change the tables, and returns their sizes.
  (func (export "sizes") (result i32 i32)
    (call $more)
    (table.size $objects) (table.size $functions)))
