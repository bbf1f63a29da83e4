;; A guest for questions that need none.
(module (memory (export "memory") 1))
