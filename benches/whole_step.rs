//! The cost of a long step as a person has it: `linmem run` of a session with one call, as a whole
//! process, less a run of the same session without the call. It is compared with the plain call in the
//! engine, and divided by the number of stores.
//!
//! The benchmark measures processor time of all threads, so other programs only affect the caches. Only
//! ratios within one run are meaningful. The kernels in `kernels/` that store much are its guests.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run stops, and the output is its result"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use linmem::testing::sessions;
use rustix::time::{ClockId, clock_gettime};
use wasmer::{Imports, Instance, Module, Store};

macro_rules! kernels {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("kernels/", $name, ".wat")))),*] };
}

const KERNELS: [(&str, &str); 9] = kernels!(
    "gemm-storing" "jacobi" "quicksort" "sieve" "upper" "bytes" "churn" "simd" "sha"
);

const ROUNDS: u32 = 7;

fn module(fields: &str) -> String {
    format!("(module (memory (export \"memory\") 64) {fields})")
}

/// Returns the shortest processor time of the plain call.
fn plain_call(text: &str) -> Duration {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    };
    let mut store = Store::default();
    let module = Module::new(&store, wat::parse_str(text).unwrap()).unwrap();
    let instance = Instance::new(&mut store, &module, &Imports::new()).unwrap();
    let run = instance.exports.get_function("run").unwrap();
    let mut time = || {
        let begin = now();
        run.call(&mut store, &[]).unwrap();
        now() - begin
    };
    (0..ROUNDS).map(|_| time()).min().unwrap()
}

/// Returns the processor time that all ended child processes took.
#[expect(unsafe_code, reason = "the standard library does not offer it")]
fn of_children() -> Duration {
    // SAFETY: the structure has only numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the structure outlives the call, which only writes to it.
    let result = unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    assert_eq!(result, 0);
    [usage.ru_utime, usage.ru_stime]
        .iter()
        .map(|time| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000))
        .sum()
}

/// Returns the processor time of a run of a steps file.
fn process(folder: &Path, steps: &str) -> Duration {
    let begin = of_children();
    let status = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .args(["run", steps])
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().code().is_some());
    of_children() - begin
}

/// Measures one kernel. Returns the time of the step in plain calls, and in nanoseconds for each store.
fn measure(folder: &Path, name: &str, fields: &str) -> [f64; 2] {
    let text = module(fields);
    std::fs::write(folder.join("guest.wat"), &text).unwrap();
    std::fs::write(folder.join("idle.steps"), "module \"guest.wat\"\n").unwrap();
    std::fs::write(
        folder.join("long.steps"),
        "module \"guest.wat\"\ncall run()\n",
    )
    .unwrap();
    let (mut idle, mut long) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        idle = idle.min(process(folder, "idle.steps"));
        long = long.min(process(folder, "long.steps"));
    }
    let timeline = sessions::run(sessions::config(sessions::guest(&text), "call run()\n"));
    let stores = timeline.steps().last().unwrap().stores as f64;
    let plain = plain_call(&text).as_secs_f64();
    let step = long.saturating_sub(idle).as_secs_f64();
    let (ratio, per_store) = (step / plain, step * 1e9 / stores);
    println!(
        "{name:>12} {stores:>9} {:>8.2} {:>8.2} {:>8.2} {ratio:>8.1} {per_store:>8.1}",
        plain * 1e3,
        idle.as_secs_f64() * 1e3,
        long.as_secs_f64() * 1e3
    );
    [ratio, per_store]
}

fn geometric_mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    (values.map(f64::ln).sum::<f64>() / count).exp()
}

fn main() {
    let wanted = std::env::args().nth(1).filter(|arg| !arg.starts_with('-'));
    let folder = tempfile::tempdir().unwrap();
    println!(
        "{:>12} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "stores", "plain ms", "idle", "step", "ratio", "ns/store"
    );
    let kernels = KERNELS
        .iter()
        .filter(|(name, _)| wanted.as_deref().is_none_or(|wanted| name.contains(wanted)));
    let measured: Vec<[f64; 2]> = kernels
        .map(|(name, fields)| measure(folder.path(), name, fields))
        .collect();
    let [ratio, per_store] =
        [0, 1].map(|which| geometric_mean(measured.iter().map(|values| values[which])));
    println!("\ngeometric mean: {ratio:.1} times the plain call; {per_store:.1} ns for each store");
}
