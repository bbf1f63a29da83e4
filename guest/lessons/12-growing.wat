;; Lesson 12: a memory that grows. It has one page at first, and at most three.
(module
  (memory (export "memory") 1 3)

  ;; Adds pages. Returns the old size in pages, or -1 if the memory cannot grow that much.
  (func $more (export "more") (param $pages i32) (result i32)
    (memory.grow (local.get $pages))))
