//! Runs the same modules in two stores, as given and instrumented, and compares every result.

#![allow(clippy::result_large_err, reason = "the error is a type of the engine")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use linmem::guest::{Guest, InstrumentedModule};
use wasm_encoder::{NameSection, Section};
use wasmer::sys::EngineBuilder;
use wasmer::{
    Engine, Extern, ExternType, FrameInfo, Function, ImportType, Instance, InstantiationError,
    LinkError, Memory, Module, RuntimeError, Store,
};
use wasmparser::{DataKind, Parser, Payload};

use super::adapter;
use super::host::Recorder;
use super::replay::SlotCounts;
use super::values::{Arg, Observed};

/// The largest number of elements of a table that are compared.
const MOST_ELEMENTS: u32 = 4096;

/// The largest number of frames of a trap that are compared.
const MOST_FRAMES: usize = 6;

/// The place of an instruction in the module as given.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    module: usize,
    function: u32,
    offset: Option<u64>,
}

type Placing<'a> = dyn Fn(&FrameInfo) -> Option<Place> + 'a;

/// The outcome of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Returned(Vec<Observed>),
    /// The message of the engine and the innermost frames.
    Trapped(String, Vec<Place>),
    Threw(Vec<Observed>),
}

impl Outcome {
    pub fn is_exhaustion(&self) -> bool {
        matches!(self, Outcome::Trapped(message, _) if message == "call stack exhausted")
    }
}

/// The outcome of an instantiation, which is the same on both sides.
pub enum Instantiation {
    /// The index of the pair of instances.
    Instance(usize),
    Failed(Outcome),
    Unlinkable,
    /// The program refuses the module, or the engine refuses it as given. Holds the reason.
    Refused(String),
}

/// A difference between the two sides.
pub type Difference = String;

/// One of the two sides.
pub struct Side {
    pub store: Store,
    /// The calls of host functions.
    pub calls: Arc<Mutex<Vec<String>>>,
}

/// The instances of one module on both sides.
pub struct Pair {
    pub plain: Instance,
    pub rewritten: Instance,
    recorder: Recorder,
}

/// A guest and its instrumented module.
struct Source {
    rewritten: InstrumentedModule,
    guest: Guest,
}

/// The recording of a module that is being instantiated.
struct Recording {
    number: usize,
    recorder: Recorder,
    memory: Option<u32>,
    /// Memories that are shared with other modules.
    shared: Vec<Memory>,
}

/// How exactly the places of traps are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    Exact,
    /// All but the innermost instruction of an access out of bounds. The compiler of the engine may
    /// merge a load with the instruction that uses its value and report that one instead. It does not
    /// where the instrumentation uses the value as well.
    Function,
}

pub struct Differential {
    places: Places,
    pub plain: Side,
    pub rewritten: Side,
    pub pairs: Vec<Pair>,
    /// Every module that was linked, by the number that is its name.
    modules: Vec<Source>,
    /// The memories of all instrumented modules.
    memories: Vec<Memory>,
    /// The slots of journals whose recording has ended.
    slot_counts: SlotCounts,
}

/// The externs for an import on both sides; `None` where the host has none of that name.
pub type Offered = Option<(Extern, Extern)>;

impl Side {
    fn new(engine: &Engine) -> Side {
        Side {
            store: Store::new(engine.clone()),
            calls: Arc::default(),
        }
    }
}

impl Differential {
    pub fn new(places: Places) -> Differential {
        let engine: Engine = EngineBuilder::new(wasmer::sys::Cranelift::default())
            .engine()
            .into();
        Differential {
            places,
            plain: Side::new(&engine),
            rewritten: Side::new(&engine),
            pairs: Vec::new(),
            modules: Vec::new(),
            memories: Vec::new(),
            slot_counts: SlotCounts::new(),
        }
    }

