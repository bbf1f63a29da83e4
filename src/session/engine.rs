//! The engine and its errors, in words for people.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmer::sys::EngineBuilder;
use wasmer::{Module, RuntimeError, Store};

use crate::guest::{Guest, Rewritten};
use crate::safe;

/// Frames of a call chain that a message names.
const MOST_FRAMES: usize = 8;

/// A store of its own engine, with the features that the guest part lets through: the engine's defaults.
pub fn new_store() -> Store {
    Store::new(EngineBuilder::new(wasmer::sys::Cranelift::default()).engine())
}

/// Compiles the rewritten module.
///
/// # Errors
/// What the engine says, made safe. A compiler that gives up on a valid module by a panic counts as refusing it; its
/// store must not be used again.
pub fn compile(store: &Store, rewritten: &Rewritten) -> Result<Module, String> {
    match catch_unwind(AssertUnwindSafe(|| Module::from_binary(store, &rewritten.wasm))) {
        Ok(compiled) => compiled.map_err(|e| safe::cut(&e.to_string(), 1000)),
        Err(_) => Err("its compiler gave up on this module".into()),
    }
}

/// What a trap was and where, in one line: `unreachable in $f, called from $g`.
pub fn describe_trap(error: &RuntimeError, guest: &Guest, rewritten: &Rewritten) -> String {
    let mut text = safe::plain(&error.message());
    let names: Vec<String> = error
        .trace()
        .iter()
        .filter_map(|frame| rewritten.original_function(frame.func_index()))
        .map(|index| guest.function_name(index))
        .collect();
    for (depth, name) in names.iter().take(MOST_FRAMES).enumerate() {
        text.push_str(if depth == 0 { " in " } else { ", called from " });
        text.push_str(name);
    }
    if names.len() > MOST_FRAMES {
        text.push_str(&format!(", and {} more callers", names.len() - MOST_FRAMES));
    }
    text
}
