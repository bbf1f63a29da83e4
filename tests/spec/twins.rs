//! Two worlds with the same modules in them, one as given and one rewritten, where all that happens in one happens in
//! the other and is compared.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use linmem::guest::{Guest, Rewritten};
use wasmer::sys::EngineBuilder;
use wasmer::{
    Engine, Extern, ExternType, Function, Instance, InstantiationError, LinkError, Memory, Module, RuntimeError, Store,
};
use wasmparser::{DataKind, Parser, Payload};

use super::adapter;
use super::host::Recorder;
use super::values::{Arg, Seen};

/// Most elements of a table that are looked at one by one.
const MOST_ELEMENTS: u32 = 4096;

/// How something that ran ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Returned(Vec<Seen>),
    /// What the engine says, and where: the call chain by function, innermost first.
    Trapped(String, Vec<u32>),
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
    functions: Functions,
}

/// Undoes the shift of function indices.
struct Functions(Rewritten);

pub struct Twins {
    pub plain: Side,
    pub rewritten: Side,
    pub pairs: Vec<Pair>,
    /// Memories in the rewritten world, and how many modules have each.
    memories: Vec<(Memory, usize)>,
    /// Slots of instances that are no longer told.
    replayed: u64,
}

/// What a host offers for an import, in each world; `None` where it has nothing of that name.
pub type Offered = Option<(Extern, Extern)>;

impl Side {
    fn new(engine: &Engine) -> Side {
        Side { store: Store::new(engine.clone()), calls: Arc::default() }
    }
}

impl Twins {
    pub fn new() -> Twins {
        let engine: Engine = EngineBuilder::new(wasmer::sys::Cranelift::default()).engine().into();
        Twins {
            plain: Side::new(&engine),
            rewritten: Side::new(&engine),
            pairs: Vec::new(),
            memories: Vec::new(),
            replayed: 0,
        }
    }

    /// Brings a module to life in both worlds. `memory` chooses the one that is journaled.
    pub fn instantiate(
        &mut self,
        guest: &Guest,
        memory: Option<u32>,
        mut offer: impl FnMut(&mut Twins, &str, &str, &ExternType) -> Offered,
    ) -> Result<Birth, Difference> {
        let rewritten = match adapter::rewrite(guest, memory) {
            Ok(rewritten) => rewritten,
            Err(error) => return Ok(Birth::Refused(error.to_string())),
        };
        let plain_module = match compile(&self.plain.store, guest.wasm()) {
            Ok(module) => module,
            Err(error) => return Ok(Birth::Refused(format!("engine: {error}"))),
        };
        let module = compile(&self.rewritten.store, &rewritten.wasm)
            .map_err(|error| format!("only rewritten it does not compile: {error}"))?;
        let (mut recorder, tick) = Recorder::new(&mut self.rewritten.store, adapter::layout(&rewritten));
        let mut given = (Vec::new(), Vec::new());
        for import in plain_module.imports() {
            match offer(self, import.module(), import.name(), import.ty()) {
                Some((plain, other)) => {
                    given.0.push(plain);
                    given.1.push(other);
                }
                None => return Ok(Birth::Unlinkable),
            }
        }
        // The tick's import stands behind the imported functions, so the others are told apart by name.
        let mut others = given.1.into_iter();
        let is_tick = |module: &str, name: &str| (module, name) == (&rewritten.tick_import.0, &rewritten.tick_import.1);
        let imports: Vec<Extern> = module
            .imports()
            .filter_map(|import| match is_tick(import.module(), import.name()) {
                true => Some(Extern::Function(tick.clone())),
                false => others.next(),
            })
            .collect();
        let plain = Instance::new_by_index(&mut self.plain.store, &plain_module, &given.0);
        let instance = Instance::new_by_index(&mut self.rewritten.store, &module, &imports);
        let functions = Functions(rewritten);
        let instance = match instance {
            Ok(instance) => {
                let subject = memory.and_then(|index| functions.memory(&instance, index));
                recorder.attach(&mut self.rewritten.store, &instance, subject, segments(guest.wasm()));
                functions.start(&mut self.rewritten, &instance).map(|()| instance).map_err(InstantiationError::Start)
            }
            Err(error) => Err(error),
        };
        self.compare_births(plain, instance, recorder, functions)
    }

