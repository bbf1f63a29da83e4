//! The engine and its errors.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmer::sys::EngineBuilder;
use wasmer::{Module, Store};

use crate::guest::InstrumentedModule;
use crate::safe;

/// Creates a store with an engine of its own. It has the engine's default features, which
/// `guest::features` lists.
pub fn new_store() -> Store {
    Store::new(EngineBuilder::new(wasmer::sys::Cranelift::default()).engine())
}

/// Compiles the instrumented module.
///
/// # Errors
///
/// Returns the message of the engine, safe to print. If the compiler panics on a valid module, that
/// counts as an error. The store must not be used after that.
pub fn compile(store: &Store, instrumented: &InstrumentedModule) -> Result<Module, String> {
    match catch_unwind(AssertUnwindSafe(|| {
        Module::from_binary(store, &instrumented.wasm)
    })) {
        Ok(compiled) => compiled.map_err(|e| safe::cut(&e.to_string(), 1000)),
        Err(_) => Err("its compiler failed on this module".into()),
    }
}
