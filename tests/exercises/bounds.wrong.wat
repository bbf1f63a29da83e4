;; An array, and loads at any index that the host likes.
(module
  (memory (export "memory") 1)

  ;; Four i32 numbers at 0x400. The numbers directly before and after them are not part of the array.
  (data (i32.const 0x3fc) "\4d\00\00\00")
  (data (i32.const 0x400) "\0a\00\00\00" "\14\00\00\00" "\1e\00\00\00" "\28\00\00\00" "\e7\03\00\00")

  ;; TODO: for an index without a number, return -1.
  ;; Loads number $index. The load itself computes the address: 4 * index plus its own offset, 0x400.
  (func $get (export "get") (param $index i32) (result i32)
    (if (i32.ge_s (local.get $index) (i32.const 4)) (then (return (i32.const -1))))
    (i32.load offset=0x400 (i32.mul (local.get $index) (i32.const 4)))))
