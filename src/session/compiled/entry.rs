//! A compiled guest as bytes.
//!
//! An entry is a line that names the format, the BLAKE3 hash of everything after it, the length of the
//! facts (8 bytes, little-endian), the facts, and the code as the engine serializes it. The facts are
//! what the guest was compiled from and by, and what the session must know of the instrumented module.

use std::io::Read;
use std::sync::OnceLock;

use bytes::Bytes;
use memmap2::MmapMut;
use wasmer::Module;
use wasmer::sys::CpuFeature;

use crate::guest::{InstrumentOptions, InstrumentedModule};
use crate::session::engine;

use super::{CompiledGuest, Key};

/// The first line of an entry.
const MAGIC: &[u8] = b"linmem compiled guest 1\n";

/// The length of the checksum, in bytes.
const CHECKSUM: usize = 32;

/// How much of an entry has its [`Origin`], in bytes. The longest part of that is the path of a program.
const MAX_BEGINNING: u64 = 16 << 10;

/// What a guest was compiled by and from: [`compiler`], the SHA-256 of the module, and the options.
type Origin = (String, [u8; 32], InstrumentOptions);

/// Returns an entry in two parts, the second one the code; `None` if the engine cannot
/// serialize it.
pub(super) fn encode(
    compiled: &CompiledGuest,
    key: &Key,
) -> Option<(Vec<u8>, impl AsRef<[u8]> + use<>)> {
    let origin: Origin = (compiler().to_owned(), key.sha256, key.options);
    let code = compiled.module.serialize().ok()?;
    let facts = postcard::to_stdvec(&origin).ok()?;
    let facts = postcard::to_extend(&compiled.instrumented, facts).ok()?;
    let checksum = checksum(&facts, &code);
    let length = (facts.len() as u64).to_le_bytes();
    let head = [MAGIC, &checksum, &length, &facts].concat();
    Some((head, code))
}

/// Reads `length` bytes; `None` if there are fewer, or no memory for them.
///
/// The code of a large guest takes a hundred megabytes. In huge pages the system provides them in
/// half the time.
fn read_part(from: &mut impl Read, length: u64) -> Option<MmapMut> {
    let mut bytes = MmapMut::map_anon(usize::try_from(length).ok()?).ok()?;
    // Without huge pages it works too, so an error is of no interest.
    #[cfg(target_os = "linux")]
    let _ = bytes.advise(memmap2::Advice::HugePage);
    from.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn checksum(facts: &[u8], code: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(facts.len() as u64).to_le_bytes());
    hasher.update(facts);
    hasher.update(code);
    hasher.finalize().into()
}

/// Returns whether this very program made an entry from a file with this SHA-256, as its beginning
/// states. Then the file was found valid. What comes after the beginning may be damaged.
pub(super) fn is_from(from: impl Read, sha256: &[u8; 32]) -> bool {
    let mut beginning = Vec::new();
    if from
        .take(MAX_BEGINNING)
        .read_to_end(&mut beginning)
        .is_err()
    {
        return false;
    }
    let facts = beginning
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.get(CHECKSUM + size_of::<u64>()..));
    facts
        .and_then(|facts| postcard::take_from_bytes::<Origin>(facts).ok())
        .is_some_and(|((by, from, _), _)| by == compiler() && from == *sha256)
}

/// Returns the compiled guest of an entry; `None` if it is damaged, or was made by another version of
/// this program, on another processor or from something else than `key`.
///
/// `length` is that of the whole entry, in bytes. The caller must know that only this program wrote the
/// entry: the code in it will run.
pub(super) fn read(mut from: impl Read, length: u64, key: &Key) -> Option<CompiledGuest> {
    let mut magic = [0; MAGIC.len()];
    let mut expected = [0; CHECKSUM];
    let mut facts_length = [0; 8];
    for part in [&mut magic[..], &mut expected, &mut facts_length] {
        from.read_exact(part).ok()?;
    }
    let facts_length = u64::from_le_bytes(facts_length);
    let head_length = (MAGIC.len() + CHECKSUM + facts_length.to_le_bytes().len()) as u64;
    let code_length = length.checked_sub(head_length)?.checked_sub(facts_length)?;
    if magic != MAGIC {
        return None;
    }
    let facts = read_part(&mut from, facts_length)?;
    // The code has a buffer of its own, which the engine takes as it is.
    let code = read_part(&mut from, code_length)?;
    if expected != checksum(&facts, &code) {
        return None;
    }
    let (origin, facts) = postcard::take_from_bytes::<Origin>(&facts).ok()?;
    if origin != (compiler().to_owned(), key.sha256, key.options) {
        return None;
    }
    let instrumented = postcard::from_bytes::<InstrumentedModule>(facts).ok()?;
    let engine = engine::new_engine();
    #[expect(
        unsafe_code,
        reason = "the engine offers no safe way to load code that was compiled before"
    )]
    // SAFETY: the bytes are what `Module::serialize` of the same program returned: the checksum covers
    // all of them, `compiler` names this very program and this processor, and the folder is one that
    // only this user can write to (`CacheFolder::open`).
    let module = unsafe { Module::deserialize(&engine, Bytes::from_owner(code)) }.ok()?;
    Some(CompiledGuest {
        instrumented,
        engine,
        module,
    })
}

