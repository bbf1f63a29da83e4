//! The cost of recording. Each kernel runs as given and recorded, in turns, and the benchmark prints
//! the ratio of the shortest times. A recorded kernel journals every store, and the slots are kept in a
//! `Recording` until the run has ended.
//!
//! Then the cost of the instrumentation: the time to instrument a module and to compile the result,
//! compared with compiling the module as given. An argument names another module file.
//!
//! The benchmark measures the processor time of this thread, which does all the work; other programs
//! only affect its caches. Only the ratios are meaningful. The kernels in `kernels/` are module fields
//! for a module with a memory of 4 MiB.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run stops, and the output is its result"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use linmem::guest::{Guest, InstrumentOptions, InstrumentedModule, JournalLayout};
use linmem::journal_abi::SLOT;
use linmem::timeline::{Recording, SiteTable};
use rustix::time::{ClockId, clock_gettime};
use wasmer::{
    AsStoreMut, Function, FunctionEnv, FunctionEnvMut, Global, Imports, Instance, Memory, Module,
    Store, Value,
};

macro_rules! kernels {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("kernels/", $name, ".wat")))),*] };
}

const KERNELS: [(&str, &str); 14] = kernels!(
    "gemm" "gemm-storing" "jacobi" "quicksort" "sieve" "upper" "crc" "bytes" "churn" "fib" "queens" "bulk" "simd" "sha"
);

const ROUNDS: u32 = 15;

/// Returns the processor time of this thread.
fn now() -> Duration {
    time_of(ClockId::ThreadCPUTime)
}

/// Returns the processor time of all threads, because the compiler uses several.
fn now_in_all() -> Duration {
    time_of(ClockId::ProcessCPUTime)
}

fn time_of(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn guest(fields: &str) -> Guest {
    Guest::from_bytes(
        "kernel",
        format!("(module (memory (export \"memory\") 64) {fields})").as_bytes(),
    )
    .unwrap()
}

/// The recorder of a guest.
#[derive(Default)]
struct Recorder {
    memory: Option<(Memory, Global, u32, u32)>,
    table: Arc<SiteTable>,
    kept: Recording,
    /// The slots that were drained last, where the recording is not kept.
    dropped: Option<Vec<u8>>,
    slots: u64,
}

impl Recorder {
    /// Drains the journal.
    #[expect(
        unsafe_code,
        reason = "copying through the engine's view is slower, because it copies word by word"
    )]
    fn drain(&mut self, store: &mut impl AsStoreMut) {
        let Some((memory, position, start, limit)) = self.memory.clone() else {
            return;
        };
        let Value::I32(end) = position.get(store) else {
            return;
        };
        let (at, end) = (start as usize, end as u32 as usize);
        self.slots += ((end - at) / SLOT) as u64;
        let view = memory.view(store);
        // SAFETY: The guest is suspended in its tick and no other thread accesses its memories, so
        // this slice is the only access. The private memory has a fixed size and does not move.
        let drained = &mut unsafe { view.data_unchecked_mut() }[at..end];
        match &mut self.dropped {
            Some(buffer) => {
                buffer.clear();
                buffer.extend_from_slice(drained);
            }
            None => self.kept.push_slots(drained),
        }
        drained.fill(0);
        view.write(0, &limit.to_le_bytes()).unwrap();
        position.set(store, Value::I32(start as i32)).unwrap();
    }
}

struct Run {
    store: Store,
    instance: Instance,
    recorder: Arc<Mutex<Recorder>>,
}

impl Run {
    fn plain(guest: &Guest) -> Run {
        let mut store = Store::default();
        let module = Module::new(&store, guest.wasm()).unwrap();
        let instance = Instance::new(&mut store, &module, &Imports::new()).unwrap();
        Run {
            store,
            instance,
            recorder: Arc::default(),
        }
    }

    fn recorded(rewritten: &InstrumentedModule, is_kept: bool) -> Run {
        let mut store = Store::default();
        let module = Module::new(&store, &rewritten.wasm).unwrap();
        let table = Arc::new(SiteTable::new(rewritten.journal.sites.clone()));
        let dropped = (!is_kept).then(Vec::new);
        let recorder = Arc::new(Mutex::new(Recorder {
            dropped,
            table,
            ..Recorder::default()
        }));
        let env = FunctionEnv::new(&mut store, recorder.clone());
        let tick = |mut env: FunctionEnvMut<'_, Arc<Mutex<Recorder>>>| {
            let recorder = env.data().clone();
            recorder.lock().unwrap().drain(&mut env);
        };
        let tick = Function::new_typed_with_env(&mut store, &env, tick);
        let mut imports = Imports::new();
        imports.define(&rewritten.tick_import.0, &rewritten.tick_import.1, tick);
        let instance = Instance::new(&mut store, &module, &imports).unwrap();
        let JournalLayout {
            memory_export,
            position_export,
            start,
            limit,
            ..
        } = &rewritten.journal;
        let memory = instance.exports.get_memory(memory_export).unwrap().clone();
        let position = instance
            .exports
            .get_global(position_export)
            .unwrap()
            .clone();
        recorder.lock().unwrap().memory = Some((memory, position, *start, *limit));
        Run {
            store,
            instance,
            recorder,
        }
    }

    /// Calls the kernel and drains the rest of its journal, with a new recording.
    fn time(&mut self) -> (Duration, Value, u64) {
        let f = self.instance.exports.get_function("run").unwrap();
        {
            let mut recorder = self.recorder.lock().unwrap();
            recorder.kept = Recording::new(recorder.table.clone());
            recorder.slots = 0;
        }
        let begin = now();
        let results = f.call(&mut self.store, &[]).unwrap();
        let mut recorder = self.recorder.lock().unwrap();
        recorder.drain(&mut self.store);
        (now() - begin, results[0].clone(), recorder.slots)
    }
}

