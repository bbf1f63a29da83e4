;; A small allocator. It has blocks of 16 bytes, and a list of the free ones.
(module
  (memory (export "memory") 1)

  ;; The first address that was never allocated.
  (global $top (mut i32) (i32.const 1024))
  ;; The free block that is allocated next, 0 for none. The first four bytes of a free block are the address of
  ;; the next free one: the list is stored in the free blocks.
  (global $free (mut i32) (i32.const 0))

  ;; Allocates 16 bytes and returns their address.
  (func $alloc (export "alloc") (result i32)
    (local $block i32)
    (if (global.get $free)
      (then
        ;; TODO: the next call gets the same block.
        (local.set $block (global.get $free))
        (return (local.get $block))))
    (local.set $block (global.get $top))
    (global.set $top (i32.add (global.get $top) (i32.const 16)))
    (local.get $block))

  ;; Frees a block: it becomes the first one in the list.
  (func $free (export "free") (param $block i32)
    (i32.store (local.get $block) (global.get $free))
    (global.set $free (local.get $block))))