/// Returns what decides how a guest is compiled, besides the guest: this program, engine included, and
/// the features of the processor.
///
/// The version alone does not name a program that is being developed, so its file is named too.
fn compiler() -> &'static str {
    static COMPILER: OnceLock<String> = OnceLock::new();
    COMPILER.get_or_init(|| {
        let program = std::env::current_exe().ok();
        let facts = program.as_ref().and_then(|file| file.metadata().ok());
        format!(
            "linmem {}, {}, {:?}, {:?}, {program:?}, {:?} bytes of {:?}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::ARCH,
            std::env::consts::OS,
            CpuFeature::for_host(),
            facts.as_ref().map(std::fs::Metadata::len),
            facts.as_ref().and_then(|facts| facts.modified().ok()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Guest;
    use crate::session::compiled::CompiledGuests;
    use crate::session::limits::CancelHandle;

    const WAT: &[u8] = br#"(module (memory (export "memory") 1)
        (func (export "set") (i32.store (i32.const 8) (i32.const 7))))"#;

    fn entry() -> (Key, Vec<u8>) {
        let guest = Guest::from_bytes("guest.wat", WAT).unwrap();
        let options = InstrumentOptions {
            max_memory: 1 << 20,
            memory: Some(0),
        };
        let compiled = CompiledGuests::default()
            .compiled(&guest, options, &CancelHandle::default())
            .unwrap();
        let key = Key {
            sha256: guest.sha256(),
            options,
        };
        (key, bytes(&compiled, &key))
    }

    fn bytes(compiled: &CompiledGuest, key: &Key) -> Vec<u8> {
        let (head, code) = encode(compiled, key).unwrap();
        [&head, code.as_ref()].concat()
    }

    fn decode(bytes: &[u8], key: &Key) -> Option<CompiledGuest> {
        read(bytes, bytes.len() as u64, key)
    }

    #[test]
    fn an_entry_comes_back_as_it_was() {
        let (key, written) = entry();
        let again = decode(&written, &key).unwrap();
        assert_eq!(again.instrumented.journal.sites.len(), 1);
        assert_eq!(bytes(&again, &key), written);
    }

    #[test]
    fn only_an_entry_of_this_program_and_this_file_proves_that_the_file_is_valid() {
        let (key, bytes) = entry();
        assert!(is_from(&bytes[..], &key.sha256));
        assert!(!is_from(&bytes[..], &[0; 32]));
        let head = MAGIC.len() + CHECKSUM + size_of::<u64>();
        let origin = postcard::to_stdvec(&(compiler(), key.sha256))
            .unwrap()
            .len();
        for at in (0..MAGIC.len()).chain(head..head + origin) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(!is_from(&damaged[..], &key.sha256), "byte {at}");
            assert!(!is_from(&bytes[..at], &key.sha256), "cut at {at}");
        }
        let other_program = (
            compiler().replacen("linmem ", "linmem 9", 1),
            key.sha256,
            key.options,
        );
        let other_program: &Origin = &other_program;
        let facts = postcard::to_stdvec(other_program).unwrap();
        let other = [MAGIC, &[0; CHECKSUM + 8], &facts].concat();
        assert!(!is_from(&other[..], &key.sha256));
    }

    #[test]
    fn an_entry_that_is_damaged_or_of_something_else_is_not_used() {
        let (key, bytes) = entry();
        let every = (bytes.len() / 97).max(1);
        for at in (0..bytes.len()).step_by(every) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(decode(&damaged, &key).is_none(), "byte {at}");
            assert!(decode(&bytes[..at], &key).is_none(), "cut at {at}");
        }
        let other = Key {
            options: InstrumentOptions {
                max_memory: 2 << 20,
                ..key.options
            },
            ..key
        };
        assert!(decode(&bytes, &other).is_none());
        let other = Key {
            sha256: [0; 32],
            ..key
        };
        assert!(decode(&bytes, &other).is_none());
    }
}
