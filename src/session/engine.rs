//! The engine and its errors, in words for people.

use wasmer::sys::{EngineBuilder, Features};
use wasmer::{Module, RuntimeError, Store};

use crate::guest::{Guest, Rewritten};
use crate::safe;

/// Frames of a call chain that a message names.
const MOST_FRAMES: usize = 8;

/// A store whose engine takes what the guest part lets through, and a private memory beside the guest's.
pub fn new_store() -> Store {
    let mut features = Features::all();
    features.multi_memory(true);
    let engine = EngineBuilder::new(wasmer::sys::Cranelift::default()).set_features(Some(features)).engine();
    Store::new(engine)
}

/// Compiles the rewritten module.
///
/// # Errors
/// What the engine says, made safe.
pub fn compile(store: &Store, rewritten: &Rewritten) -> Result<Module, String> {
    Module::from_binary(store, &rewritten.wasm).map_err(|e| safe::cut(&e.to_string(), 1000))
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