    /// Instantiates a module on both sides. `memory` selects the memory that is journaled. `offer`
    /// returns the externs for each import, given its types on both sides.
    pub fn instantiate(
        &mut self,
        guest: &Guest,
        memory: Option<u32>,
        mut offer: impl FnMut(&mut Differential, &str, &str, [&ExternType; 2]) -> Offered,
    ) -> Result<Instantiation, Difference> {
        let rewritten = match adapter::rewrite(guest, memory) {
            Ok(rewritten) => rewritten,
            Err(error) => return Ok(Instantiation::Refused(error.to_string())),
        };
        let number = self.modules.len();
        let plain_module = match compile(&self.plain.store, guest.wasm(), number) {
            Ok(module) => module,
            Err(error) => return Ok(Instantiation::Refused(format!("engine: {error}"))),
        };
        let module = compile(&self.rewritten.store, &rewritten.wasm, number)
            .map_err(|error| format!("only rewritten it does not compile: {error}"))?;
        let (recorder, tick) = Recorder::new(&mut self.rewritten.store, rewritten.journal.clone());
        // The import of the tick follows the imported functions, before other imports.
        let is_tick = |import: &ImportType| {
            (import.module(), import.name()) == (&rewritten.tick_import.0, &rewritten.tick_import.1)
        };
        let mut given = (Vec::new(), Vec::new());
        let mut wanted = plain_module.imports();
        for import in module.imports() {
            if is_tick(&import) {
                given.1.push(Extern::Function(tick.clone()));
                continue;
            }
            let (name, plain) = (
                import.name(),
                wanted.next().ok_or("there are more imports")?,
            );
            match offer(self, import.module(), name, [plain.ty(), import.ty()]) {
                Some((plain, other)) => {
                    given.0.push(plain);
                    given.1.push(other);
                }
                None => return Ok(Instantiation::Unlinkable),
            }
        }
        self.modules.push(Source {
            rewritten,
            guest: guest.clone(),
        });
        let shared = self.share(&given.1);
        let plain = Instance::new_by_index(&mut self.plain.store, &plain_module, &given.0);
        let rewritten = Instance::new_by_index(&mut self.rewritten.store, &module, &given.1);
        let recording = Recording {
            number,
            recorder,
            memory,
            shared,
        };
        let rewritten = rewritten.and_then(|instance| self.begin(recording, instance));
        self.compare_instantiations(plain, rewritten)
    }

    /// Starts the recording, then runs the start function.
    fn begin(
        &mut self,
        recording: Recording,
        instance: Instance,
    ) -> Result<(Instance, Recorder), InstantiationError> {
        let Recording {
            number,
            mut recorder,
            memory,
            shared,
        } = recording;
        let source = &self.modules[number];
        let memories: Vec<Memory> = (0..)
            .map_while(|index| source.memory(&instance, index))
            .collect();
        let subject = memory
            .and_then(|index| memories.get(index as usize))
            .filter(|memory| !shared.contains(memory));
        recorder.attach(
            &mut self.rewritten.store,
            &instance,
            subject.cloned(),
            segments(source.guest.wasm()),
        );
        self.memories.extend(memories);
        match source.start(&mut self.rewritten, &instance) {
            Ok(()) => Ok((instance, recorder)),
            Err(error) => Err(InstantiationError::Start(error)),
        }
    }

    /// Ends the recording of memories that another module imports, because no single journal describes
    /// them from now on. Returns these memories.
    fn share(&mut self, imports: &[Extern]) -> Vec<Memory> {
        let mut shared = Vec::new();
        for import in imports {
            let Extern::Memory(memory) = import else {
                continue;
            };
            if !self.memories.contains(memory) {
                self.memories.push(memory.clone());
                continue;
            }
            for pair in &mut self.pairs {
                if pair.recorder.records(&self.rewritten.store, memory) {
                    add(&mut self.slot_counts, pair.recorder.stop());
                }
            }
            shared.push(memory.clone());
        }
        shared
    }

    fn compare_instantiations(
        &mut self,
        plain: Result<Instance, InstantiationError>,
        rewritten: Result<(Instance, Recorder), InstantiationError>,
    ) -> Result<Instantiation, Difference> {
        use InstantiationError::{Link, Start};
        match (plain, rewritten) {
            // With lowered maxima the engine accepts modules that it refuses as given.
            (Err(Link(LinkError::Resource(why))), _) => {
                Ok(Instantiation::Refused(format!("engine: {why}")))
            }
            (Ok(plain), Ok((rewritten, recorder))) => {
                self.pairs.push(Pair {
                    plain,
                    rewritten,
                    recorder,
                });
                let index = self.pairs.len() - 1;
                self.compare_types(index)?;
                self.settle(index, false)?;
                self.compare(index).map(|()| Instantiation::Instance(index))
            }
            (Err(Start(plain)), Err(Start(rewritten))) => {
                let plain = self.plain.ended(Err(plain), &given_place);
                let rewritten = self.rewritten.ended(Err(rewritten), &|frame| {
                    original_place(&self.modules, frame)
                });
                self.settle_all()?;
                self.same("instantiation", &plain, &rewritten)
                    .map(|()| Instantiation::Failed(plain))
            }
            (Err(Link(_)), Err(Link(_))) => Ok(Instantiation::Unlinkable),
            (plain, rewritten) => {
                let (plain, rewritten) = (plain.err(), rewritten.err());
                Err(format!(
                    "instantiation: plain {plain:?}, rewritten {rewritten:?}"
                ))
            }
        }
    }

