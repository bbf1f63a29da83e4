//! A minimal host of an instrumented guest: it drains the journal, replays it over the memory before a
//! call, and compares the result with memory after it.

use std::sync::{Arc, Mutex};

use linmem::guest::{Guest, InstrumentedModule};
use linmem::journal_abi::SiteKind;
use wasmer::{
    Exports, Function, FunctionEnv, FunctionEnvMut, FunctionType, Global, Imports, Instance,
    Memory, MemoryType, Module, RuntimeError, Store, Value,
};

pub const PAGE: u64 = 65536;

pub fn guest(text: &str) -> Guest {
    Guest::from_bytes("test.wat", text.as_bytes()).unwrap()
}

/// Returns imports with the namespace `env`: `add`, `base`, and a memory of one page that can grow to
/// `most` pages.
pub fn environment(store: &mut Store, most: u32) -> Imports {
    let mut env = Exports::new();
    env.insert(
        "add",
        Function::new_typed(store, |a: i32, b: i32| a.wrapping_add(b)),
    );
    env.insert("base", Global::new(store, Value::I32(1024)));
    env.insert(
        "memory",
        Memory::new(store, MemoryType::new(1, Some(most), false)).unwrap(),
    );
    let mut imports = Imports::new();
    imports.register_namespace("env", env);
    imports
}

/// The value that each tick writes to word 0 of the private memory.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// 0: the guest ticks at every check.
    Always,
    /// The end of a journal of this many slots.
    Slots(u32),
    /// The end of the journal.
    Full,
}

/// One slot, with the bytes that only the host can know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub site: u32,
    pub address: u32,
    pub value: u64,
    /// The bytes of a copy from another memory.
    pub copied: Vec<u8>,
}

#[derive(Default)]
struct Journaled {
    memory: Option<Memory>,
    subject: Option<Memory>,
    position: Option<Global>,
    limit: u32,
    slots: Vec<Slot>,
    ticks: u64,
    most_ticks: u64,
    /// The largest position of the journal so far, in bytes.
    farthest: u32,
}

/// An instance of an instrumented guest with its journal.
pub struct Host {
    pub guest: Guest,
    pub rewritten: InstrumentedModule,
    pub store: Store,
    pub instance: Instance,
    state: Arc<Mutex<Journaled>>,
    image: Vec<u8>,
    segments: Vec<Vec<u8>>,
}

fn drain(
    state: &mut Journaled,
    rewritten: &InstrumentedModule,
    store: &mut impl wasmer::AsStoreMut,
) {
    let (Some(memory), Some(position)) = (state.memory.clone(), state.position.clone()) else {
        return;
    };
    let Value::I32(at) = position.get(store) else {
        panic!()
    };
    state.farthest = state.farthest.max(at as u32);
    let view = memory.view(store);
    assert!(
        u64::from(at as u32) <= view.data_size(),
        "the journal was overrun"
    );
    let (start, mut end) = (rewritten.journal.start, at as u32);
    assert!(end >= start && (end - start) % 16 == 0);
    let is_wide = |at: u32| {
        let site = (read_u32(&view, at) as usize).checked_sub(1);
        site.and_then(|site| rewritten.journal.sites.get(site))
            .is_some_and(|site| site.kind == SiteKind::Vector)
    };
    while view.read_u8(end.into()).is_ok() && read_u32(&view, end) != 0 {
        end += if is_wide(end) { 32 } else { 16 };
    }
    let value = |at: u32| u64::from(read_u32(&view, at)) | u64::from(read_u32(&view, at + 4)) << 32;
    let mut at = start;
    while at < end {
        let (site, address) = (read_u32(&view, at), read_u32(&view, at + 4));
        assert!(site != 0);
        match is_wide(at) {
            // A vector becomes two slots, the second one after the first.
            true => {
                state.slots.push(Slot {
                    site,
                    address,
                    value: value(at + 16),
                    copied: Vec::new(),
                });
                state.slots.push(Slot {
                    site: u32::MAX,
                    address: 0,
                    value: value(at + 24),
                    copied: Vec::new(),
                });
                at += 32;
            }
            false => {
                state.slots.push(Slot {
                    site,
                    address,
                    value: value(at + 8),
                    copied: Vec::new(),
                });
                at += 16;
            }
        }
    }
    assert_eq!(at, end);
    view.write(start.into(), &vec![0; (end - start) as usize])
        .unwrap();
    view.write(0, &state.limit.to_le_bytes()).unwrap();
    position.set(store, Value::I32(start as i32)).unwrap();
    let subject = state.subject.clone();
    if let (Some(last), Some(subject)) = (state.slots.last_mut(), subject)
        && last.site != u32::MAX
        && rewritten.journal.sites[last.site as usize - 1].kind == SiteKind::CopyFrom
        && last.copied.is_empty()
        && u64::from(last.address) + last.value <= subject.view(store).data_size()
    {
        last.copied = vec![0; last.value as usize];
        subject
            .view(store)
            .read(last.address.into(), &mut last.copied)
            .unwrap();
    }
}

