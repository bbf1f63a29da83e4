//! Rings every few milliseconds while a guest runs, so that one that never calls the host does.
//!
//! The guest compares its journal's position with the first word of its private memory in every
//! loop, and at the entry of functions that call. A thread of its own writes 0 there, and the guest
//! calls the host at the next such place. The memory is a shared one for that alone: so another
//! thread can write it without unsafe code.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wasmer::{Engine, SharedMemory, Store};

/// Between two rings: a cancel is felt within this time, and the host is not asked often enough to
/// cost anything.
const PERIOD: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Silent,
    Ringing,
    Over,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The thread's other end. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Alarm(Arc<Shared>);

/// Rings as long as it lives.
#[derive(Debug)]
pub(super) struct Ringing(Arc<Shared>);

impl Alarm {
    /// Starts the thread, silent at first.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(engine: Engine, memory: SharedMemory) -> std::io::Result<Alarm> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Silent),
            changed: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        thread::Builder::new()
            .name("alarm".into())
            .spawn(move || theirs.ring(&engine, memory))?;
        Ok(Alarm(shared))
    }

    pub fn ring(&self) -> Ringing {
        self.0.set(State::Ringing);
        Ringing(Arc::clone(&self.0))
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.set(State::Over);
    }
}

impl Drop for Ringing {
    fn drop(&mut self) {
        self.0.set(State::Silent);
    }
}

impl Shared {
    fn set(&self, state: State) {
        let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != State::Over {
            *now = state;
        }
        self.changed.notify_all();
    }

    fn ring(&self, engine: &Engine, memory: SharedMemory) {
        let mut store = Store::new(engine.clone());
        let memory = memory.attach(&mut store);
        let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            now = match *now {
                State::Over => return,
                State::Silent => self
                    .changed
                    .wait(now)
                    .unwrap_or_else(PoisonError::into_inner),
                State::Ringing => {
                    let (now, waited) = self
                        .changed
                        .wait_timeout(now, PERIOD)
                        .unwrap_or_else(PoisonError::into_inner);
                    // The memory lives as long as this handle, and its first word is always there.
                    if waited.timed_out() && *now == State::Ringing {
                        let _ = memory.view(&store).write(0, &[0; 4]);
                    }
                    now
                }
            };
        }
    }
}