    /// Calls an export on both sides and compares the outcomes and the state after it. Returns `None`
    /// without such a function.
    pub fn call(
        &mut self,
        pair: usize,
        export: &str,
        args: &[Arg],
    ) -> Result<Option<Outcome>, Difference> {
        let Pair {
            plain, rewritten, ..
        } = &self.pairs[pair];
        let (Ok(plain), Ok(rewritten)) = (
            plain.exports.get_function(export).cloned(),
            rewritten.exports.get_function(export).cloned(),
        ) else {
            return Ok(None);
        };
        let plain = self.plain.call(&plain, args, &given_place);
        let rewritten = self.rewritten.call(&rewritten, args, &|frame| {
            original_place(&self.modules, frame)
        });
        match plain {
            Outcome::Returned(_) => self.settle(pair, false)?,
            _ => self.settle_all()?,
        }
        self.same(export, &plain, &rewritten)?;
        // The depth of a recursion is up to the engine, and so are its effects until then.
        if !plain.is_exhaustion() {
            self.compare(pair)?;
        }
        Ok(Some(plain))
    }

    /// Sets an exported mutable global on both sides.
    pub fn set_global(&mut self, pair: usize, name: &str, value: Arg) {
        let Pair {
            plain, rewritten, ..
        } = &self.pairs[pair];
        for (instance, side) in [(plain, &mut self.plain), (rewritten, &mut self.rewritten)] {
            let value = value.value(&mut side.store);
            instance
                .exports
                .get_global(name)
                .unwrap()
                .set(&mut side.store, value)
                .unwrap();
        }
    }

    /// Compares the exported memories, globals and tables, and the calls of the host so far.
    pub fn compare(&mut self, pair: usize) -> Result<(), Difference> {
        let Pair {
            plain, rewritten, ..
        } = &self.pairs[pair];
        let (plain_store, store) = (&mut self.plain.store, &mut self.rewritten.store);
        for (name, item) in plain.exports.iter() {
            let other = rewritten
                .exports
                .get_extern(name)
                .ok_or_else(|| format!("{name} is no longer exported"))?;
            let is_same = match (item, other) {
                (Extern::Memory(plain), Extern::Memory(other)) => {
                    let (plain, other) = (plain.view(plain_store), other.view(store));
                    plain.data_size() == other.data_size()
                        && plain.copy_to_vec().unwrap() == other.copy_to_vec().unwrap()
                }
                (Extern::Global(plain), Extern::Global(other)) => {
                    let plain = plain.get(plain_store);
                    let other = other.get(store);
                    Observed::of(&plain, plain_store) == Observed::of(&other, store)
                }
                (Extern::Table(plain), Extern::Table(other)) => {
                    let size = plain.size(plain_store);
                    let mut is_same = size == other.size(store);
                    for index in 0..size.min(MOST_ELEMENTS) {
                        let (plain, other) =
                            (plain.get(plain_store, index), other.get(store, index));
                        is_same &= plain.map(|value| Observed::of(&value, plain_store))
                            == other.map(|value| Observed::of(&value, store));
                    }
                    is_same
                }
                _ => true,
            };
            if !is_same {
                return Err(format!("{name} differs"));
            }
        }
        let is_same = *self.plain.calls.lock().unwrap() == *self.rewritten.calls.lock().unwrap();
        is_same
            .then_some(())
            .ok_or_else(|| "the host was called differently".into())
    }

    /// Compares every pair of instances and every journal.
    pub fn compare_all(&mut self) -> Result<(), Difference> {
        (0..self.pairs.len()).try_for_each(|pair| {
            self.settle(pair, false)?;
            self.compare(pair)
        })
    }

    /// Returns the numbers of the slots that were compared with memory.
    pub fn slot_counts(&self) -> SlotCounts {
        let mut slot_counts = self.slot_counts.clone();
        for pair in &self.pairs {
            add(&mut slot_counts, pair.recorder.slot_counts());
        }
        slot_counts
    }

    fn settle(&mut self, pair: usize, has_trapped: bool) -> Result<(), Difference> {
        self.pairs[pair]
            .recorder
            .settle(&mut self.rewritten.store, has_trapped)
    }

    fn settle_all(&mut self) -> Result<(), Difference> {
        (0..self.pairs.len()).try_for_each(|pair| self.settle(pair, true))
    }

    fn same(&self, what: &str, plain: &Outcome, rewritten: &Outcome) -> Result<(), Difference> {
        let is_same = match (plain, rewritten) {
            _ if plain.is_exhaustion() => rewritten.is_exhaustion(),
            (Outcome::Trapped(message, plain), Outcome::Trapped(same_message, rewritten))
                if self.places == Places::Function && message == "out of bounds memory access" =>
            {
                let inner =
                    |places: &[Place]| places.first().map(|place| (place.module, place.function));
                message == same_message
                    && inner(plain) == inner(rewritten)
                    && plain.get(1..) == rewritten.get(1..)
            }
            _ => plain == rewritten,
        };
        is_same
            .then_some(())
            .ok_or_else(|| format!("{what}: plain {plain:?}, rewritten {rewritten:?}"))
    }

