//! Two worlds with the same modules in them, one as given and one rewritten, where all that happens
//! in one happens in the other and is compared.

#![allow(clippy::result_large_err, reason = "the error is the engine's own")]

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
use super::replay::Told;
use super::values::{Arg, Seen};

/// Most elements of a table that are looked at one by one.
const MOST_ELEMENTS: u32 = 4096;

/// Most frames of a trap's chain.
const MOST_FRAMES: usize = 6;

/// An instruction, where it stands in the module as given.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    module: usize,
    function: u32,
    offset: Option<u64>,
}

type Placing<'a> = dyn Fn(&FrameInfo) -> Option<Place> + 'a;

/// How something that ran ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Returned(Vec<Seen>),
    /// What the engine says, and where: the innermost frames.
    Trapped(String, Vec<Place>),
    Threw(Vec<Seen>),
}

impl Outcome {
    pub fn is_exhaustion(&self) -> bool {
        matches!(self, Outcome::Trapped(message, _) if message == "call stack exhausted")
    }
}

/// How a module came to life, the same way in both worlds.
pub enum Birth {
    /// The pair's number.
    Alive(usize),
    Died(Outcome),
    Unlinkable,
    /// The program does not take it, or not the engine as given. Why.
    Refused(String),
}

/// What differs between the two worlds, in a sentence.
pub type Difference = String;

/// One world.
pub struct Side {
    pub store: Store,
    /// The calls of the host's functions.
    pub calls: Arc<Mutex<Vec<String>>>,
}

/// The same module in both worlds.
pub struct Pair {
    pub plain: Instance,
    pub rewritten: Instance,
    recorder: Recorder,
}

/// What a module was made from.
struct Source {
    rewritten: InstrumentedModule,
    guest: Guest,
}

/// What is to be recorded of a module that is coming to life.
struct Recording {
    number: usize,
    recorder: Recorder,
    memory: Option<u32>,
    /// Memories that other modules have, too.
    shared: Vec<Memory>,
}

/// How exactly the place of a trap is to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    Exact,
    /// All but the innermost instruction of an access out of bounds. The engine's compiler may make
    /// one instruction of a load and what uses its value, and blames the latter then; where more
    /// looks at the value, it may not.
    Function,
}

pub struct Twins {
    places: Places,
    pub plain: Side,
    pub rewritten: Side,
    pub pairs: Vec<Pair>,
    /// Every module that was linked, by the number it is named with.
    modules: Vec<Source>,
    /// The memories that a module has, in the rewritten world.
    memories: Vec<Memory>,
    /// What journals told of memories that they no longer tell.
    told: Told,
}

/// What a host offers for an import, in each world; `None` where it has nothing of that name.
pub type Offered = Option<(Extern, Extern)>;

impl Side {
    fn new(engine: &Engine) -> Side {
        Side {
            store: Store::new(engine.clone()),
            calls: Arc::default(),
        }
    }
}

impl Twins {
    pub fn new(places: Places) -> Twins {
        let engine: Engine = EngineBuilder::new(wasmer::sys::Cranelift::default())
            .engine()
            .into();
        Twins {
            places,
            plain: Side::new(&engine),
            rewritten: Side::new(&engine),
            pairs: Vec::new(),
            modules: Vec::new(),
            memories: Vec::new(),
            told: Told::new(),
        }
    }

    /// Brings a module to life in both worlds. `memory` chooses the one that is journaled; `offer`
    /// is asked for each import, with its types as given and rewritten.
    pub fn instantiate(
        &mut self,
        guest: &Guest,
        memory: Option<u32>,
        mut offer: impl FnMut(&mut Twins, &str, &str, [&ExternType; 2]) -> Offered,
    ) -> Result<Birth, Difference> {
        let rewritten = match adapter::rewrite(guest, memory) {
            Ok(rewritten) => rewritten,
            Err(error) => return Ok(Birth::Refused(error.to_string())),
        };
        let number = self.modules.len();
        let plain_module = match compile(&self.plain.store, guest.wasm(), number) {
            Ok(module) => module,
            Err(error) => return Ok(Birth::Refused(format!("engine: {error}"))),
        };
        let module = compile(&self.rewritten.store, &rewritten.wasm, number)
            .map_err(|error| format!("only rewritten it does not compile: {error}"))?;
        let (recorder, tick) = Recorder::new(&mut self.rewritten.store, rewritten.journal.clone());
        // The tick's import stands behind the imported functions, among the others.
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
                None => return Ok(Birth::Unlinkable),
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
        self.compare_births(plain, rewritten)
    }