fn read_u32(view: &wasmer::MemoryView<'_>, at: u32) -> u32 {
    let mut bytes = [0; 4];
    view.read(at.into(), &mut bytes).unwrap();
    u32::from_le_bytes(bytes)
}

impl Host {
    /// Instantiates an instrumented guest without calling its start function. The tick fails when it
    /// is called more often than `most_ticks`.
    pub fn new(
        guest: &Guest,
        rewritten: &InstrumentedModule,
        limit: Limit,
        most_ticks: u64,
    ) -> Host {
        let journal = &rewritten.journal;
        let limit = match limit {
            Limit::Always => 0,
            Limit::Slots(slots) => journal.start + 16 * slots,
            Limit::Full => journal.limit,
        };
        let mut store = Store::default();
        let module = Module::new(&store, &rewritten.wasm).unwrap();
        let mut imports = environment(&mut store, 8);
        let state = Arc::new(Mutex::new(Journaled {
            limit,
            most_ticks,
            ..Journaled::default()
        }));
        let env = FunctionEnv::new(&mut store, state.clone());
        let shared = rewritten.clone();
        let tick = move |mut env: FunctionEnvMut<Arc<Mutex<Journaled>>>, _: &[Value]| {
            let state = env.data().clone();
            let mut state = state.lock().unwrap();
            state.ticks += 1;
            drain(&mut state, &shared, &mut env);
            match state.ticks > state.most_ticks {
                true => Err(RuntimeError::new("cancelled")),
                false => Ok(vec![]),
            }
        };
        let tick = Function::new_with_env(&mut store, &env, FunctionType::new([], []), tick);
        imports.define(&rewritten.tick_import.0, &rewritten.tick_import.1, tick);
        let instance = Instance::new(&mut store, &module, &imports).unwrap();
        let subject = rewritten
            .memory_exports
            .first()
            .map(|name| instance.exports.get_memory(name).unwrap().clone());
        {
            let mut state = state.lock().unwrap();
            state.memory = Some(
                instance
                    .exports
                    .get_memory(&journal.memory_export)
                    .unwrap()
                    .clone(),
            );
            state.position = Some(
                instance
                    .exports
                    .get_global(&journal.position_export)
                    .unwrap()
                    .clone(),
            );
            state.subject = subject.clone();
        }
        let image = subject
            .map(|subject| subject.view(&store).copy_to_vec().unwrap())
            .unwrap_or_default();
        let segments = wasmparser::Parser::new(0)
            .parse_all(guest.wasm())
            .filter_map(|payload| match payload.unwrap() {
                wasmparser::Payload::DataSection(data) => Some(data),
                _ => None,
            });
        let segments = segments
            .flat_map(|data| data.into_iter().map(|data| data.unwrap().data.to_vec()))
            .collect();
        Host {
            guest: guest.clone(),
            rewritten: rewritten.clone(),
            store,
            instance,
            state,
            image,
            segments,
        }
    }

