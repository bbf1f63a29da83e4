;; Lesson 6: a small allocator. Blocks of 16 bytes, and a list of those that were given back.
(module
  (memory (export "memory") 1)

  ;; Where the bytes begin that were never handed out.
  (global $top (mut i32) (i32.const 1024))
  ;; The free block that is handed out next, 0 for none. The first four bytes of a free block hold the address of
  ;; the next free one: the list lies in the very bytes that nobody owns.
  (global $free (mut i32) (i32.const 0))

  ;; Hands out 16 bytes and returns their address.
  (func $alloc (export "alloc") (result i32)
    (local $block i32)
    (if (global.get $free)
      (then
        (local.set $block (global.get $free))
        (global.set $free (i32.load (local.get $block)))
        (return (local.get $block))))
    (local.set $block (global.get $top))
    (global.set $top (i32.add (global.get $top) (i32.const 16)))
    (local.get $block))

  ;; Takes a block back: it becomes the first of the list.
  (func $free (export "free") (param $block i32)
    (i32.store (local.get $block) (global.get $free))
    (global.set $free (local.get $block))))
