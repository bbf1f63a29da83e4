//! The engine and its errors, in words for people.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmer::sys::EngineBuilder;
use wasmer::{Module, Store};

use crate::guest::InstrumentedModule;
use crate::safe;

/// A store of its own engine, with the features that the guest part lets through: the engine's
/// defaults.
pub fn new_store() -> Store {
    Store::new(EngineBuilder::new(wasmer::sys::Cranelift::default()).engine())
}

/// Compiles the instrumented module.
///
/// # Errors
/// What the engine says, made safe. A compiler that gives up on a valid module by a panic counts as
/// refusing it; its store must not be used again.
pub fn compile(store: &Store, instrumented: &InstrumentedModule) -> Result<Module, String> {
    match catch_unwind(AssertUnwindSafe(|| {
        Module::from_binary(store, &instrumented.wasm)
    })) {
        Ok(compiled) => compiled.map_err(|e| safe::cut(&e.to_string(), 1000)),
        Err(_) => Err("its compiler gave up on this module".into()),
    }
}
