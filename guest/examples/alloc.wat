;; Memory that the host asks for: the guest has an allocator, and the host must give back what it took.
;;
;; This is how most toolchains pass text. The buffer is not fixed; the host says how much it needs:
;;
;;   1. alloc(length)         -> an address, or 0 when there is no room
;;   2. the host writes there
;;   3. upper(address, length)   works on those bytes
;;   4. the host reads them
;;   5. free(address)            and from here on the host must not touch them
;;
;; Who owns the bytes: the host, from `alloc` to `free`. The guest cannot enforce it. If the host forgets `free`, the
;; memory is lost (a leak); if it uses the address afterwards, it reads or spoils what someone else put there; if it
;; frees twice, the allocator's own list is broken. None of the three traps.
(module
  (memory (export "memory") 1)

  ;; Where the memory begins that was never handed out. Everything below is in use or on the list of free blocks.
  (global $top (mut i32) (i32.const 1024))
  ;; The first free block, 0 for none. Each free block holds the address of the next one: a list inside the memory
  ;; that it manages.
  (global $free (mut i32) (i32.const 0))

  ;; A block in memory, in front of the address that the host gets:
  ;;
  ;;   address - 8   its size in bytes, without these 8
  ;;   address - 4   the next free block, while it is free
  ;;   address       the host's bytes
  (func $alloc (export "alloc") (param $length i32) (result i32)
    (local $size i32)
    (local $block i32)
    (local $link i32)
    (local $end i32)

    ;; More than 1 MiB is refused. Without some such limit the additions below could wrap around.
    (if (i32.gt_u (local.get $length) (i32.const 0x100000))
      (then (return (i32.const 0))))
    ;; Rounded up to a multiple of 8, so that every block starts where an i64 or f64 may lie.
    (local.set $size (i32.and (i32.add (local.get $length) (i32.const 7)) (i32.const -8)))

    ;; First the list: the first block that is large enough is taken. `$link` is the block before it, 0 at the start.
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
            ;; The bytes are as the last owner left them. `alloc` promises room, not zeros.
            (return (local.get $block))))
        (local.set $link (local.get $block))
        (local.set $block (i32.load (i32.sub (local.get $block) (i32.const 4))))
        (br $search)))

    ;; Else from the top, growing memory where it ends too early. memory.grow answers -1 when it cannot.
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

  ;; Puts a block at the front of the list. It believes whatever address it is given.
  (func $free (export "free") (param $address i32)
    (i32.store (i32.sub (local.get $address) (i32.const 4)) (global.get $free))
    (global.set $free (local.get $address)))

  ;; Turns a to z into A to Z, in place; other bytes stay.
  (func $upper (export "upper") (param $address i32) (param $length i32)
    (local $end i32)
    (local $byte i32)
    (local.set $end (i32.add (local.get $address) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $address) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $address)))
        ;; One comparison for both ends of the range: below 'a' the subtraction wraps around to a huge number.
        (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 0x61)) (i32.const 26))
          (then (i32.store8 (local.get $address) (i32.sub (local.get $byte) (i32.const 0x20)))))
        (local.set $address (i32.add (local.get $address) (i32.const 1)))
        (br $next)))))