    pub fn try_call(&mut self, name: &str, args: &[Value]) -> Result<Vec<Value>, RuntimeError> {
        let f = self.instance.exports.get_function(name).unwrap().clone();
        f.call(&mut self.store, args).map(Vec::from)
    }

    pub fn call(&mut self, name: &str, args: &[i32]) -> Result<Vec<Value>, String> {
        let args: Vec<Value> = args.iter().map(|arg| Value::I32(*arg)).collect();
        self.try_call(name, &args).map_err(|error| error.message())
    }

    /// Calls an export and takes the slots, whose replay must result in memory as it is. The slot of a
    /// store that trapped is returned separately, because it wrote nothing.
    pub fn record(
        &mut self,
        name: &str,
        args: &[Value],
    ) -> (Result<Vec<Value>, String>, Vec<Slot>, Option<Slot>) {
        let result = self.try_call(name, args);
        let mut slots = self.take();
        let attempt = result
            .as_ref()
            .err()
            .and_then(|error| self.attempted(error, &mut slots));
        self.replay(&slots);
        (result.map_err(|error| error.message()), slots, attempt)
    }

    fn attempted(&self, error: &RuntimeError, slots: &mut Vec<Slot>) -> Option<Slot> {
        let frame = error.trace().first()?;
        let at = self.original_offset(frame)?;
        let last = slots.iter().rposition(|slot| slot.site != u32::MAX)?;
        let site = self.rewritten.journal.sites[slots[last].site as usize - 1];
        let is_it = site.offset == at
            && site.function == self.rewritten.original_function(frame.func_index())?;
        let slot = is_it.then(|| slots[last].clone());
        if is_it {
            slots.truncate(last);
        }
        slot
    }

    pub fn original_offset(&self, frame: &wasmer::FrameInfo) -> Option<u64> {
        self.rewritten.original_offset(
            &self.guest,
            frame.func_index(),
            frame.module_offset() as u64,
        )
    }

    /// Takes the slots that were written since the last call, in order.
    pub fn take(&mut self) -> Vec<Slot> {
        let mut state = self.state.lock().unwrap();
        drain(&mut state, &self.rewritten, &mut self.store);
        std::mem::take(&mut state.slots)
    }

    fn replay(&mut self, slots: &[Slot]) {
        for (index, slot) in slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.site != u32::MAX)
        {
            let site = self.rewritten.journal.sites[slot.site as usize - 1];
            let start = (u64::from(slot.address) + site.immediate) as usize;
            let (length, second) = ((slot.value as u32) as usize, (slot.value >> 32) as usize);
            let bytes = match site.kind {
                SiteKind::Store { width } => slot.value.to_le_bytes()[..width.into()].to_vec(),
                SiteKind::Vector => {
                    let next = &slots[index + 1];
                    assert_eq!((next.site, next.address), (u32::MAX, 0));
                    [slot.value.to_le_bytes(), next.value.to_le_bytes()].concat()
                }
                SiteKind::Fill => vec![second as u8; length],
                SiteKind::Copy => self.image[second..second + length].to_vec(),
                SiteKind::CopyFrom => slot.copied.clone(),
                SiteKind::Init { segment } => {
                    self.segments[segment as usize][second..second + length].to_vec()
                }
                SiteKind::Grow => {
                    if slot.value != u64::from(u32::MAX) {
                        assert_eq!(slot.value * PAGE, self.image.len() as u64);
                        self.image
                            .resize(((slot.value + u64::from(slot.address)) * PAGE) as usize, 0);
                    }
                    continue;
                }
            };
            self.image[start..start + bytes.len()].copy_from_slice(&bytes);
        }
        let Some(name) = self.rewritten.memory_exports.first() else {
            return;
        };
        let now = self.memory(name);
        assert_eq!(self.image.len(), now.len());
        let difference = self.image.iter().zip(&now).position(|(a, b)| a != b);
        assert_eq!(
            difference, None,
            "the replay of the journal differs at this byte"
        );
    }

    pub fn memory(&self, name: &str) -> Vec<u8> {
        self.instance
            .exports
            .get_memory(name)
            .unwrap()
            .view(&self.store)
            .copy_to_vec()
            .unwrap()
    }

    pub fn ticks(&self) -> u64 {
        self.state.lock().unwrap().ticks
    }

    pub fn farthest(&self) -> u32 {
        self.state.lock().unwrap().farthest
    }

    pub fn last_load(&mut self) -> u32 {
        let global = self
            .instance
            .exports
            .get_global(&self.rewritten.journal.last_load_export)
            .unwrap()
            .clone();
        let Value::I32(address) = global.get(&mut self.store) else {
            panic!()
        };
        address as u32
    }

    pub fn globals(&mut self) -> Vec<(String, String)> {
        let journal = &self.rewritten.journal;
        let mut added = vec![
            journal.position_export.clone(),
            journal.last_load_export.clone(),
        ];
        added.extend(journal.calls_position_export.clone());
        let mut globals = globals(&self.instance, &mut self.store);
        globals.retain(|(name, _)| !added.contains(name));
        globals
    }
}