    fn compare_births(
        &mut self,
        plain: Result<Instance, InstantiationError>,
        rewritten: Result<Instance, InstantiationError>,
        recorder: Recorder,
        functions: Functions,
    ) -> Result<Birth, Difference> {
        use InstantiationError::{Link, Start};
        match (plain, rewritten) {
            // Lowered maxima let the engine take what it would not as given.
            (Err(Link(LinkError::Resource(why))), _) => Ok(Birth::Refused(format!("engine: {why}"))),
            (Ok(plain), Ok(rewritten)) => {
                self.pairs.push(Pair { plain, rewritten, recorder, functions });
                let index = self.pairs.len() - 1;
                self.note_memories(index);
                self.compare_types(index)?;
                self.settle(index, false)?;
                self.compare(index).map(|()| Birth::Alive(index))
            }
            (Err(Start(plain)), Err(Start(rewritten))) => {
                let plain = self.plain.ended(Err(plain), &|index| Some(index));
                let rewritten = self.rewritten.ended(Err(rewritten), &|index| functions.0.original_function(index));
                self.settle_all()?;
                same("instantiation", &plain, &rewritten).map(|()| Birth::Died(plain))
            }
            (Err(Link(_)), Err(Link(_))) => Ok(Birth::Unlinkable),
            (plain, rewritten) => {
                let (plain, rewritten) = (plain.err(), rewritten.err());
                Err(format!("instantiation: plain {plain:?}, rewritten {rewritten:?}"))
            }
        }
    }

    /// Calls an export in both worlds and compares everything there is to see of it. `None` without such a function.
    pub fn call(&mut self, pair: usize, export: &str, args: &[Arg]) -> Result<Option<Outcome>, Difference> {
        let Pair { plain, rewritten, functions, .. } = &self.pairs[pair];
        let (Ok(plain), Ok(rewritten)) =
            (plain.exports.get_function(export).cloned(), rewritten.exports.get_function(export).cloned())
        else {
            return Ok(None);
        };
        let plain = self.plain.call(&plain, args, &|index| Some(index));
        let rewritten = self.rewritten.call(&rewritten, args, &|index| functions.0.original_function(index));
        match plain {
            Outcome::Returned(_) => self.settle(pair, false)?,
            _ => self.settle_all()?,
        }
        same(export, &plain, &rewritten)?;
        // How deep a recursion gets is the engine's to say, and so is all that it does on the way.
        if !plain.is_exhaustion() {
            self.compare(pair)?;
        }
        Ok(Some(plain))
    }

    /// Sets an exported mutable global in both worlds.
    pub fn set_global(&mut self, pair: usize, name: &str, value: Arg) {
        let Pair { plain, rewritten, .. } = &self.pairs[pair];
        for (instance, side) in [(plain, &mut self.plain), (rewritten, &mut self.rewritten)] {
            let value = value.value(&mut side.store);
            instance.exports.get_global(name).unwrap().set(&mut side.store, value).unwrap();
        }
    }

