;; What wasm-bindgen makes of `fn shout(text: &str) -> String`: the text is passed as a block, the answer through a
;; return area on the guest's own stack.
(module
  (import "./shout_bg.js" "__wbindgen_throw" (func (param i32 i32)))
  (memory (export "memory") 2)
  (global $stack (mut i32) (i32.const 65536))
  (global $next (mut i32) (i32.const 70000))
  (func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32)
    (global.set $stack (i32.add (global.get $stack) (local.get 0)))
    (global.get $stack))
  (func (export "__wbindgen_malloc") (param i32 i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 0))))
  (func (export "__wbindgen_realloc") (param i32 i32 i32 i32) (result i32) (local.get 0))
  (func (export "__wbindgen_free") (param i32 i32 i32))
  (func (export "shout") (param $area i32) (param $text i32) (param $length i32)
    (i32.store8 (local.get $text) (i32.const 0x21))
    (i32.store (local.get $area) (local.get $text))
    (i32.store offset=4 (local.get $area) (local.get $length))))
