;; A program for WASI: the imports that stand for an operating system.
;;
;; A program compiled for `wasm32-wasi` is a guest like any other. It prints, reads and exits by calling imports of the
;; module `wasi_snapshot_preview1`, and every one of them answers with an error number, 0 for none. What does not fit in a
;; number is handed over in the guest's memory: the guest says where, the host reads or writes there.
;;
;; This one asks for a name and greets it. It is a *command*: its `_start` is called once, and when that returns, or calls
;; proc_exit, the program is over.
(module
  ;; fd_read(fd, buffers, count, read): fills the buffers, and puts the number of bytes at `read`.
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  ;; fd_write(fd, buffers, count, written): prints the buffers, and puts the number of bytes at `written`.
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  ;; proc_exit(code): does not return.
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))

  ;; Here WASI looks for the bytes: the memory that is exported by this name.
  (memory (export "memory") 1)

  (data (i32.const 0x100) "Hello, ")
  (data (i32.const 0x110) "world")
  (data (i32.const 0x118) "!\n")

  ;; What a call handed back: a number of bytes.
  (global $count i32 (i32.const 0x10))
  ;; A list of buffers: for each, its address and its length, four bytes each. There is room for three.
  (global $buffers i32 (i32.const 0x20))
  ;; What was read goes here, up to 64 bytes.
  (global $name i32 (i32.const 0x200))

  ;; Puts the `index`-th buffer into the list.
  (func $buffer (param $index i32) (param $address i32) (param $length i32)
    (local $entry i32)
    (local.set $entry (i32.add (global.get $buffers) (i32.mul (local.get $index) (i32.const 8))))
    (i32.store (local.get $entry) (local.get $address))
    (i32.store offset=4 (local.get $entry) (local.get $length)))

  ;; An error number other than 0 ends the program with it.
  (func $check (param $errno i32)
    (if (local.get $errno)
      (then (call $proc_exit (local.get $errno)))))

  (func (export "_start")
    (local $length i32)

    ;; File descriptor 0 is standard input. Nothing there counts as "world".
    (call $buffer (i32.const 0) (global.get $name) (i32.const 64))
    (call $check (call $fd_read (i32.const 0) (global.get $buffers) (i32.const 1) (global.get $count)))
    (local.set $length (i32.load (global.get $count)))
    (call $buffer (i32.const 1) (global.get $name) (local.get $length))
    (if (i32.eqz (local.get $length))
      (then (call $buffer (i32.const 1) (i32.const 0x110) (i32.const 5))))

    ;; File descriptor 1 is standard output. Three buffers, printed one after the other: nothing is copied together.
    (call $buffer (i32.const 0) (i32.const 0x100) (i32.const 7))
    (call $buffer (i32.const 2) (i32.const 0x118) (i32.const 2))
    (call $check (call $fd_write (i32.const 1) (global.get $buffers) (i32.const 3) (global.get $count)))
    (call $proc_exit (i32.const 0))))
