//! What stops a guest that does not stop by itself: the person and the time limit.
//!
//! The instrumented guest calls the host each time its journal is full, and each time the interrupt
//! timer fires.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The time between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// The limits that a person sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest size of one linear memory, in bytes.
    pub max_memory: u64,
    /// The longest time of one call; `None` for no limit.
    pub max_time: Option<Duration>,
    /// How many stores of one call are recorded one by one. The rest is recorded as a difference.
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

/// A handle that other threads share: it stops the running call, and shows how far it is.
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
    /// Stops the running call, and every later one until `CancelHandle::clear`.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Lets calls run again.
    pub(crate) fn clear(&self) {
        self.cancelled.store(false, Ordering::Relaxed);
    }

    /// Returns whether calls are stopped.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Returns how many stores the guest has made in this session. The number grows while the guest
    /// runs, whenever the host drains the journal.
    pub fn stores(&self) -> u64 {
        self.stores.load(Ordering::Relaxed)
    }

    /// Sets a function that is called on the guest's thread about ten times a second while the
    /// guest runs.
    pub(crate) fn on_progress(&mut self, call: impl Fn() + Send + Sync + 'static) {
        self.progress = Some(Progress(Arc::new(call)));
    }

    /// Returns the flag itself, to be set by a signal handler.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancelled)
    }
}

/// Why a guest was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// By the person.
    Cancelled,
    /// By the time limit.
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
    /// Starts the clock.
    pub fn start(control: &CancelHandle, max_time: Option<Duration>) -> Self {
        let now = Instant::now();
        Watch {
            control: control.clone(),
            deadline: max_time.and_then(|t| now.checked_add(t)),
            next_progress: now + PROGRESS_INTERVAL,
        }
    }

    /// Checks whether the guest may continue.
    ///
    /// # Errors
    ///
    /// Returns why the guest must stop.
    pub fn check(&self) -> Result<(), Stop> {
        if self.control.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Stop::TimeLimit),
            _ => Ok(()),
        }
    }

    /// Adds to the number of stores that the guest has made.
    pub fn count(&self, stores: u64) {
        self.control.stores.fetch_add(stores, Ordering::Relaxed);
    }

    /// Reports progress if it is time, and checks whether the guest may continue. The guest calls
    /// this a hundred times a second or more.
    ///
    /// # Errors
    ///
    /// Returns why the guest must stop.
    pub fn tick(&mut self) -> Result<(), Stop> {
        if let Some(Progress(report)) = &self.control.progress
            && Instant::now() >= self.next_progress
        {
            self.next_progress = Instant::now() + PROGRESS_INTERVAL;
            report();
        }
        self.check()
    }
}