    /// Compares all that is exported but functions, and the host calls so far.
    pub fn compare(&mut self, pair: usize) -> Result<(), Difference> {
        let Pair { plain, rewritten, .. } = &self.pairs[pair];
        let (plain_store, store) = (&mut self.plain.store, &mut self.rewritten.store);
        for (name, item) in plain.exports.iter() {
            let other = rewritten.exports.get_extern(name).ok_or_else(|| format!("{name} is no longer exported"))?;
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
                        let (plain, other) = (plain.get(plain_store, index), other.get(store, index));
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
        is_same.then_some(()).ok_or_else(|| "the host was called differently".into())
    }

    /// Compares every module there is, and every journal.
    pub fn compare_all(&mut self) -> Result<(), Difference> {
        (0..self.pairs.len()).try_for_each(|pair| {
            self.settle(pair, false)?;
            self.compare(pair)
        })
    }

    /// How many slots were held against memory.
    pub fn replayed(&self) -> u64 {
        self.replayed + self.pairs.iter().map(|pair| pair.recorder.replayed()).sum::<u64>()
    }

    fn settle(&mut self, pair: usize, has_trapped: bool) -> Result<(), Difference> {
        self.pairs[pair].recorder.settle(&mut self.rewritten.store, has_trapped)
    }

    fn settle_all(&mut self) -> Result<(), Difference> {
        (0..self.pairs.len()).try_for_each(|pair| self.settle(pair, true))
    }

    /// A memory that two modules have is told by neither's journal.
    fn note_memories(&mut self, pair: usize) {
        let Pair { rewritten, functions, .. } = &self.pairs[pair];
        let mut memories: Vec<Memory> = Vec::new();
        for index in 0..functions.0.memory_exports.len() as u32 {
            memories.extend(functions.memory(rewritten, index).filter(|memory| !memories.contains(memory)));
        }
        for memory in memories {
            match self.memories.iter_mut().find(|(known, _)| *known == memory) {
                None => self.memories.push((memory, 1)),
                Some((_, users)) => {
                    *users += 1;
                    for pair in &mut self.pairs {
                        if pair.recorder.records(&self.rewritten.store, &memory) {
                            self.replayed += pair.recorder.replayed();
                            pair.recorder.give_up();
                        }
                    }
                }
            }
        }
    }

    /// Everything exported as given is exported rewritten, functions with the same type.
    fn compare_types(&self, pair: usize) -> Result<(), Difference> {
        let Pair { plain, rewritten, .. } = &self.pairs[pair];
        for (name, item) in plain.exports.iter() {
            let other = rewritten.exports.get_extern(name).ok_or_else(|| format!("{name} is not exported"))?;
            let is_same = match (item.ty(&self.plain.store), other.ty(&self.rewritten.store)) {
                (ExternType::Function(plain), ExternType::Function(other)) => plain == other,
                (ExternType::Global(plain), ExternType::Global(other)) => plain == other,
                (ExternType::Tag(plain), ExternType::Tag(other)) => plain == other,
                (ExternType::Memory(plain), ExternType::Memory(other)) => plain.minimum == other.minimum,
                (ExternType::Table(plain), ExternType::Table(other)) => plain.minimum == other.minimum,
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
    fn call(&mut self, function: &Function, args: &[Arg], original: &dyn Fn(u32) -> Option<u32>) -> Outcome {
        let args: Vec<_> = args.iter().map(|arg| arg.value(&mut self.store)).collect();
        let result = function.call(&mut self.store, &args);
        self.ended(result, original)
    }

    fn ended(
        &mut self,
        result: Result<Box<[wasmer::Value]>, RuntimeError>,
        original: &dyn Fn(u32) -> Option<u32>,
    ) -> Outcome {
        match result {
            Ok(values) => Outcome::Returned(Seen::all(&values, &self.store)),
            Err(error) => match error.to_exception() {
                Some(exception) => {
                    let payload = exception.payload(&mut self.store);
                    Outcome::Threw(Seen::all(&payload, &self.store))
                }
                None => {
                    let frames = error.trace().iter().filter_map(|frame| original(frame.func_index())).collect();
                    Outcome::Trapped(error.message(), frames)
                }
            },
        }
    }
}

impl Functions {
    fn memory(&self, instance: &Instance, index: u32) -> Option<Memory> {
        let name = self.0.memory_exports.get(index as usize)?;
        instance.exports.get_memory(name).ok().cloned()
    }

    fn start(&self, side: &mut Side, instance: &Instance) -> Result<(), RuntimeError> {
        let Some(name) = &self.0.start_export else { return Ok(()) };
        let start = instance.exports.get_function(name).unwrap().clone();
        start.call(&mut side.store, &[]).map(|_| ())
    }
}

fn same(what: &str, plain: &Outcome, rewritten: &Outcome) -> Result<(), Difference> {
    let is_same = plain == rewritten || plain.is_exhaustion() && rewritten.is_exhaustion();
    is_same.then_some(()).ok_or_else(|| format!("{what}: plain {plain:?}, rewritten {rewritten:?}"))
}

/// A compiler that gives up by a panic has refused the module.
fn compile(store: &Store, wasm: &[u8]) -> Result<Module, String> {
    match catch_unwind(AssertUnwindSafe(|| Module::from_binary(store, wasm))) {
        Ok(compiled) => compiled.map_err(|error| error.to_string()),
        Err(_) => Err("its compiler panicked".into()),
    }
}

/// The bytes of each data segment as `memory.init` finds them: those of active ones are gone by then.
fn segments(wasm: &[u8]) -> Vec<Vec<u8>> {
    let mut segments = Vec::new();
    for payload in Parser::new(0).parse_all(wasm).flatten() {
        let Payload::DataSection(section) = payload else { continue };
        segments.extend(section.into_iter().flatten().map(|data| match data.kind {
            DataKind::Passive => data.data.to_vec(),
            DataKind::Active { .. } => Vec::new(),
        }));
    }
    segments
}
