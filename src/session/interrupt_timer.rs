//! Interrupts the guest every few milliseconds, so that a guest that never calls the host does.
//!
//! The guest compares its position in the journal with the first word of its private memory, in
//! every loop and at the entry of functions that call others. A thread sets that word to 0, and the
//! guest calls the host at the next such place. The memory is a shared one for this purpose:
//! another thread can write it without unsafe code.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wasmer::{Engine, SharedMemory, Store};

use super::limits::StoppedTime;

/// The time between two interrupts: short enough that a cancel is noticed at once, and long enough
/// that the calls take no time.
const PERIOD: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Stopped,
    Running,
    Ended,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    stopped: Arc<StoppedTime>,
}

/// The timer. Dropping it ends its thread.
#[derive(Debug)]
pub(super) struct InterruptTimer(Arc<Shared>);

/// Keeps the timer running until it is dropped.
#[derive(Debug)]
pub(super) struct Running(Arc<Shared>);

impl InterruptTimer {
    /// Starts the thread; the timer does not run yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the system has no thread left.
    pub fn start(
        engine: Engine,
        memory: SharedMemory,
        stopped: Arc<StoppedTime>,
    ) -> std::io::Result<InterruptTimer> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Stopped),
            changed: Condvar::new(),
            stopped,
        });
        let theirs = Arc::clone(&shared);
        thread::Builder::new()
            .name("interrupt timer".into())
            .spawn(move || theirs.interrupt(&engine, memory))?;
        Ok(InterruptTimer(shared))
    }

    /// Runs the timer until the result is dropped.
    pub fn run(&self) -> Running {
        self.0.set(State::Running);
        Running(Arc::clone(&self.0))
    }
}

impl Drop for InterruptTimer {
    fn drop(&mut self) {
        self.0.set(State::Ended);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.set(State::Stopped);
    }
}

impl Shared {
    fn set(&self, state: State) {
        let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != State::Ended {
            *now = state;
        }
        self.changed.notify_all();
    }

    fn interrupt(&self, engine: &Engine, memory: SharedMemory) {
        let mut store = Store::new(engine.clone());
        let memory = memory.attach(&mut store);
        let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            now = match *now {
                State::Ended => return,
                State::Stopped => self
                    .changed
                    .wait(now)
                    .unwrap_or_else(PoisonError::into_inner),
                State::Running => {
                    let (now, waited) = self
                        .changed
                        .wait_timeout(now, PERIOD)
                        .unwrap_or_else(PoisonError::into_inner);
                    self.stopped.beat();
                    // The handle keeps the memory alive, and its first word is always there, so the
                    // write cannot fail.
                    if waited.timed_out() && *now == State::Running {
                        let _ = memory.view(&store).write(0, &[0; 4]);
                    }
                    now
                }
            };
        }
    }
}
