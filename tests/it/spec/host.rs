//! The host of an instrumented module: it implements the tick, drains the journal, and compares the
//! replay of the journal with memory.

use wasmer::{
    AsStoreMut, AsStoreRef, Function, FunctionEnv, FunctionEnvMut, Global, Instance, Memory,
    RuntimeError, Store, Value,
};

use super::adapter::{Kind, Layout, Site};
use super::replay::{Image, Slot, SlotCounts};

/// The number of ticks for which the limit stays 0, so that every check calls the host.
const EAGER_TICKS: u32 = 300;

/// The data of a tick.
struct Journal {
    layout: Layout,
    live: Option<Live>,
    slots: Vec<Slot>,
    ticks: u32,
}

#[derive(Clone)]
struct Live {
    /// The private memory of the module.
    memory: Memory,
    position: Global,
    /// The memory whose stores are journaled.
    subject: Memory,
}

/// The recording of one instrumented module.
pub struct Recorder {
    env: FunctionEnv<Journal>,
    image: Option<Image>,
}

impl Recorder {
    /// Creates the function that the instrumented module imports, and its recorder.
    pub fn new(store: &mut Store, layout: Layout) -> (Recorder, Function) {
        let journal = Journal {
            layout,
            live: None,
            slots: Vec::new(),
            ticks: 0,
        };
        let env = FunctionEnv::new(store, journal);
        let tick = Function::new_typed_with_env(store, &env, tick);
        (Recorder { env, image: None }, tick)
    }

    /// Starts the recording, before any code of the instance has run.
    pub fn attach(
        &mut self,
        store: &mut Store,
        instance: &Instance,
        subject: Option<Memory>,
        segments: Vec<Vec<u8>>,
    ) {
        let Some(subject) = subject else { return };
        let bytes = subject.view(store).copy_to_vec().unwrap();
        self.image = Some(Image {
            bytes,
            slot_counts: SlotCounts::new(),
            segments,
        });
        let layout = &self.env.as_ref(store).layout;
        let memory = instance
            .exports
            .get_memory(&layout.memory_export)
            .unwrap()
            .clone();
        let position = instance
            .exports
            .get_global(&layout.position_export)
            .unwrap()
            .clone();
        self.env.as_mut(store).live = Some(Live {
            memory,
            position,
            subject,
        });
    }

    /// Returns whether this recorder records `memory`.
    pub fn records(&self, store: &Store, memory: &Memory) -> bool {
        self.env
            .as_ref(store)
            .live
            .as_ref()
            .is_some_and(|live| live.subject == *memory)
    }

    /// Ends the recording, because another module writes to the memory without this journal.
    pub fn stop(&mut self) -> SlotCounts {
        self.image
            .take()
            .map(|image| image.slot_counts)
            .unwrap_or_default()
    }

    /// Drains the journal and compares its replay with memory.
    pub fn settle(&mut self, store: &mut Store, has_trapped: bool) -> Result<(), String> {
        let env = &self.env;
        let Some(live) = env.as_ref(store).live.clone() else {
            return Ok(());
        };
        let mut end = live.position.get(store).unwrap_i32() as u32;
        // A function that trapped did not publish its position.
        while has_trapped && let Some(slot) = live.slot(store, end) {
            let count = if slot.is_wide(&env.as_ref(store).layout.sites) {
                2
            } else {
                1
            };
            end += count * Slot::SIZE as u32;
        }
        if !has_trapped && live.slot(store, end).is_some() {
            return Err("there is a slot after the end of the journal".into());
        }
        let (start, limit) = (
            env.as_ref(store).layout.start,
            env.as_ref(store).layout.limit,
        );
        let mut slots = std::mem::take(&mut env.as_mut(store).slots);
        let sites = env.as_ref(store).layout.sites.clone();
        slots.extend(live.drain(store, start, end, &sites)?);
        live.set_limit(
            store,
            if env.as_ref(store).ticks < EAGER_TICKS {
                0
            } else {
                limit
            },
        );
        let Some(image) = &mut self.image else {
            return Ok(());
        };
        let now = live.subject.view(store).copy_to_vec().unwrap();
        image.replay(&slots, &env.as_ref(store).layout.sites, &now, has_trapped)
    }

    /// Returns the numbers of the slots so far.
    pub fn slot_counts(&self) -> SlotCounts {
        self.image
            .as_ref()
            .map(|image| image.slot_counts.clone())
            .unwrap_or_default()
    }
}

impl Live {
    /// Takes the slots from `start` to `end` and overwrites them with zeros.
    fn drain(
        &self,
        store: &mut impl AsStoreMut,
        start: u32,
        end: u32,
        sites: &[Site],
    ) -> Result<Vec<Slot>, String> {
        let length = end
            .checked_sub(start)
            .ok_or_else(|| format!("the position {end} is before {start}"))?;
        let mut bytes = vec![0; length as usize];
        let view = self.memory.view(store);
        view.read(u64::from(start), &mut bytes)
            .map_err(|e| e.to_string())?;
        view.write(u64::from(start), &vec![0; bytes.len()])
            .map_err(|e| e.to_string())?;
        self.position
            .set(store, Value::I32(start as i32))
            .map_err(|e| e.message())?;
        let slots = Slot::read_all(&bytes, sites);
        match slots.len() * Slot::SIZE == bytes.len() {
            true => Ok(slots),
            false => Err(format!(
                "slot {} of {} is empty",
                slots.len(),
                bytes.len() / Slot::SIZE
            )),
        }
    }

    fn slot(&self, store: &impl AsStoreRef, at: u32) -> Option<Slot> {
        let mut bytes = [0; Slot::SIZE];
        self.memory
            .view(store)
            .read(u64::from(at), &mut bytes)
            .ok()?;
        Slot::read(&bytes)
    }

    fn set_limit(&self, store: &impl AsStoreRef, limit: u32) {
        self.memory
            .view(store)
            .write(0, &limit.to_le_bytes())
            .unwrap();
    }
}

fn tick(mut env: FunctionEnvMut<'_, Journal>) -> Result<(), RuntimeError> {
    let (journal, mut store) = env.data_and_store_mut();
    let Some(live) = journal.live.clone() else {
        return Ok(());
    };
    journal.ticks += 1;
    let end = live.position.get(&mut store).unwrap_i32() as u32;
    let mut slots = live
        .drain(&mut store, journal.layout.start, end, &journal.layout.sites)
        .map_err(RuntimeError::new)?;
    if let Some(last) = slots.last_mut()
        && let Some(site) = journal
            .layout
            .sites
            .get((last.site as usize).wrapping_sub(1))
        && matches!(site.kind, Kind::CopyFrom)
    {
        let mut copied = vec![0; last.value as u32 as usize];
        let start = u64::from(last.address) + site.immediate;
        last.copied = live
            .subject
            .view(&store)
            .read(start, &mut copied)
            .is_ok()
            .then_some(copied);
    }
    journal.slots.append(&mut slots);
    live.set_limit(
        &store,
        if journal.ticks < EAGER_TICKS {
            0
        } else {
            journal.layout.limit
        },
    );
    Ok(())
}
