;; Nothing here says how bytes would pass.
(module
  (func (export "add") (param f64 f64) (result f64) (f64.add (local.get 0) (local.get 1)))
  (func (export "odd \"name\"\n") (param i64)))