pub fn globals(instance: &Instance, store: &mut Store) -> Vec<(String, String)> {
    let globals: Vec<(String, Global)> = instance
        .exports
        .iter()
        .globals()
        .map(|(name, global)| (name.clone(), global.clone()))
        .collect();
    globals
        .into_iter()
        .map(|(name, global)| (name, format!("{:?}", global.get(store))))
        .collect()
}

/// An instance of a module as given.
pub struct Plain {
    pub store: Store,
    pub instance: Instance,
}

impl Plain {
    pub fn new(guest: &Guest) -> Result<Plain, String> {
        let mut store = Store::default();
        let module = Module::new(&store, guest.wasm()).unwrap();
        let imports = environment(&mut store, 8);
        let instance =
            Instance::new(&mut store, &module, &imports).map_err(|error| error.to_string())?;
        Ok(Plain { store, instance })
    }

    pub fn try_call(&mut self, name: &str, args: &[Value]) -> Result<Vec<Value>, RuntimeError> {
        let f = self.instance.exports.get_function(name).unwrap().clone();
        f.call(&mut self.store, args).map(Vec::from)
    }

    pub fn call(&mut self, name: &str, args: &[i32]) -> Result<Vec<Value>, String> {
        let args: Vec<Value> = args.iter().map(|arg| Value::I32(*arg)).collect();
        self.try_call(name, &args).map_err(|error| error.message())
    }

    pub fn memory(&self, name: &str) -> Vec<u8> {
        self.instance
            .exports
            .get_memory(name)
            .unwrap()
            .view(&self.store)
            .copy_to_vec()
            .unwrap()
    }

    pub fn globals(&mut self) -> Vec<(String, String)> {
        globals(&self.instance, &mut self.store)
    }
}

/// A thread that writes 0 to word 0 of the private memory again and again, as the interrupt timer does.
pub struct Interrupter {
    is_done: Arc<std::sync::atomic::AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Host {
    pub fn interrupt_often(&self) -> Interrupter {
        let memory = self.state.lock().unwrap().memory.clone().unwrap();
        let shared = memory.as_shared(&self.store).unwrap();
        let is_done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let until = is_done.clone();
        let thread = std::thread::spawn(move || {
            let mut store = Store::default();
            let memory = shared.attach(&mut store);
            while !until.load(std::sync::atomic::Ordering::Relaxed) {
                memory.view(&store).write(0, &[0; 4]).unwrap();
                std::thread::yield_now();
            }
        });
        Interrupter { is_done, thread }
    }
}

impl Interrupter {
    pub fn stop(self) {
        self.is_done
            .store(true, std::sync::atomic::Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}
