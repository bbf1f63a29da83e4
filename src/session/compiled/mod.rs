//! Guests that are compiled: each once in a process and, where there is a folder for that, once for
//! later processes too.
//!
//! | file        | content                                             |
//! | ----------- | --------------------------------------------------- |
//! | `folder.rs` | the folder: who may use it, its size, its entries   |
//! | `entry.rs`  | one compiled guest as bytes, with a checksum        |

mod entry;
mod folder;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wasmer::{Engine, Module};

use crate::guest::{Guest, GuestError, InstrumentOptions, InstrumentedModule};

use super::engine::{self, CompileError};
use super::limits::CancelHandle;
pub use folder::{CacheFolder, CacheUse, FolderError};

/// A guest that compiles faster is not written to the folder: that would take as long.
const MIN_COMPILE_TIME: Duration = Duration::from_millis(20);

/// How many compiled guests a process keeps for another session.
const MAX_RECENT: usize = 4;

/// A guest that is ready to be instantiated.
pub(super) struct CompiledGuest {
    /// What the session must know of the instrumented module. Its bytes are gone.
    pub instrumented: InstrumentedModule,
    /// The engine that has the code.
    pub engine: Engine,
    pub module: Module,
}

/// What a compiled guest was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    /// The SHA-256 of the module as given.
    sha256: [u8; 32],
    options: InstrumentOptions,
}

/// The compiled guests that sessions share. A clone shares them too.
///
/// The default keeps the last few of this process. With a folder, later processes find them there.
#[derive(Clone, Default)]
pub struct CompiledGuests(Arc<Shared>);

#[derive(Default)]
struct Shared {
    recent: Mutex<Vec<(Key, Arc<CompiledGuest>)>>,
    folder: Option<Arc<CacheFolder>>,
    /// Threads that write to the folder.
    writers: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for CompiledGuests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CompiledGuests")
            .field(&self.0.folder)
            .finish()
    }
}

impl CompiledGuests {
    /// Returns a set that reads and writes a folder, too.
    pub fn in_folder(folder: CacheFolder) -> Self {
        CompiledGuests(Arc::new(Shared {
            folder: Some(Arc::new(folder)),
            ..Shared::default()
        }))
    }

    /// Returns whether the folder has a compiled guest that this very program made from a file with
    /// this SHA-256. Then an earlier process found the file valid. Whether the entry is usable is
    /// not examined.
    pub fn has_entry(&self, sha256: &[u8; 32]) -> bool {
        let beginning = hexadecimal(sha256);
        let folder = self.0.folder.as_ref();
        folder.is_some_and(|folder| {
            let mut files = folder.files_beginning_with(&beginning);
            files.any(|file| entry::is_from(file, sha256))
        })
    }

    /// Returns the compiled guest, and compiles it if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the guest exceeds a limit, if the engine refuses it, or after a cancel.
    pub(super) fn compiled(
        &self,
        guest: &Guest,
        options: InstrumentOptions,
        control: &CancelHandle,
    ) -> Result<Arc<CompiledGuest>, NotCompiled> {
        let key = Key {
            sha256: guest.sha256(),
            options,
        };
        if let Some(known) = self.recent(&key) {
            return Ok(known);
        }
        let found = self.0.folder.as_ref().and_then(|folder| {
            let (file, length) = folder.read(&key.file_name())?;
            entry::read(file, length, &key)
        });
        let compiled = match found {
            Some(found) => Arc::new(found),
            None => self.compile(guest, key, control)?,
        };
        let mut recent = self.lock();
        recent.retain(|(known, _)| *known != key);
        recent.push((key, Arc::clone(&compiled)));
        if recent.len() > MAX_RECENT {
            recent.remove(0);
        }
        Ok(compiled)
    }

    fn compile(
        &self,
        guest: &Guest,
        key: Key,
        control: &CancelHandle,
    ) -> Result<Arc<CompiledGuest>, NotCompiled> {
        let started = Instant::now();
        // Where the entry of an earlier process is not usable, its validation is not either.
        let guest = guest.validated()?;
        let mut instrumented = guest.instrument(&key.options)?;
        let engine = engine::new_engine();
        let wasm = std::mem::take(&mut instrumented.wasm);
        let module = engine::compile(&engine, wasm, control)?;
        let compiled = Arc::new(CompiledGuest {
            instrumented,
            engine,
            module,
        });
        if started.elapsed() >= MIN_COMPILE_TIME {
            self.write(key, &compiled);
        }
        Ok(compiled)
    }

    /// Writes a compiled guest to the folder, on a thread of its own. Where that fails, later
    /// processes compile it again.
    fn write(&self, key: Key, compiled: &Arc<CompiledGuest>) {
        let Some(folder) = self.0.folder.clone() else {
            return;
        };
        let compiled = Arc::clone(compiled);
        let work = move || {
            if let Some((head, code)) = entry::encode(&compiled, &key) {
                folder.write(&key.file_name(), &[&head, code.as_ref()]);
            }
        };
        if let Ok(writer) = thread::Builder::new()
            .name("compile cache".into())
            .spawn(work)
        {
            let mut writers = self
                .0
                .writers
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            writers.push(writer);
        }
    }