    /// Begins to record, then runs the start function.
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

    /// A memory that another module has already is told by neither's journal from now on.
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
                    add(&mut self.told, pair.recorder.give_up());
                }
            }
            shared.push(memory.clone());
        }
        shared
    }

    fn compare_births(
        &mut self,
        plain: Result<Instance, InstantiationError>,
        rewritten: Result<(Instance, Recorder), InstantiationError>,
    ) -> Result<Birth, Difference> {
        use InstantiationError::{Link, Start};
        match (plain, rewritten) {
            // Lowered maxima let the engine take what it would not as given.
            (Err(Link(LinkError::Resource(why))), _) => {
                Ok(Birth::Refused(format!("engine: {why}")))
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
                self.compare(index).map(|()| Birth::Alive(index))
            }
            (Err(Start(plain)), Err(Start(rewritten))) => {
                let plain = self.plain.ended(Err(plain), &given_place);
                let rewritten = self.rewritten.ended(Err(rewritten), &|frame| {
                    original_place(&self.modules, frame)
                });
                self.settle_all()?;
                self.same("instantiation", &plain, &rewritten)
                    .map(|()| Birth::Died(plain))
            }
            (Err(Link(_)), Err(Link(_))) => Ok(Birth::Unlinkable),
            (plain, rewritten) => {
                let (plain, rewritten) = (plain.err(), rewritten.err());
                Err(format!(
                    "instantiation: plain {plain:?}, rewritten {rewritten:?}"
                ))
            }
        }
    }

    /// Calls an export in both worlds and compares everything there is to see of it. `None` without
    /// such a function.
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
        // How deep a recursion gets is the engine's to say, and so is all that it does on the way.
        if !plain.is_exhaustion() {
            self.compare(pair)?;
        }
        Ok(Some(plain))
    }

    /// Sets an exported mutable global in both worlds.
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

    /// Compares all that is exported but functions, and the host calls so far.
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
                    Seen::of(&plain, plain_store) == Seen::of(&other, store)
                }
                (Extern::Table(plain), Extern::Table(other)) => {
                    let size = plain.size(plain_store);
                    let mut is_same = size == other.size(store);
                    for index in 0..size.min(MOST_ELEMENTS) {
                        let (plain, other) =
                            (plain.get(plain_store, index), other.get(store, index));
                        is_same &= plain.map(|value| Seen::of(&value, plain_store))
                            == other.map(|value| Seen::of(&value, store));
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

    /// Compares every module there is, and every journal.
    pub fn compare_all(&mut self) -> Result<(), Difference> {
        (0..self.pairs.len()).try_for_each(|pair| {
            self.settle(pair, false)?;
            self.compare(pair)
        })
    }

    /// The slots that were held against memory.
    pub fn told(&self) -> Told {
        let mut told = self.told.clone();
        for pair in &self.pairs {
            add(&mut told, pair.recorder.told());
        }
        told
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

    /// Everything exported as given is exported rewritten, functions with the same type.
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
            Ok(values) => Outcome::Returned(Seen::all(&values, &self.store)),
            Err(error) => match error.to_exception() {
                Some(exception) => {
                    let payload = exception.payload(&mut self.store);
                    Outcome::Threw(Seen::all(&payload, &self.store))
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

/// Adds up how many slots there were.
pub fn add(told: &mut Told, more: Told) {
    for (kind, count) in more {
        *told.entry(kind).or_default() += count;
    }
}

/// Compiles a module, called by its number in a trap's frames. A compiler that gives up by a panic
/// has refused it.
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

/// The bytes of each data segment as `memory.init` finds them: those of active ones are gone by
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
