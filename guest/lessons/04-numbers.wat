;; Lesson 4: numbers in memory. The guest stores a price: an i32, four bytes at 0x110.
(module
  (memory (export "memory") 1)

  ;; -1 means "no price yet": all 32 bits are 1, so all four bytes are ff.
  (data (i32.const 0x110) "\ff\ff\ff\ff")

  ;; Loads four bytes as one number.
  (func $price (export "price") (result i32)
    (i32.load (i32.const 0x110))))