    /// Waits until everything is written that is being written to the folder.
    pub fn finish(&self) {
        let mut writers = self
            .0
            .writers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for writer in writers.drain(..) {
            // A writer that failed has written nothing.
            let _ = writer.join();
        }
    }

    fn recent(&self, key: &Key) -> Option<Arc<CompiledGuest>> {
        let recent = self.lock();
        let found = recent.iter().find(|(known, _)| known == key);
        found.map(|(_, compiled)| Arc::clone(compiled))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Key, Arc<CompiledGuest>)>> {
        self.0.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key {
    /// Returns the name of the file with this guest.
    fn file_name(&self) -> String {
        let sha256 = hexadecimal(&self.sha256);
        let memory = match self.options.memory {
            Some(index) => index.to_string(),
            None => "none".to_owned(),
        };
        format!("{sha256}-{memory}-{:x}", self.options.max_memory)
    }
}

fn hexadecimal(sha256: &[u8; 32]) -> String {
    sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why there is no compiled guest.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotCompiled {
    #[error(transparent)]
    Guest(#[from] GuestError),
    #[error(transparent)]
    Engine(#[from] CompileError),
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: InstrumentOptions = InstrumentOptions {
        max_memory: 1 << 20,
        memory: None,
    };

    /// Returns a folder with the file of an invalid module, a cache there, and the key of that module.
    fn invalid_module() -> (tempfile::TempDir, std::path::PathBuf, CacheFolder, Key) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guest.wasm");
        let invalid = wat::parse_str("(module (func (export \"f\") (result i32)))").unwrap();
        std::fs::write(&file, invalid).unwrap();
        let cache = CacheFolder::open(&folder.path().join("cache"), 1 << 20).unwrap();
        let key = Key {
            sha256: Guest::load_known(&file, |_| true).unwrap().sha256(),
            options: OPTIONS,
        };
        (folder, file, cache, key)
    }

    #[test]
    fn a_file_whose_entry_is_of_no_use_is_validated_when_it_is_loaded() {
        let (_folder, file, cache, key) = invalid_module();
        cache.write(&key.file_name(), &[b"damaged"]);
        let compiled = CompiledGuests::in_folder(cache);
        let error = Guest::load_known(&file, |sha256| compiled.has_entry(sha256)).unwrap_err();
        assert!(error.to_string().contains("not a valid module"), "{error}");
    }

    #[test]
    fn a_file_whose_entry_is_damaged_after_its_beginning_is_validated_after_all() {
        let (_folder, file, cache, key) = invalid_module();
        let valid = Guest::from_bytes("valid.wat", b"(module)").unwrap();
        let control = CancelHandle::default();
        let of_valid = CompiledGuests::default().compiled(&valid, OPTIONS, &control);
        let (head, code) = entry::encode(&of_valid.unwrap(), &key).unwrap();
        let mut code = code.as_ref().to_vec();
        *code.last_mut().unwrap() ^= 1;
        cache.write(&key.file_name(), &[&head, &code]);
        let compiled = CompiledGuests::in_folder(cache);
        assert!(compiled.has_entry(&key.sha256));
        assert!(!compiled.has_entry(&[0; 32]));
        let known = Guest::load_known(&file, |sha256| compiled.has_entry(sha256)).unwrap();
        let error = compiled.compiled(&known, OPTIONS, &control).err().unwrap();
        assert!(error.to_string().contains("not a valid module"), "{error}");
        let script = crate::script::parse("g.steps", "call f()\n").unwrap();
        let config = crate::session::SessionConfig {
            compiled,
            script,
            ..crate::testing::sessions::config(known, "")
        };
        let error = crate::session::Session::open(config).err().unwrap();
        assert!(error.to_string().contains("not a valid module"), "{error}");
    }

    #[test]
    fn sessions_on_one_module_share_what_was_compiled() {
        let compiled = CompiledGuests::default();
        let options = |max_memory| InstrumentOptions {
            max_memory,
            memory: None,
        };
        let get = |wat: &str, max_memory| {
            let guest = Guest::from_bytes("guest.wat", wat.as_bytes()).unwrap();
            compiled
                .compiled(&guest, options(max_memory), &CancelHandle::default())
                .unwrap()
        };
        let first = get("(module)", 1 << 20);
        assert!(Arc::ptr_eq(&first, &get("(module)", 1 << 20)));
        assert!(!Arc::ptr_eq(&first, &get("(module)", 2 << 20)));
        for n in 0..MAX_RECENT {
            get(&format!("(module (global i32 (i32.const {n})))"), 1 << 20);
        }
        assert_eq!(compiled.lock().len(), MAX_RECENT);
    }
}