fn rewrite(guest: &Guest, memory: Option<u32>) -> InstrumentedModule {
    guest
        .instrument(&InstrumentOptions {
            max_memory: 1 << 30,
            memory,
        })
        .unwrap()
}

/// Measures the ratios of one kernel: recorded, drained without a recording, and with ticks only.
fn measure(name: &str, fields: &str) -> [f64; 3] {
    let guest = guest(fields);
    let (journaled, ticking) = (rewrite(&guest, Some(0)), rewrite(&guest, None));
    let mut runs = [
        Run::plain(&guest),
        Run::recorded(&journaled, true),
        Run::recorded(&ticking, true),
        Run::recorded(&journaled, false),
    ];
    let mut best = [Duration::MAX; 4];
    let mut slots = 0;
    for _ in 0..ROUNDS {
        let mut results = Vec::new();
        for (run, best) in runs.iter_mut().zip(&mut best) {
            let (time, result, count) = run.time();
            *best = time.min(*best);
            slots = slots.max(count);
            results.push(result);
        }
        assert!(
            results.iter().all(|result| *result == results[0]),
            "{name}: {results:?}"
        );
    }
    let [plain, recorded, ticks, drained] = best.map(|time| time.as_secs_f64() * 1e3);
    let per_slot = (recorded - plain) * 1e6 / slots as f64;
    let (kept, idle, dropped) = (recorded / plain, ticks / plain, drained / plain);
    println!(
        "{name:>12} {slots:>9} {plain:>8.2} {recorded:>8.2} {kept:>8.2} {dropped:>8.2} {idle:>8.2} {per_slot:>8.2}"
    );
    [kept, dropped, idle]
}

fn geometric_mean(ratios: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = ratios.len() as f64;
    (ratios.map(f64::ln).sum::<f64>() / count).exp()
}

/// Returns a module that repeats all kernels until it has 250 KiB.
fn large_module() -> Guest {
    let once: String = KERNELS
        .iter()
        .map(|(name, fields)| renamed(name, fields))
        .collect();
    let size = guest(&once).wasm().len();
    let often: String = (0..)
        .take(250 * 1024 / bare(&once).max(1))
        .map(|n| renamed(&n.to_string(), &once))
        .collect();
    let large = guest(&often);
    assert!(size < large.wasm().len());
    large
}

fn renamed(by: &str, fields: &str) -> String {
    fields
        .replace('$', &format!("${by}."))
        .replace("(export \"", &format!("(export \"{by}."))
}

/// Returns the size of the code of a module in bytes, without the line tables of text modules.
fn bare(fields: &str) -> usize {
    let code = wasmparser::Parser::new(0)
        .parse_all(guest(fields).wasm())
        .find_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CodeSectionStart { size, .. } => Some(size as usize),
            _ => None,
        });
    code.unwrap()
}

fn measure_compiling(name: &str, large: &Guest) {
    let (mut plain, mut rewriting, mut both) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let mut ticking = Duration::MAX;
    let mut size = 0;
    for _ in 0..5 {
        let store = Store::default();
        let begin = now_in_all();
        Module::new(&store, large.wasm()).unwrap();
        plain = plain.min(now_in_all() - begin);
        let store = Store::default();
        let begin = now_in_all();
        let rewritten = rewrite(large, Some(0));
        rewriting = rewriting.min(now_in_all() - begin);
        Module::new(&store, &rewritten.wasm).unwrap();
        both = both.min(now_in_all() - begin);
        size = rewritten.wasm.len();
        let store = Store::default();
        let begin = now_in_all();
        Module::new(&store, rewrite(large, None).wasm).unwrap();
        ticking = ticking.min(now_in_all() - begin);
    }
    let ratio = both.as_secs_f64() / plain.as_secs_f64();
    println!(
        "\n{name}: {} KiB, {} KiB rewritten",
        large.wasm().len() / 1024,
        size / 1024
    );
    println!(
        "compiling {plain:.1?}; rewriting {rewriting:.1?} and compiling, in all {both:.1?}: {ratio:.2} times"
    );
    println!(
        "with ticks alone {:.2} times",
        ticking.as_secs_f64() / plain.as_secs_f64()
    );
}

fn main() {
    let wanted = std::env::args().nth(1).filter(|arg| !arg.starts_with('-'));
    if let Some(path) = wanted.as_deref().filter(|path| path.contains('.')) {
        return measure_compiling(path, &Guest::load(path.as_ref()).unwrap());
    }
    let heads = [
        "", "slots", "plain ms", "recorded", "ratio", "dropped", "ticks", "ns/slot",
    ];
    println!(
        "{:>12} {:>9} {}",
        heads[0],
        heads[1],
        heads[2..]
            .iter()
            .map(|h| format!("{h:>8} "))
            .collect::<String>()
    );
    let kernels = KERNELS
        .iter()
        .filter(|(name, _)| wanted.as_deref().is_none_or(|wanted| name.contains(wanted)));
    let ratios: Vec<[f64; 3]> = kernels
        .map(|(name, fields)| measure(name, fields))
        .collect();
    let [kept, dropped, ticks] =
        [0, 1, 2].map(|which| geometric_mean(ratios.iter().map(|ratios| ratios[which])));
    println!(
        "\ngeometric mean: recorded and kept {kept:.2} times; drained and dropped {dropped:.2}; ticks alone {ticks:.2}"
    );
    if wanted.is_none() {
        measure_compiling("all kernels, repeated", &large_module());
    }
}