    /// Compares the exports: each one is exported on both sides, functions with the same type.
    fn compare_types(&self, pair: usize) -> Result<(), Difference> {
        let Pair {
            plain, rewritten, ..
        } = &self.pairs[pair];
        for (name, item) in plain.exports.iter() {
            let other = rewritten
                .exports
                .get_extern(name)
                .ok_or_else(|| format!("{name} is not exported"))?;
            let is_same = match (item.ty(&self.plain.store), other.ty(&self.rewritten.store)) {
                (ExternType::Function(plain), ExternType::Function(other)) => plain == other,
                (ExternType::Global(plain), ExternType::Global(other)) => plain == other,
                (ExternType::Tag(plain), ExternType::Tag(other)) => plain == other,
                (ExternType::Memory(plain), ExternType::Memory(other)) => {
                    plain.minimum == other.minimum
                }
                (ExternType::Table(plain), ExternType::Table(other)) => {
                    plain.minimum == other.minimum
                }
                _ => false,
            };
            if !is_same {
                return Err(format!("{name} is of another type"));
            }
        }
        Ok(())
    }
}

impl Side {
    fn call(&mut self, function: &Function, args: &[Arg], place: &Placing<'_>) -> Outcome {
        let args: Vec<_> = args.iter().map(|arg| arg.value(&mut self.store)).collect();
        let result = function.call(&mut self.store, &args);
        self.ended(result, place)
    }

    fn ended(
        &mut self,
        result: Result<Box<[wasmer::Value]>, RuntimeError>,
        place: &Placing<'_>,
    ) -> Outcome {
        match result {
            Ok(values) => Outcome::Returned(Observed::all(&values, &self.store)),
            Err(error) => match error.to_exception() {
                Some(exception) => {
                    let payload = exception.payload(&mut self.store);
                    Outcome::Threw(Observed::all(&payload, &self.store))
                }
                None => {
                    let frames = error
                        .trace()
                        .iter()
                        .filter_map(place)
                        .take(MOST_FRAMES)
                        .collect();
                    Outcome::Trapped(error.message(), frames)
                }
            },
        }
    }
}

impl Source {
    fn memory(&self, instance: &Instance, index: u32) -> Option<Memory> {
        let name = self.rewritten.memory_exports.get(index as usize)?;
        instance.exports.get_memory(name).ok().cloned()
    }

    fn start(&self, side: &mut Side, instance: &Instance) -> Result<(), RuntimeError> {
        let Some(name) = &self.rewritten.start_export else {
            return Ok(());
        };
        let start = instance.exports.get_function(name).unwrap().clone();
        start.call(&mut side.store, &[]).map(|_| ())
    }
}

fn given_place(frame: &FrameInfo) -> Option<Place> {
    let module = frame.module_name().parse().unwrap();
    Some(Place {
        module,
        function: frame.func_index(),
        offset: Some(frame.module_offset() as u64),
    })
}

fn original_place(modules: &[Source], frame: &FrameInfo) -> Option<Place> {
    let module = frame.module_name().parse().unwrap();
    let Source { rewritten, guest } = &modules[module];
    let function = rewritten.original_function(frame.func_index())?;
    let offset = rewritten.original_offset(guest, frame.func_index(), frame.module_offset() as u64);
    Some(Place {
        module,
        function,
        offset,
    })
}

/// Adds `more` to `counts`.
pub fn add(slot_counts: &mut SlotCounts, more: SlotCounts) {
    for (kind, count) in more {
        *slot_counts.entry(kind).or_default() += count;
    }
}

/// Compiles a module whose name is `number`, which the frames of a trap show. A panic of the compiler
/// counts as a refusal.
fn compile(store: &Store, wasm: &[u8], number: usize) -> Result<Module, String> {
    let mut names = NameSection::new();
    names.module(&number.to_string());
    let mut wasm = wasm.to_vec();
    names.append_to(&mut wasm);
    match catch_unwind(AssertUnwindSafe(|| Module::from_binary(store, &wasm))) {
        Ok(compiled) => compiled.map_err(|error| error.to_string()),
        Err(_) => Err("its compiler panicked".into()),
    }
}

/// Returns the bytes of each data segment as `memory.init` finds them: active segments are dropped by
/// then.
fn segments(wasm: &[u8]) -> Vec<Vec<u8>> {
    let mut segments = Vec::new();
    for payload in Parser::new(0).parse_all(wasm).flatten() {
        let Payload::DataSection(section) = payload else {
            continue;
        };
        segments.extend(section.into_iter().flatten().map(|data| match data.kind {
            DataKind::Passive => data.data.to_vec(),
            DataKind::Active { .. } => Vec::new(),
        }));
    }
    segments
}
