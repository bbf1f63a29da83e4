;; A program for WASI: imports that replace an operating system.
;;
;; A program compiled for `wasm32-wasi` is a guest like any other. It prints, reads and exits by calling imports of the
;; module `wasi_snapshot_preview1`. Each of them returns an error number, 0 for none. Data that is not a number passes
;; through the guest's memory: the guest passes an address, and the host reads or writes there.
;;
;; This program reads a name and greets it. It is a *command*: the host calls its `_start` once. The program ends when that
;; returns, or when it calls proc_exit.
(module
  ;; fd_read(fd, buffers, count, read): fills the buffers, and stores the number of bytes at `read`.
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  ;; fd_write(fd, buffers, count, written): prints the buffers, and stores the number of bytes at `written`.
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  ;; proc_exit(code): does not return.
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  ;; WASI uses the memory that is exported with this name.
  (memory (export "memory") 1)

  (data (i32.const 0x100) "Hello, ")
  (data (i32.const 0x110) "world")
  (data (i32.const 0x118) "!\n")

  ;; The number of bytes that a call has returned.
  (global $count i32 (i32.const 0x10))
  ;; A list of three buffers: for each, its address and its length, four bytes each.
  (global $buffers i32 (i32.const 0x20))
  ;; The name that is read, up to 64 bytes.
  (global $name i32 (i32.const 0x200))

  ;; Stores buffer number `index` in the list.
  (func $buffer (param $index i32) (param $address i32) (param $length i32)
    (local $entry i32)
    (local.set $entry (i32.add (global.get $buffers) (i32.mul (local.get $index) (i32.const 8))))
    (i32.store (local.get $entry) (local.get $address))
    (i32.store offset=4 (local.get $entry) (local.get $length)))

  ;; Ends the program with an error number other than 0.
  (func $check (param $errno i32)
    (if (local.get $errno)
      (then (call $proc_exit (local.get $errno)))))

  (func (export "_start")
    (local $length i32)

    ;; File descriptor 0 is standard input. If it is empty, the name is "world".
    (call $buffer (i32.const 0) (global.get $name) (i32.const 64))
    (call $check (call $fd_read (i32.const 0) (global.get $buffers) (i32.const 1) (global.get $count)))
    (local.set $length (i32.load (global.get $count)))
    (call $buffer (i32.const 1) (global.get $name) (local.get $length))
    (if (i32.eqz (local.get $length))
      (then (call $buffer (i32.const 1) (i32.const 0x110) (i32.const 5))))

    ;; File descriptor 1 is standard output. The three buffers are printed in order, without a copy.
    (call $buffer (i32.const 0) (i32.const 0x100) (i32.const 7))
    (call $buffer (i32.const 2) (i32.const 0x118) (i32.const 2))
    (call $check (call $fd_write (i32.const 1) (global.get $buffers) (i32.const 3) (global.get $count)))
    (call $proc_exit (i32.const 0))))
