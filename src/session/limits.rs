//! What stops a guest that does not stop by itself: the person and the time limit.
//!
//! The instrumented guest calls the host each time its journal is full, and each time the interrupt
//! timer fires.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// How much memory all that is recorded may take, in bytes.
    pub max_history: u64,
}

/// The least that is recorded by default, in bytes.
const MIN_HISTORY: u64 = 1 << 30;

/// Returns the default of [`Limits::max_history`]: a quarter of the machine's memory, at least
/// 1 GiB.
///
/// On Linux, that is the smaller one of `MemTotal` in `/proc/meminfo` and `memory.max` of the control
/// group. On other systems, the memory is not known.
pub fn default_max_history() -> u64 {
    let total = std::fs::read_to_string("/proc/meminfo").ok();
    let total = total.as_deref().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kib: u64 = line?.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kib.checked_mul(1 << 10)
    });
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.as_deref().and_then(|text| text.trim().parse().ok());
    let memory = match (total, group) {
        (Some(total), Some(group)) => total.min(group),
        (total, group) => total.or(group).unwrap_or(0),
    };
    (memory / 4).max(MIN_HISTORY)
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_memory: 1 << 30,
            max_time: Some(Duration::from_secs(10)),
            max_stores: 4_000_000,
            max_history: default_max_history(),
        }
    }
}

/// A handle that other threads share: it stops the running call, and shows how far it is.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle {
    cancelled: Arc<AtomicBool>,
    stores: Arc<AtomicU64>,
    compiled: Arc<Compiled>,
    progress: Option<Progress>,
}

/// How much of a guest's code is compiled.
#[derive(Debug, Default)]
struct Compiled {
    /// How many parts are done, and how many there are; 0 while nothing is compiled.
    done: AtomicU64,
    of: AtomicU64,
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

    /// Returns how much of the guest's code is compiled, from 0 to 1; `None` while nothing is
    /// compiled.
    pub fn compiled(&self) -> Option<f64> {
        let done = self.compiled.done.load(Ordering::Relaxed);
        match self.compiled.of.load(Ordering::Relaxed) {
            0 => None,
            of => Some((done as f64 / of as f64).min(1.0)),
        }
    }

    /// Notes how much is compiled: `done` parts of `of`. 0 parts mean that nothing is compiled any
    /// more.
    pub(super) fn set_compiled(&self, done: u64, of: u64) {
        self.compiled.done.store(done, Ordering::Relaxed);
        self.compiled.of.store(of, Ordering::Relaxed);
    }

    /// Calls the function that was set for progress.
    pub(super) fn report_progress(&self) {
        if let Some(Progress(report)) = &self.progress {
            report();
        }
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
    /// By the limit for all that is recorded.
    HistoryLimit,
}

/// The longest time between two beats of a process that runs. The interrupt timer beats a hundred
/// times a second, and a busy machine delays it.
const MAX_BEAT: Duration = Duration::from_millis(500);

/// How long the process was stopped: by ctrl-z, SIGSTOP, or because the machine slept.
#[derive(Debug)]
pub(super) struct StoppedTime(Mutex<Beats>);

#[derive(Debug)]
struct Beats {
    last: Instant,
    stopped: Duration,
}

impl StoppedTime {
    pub fn new() -> Self {
        StoppedTime(Mutex::new(Beats {
            last: Instant::now(),
            stopped: Duration::ZERO,
        }))
    }

    /// Begins a stretch of beats: the time before it does not count.
    pub fn restart(&self) {
        self.beats().last = Instant::now();
    }

    /// Notes that the process runs. If the last beat was long ago, it was stopped in between.
    pub fn beat(&self) {
        let mut beats = self.beats();
        let since_last = beats.last.elapsed();
        if since_last > MAX_BEAT {
            beats.stopped = beats.stopped.saturating_add(since_last);
        }
        beats.last = Instant::now();
    }

    /// Returns for how long the process has been stopped so far.
    pub fn total(&self) -> Duration {
        self.beat();
        self.beats().stopped
    }

    fn beats(&self) -> MutexGuard<'_, Beats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock of one call.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    control: CancelHandle,
    deadline: Option<Instant>,
    stopped: Arc<StoppedTime>,
    /// For how long the process had been stopped when the call began.
    stopped_before: Duration,
    next_progress: Instant,
}

impl Watch {
    /// Starts the clock. It does not run while the process is stopped.
    pub fn start(
        control: &CancelHandle,
        max_time: Option<Duration>,
        stopped: &Arc<StoppedTime>,
    ) -> Self {
        stopped.restart();
        let now = Instant::now();
        Watch {
            control: control.clone(),
            deadline: max_time.and_then(|t| now.checked_add(t)),
            stopped_before: stopped.total(),
            stopped: Arc::clone(stopped),
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
        let Some(deadline) = self.deadline.filter(|deadline| Instant::now() >= *deadline) else {
            return Ok(());
        };
        let stopped = self.stopped.total().saturating_sub(self.stopped_before);
        match deadline.checked_add(stopped) {
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
