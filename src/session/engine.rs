//! The engine and its errors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use wasmer::sys::{EngineBuilder, NativeEngineExt};
use wasmer::{Engine, Module};
use wasmer_types::{CompilationProgressCallback, UserAbort};

use crate::safe;

use super::limits::CancelHandle;

/// The time between two looks for a cancel while a module is compiled, and two reports of progress.
const CANCEL_PERIOD: Duration = Duration::from_millis(50);

/// Creates an engine. It has the default features, which `guest::features` lists.
pub fn new_engine() -> Engine {
    EngineBuilder::new(wasmer::sys::Cranelift::default())
        .engine()
        .into()
}

/// Why a module was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The message of the engine, safe to print.
    #[error("{0}")]
    Refused(String),
    /// The session was cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// Compiles the instrumented module, on a thread of its own: one function alone may take long.
///
/// # Errors
///
/// Returns why there is no compiled module. If the compiler panics on a valid module, that counts as
/// an error, and the engine must not be used after that. After a cancel, the thread ends by itself as
/// soon as the function is compiled that it works on.
pub fn compile(
    engine: &Engine,
    wasm: Vec<u8>,
    control: &CancelHandle,
) -> Result<Module, CompileError> {
    let engine = engine.clone();
    let (sender, compiled) = mpsc::channel();
    let watched = control.clone();
    let work = move || {
        let on_progress = CompilationProgressCallback::new(move |progress| {
            if let (Some(done), Some(of)) = (progress.phase_step(), progress.phase_step_count()) {
                watched.set_compiled(done, of);
            }
            match watched.is_cancelled() {
                true => Err(UserAbort::new("cancelled")),
                false => Ok(()),
            }
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
    let result = loop {
        let result = compiled.recv_timeout(CANCEL_PERIOD);
        match result {
            _ if control.is_cancelled() => break Err(CompileError::Cancelled),
            Ok(compiled) => break compiled.map_err(CompileError::Refused),
            Err(RecvTimeoutError::Timeout) => control.report_progress(),
            Err(RecvTimeoutError::Disconnected) => {
                break Err(CompileError::Refused("its compiler ended early".into()));
            }
        }
    };
    control.set_compiled(0, 0);
    result
}
