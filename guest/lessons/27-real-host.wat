;; Lesson 27: the guest of two JavaScript hosts. The allocator is that of the session `alloc`.
(module
  (memory (export "memory") 1)

  ;; The first address that was never allocated. Everything below it is in use or in the list of free blocks.
  (global $top (mut i32) (i32.const 1024))
  ;; The first free block, 0 for none. Each free block contains the address of the next one: the list is inside the
  ;; memory that it manages.
  (global $free (mut i32) (i32.const 0))

  ;; A block in memory. It begins before the address that the host gets:
  ;;
  ;;   address - 8   its size in bytes, without these 8
  ;;   address - 4   the next free block, while it is free
  ;;   address       the bytes of the host
  (func $alloc (export "alloc") (param $length i32) (result i32)
    (local $size i32)
    (local $block i32)
    (local $link i32)
    (local $end i32)

    ;; More than 1 MiB is refused. Without a limit, the additions below could wrap around.
    (if (i32.gt_u (local.get $length) (i32.const 0x100000))
      (then (return (i32.const 0))))
    ;; Rounds up to a multiple of 8, so that an i64 or f64 can be at the start of every block.
    (local.set $size (i32.and (i32.add (local.get $length) (i32.const 7)) (i32.const -8)))

    ;; First the list: the first block that is large enough is used. `$link` is the block before it, 0 at the start.
    (local.set $block (global.get $free))
    (block $none
      (loop $search
        (br_if $none (i32.eqz (local.get $block)))
        (if (i32.ge_u (i32.load (i32.sub (local.get $block) (i32.const 8))) (local.get $size))
          (then
            (if (local.get $link)
              (then
                (i32.store (i32.sub (local.get $link) (i32.const 4))
                  (i32.load (i32.sub (local.get $block) (i32.const 4)))))
              (else (global.set $free (i32.load (i32.sub (local.get $block) (i32.const 4))))))
            ;; The bytes are those of the last owner: `alloc` does not set them to zero.
            (return (local.get $block))))
        (local.set $link (local.get $block))
        (local.set $block (i32.load (i32.sub (local.get $block) (i32.const 4))))
        (br $search)))

    ;; Otherwise a new block at the top. If memory is too small, it grows. memory.grow returns -1 if it cannot.
    (local.set $block (i32.add (global.get $top) (i32.const 8)))
    (local.set $end (i32.add (local.get $block) (local.get $size)))
    (if (i32.gt_u (i32.shr_u (i32.add (local.get $end) (i32.const 0xffff)) (i32.const 16)) (memory.size))
      (then
        (if (i32.eq (i32.const -1)
              (memory.grow
                (i32.sub (i32.shr_u (i32.add (local.get $end) (i32.const 0xffff)) (i32.const 16)) (memory.size))))
          (then (return (i32.const 0))))))
    (i32.store (i32.sub (local.get $block) (i32.const 8)) (local.get $size))
    (global.set $top (local.get $end))
    (local.get $block))

  ;; Adds a block at the start of the list. It does not check the address.
  (func $free (export "free") (param $address i32)
    (i32.store (i32.sub (local.get $address) (i32.const 4)) (global.get $free))
    (global.set $free (local.get $address)))

  ;; Changes a to z to A to Z, in place; other bytes stay.
  (func $upper (export "upper") (param $address i32) (param $length i32)
    (local $end i32)
    (local $byte i32)
    (local.set $end (i32.add (local.get $address) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $address) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $address)))
        ;; One comparison for both ends of the range: below 'a', the subtraction wraps around to a very large number.
        (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 0x61)) (i32.const 26))
          (then (i32.store8 (local.get $address) (i32.sub (local.get $byte) (i32.const 0x20)))))
        (local.set $address (i32.add (local.get $address) (i32.const 1)))
        (br $next))))

  ;; Returns the sum of a text's bytes, and frees its block: the block goes over to the guest.
  (func $send (export "send") (param $address i32) (param $length i32) (result i32)
    (local $at i32)
    (local $sum i32)
    (local.set $at (local.get $address))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $length)))
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $next)))
    (call $free (local.get $address))
    (local.get $sum)))
