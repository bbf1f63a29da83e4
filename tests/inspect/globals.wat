;; Two buffers whose addresses are exported globals, as AssemblyScript's `StaticArray` gives them away.
(module
  (memory (export "memory") 1)
  (global (export "input") i32 (i32.const 1024))
  (global (export "output") i32 (i32.const 2048))
  (global (export "INPUT_LENGTH") i32 (i32.const 512))
  (func (export "init"))
  (func (export "digest") (param i32)
    (memory.copy (i32.const 2048) (i32.const 1024) (local.get 0))))
