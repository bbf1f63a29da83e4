;; Lesson 26: what toolchains generate. Two functions that take a name and return a greeting, exported in two ways:
;; `greet` as wasm-bindgen does it, `hello` by the canonical ABI of the component model. Real tools generate this code.
;; Here it is written by hand. The allocator never uses a block twice, and overwrites the bytes of a freed block.
(module
  (memory (export "memory") 1)

  (data (i32.const 16) "Hello, ")

  ;; The shadow stack begins at 0x1000 and grows downwards. Blocks are allocated from 0x2000 upwards.
  (global $stack (mut i32) (i32.const 0x1000))
  (global $top (mut i32) (i32.const 0x2000))

  ;; The allocator of both ways.
  (func $take (param $length i32) (param $align i32) (result i32)
    (local $block i32)
    ;; Rounds up to the next multiple of the alignment.
    (local.set $block
      (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $block) (local.get $length)))
    (local.get $block))
  (func $give_back (param $block i32) (param $length i32)
    (memory.fill (local.get $block) (i32.const 0xdd) (local.get $length)))

  ;; Writes "Hello, " and the name to a new block. The guest owns its arguments, so it frees the name.
  (func $compose (param $name i32) (param $length i32) (result i32)
    (local $text i32)
    (local.set $text (call $take (i32.add (local.get $length) (i32.const 7)) (i32.const 1)))
    (memory.copy (local.get $text) (i32.const 16) (i32.const 7))
    (memory.copy (i32.add (local.get $text) (i32.const 7)) (local.get $name) (local.get $length))
    (call $give_back (local.get $name) (local.get $length))
    (local.get $text))

  ;; --- As wasm-bindgen does it ---------------------------------------------------------------------------------

  (func $malloc (export "__wbindgen_malloc") (param $length i32) (param $align i32) (result i32)
    (call $take (local.get $length) (local.get $align)))
  (func $free (export "__wbindgen_free") (param $block i32) (param $length i32) (param $align i32)
    (call $give_back (local.get $block) (local.get $length)))

  ;; Reserves bytes on the shadow stack (a negative number) or releases them, and returns the new stack pointer.
  (func $add_to_stack_pointer (export "__wbindgen_add_to_stack_pointer") (param $bytes i32) (result i32)
    (global.set $stack (i32.add (global.get $stack) (local.get $bytes)))
    (global.get $stack))

  ;; Stores the pair of pointer and length in the return area that the host has reserved.
  (func $greet (export "greet") (param $area i32) (param $name i32) (param $length i32)
    (i32.store (local.get $area) (call $compose (local.get $name) (local.get $length)))
    (i32.store offset=4 (local.get $area) (i32.add (local.get $length) (i32.const 7))))

  ;; --- By the canonical ABI ------------------------------------------------------------------------------------

  ;; With an old length of 0, realloc allocates. Only that is needed here.
  (func $realloc (export "cabi_realloc")
    (param $old i32) (param $old_length i32) (param $align i32) (param $length i32) (result i32)
    (call $take (local.get $length) (local.get $align)))

  ;; Here the guest has the return area, and returns its address.
  (func $hello (export "hello") (param $name i32) (param $length i32) (result i32)
    (i32.store (i32.const 0x800) (call $compose (local.get $name) (local.get $length)))
    (i32.store offset=4 (i32.const 0x800) (i32.add (local.get $length) (i32.const 7)))
    (i32.const 0x800))

  ;; The host calls this after it has read the result: the guest frees the text.
  (func $post_hello (export "cabi_post_hello") (param $area i32)
    (call $give_back (i32.load (local.get $area)) (i32.load offset=4 (local.get $area)))))
