//! Modules and their instrumented forms.

use arbitrary::Unstructured;
use linmem::guest::{Guest, GuestError, InstrumentOptions, InstrumentedModule, PAGE};
use linmem::journal_abi::SiteKind;
use wasm_mutate::WasmMutate;
use wasmparser::{FunctionBody, Parser, Payload, Validator, WasmFeatures};

use crate::{assert_safe, smith};

const MAGIC: &[u8] = b"\0asm";
/// The largest number of instructions of one module that are mapped back: each takes as long as
/// instrumenting its function.
const MAX_MAPPED: usize = 300;

/// Loads, describes and instruments a module. Bytes that look like a binary or text module are used as
/// they are; a module is generated from all others.
pub fn check(bytes: &[u8]) {
    if bytes.starts_with(MAGIC) || bytes.first() == Some(&b'(') || bytes.first() == Some(&b';') {
        match Guest::from_bytes("g", bytes) {
            Ok(guest) => check_guest(&guest),
            Err(error) => assert_safe(&error.to_string(), true),
        }
        return;
    }
    let Ok(wasm) = smith::module(&mut Unstructured::new(bytes), false) else {
        return;
    };
    match Guest::from_bytes("g", &wasm) {
        Ok(guest) => check_guest(&guest),
        Err(GuestError::Unsupported { .. }) => {}
        Err(error) => panic!("a valid module is refused: {error}"),
    }
}

/// Mutates a valid module to another valid one. Returns `None` where `bytes` are not a module, and for
/// every other seed.
pub fn mutate(bytes: &[u8], most: usize, seed: u32) -> Option<Vec<u8>> {
    if seed % 2 == 0 {
        return None;
    }
    if bytes.first() == Some(&b'(') || bytes.first() == Some(&b';') {
        let text = std::str::from_utf8(bytes).ok()?;
        return wat::parse_str(text).ok().filter(|wasm| wasm.len() <= most);
    }
    // The mutations require a valid module.
    if !bytes.starts_with(MAGIC) || Validator::new().validate_all(bytes).is_err() {
        return None;
    }
    let mut mutation = WasmMutate::default();
    mutation.seed(seed.into()).fuel(300);
    let mut mutated = mutation.run(bytes).ok()?;
    mutated.next()?.ok().filter(|wasm| wasm.len() <= most)
}

fn check_guest(guest: &Guest) {
    describe(guest);
    let last = (guest.memories().len() as u32).checked_sub(1);
    let mut memories = vec![None, last, last.map(|_| 0)];
    memories.dedup();
    for memory in memories {
        match guest.instrument(&InstrumentOptions {
            max_memory: 1 << 26,
            memory,
        }) {
            Ok(rewritten) => compare(guest, &rewritten, memory),
            Err(GuestError::MemoryLimit { required, .. }) => assert!(required > 1 << 26),
            Err(GuestError::TableLimit { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn describe(guest: &Guest) {
    for export in guest.exports() {
        assert!(guest.export(&export.name).is_some());
    }
    for index in 0..guest.function_count().min(2000) {
        assert_safe(&guest.function_name(index), false);
    }
    for segment in guest.data_segments() {
        segment.offset.resolve(|_| Some(u64::MAX));
        assert_eq!(guest.segment(segment.index), Some(&*segment.bytes));
    }
    match guest.default_memory() {
        Ok(index) => assert!(index.is_none_or(|index| (index as usize) < guest.memories().len())),
        Err(error) => assert_safe(&error.to_string(), true),
    }
    for offset in [0, 8, guest.wasm().len() as u64, u64::MAX] {
        assert_place(guest, offset);
    }
}

fn compare(guest: &Guest, rewritten: &InstrumentedModule, memory: Option<u32>) {
    let validity = Validator::new_with_features(WasmFeatures::all()).validate_all(&rewritten.wasm);
    if let Err(error) = validity {
        panic!("the rewritten module is not valid: {error}");
    }
    if let Err(error) = Guest::from_bytes("again", &rewritten.wasm) {
        panic!("the engine's own rules: {error}");
    }
    assert_eq!(rewritten.memory_exports.len(), guest.memories().len());
    for (before, after) in guest.memories().iter().zip(&rewritten.memory_types) {
        assert!(
            before.ty.min == after.min
                && after
                    .max
                    .is_some_and(|max| max.saturating_mul(PAGE) <= 1 << 26)
        );
    }
    for site in &rewritten.journal.sites {
        assert_eq!(guest.function_at(site.offset), Some(site.function));
        if let SiteKind::Store { width } = site.kind {
            let access = guest.access_at(site.offset).expect("a store is an access");
            assert!(
                access.is_store && access.width == u64::from(width),
                "{access:?} is not {site:?}"
            );
        }
    }
    for site in rewritten
        .journal
        .sites
        .iter()
        .step_by(1 + rewritten.journal.sites.len() / 50)
    {
        assert_place(guest, site.offset);
    }
    assert!(memory.is_some() || rewritten.journal.sites.is_empty());
    find_back(guest, rewritten);
}

fn assert_place(guest: &Guest, offset: u64) {
    let place = guest.locate(offset);
    assert_safe(&place.instruction, false);
    place
        .source
        .iter()
        .for_each(|source| assert_safe(source, false));
    if let Some(listing) = &place.listing {
        assert_safe(&listing.title, false);
        listing
            .lines
            .iter()
            .for_each(|line| assert_safe(line, false));
        assert!(place.line >= listing.first_line);
    }
    for frame in &place.inlined {
        assert_safe(&frame.function, false);
    }
}

/// Asserts that each instruction of the instrumented module maps to one of the same function in the
/// module as given.
fn find_back(guest: &Guest, rewritten: &InstrumentedModule) {
    let given = bodies(guest.wasm());
    let first_given = guest.function_count() - given.len() as u32;
    let first_rewritten = first_given + 1;
    let all: Vec<(u32, u64)> = (first_rewritten..)
        .zip(bodies(&rewritten.wasm))
        .flat_map(|(function, body)| starts(&body).into_iter().map(move |at| (function, at)))
        .collect();
    for (function, at) in all.iter().copied().step_by(1 + all.len() / MAX_MAPPED) {
        let found = rewritten.original_offset(guest, function, at);
        let Some(original) = rewritten.original_function(function) else {
            assert_eq!(found, None, "an added function has no other");
            continue;
        };
        let body = &given[(original - first_given) as usize];
        let found =
            found.unwrap_or_else(|| panic!("function {function}, offset {at:#x} is nowhere"));
        assert!(
            starts(body).contains(&found),
            "function {original}: {found:#x} is no instruction"
        );
        assert_eq!(guest.function_at(found), Some(original));
    }
}

fn bodies(wasm: &[u8]) -> Vec<FunctionBody<'_>> {
    let payloads = Parser::new(0)
        .parse_all(wasm)
        .map(|payload| payload.expect("it was valid"));
    payloads
        .filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        })
        .collect()
}

fn starts(body: &FunctionBody<'_>) -> Vec<u64> {
    let reader = body.get_operators_reader().expect("it was valid");
    reader
        .into_iter_with_offsets()
        .map(|item| item.expect("it was valid").1)
        .collect()
}
