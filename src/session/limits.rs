//! What stops a guest that does not stop by itself: the person, and time.
//!
//! The rewritten guest asks whether it may go on each time its journal is full, and each time the
//! alarm rings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const BETWEEN_PROGRESS: Duration = Duration::from_millis(100);

/// Limits that a person sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most linear memory the guest may have, in bytes.
    pub max_memory: u64,
    /// The longest one call may take; `None` for no limit.
    pub max_time: Option<Duration>,
    /// How many stores of one call are kept one by one; the rest of it is kept as a difference.
    pub max_stores: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_memory: 1 << 30,
            max_time: Some(Duration::from_secs(10)),
            max_stores: 4_000_000,
        }
    }
}

/// Shared with other threads: asks the running call to stop, and tells that it is alive.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle {
    cancelled: Arc<AtomicBool>,
    stores: Arc<AtomicU64>,
    progress: Option<Progress>,
}

#[derive(Clone)]
struct Progress(Arc<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

impl CancelHandle {
    /// Asks the running call to stop; stays in force until [`CancelHandle::clear`].
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub fn clear(&self) {
        self.cancelled.store(false, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Grows while a guest runs: the stores it has made in this session, as far as the host has
    /// heard of them.
    pub fn stores(&self) -> u64 {
        self.stores.load(Ordering::Relaxed)
    }

    /// Has this called, on the guest's thread, about ten times a second while a guest runs.
    pub fn on_progress(&mut self, call: impl Fn() + Send + Sync + 'static) {
        self.progress = Some(Progress(Arc::new(call)));
    }

    /// The flag itself, for a signal handler to set.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancelled)
    }
}

/// Why a guest was made to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Cancelled,
    TimeLimit,
}

/// The clock of one call.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    control: CancelHandle,
    deadline: Option<Instant>,
    next_progress: Instant,
}

impl Watch {
    pub fn start(control: &CancelHandle, max_time: Option<Duration>) -> Self {
        let now = Instant::now();
        Watch {
            control: control.clone(),
            deadline: max_time.and_then(|t| now.checked_add(t)),
            next_progress: now + BETWEEN_PROGRESS,
        }
    }

    /// Whether the guest must stop now.
    pub fn check(&self) -> Result<(), Stop> {
        if self.control.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Stop::TimeLimit),
            _ => Ok(()),
        }
    }

    /// Adds to the stores that the guest has made.
    pub fn count(&self, stores: u64) {
        self.control.stores.fetch_add(stores, Ordering::Relaxed);
    }

    /// Called by the guest, a hundred times a second and more.
    pub fn tick(&mut self) -> Result<(), Stop> {
        if let Some(Progress(tell)) = &self.control.progress
            && Instant::now() >= self.next_progress
        {
            self.next_progress = Instant::now() + BETWEEN_PROGRESS;
            tell();
        }
        self.check()
    }
}
