//! The engine and its errors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use wasmer::sys::{EngineBuilder, NativeEngineExt};
use wasmer::{Module, Store};
use wasmer_types::{CompilationProgressCallback, UserAbort};

use crate::guest::InstrumentedModule;
use crate::safe;

use super::limits::CancelHandle;

/// The time between two looks for a cancel while a module is compiled.
const CANCEL_PERIOD: Duration = Duration::from_millis(20);

/// Creates a store with an engine of its own. It has the engine's default features, which
/// `guest::features` lists.
pub fn new_store() -> Store {
    Store::new(EngineBuilder::new(wasmer::sys::Cranelift::default()).engine())
}

/// Why a module was not compiled.
#[derive(Debug)]
pub enum CompileError {
    /// The message of the engine, safe to print.
    Refused(String),
    /// The session was cancelled.
    Cancelled,
}

/// Compiles the instrumented module, on a thread of its own: one function alone may take long.
///
/// # Errors
///
/// Returns why there is no compiled module. If the compiler panics on a valid module, that counts as
/// an error, and the store must not be used after that. After a cancel, the thread ends by itself as
/// soon as the function is compiled that it works on.
pub fn compile(
    store: &Store,
    instrumented: &InstrumentedModule,
    control: &CancelHandle,
) -> Result<Module, CompileError> {
    let (engine, wasm) = (store.engine().clone(), instrumented.wasm.clone());
    let (sender, compiled) = mpsc::channel();
    let watched = control.clone();
    let work = move || {
        let on_progress = CompilationProgressCallback::new(move |_| match watched.is_cancelled() {
            true => Err(UserAbort::new("cancelled")),
            false => Ok(()),
        });
        let compiled = catch_unwind(AssertUnwindSafe(|| {
            engine.new_module_with_progress(&wasm, on_progress)
        }));
        // After a cancel, nobody receives the module.
        let _ = sender.send(match compiled {
            Ok(compiled) => compiled.map_err(|error| safe::cut(&error.to_string(), 1000)),
            Err(_) => Err("its compiler failed on this module".into()),
        });
    };
    let thread = thread::Builder::new().name("compiler".into());
    thread.spawn(work).map_err(|error| {
        CompileError::Refused(format!(
            "the system has no thread left to compile it: {error}"
        ))
    })?;
    loop {
        let result = compiled.recv_timeout(CANCEL_PERIOD);
        match result {
            _ if control.is_cancelled() => return Err(CompileError::Cancelled),
            Ok(compiled) => return compiled.map_err(CompileError::Refused),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(CompileError::Refused("its compiler ended early".into()));
            }
        }
    }
}
