;; A core module for the component model: strings come in blocks of cabi_realloc and go back as a pointer to a pointer
;; and a length, which the host gives back with cabi_post_.
(module
  (import "example:host/log" "note" (func (param i32 i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3))))
  (func (export "example:text/shout#shout") (param i32 i32) (result i32)
    (i32.store (i32.const 512) (local.get 0))
    (i32.store (i32.const 516) (local.get 1))
    (i32.const 512))
  (func (export "cabi_post_example:text/shout#shout") (param i32)))
