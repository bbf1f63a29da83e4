;; Lesson 22: a text that ends with a NUL, and a number directly after its four bytes.
(module
  (memory (export "memory") 1)
  (data (i32.const 0x400) "Tom\00")
  (data (i32.const 0x404) "ABC\00"))
